"""Under what bills are found again that may be the same: domain objects to items and back."""

from __future__ import annotations

from datetime import datetime

from ml_connector.domain.instants import to_text
from ml_connector.domain.unit_of_work import LikenessRecord

from .models import LikenessItem

#: A sort key takes 1024 bytes. What is cut off makes two marks look the same at worst, and whoever
#: asks looks at the bills themselves.
MOST_CHARACTERS = 200
#: After every instant.
_END = "~"


def likeness_key(company: str) -> str:
    """The partition of what a company's bills are found by; a poll never reads the whole of it."""
    return f"alike#{company}"


def noted_since(mark: str, since: datetime) -> str:
    """The least sort key of what was noted under a mark and first seen at or after `since`."""
    return f"{_noted(mark)}{to_text(since)}"


def noted_last(mark: str) -> str:
    """Greater than every sort key of what was noted under a mark."""
    return f"{_noted(mark)}{_END}"


def likeness_name(record: LikenessRecord) -> str:
    """The record's name as a part of a change."""
    return f"likeness:{record.document}#{record.mark}"


def likeness_item(record: LikenessRecord) -> LikenessItem:
    """The item of a record; the same record again is the same item."""
    return LikenessItem(
        likeness_key(record.company),
        f"{noted_since(record.mark, record.first_seen)}#{record.document}",
        document=record.document,
    )


def _noted(mark: str) -> str:
    return f"like|{mark[:MOST_CHARACTERS]}#"
