"""Twilio's list of messages: what a page of it holds, and where reading it ends.

Why lists are not filtered by date: Twilio's only date filter is on the date *sent*. A message that
waits in a queue has none, and of an inbound message it is the moment a webhook was called ("when
Twilio sent the HTTP request to your incoming message webhook URL", Message resource): without a
webhook there may be none either. Whether what has no date passes the filter is not documented, and
the one message that must be seen is the one that came a moment ago. So lists are read newest first
and end where they get older than asked for.

Pages shift when messages are added while they are read: a message seen twice is given once.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from .reading import PAGE_SIZE, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .client import TwilioConnection

_T = TypeVar("_T")

MESSAGE_SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}")


class MessageLists:
    """The account's messages, page by page. Raises only the DeliveryError family."""

    def __init__(self, connection: TwilioConnection, reader: Reader) -> None:
        self._connection = connection
        self._reader = reader

    def pages(
        self, row: Callable[[Any], _T], filters: Mapping[str, str], page_size: int = PAGE_SIZE
    ) -> Iterator[list[_T]]:
        """Each page in Twilio's order, every message on it as `row` understands it."""
        messages = self._connection.messages()
        pages = self._reader.pages(
            lambda: messages.page(page_size=page_size, **filters), messages.get_page
        )
        for page in pages:
            yield self._reader.read(lambda shown: [row(listed) for listed in shown], page)


def sid_of(official: Any) -> str:  # noqa: ANN401 - the official classes are untyped
    """The SID of a message; ValueError where it has none, for nothing can be done with it."""
    if not isinstance(official.sid, str) or not MESSAGE_SID.fullmatch(official.sid):
        raise ValueError("a message without a SID")
    return official.sid


def created_at(official: Any) -> datetime:  # noqa: ANN401 - the official classes are untyped
    """When a message was created, UTC; ValueError where that is not said."""
    if not isinstance(official.date_created, datetime):
        raise ValueError("a message without the date it was created")  # noqa: TRY004 - see above
    return official.date_created


def older(official: Any, since: datetime) -> bool:  # noqa: ANN401 - the official classes are untyped
    """Whether a message was created, and sent if it was, before `since`.

    Right for lists ordered by date created as for those ordered by date sent.
    """
    sent: datetime | None = official.date_sent
    return created_at(official) < since and (sent is None or sent < since)
