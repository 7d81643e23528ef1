"""Reading what the official classes make of an answer: within a budget, and without trusting it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeVar

from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]

from ml_connector.errors import DeliveryError, DeliveryTransient

from .errors import unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .client import TwilioConnection

_T = TypeVar("_T")

#: Twilio's largest.
PAGE_SIZE = 1000
NOT_FOUND = 20404
#: What the official classes raise over an answer that is JSON of another shape, or no JSON.
MISSHAPEN = (
    ValueError, TypeError, KeyError, AttributeError, RecursionError, TwilioException
)  # fmt: skip


class Reader:
    """Asks over one connection. Raises only the DeliveryError family.

    `time_left` says how many seconds the function still has; reads then end that much earlier. It
    is asked before every request.
    """

    def __init__(
        self, connection: TwilioConnection, time_left: Callable[[], float] | None = None
    ) -> None:
        self._connection = connection
        self._time_left = time_left

    def read(self, ask: Callable[..., _T], *about: object) -> _T:
        """`ask(*about)` within the policy's budget and the function's time."""
        return self._within(self.budget(), "GET", ask, *about)

    def found(self, ask: Callable[..., _T], *about: object) -> _T | None:
        """The same, or None where Twilio has no such thing (any more, or yet)."""
        try:
            return self.read(ask, *about)
        except DeliveryError as error:
            # The code must say so too: another 404 comes from a wrong address, not from Twilio.
            if error.provider_code == NOT_FOUND:
                return None
            raise

    def create(self, timeout: float, ask: Callable[..., _T], *about: object) -> _T:
        """`ask(*about)`, which creates something, within `timeout` seconds; never repeated."""
        return self._within(timeout, "POST", ask, *about)

    def erase(self, ask: Callable[..., object], *about: object) -> None:
        """`ask(*about)`, once, which removes something; what Twilio has no more is removed."""
        try:
            self._within(self.budget(), "POST", ask, *about)
        except DeliveryError as error:
            if error.provider_code != NOT_FOUND:
                raise

    def pages(self, ask: Callable[[], Any], follow: Callable[[str], Any]) -> Iterator[Any]:
        """The pages of a list: the one `ask` gives, and those its links lead to."""
        page: Any = self.read(ask)
        addresses: set[str] = set()
        while True:
            yield page
            address = self.read(_next_page, page)
            if not address:
                return
            if address in addresses:
                raise DeliveryTransient("Twilio's list leads back to a page already read")
            addresses.add(address)
            page = self.read(follow, address)

    def budget(self) -> float:
        """Seconds for one read."""
        budget = self._connection.http.reads.budget
        if self._time_left is not None:
            budget = min(budget, self._time_left())
        if budget <= 0:
            raise DeliveryTransient("no time left to ask Twilio")
        return budget

    def _within(self, seconds: float, method: str, ask: Callable[..., _T], *about: object) -> _T:
        with self._connection.http.within(seconds):
            try:
                return ask(*about)
            except MISSHAPEN as error:
                misshapen = error
        # Outside of `except`: the text of such an error quotes the answer.
        raise unreadable(method, misshapen)


def _next_page(page: Any) -> Any:  # noqa: ANN401 - the official classes are untyped
    return page.next_page_url


def whole(value: object) -> int | None:
    """Twilio writes numbers as text; None and text that is no number give None."""
    try:
        return int(str(value))
    except ValueError:
        return None


def price(value: object) -> Decimal | None:
    """None until it is billed; then negative."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
