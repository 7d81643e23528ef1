"""Audit entries to items and back."""

from __future__ import annotations

import json

from ml_connector.domain.audit import AuditEntry, canonical
from ml_connector.domain.instants import from_text, to_text

from .models import AuditItem


def audit_item(entry: AuditEntry) -> AuditItem:
    """The item of an audit entry."""
    return AuditItem(
        entry.chain,
        entry.seq,
        at=to_text(entry.at),
        kind=entry.kind,
        data=canonical(entry.data),
        before=entry.before,
        digest=entry.digest,
    )


def audit_of(item: AuditItem) -> AuditEntry:
    """The audit entry in an item. Raises ValueError or TypeError where it makes no sense."""
    item.whole()
    return AuditEntry(
        chain=item.chain,
        seq=int(item.seq),
        at=from_text(item.at),
        kind=item.kind,
        data=json.loads(item.data),
        before=item.before,
        digest=item.digest,
    )
