"""The last call to a number: domain object to item and back."""

from __future__ import annotations

from datetime import UTC, datetime

from pynamodb.expressions.condition import Condition

from ml_connector.domain.unit_of_work import LineRecord

from .attributes import epoch
from .models import LineItem

_SORT_KEY = "last"


def line_item(record: LineRecord) -> LineItem:
    """The item of a record."""
    return LineItem(
        _key(record.line),
        _SORT_KEY,
        dispatch=record.dispatch_id,
        claim=record.claim,
        expires_at=epoch(record.expires_at),
    )


def still_last(record: LineRecord) -> Condition:
    """That no other call was claimed since the one the record follows; TTL may have removed it."""
    free = LineItem.pk.does_not_exist()
    return free | (LineItem.claim == record.before) if record.before else free


def line_of(line: str) -> LineRecord | None:
    """What is stored for a number, read consistently; its end to the second."""
    try:
        item = LineItem.get(_key(line), _SORT_KEY, consistent_read=True)
    except LineItem.DoesNotExist:
        return None
    end = datetime.fromtimestamp(int(item.expires_at), UTC)
    return LineRecord(line, item.dispatch, item.claim, end)


def _key(line: str) -> str:
    return f"line#{line}"
