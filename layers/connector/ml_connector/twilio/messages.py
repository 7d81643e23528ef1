"""SMS through the official client: create once, list, fetch.

Lists are read as `listing.py` says: ⌈N/1000⌉ requests for N messages, counting all of the account's
where the sender is a messaging service, which Twilio cannot filter by. To find out whether a number
was texted, all of the account's texts to it are looked at: those of a sender that was changed since
are ours as well.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ml_connector.domain.delivery import ProviderMessage, SmsRequest, Verdict
from ml_connector.domain.messages import LONGEST_BODY
from ml_connector.domain.phone import is_e164
from ml_connector.errors import DeliveryRejected

from .inbound import TwilioInbox
from .listing import MESSAGE_SID, MessageLists, created_at, older, sid_of
from .reading import Reader, price, whole
from .statuses import status_of
from .verdicts import verdict_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .client import TwilioConnection
    from .credentials import Sender

#: Twilio takes 1 to 36,000 seconds and advises more than 5.
_SHORTEST_VALIDITY, _LONGEST_VALIDITY = 6, 36_000


class _Row(NamedTuple):
    """One listed message, and what only the list needs to know of it."""

    message: ProviderMessage
    ours: bool
    old: bool


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
        self._reader = Reader(connection, time_left)
        self._lists = MessageLists(connection, self._reader)

    @property
    def inbox(self) -> TwilioInbox | None:
        """What people text back to this sender; None where it is a name, which takes no replies."""
        if self._sender.takes_replies:
            return TwilioInbox(self._lists, self._sender)
        return None

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
        return self._reader.create(
            timeout,
            lambda: _message(
                create(to=request.to, body=request.body, validity_period=validity, **sender)
            ),
        )

    def list_created_since(self, since: datetime) -> Iterator[ProviderMessage]:
        """All messages of our sender created at or after `since` (to the second), newest first.

        Ends after the first page whose last message was created, and sent if it was, before that.
        Right for lists ordered by date created as for those ordered by date sent.
        """
        since = since.replace(microsecond=0)
        seen: set[str] = set()
        for page in self._pages(since):
            yield from _shown(page, since, seen)
            if page and page[-1].old:
                return

    def list_to(self, to: str, since: datetime, *, whole: bool = True) -> Iterator[ProviderMessage]:
        """The account's messages to one number created at or after `since` (to the second).

        Newest first. Twilio sorts by the date sent and does not say where messages without one
        stand: while one may be unsent, only all pages show that it is *not* there, one per 1,000
        messages the number ever got. Else reading ends with the first page whose last message was
        created, and sent if it was, before `since`. A caller that has found its message stops, and
        so do the requests.
        """
        since = since.replace(microsecond=0)
        seen: set[str] = set()
        for page in self._read(since, self._sent, {"to": to}):
            yield from _shown(page, since, seen)
            if not whole and page and page[-1].old:
                return

    def ours_to(self, to: str) -> Iterator[ProviderMessage]:
        """All messages of our sender to one number, newest first: others may text it as well."""
        since, seen = datetime.min.replace(tzinfo=UTC), set[str]()
        for page in self._pages(since, to=to):
            yield from _shown(page, since, seen)

    def fetch(self, sid: str) -> ProviderMessage | None:
        """One message, or None where Twilio no longer (or not yet) knows it."""
        message = self._connection.messages()(_checked(sid))
        return self._reader.found(lambda: _message(message.fetch()))

    def blank(self, sid: str) -> None:
        """Remove the text of a message that is over: Twilio keeps the rest, the numbers too.

        An update with an empty body does that, and nothing else does (Message resource, "Update").
        """
        message = self._connection.messages()(_checked(sid))
        self._reader.erase(lambda: message.update(body=""))

    def remove(self, sid: str) -> None:
        """Remove a message that is over from Twilio's log, with its numbers."""
        message = self._connection.messages()(_checked(sid))
        self._reader.erase(message.delete)

    def judge(self, error_code: int | None) -> Verdict:
        """What to do about a message that did not arrive, by its error code."""
        return verdict_on(error_code)

    def _pages(self, since: datetime, **filters: str) -> Iterator[list[_Row]]:
        """The messages of each page, in Twilio's order; `ours` are those of our sender."""
        if self._sender.number:
            filters["from_"] = self._sender.number
        return self._read(since, self._by_us, filters)

    def _by_us(self, listed: Any) -> bool:  # noqa: ANN401 - the official classes are untyped
        service = self._sender.messaging_service
        # Replies to a messaging service bear its SID as well.
        return self._sent(listed) and (not service or listed.messaging_service_sid == service)

    @staticmethod
    def _sent(listed: Any) -> bool:  # noqa: ANN401 - the official classes are untyped
        return bool(listed.direction != "inbound")

    def _read(
        self, since: datetime, ours: Callable[[Any], bool], filters: dict[str, str]
    ) -> Iterator[list[_Row]]:
        def row(listed: Any) -> _Row:  # noqa: ANN401 - the official classes are untyped
            return _Row(_message(listed), ours=ours(listed), old=older(listed, since))

        return self._lists.pages(row, filters)


def _checked(sid: str) -> str:
    if not MESSAGE_SID.fullmatch(sid):
        raise DeliveryRejected("not a message SID: SM or MM and 32 hex digits")
    return sid


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


def _shown(page: list[_Row], since: datetime, seen: set[str]) -> Iterator[ProviderMessage]:
    for row in page:
        if row.ours and row.message.created_at >= since and row.message.sid not in seen:
            seen.add(row.message.sid)
            yield row.message


def _message(official: Any) -> ProviderMessage:  # noqa: ANN401 - the official classes are untyped
    """Raises ValueError where a message has no SID or no date, for nothing can be done with it."""
    return ProviderMessage(
        sid=sid_of(official),
        to=official.to or "",
        status=status_of(official.status),
        created_at=created_at(official),
        body=official.body or "",
        error_code=whole(official.error_code),
        segments=whole(official.num_segments) or 0,
        price=price(official.price),
        price_unit=(official.price_unit or "").upper(),
    )
