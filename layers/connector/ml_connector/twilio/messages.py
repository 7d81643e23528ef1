"""SMS through the official client: create once, list, fetch.

Why lists are not filtered by date: Twilio's only date filter is on the date *sent*, and a message
that waits in a queue has none. Whether such a message passes the filter is not documented, and the
one message that must be seen is the one that was accepted a moment ago. So lists are read newest
first and end where they get older than asked for: ⌈N/1000⌉ requests for N messages, counting all of
the account's where the sender is a messaging service, which Twilio cannot filter by.

Pages shift when messages are added while they are read: a message seen twice is given once.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]

from ml_connector.domain.delivery import ProviderMessage, SmsRequest, Verdict
from ml_connector.domain.messages import LONGEST_BODY
from ml_connector.domain.phone import is_e164
from ml_connector.errors import DeliveryError, DeliveryRejected, DeliveryTransient

from .errors import unreadable
from .statuses import status_of
from .verdicts import verdict_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .client import TwilioConnection
    from .credentials import Sender

_T = TypeVar("_T")

#: Twilio's largest.
PAGE_SIZE = 1000
#: Twilio takes 1 to 36,000 seconds and advises more than 5.
_SHORTEST_VALIDITY, _LONGEST_VALIDITY = 6, 36_000
_MESSAGE_SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}")
_NOT_FOUND = 20404
#: What the official classes raise over an answer that is JSON of another shape, or no JSON.
_MISSHAPEN = (
    ValueError, TypeError, KeyError, AttributeError, RecursionError, TwilioException
)  # fmt: skip


class _Row(NamedTuple):
    """One listed message, and what only the list needs to know of it."""

    message: ProviderMessage
    ours: bool
    sent_at: datetime | None


class TwilioMessenger:
    """The Messenger port over Twilio, for one sender. Raises only the DeliveryError family.

    `time_left` says how many seconds the function still has; reads then end that much earlier. It
    is asked before every request of a list.
    """

    def __init__(
        self,
        connection: TwilioConnection,
        sender: Sender,
        *,
        time_left: Callable[[], float] | None = None,
    ) -> None:
        connection.endpoints.check_sender(sender)
        self._connection = connection
        self._sender = sender
        self._time_left = time_left

    def send_sms(self, request: SmsRequest, timeout: float) -> ProviderMessage:
        """Create one message, once: never repeated here. `timeout` in seconds, the whole call.

        The validity period is kept within what Twilio takes.
        """
        _refuse_the_hopeless(request)
        create = self._connection.messages().create
        if self._sender.number:
            sender = {"from_": self._sender.number}
        else:
            sender = {"messaging_service_sid": self._sender.messaging_service}
        validity = min(max(request.validity_seconds, _SHORTEST_VALIDITY), _LONGEST_VALIDITY)
        with self._connection.http.within(timeout):
            try:
                return _message(
                    create(to=request.to, body=request.body, validity_period=validity, **sender)
                )
            except _MISSHAPEN as error:
                misshapen = error
        raise unreadable("POST", misshapen)

    def list_created_since(self, since: datetime) -> Iterator[ProviderMessage]:
        """All messages of our sender created at or after `since` (to the second), newest first.

        Ends after the first page whose last message was created, and sent if it was, before that.
        Right for lists ordered by date created as for those ordered by date sent.
        """
        since = since.replace(microsecond=0)
        seen: set[str] = set()
        for page in self._pages():
            yield from _ours(page, since, seen)
            if page and _older(page[-1], since):
                return

    def list_to(self, to: str, since: datetime) -> Iterator[ProviderMessage]:
        """Our messages to one number created at or after `since` (to the second), newest first.

        To be sure that one is *not* there all pages are read: one per 1,000 messages the number
        ever got from us. A caller that has found its message stops, and so do the requests.
        """
        since = since.replace(microsecond=0)
        seen: set[str] = set()
        for page in self._pages(to=to):
            yield from _ours(page, since, seen)

    def fetch(self, sid: str) -> ProviderMessage | None:
        """One message, or None where Twilio no longer (or not yet) knows it."""
        if not _MESSAGE_SID.fullmatch(sid):
            raise DeliveryRejected("not a message SID: SM or MM and 32 hex digits")
        try:
            return self._read(lambda: _message(self._connection.messages()(sid).fetch()))
        except DeliveryError as error:
            # The code must say so too: another 404 comes from a wrong address, not from Twilio.
            if error.provider_code == _NOT_FOUND:
                return None
            raise

    def judge(self, error_code: int | None) -> Verdict:
        """What to do about a message that did not arrive, by its error code."""
        return verdict_on(error_code)

    def _pages(self, **filters: str) -> Iterator[list[_Row]]:
        """The messages of each page, in Twilio's order."""
        messages = self._connection.messages()
        if self._sender.number:
            filters["from_"] = self._sender.number
        page: Any = self._read(lambda: messages.page(page_size=PAGE_SIZE, **filters))
        addresses: set[str] = set()
        while True:
            yield self._read(self._rows, page)
            address = page.next_page_url
            if not address:
                return
            if address in addresses:
                raise DeliveryTransient("Twilio's list leads back to a page already read")
            addresses.add(address)
            page = self._read(messages.get_page, address)

    def _rows(self, page: Any) -> list[_Row]:  # noqa: ANN401 - the official classes are untyped
        service = self._sender.messaging_service
        return [
            _Row(
                _message(listed),
                # Replies to a messaging service bear its SID as well.
                ours=listed.direction != "inbound"
                and (not service or listed.messaging_service_sid == service),
                sent_at=listed.date_sent,
            )
            for listed in page
        ]

    def _read(self, ask: Callable[..., _T], *about: object) -> _T:
        """`ask(*about)` within the policy's budget and the function's time."""
        http = self._connection.http
        budget = http.reads.budget
        if self._time_left is not None:
            budget = min(budget, self._time_left())
            if budget <= 0:
                raise DeliveryTransient("no time left to ask Twilio")
        with http.within(budget):
            try:
                return ask(*about)
            except _MISSHAPEN as error:
                misshapen = error
        raise unreadable("GET", misshapen)


