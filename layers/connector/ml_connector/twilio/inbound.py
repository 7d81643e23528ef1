"""What people text back, read from the account's list of messages: no webhook is involved.

Two things have to be so at Twilio, and `ml-connector ping` looks at both. A messaging service
without inbound handling drops replies unlogged ("receiving inbound messages is disabled", services
API): let it use its numbers' own webhooks. And a number must be able to receive at all.

A text to a number in a service's pool bears the service's SID, which is how it is told from texts
to other numbers of the account; Twilio has no filter for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ml_connector.domain.replies import InboundText

from .listing import MessageLists, created_at, older, sid_of
from .reading import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .credentials import Sender

#: Texts to one number are filtered by Twilio, and few: a full page would be old ones, every time.
_REPLIES_PAGE = 100

#: Twilio's word for a text it is still taking in; its next look shows it whole.
_STILL_COMING_IN = "receiving"


class _Row(NamedTuple):
    """One listed message, and what only the list needs to know of it."""

    text: InboundText
    to_us: bool
    old: bool


class TwilioInbox:
    """The Inbox port over Twilio, for one sender. Raises only the DeliveryError family."""

    def __init__(self, lists: MessageLists, sender: Sender) -> None:
        self._lists = lists
        self._sender = sender

    def received_since(self, since: datetime) -> Iterator[InboundText]:
        """All texts to our sender since `since` (to the second), newest first, each once.

        Ends after the first page whose last message is older than that.
        """
        since = since.replace(microsecond=0)
        seen: set[str] = set()
        for page in self._pages(since):
            for row in page:
                if row.to_us and row.text.at >= since and row.text.sid not in seen:
                    seen.add(row.text.sid)
                    yield row.text
            if page and page[-1].old:
                return

    def _pages(self, since: datetime) -> Iterator[list[_Row]]:
        number, service = self._sender.number, self._sender.messaging_service

        def row(listed: Any) -> _Row:  # noqa: ANN401 - the official classes are untyped
            return _Row(
                InboundText(
                    sid=sid_of(listed),
                    sender=listed.from_ or "",
                    body=listed.body or "",
                    at=created_at(listed),
                ),
                to_us=listed.direction == "inbound"
                and listed.status != _STILL_COMING_IN
                and (not service or listed.messaging_service_sid == service),
                old=older(listed, since),
            )

        if number:
            return self._lists.pages(row, {"to": number}, _REPLIES_PAGE)
        return self._lists.pages(row, {}, PAGE_SIZE)
