"""The audit table, for reading. Entries are written with the change they belong to."""

from __future__ import annotations

from collections.abc import Iterator

from ml_connector.domain.audit import AuditEntry

from .mapping import audit_of
from .models import AuditItem
from .transaction import translated


class DynamoAuditTrail:
    """Reads chains."""

    def chain(self, name: str) -> Iterator[AuditEntry]:
        """The entries of one chain in their order, one page in memory at a time."""
        with translated():
            for item in AuditItem.query(name, consistent_read=True):
                yield audit_of(item)
