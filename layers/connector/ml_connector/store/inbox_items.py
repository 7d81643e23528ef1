"""References that were texted and the mark of the inbox: domain objects to items and back."""

from __future__ import annotations

from datetime import UTC, datetime

from ml_connector.domain.instants import from_text, to_text
from ml_connector.domain.replies import InboxMark
from ml_connector.domain.unit_of_work import ReferenceRecord

from .attributes import epoch, instant_of, text_of
from .models import InboxItem, ReferenceItem

#: Where the mark lives; a deployment has one sender and so one inbox.
MARK_KEYS = ("inbox", "mark")


def recipient_key(recipient: str) -> str:
    """The partition of what was texted to a person."""
    return f"recipient#{recipient}"


def sent_since(since: datetime) -> str:
    """The least sort key of what was sent at or after `since`."""
    return f"sent#{to_text(since)}"


def reference_name(record: ReferenceRecord) -> str:
    """The record's name as a part of a change."""
    return f"reference:{record.recipient}#{record.dispatch_id}"


def reference_item(record: ReferenceRecord) -> ReferenceItem:
    """The item of a reference; the same dispatch sent at the same time is the same item."""
    return ReferenceItem(
        recipient_key(record.recipient),
        f"{sent_since(record.at)}#{record.dispatch_id}",
        reference=record.reference,
        dispatch=record.dispatch_id,
        at=to_text(record.at),
        expires_at=epoch(record.expires_at),
    )


def reference_of(item: ReferenceItem) -> ReferenceRecord:
    """The reference in an item; its end is read to the second."""
    return ReferenceRecord(
        recipient=item.pk.removeprefix("recipient#"),
        reference=item.reference,
        dispatch_id=item.dispatch,
        at=from_text(item.at),
        expires_at=datetime.fromtimestamp(int(item.expires_at), UTC),
    )


def mark_item(mark: InboxMark) -> InboxItem:
    """The item of the mark."""
    return InboxItem(
        *MARK_KEYS,
        read_until=to_text(mark.read_until),
        looked_at=to_text(mark.looked_at),
        awaited_at=text_of(mark.awaited_at),
    )


def mark_of(item: InboxItem) -> InboxMark:
    """The mark in an item."""
    return InboxMark(
        read_until=from_text(item.read_until),
        looked_at=from_text(item.looked_at),
        awaited_at=instant_of(item.awaited_at),
    )
