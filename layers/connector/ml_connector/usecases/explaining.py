"""Holding rows of Intacct against what is stored of them and against the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from ml_connector.domain.documents import AnyDocument, CompanyState
from ml_connector.domain.explaining import (
    Explained,
    Known,
    Row,
    Trail,
    explain,
    is_bill,
    name_of,
    trail_of,
)

from .ports import DocumentStore


class Evidence(Protocol):
    """What the audit trail says, and which cases there are. Reads are consistent."""

    def entries(self, company: str, document: str, generation: int) -> Iterable[Mapping[str, Any]]:
        """What the entries of one of a document's chains hold; of one nobody can read nothing."""

    def stored_cases(self, cases: Collection[str]) -> set[str]:
        """Those of the cases that are stored."""


#: How `read` is applied to all names: one after the other like `map`, or several at a time.
Each = Callable[[Callable[[str], Trail], Sequence[str]], Iterable[Trail]]


def explained(
    rows: Iterable[Row],
    state: CompanyState,
    documents: DocumentStore,
    evidence: Evidence,
    each: Each = map,
) -> list[Explained]:
    """Why somebody was told of each row, or nobody; of two rows with one number the later counts.

    Raises StoreError.
    """
    named = {name_of(row): row for row in rows}
    stored = _stored(named, state.company, documents)

    def read(name: str) -> Trail:
        document = stored.get(name)
        newest = document.generation if document else 1
        return trail_of(
            entry
            for generation in range(1, newest + 1)
            for entry in evidence.entries(state.company, name, generation)
        )

    names = list(named)
    trails = dict(zip(names, each(read, names), strict=True))
    spoken_of = {case for trail in trails.values() for case in trail.cases | trail.digests}
    known = Known(state, stored, trails, evidence.stored_cases(spoken_of) if spoken_of else ())
    return [explain(row, known) for row in named.values()]


def _stored(
    named: Mapping[str, Row], company: str, documents: DocumentStore
) -> dict[str, AnyDocument]:
    bills = [name for name, row in named.items() if is_bill(row)]
    others = [name for name, row in named.items() if not is_bill(row)]
    found: dict[str, AnyDocument] = {}
    if bills:
        found |= documents.documents(company, bills)
    if others:
        found |= documents.payments(company, others)
    return found
