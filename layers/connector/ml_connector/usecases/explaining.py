"""Holding rows of Intacct against what is stored of them and against the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

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
from ml_connector.domain.fates import Fate, Said, fate_of

from .ports import DocumentStore


class Evidence(Protocol):
    """What the audit trail says, and which cases there are. Reads are consistent."""

    def entries(self, company: str, document: str, generation: int) -> Iterable[Mapping[str, Any]]:
        """What the entries of one of a document's chains hold; of one nobody can read nothing."""

    def said_of(self, case: str) -> Iterable[Said]:
        """The entries of a case's chain, in order; of one nobody can read nothing but its time."""

    def stored_cases(self, cases: Collection[str]) -> set[str]:
        """Those of the cases that are stored."""


#: What the trail says of one document, and of the cases of its newest round.
Told: TypeAlias = tuple[Trail, Mapping[str, Fate]]

#: How `read` is applied to all names: one after the other like `map`, or several at a time.
Each = Callable[[Callable[[str], Told], Sequence[str]], Iterable[Told]]


def explained(
    rows: Iterable[Row],
    state: CompanyState,
    documents: DocumentStore,
    evidence: Evidence,
    each: Each = map,
) -> list[Explained]:
    """Why somebody was told of each row, or nobody; of two rows with one number the later counts.

    As of the last complete poll. Raises StoreError.
    """
    named = {name_of(row): row for row in rows}
    stored = _stored(named, state.company, documents)

    def read(name: str) -> Told:
        document = stored.get(name)
        newest = document.generation if document else 1
        trail = trail_of(
            entry
            for generation in range(1, newest + 1)
            for entry in evidence.entries(state.company, name, generation)
        )
        if document and trail.entries and not trail.current:
            # A bill that took the place of another goes on with that one's cases.
            trail = replace(trail, current=frozenset(document.open_cases))
        return trail, {case: fate_of(evidence.said_of(case)) for case in sorted(trail.current)}

    names = list(named)
    told = list(each(read, names))
    trails = {name: trail for name, (trail, _) in zip(names, told, strict=True)}
    fates = {case: fate for _, found in told for case, fate in found.items()}
    spoken_of = {case for trail in trails.values() for case in trail.cases | trail.digests}
    cases = evidence.stored_cases(spoken_of) if spoken_of else ()
    known = Known(state, stored, trails, cases, fates)
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
