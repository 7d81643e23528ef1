"""The audit trail and the cases in memory, for holding Intacct against them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ml_connector.domain.cases import case_chain
from ml_connector.domain.fates import Said
from ml_connector.store.heads import document_chain

from .memory_store import MemoryAuditTrail, Tables


class MemoryEvidence:
    """The Evidence port."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._trail = MemoryAuditTrail(tables)

    def entries(self, company: str, document: str, generation: int) -> Iterator[Mapping[str, Any]]:
        """See Evidence."""
        chain = document_chain(company, document, generation)
        return (entry.data for entry in self._trail.chain(chain))

    def said_of(self, case: str) -> Iterator[Said]:
        """See Evidence."""
        entries = self._trail.chain(case_chain(case))
        return (Said(entry.at, entry.kind, entry.data) for entry in entries)

    def stored_cases(self, cases: Collection[str]) -> set[str]:
        """See Evidence."""
        return {case for case in cases if case in self._tables.cases}
