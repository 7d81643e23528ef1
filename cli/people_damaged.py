"""Rows of the approvers' table that make no sense: somebody edited them by hand.

To the functions such a person is nobody; the next one who can be told is. They say whose row it is,
in their logs; here the attribute is named as well, never what stands in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ml_connector.store.approver_items import approver_of
from ml_connector.store.approvers import PAGE
from ml_connector.store.models import ApproverItem
from ml_connector.store.transaction import translated

from .deployment import Deployment

_SENSELESS = (ValueError, TypeError, KeyError)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A row by its id, and the attribute that keeps it from being read; empty where several do."""

    id: str
    attribute: str

    def __str__(self) -> str:
        where = f": {self.attribute} is not what it has to be" if self.attribute else ""
        return (
            f"approver {self.id}: the row cannot be read{where}. Nobody is told under this id "
            "until it is put right in the approvers' table"
        )


def damaged(deployment: Deployment) -> list[Damaged]:
    """All such rows, by id. Raises StoreError."""
    deployment.approvers  # noqa: B018 - binds the tables
    with translated():
        rows = list(ApproverItem.scan(consistent_read=True, page_size=PAGE))
    found = (Damaged(str(row.pk), _culprit(row)) for row in rows if not _readable(row))
    return sorted(found, key=lambda one: one.id)


def _readable(row: ApproverItem) -> bool:
    try:
        approver_of(row)
    except _SENSELESS:
        return False
    return True


def _culprit(row: ApproverItem) -> str:
    """The attribute without which the row could be read."""
    if row.unread or not row.name:
        return row.unread or "name"
    return next(_without_one(row), "")


def _without_one(row: ApproverItem) -> Iterator[str]:
    for name, attribute in ApproverItem.get_attributes().items():
        if attribute.is_hash_key:
            continue
        before = getattr(row, name)
        setattr(row, name, None)
        mended = _readable(row)
        setattr(row, name, before)
        if mended:
            yield name
