"""The audit table, for reading. Entries are written with the change they belong to."""

from __future__ import annotations

from collections.abc import Iterator

from ml_connector.domain.audit import AuditEntry

from .audit_items import audit_of
from .models import AuditItem
from .readable import readable
from .transaction import translated


class DynamoAuditTrail:
    """Reads chains. Raises StoreError for an entry that makes no sense."""

    def chain(self, name: str, after: int = 0) -> Iterator[AuditEntry]:
        """The entries of one chain after that number, in order, one page in memory at a time."""
        later = AuditItem.seq > after if after else None
        with translated():
            for item in AuditItem.query(name, later, consistent_read=True):
                yield _entry(item)

    def last(self, name: str) -> AuditEntry | None:
        """The last entry of one chain."""
        with translated():
            newest = AuditItem.query(name, consistent_read=True, scan_index_forward=False, limit=1)
            return next((_entry(item) for item in newest), None)


def _entry(item: AuditItem) -> AuditEntry:
    with readable(f"entry {item.seq} of the audit chain {item.chain}"):
        return audit_of(item)