def _refuse_the_hopeless(request: SmsRequest) -> None:
    """What Twilio would certainly refuse is refused here, before anything is sent."""
    if not is_e164(request.to):
        raise DeliveryRejected("the recipient's number is not E.164, such as +15550100123")
    if not request.body.strip():
        raise DeliveryRejected("the message has no text")
    if len(request.body) > LONGEST_BODY:
        raise DeliveryRejected(f"the message is longer than {LONGEST_BODY} characters")
    try:
        request.body.encode()
    except UnicodeEncodeError:
        raise DeliveryRejected("the message holds half a surrogate pair, not text") from None


def _ours(page: list[_Row], since: datetime, seen: set[str]) -> Iterator[ProviderMessage]:
    for row in page:
        if row.ours and row.message.created_at >= since and row.message.sid not in seen:
            seen.add(row.message.sid)
            yield row.message


def _older(row: _Row, since: datetime) -> bool:
    return row.message.created_at < since and (row.sent_at is None or row.sent_at < since)


def _message(official: Any) -> ProviderMessage:  # noqa: ANN401 - the official classes are untyped
    """Raises ValueError where a message has no SID or no date, for nothing can be done with it."""
    if not isinstance(official.sid, str) or not _MESSAGE_SID.fullmatch(official.sid):
        raise ValueError("a message without a SID")
    if not isinstance(official.date_created, datetime):
        raise ValueError("a message without the date it was created")  # noqa: TRY004 - see above
    return ProviderMessage(
        sid=official.sid,
        to=official.to or "",
        status=status_of(official.status),
        created_at=official.date_created,
        body=official.body or "",
        error_code=_whole(official.error_code),
        segments=_whole(official.num_segments) or 0,
        price=_price(official.price),
        price_unit=(official.price_unit or "").upper(),
    )


def _whole(value: object) -> int | None:
    """Twilio writes numbers as text; None and text that is no number give None."""
    try:
        return int(str(value))
    except ValueError:
        return None


def _price(value: object) -> Decimal | None:
    """None until the message is billed; then negative."""
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    return price if price.is_finite() else None
