"""Bills that look like one another: perhaps the same bill, entered twice.

The vendor has to be the same, and either the number or both the amount and the due date. It is a
question to somebody, never a verdict: rent looks like that too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from .bills import BillState
from .documents import Document
from .events import EventKind, Sighting, event_of
from .unit_of_work import LikenessRecord

#: A bill in one of these states will not be paid as it is.
_NOT_TO_BE_PAID = frozenset(
    {
        BillState.DRAFT,
        BillState.ANALYZING,
        BillState.DECLINED,
        BillState.REVERSED,
        BillState.REVERSAL,
    }
)


def with_possible_duplicates(
    sightings: Sequence[Sighting[Document]], known: Iterable[Document]
) -> list[Sighting[Document]]:
    """The sightings; those of bills just submitted say too which bill each may be a copy of.

    `known` are the bills as they were stored. Of two that are new both at once, only the later one
    is said to look like the other. The ids of those it looks like stand in its audit entry.
    """
    shown = {one.document.id: one.document for one in sightings}
    new = {one.document.id for one in sightings if submitted(one)}
    alike: dict[str, list[str]] = defaultdict(list)
    for document in ({one.id: one for one in known} | shown).values():
        if _counts(document) and document.id not in new:
            _enter(document, alike)
    found = []
    for one in sightings:
        if one.document.id not in new or not _counts(one.document):
            found.append(one)
            continue
        others = _others(one.document, alike)
        found.append(_flagged(one, others) if others else one)
        _enter(one.document, alike)
    return found


def likenesses(document: Document) -> tuple[LikenessRecord, ...]:
    """Under what a bill can be found again later; nothing for one that will not be paid as it is.

    What a bill is found by is no more than a hint: the bill may have changed since.
    """
    if not _counts(document):
        return ()
    return tuple(
        LikenessRecord(document.company, mark, document.id, document.first_seen)
        for mark in marks(document)
    )


def submitted(sighting: Sighting[Document]) -> bool:
    """Whether the bill was just submitted, be it once more."""
    return any(event.kind is EventKind.SUBMITTED for event in sighting.events)


def _counts(document: Document) -> bool:
    return not document.deleted and document.state not in _NOT_TO_BE_PAID


def marks(document: Document) -> list[str]:
    """What two bills that may be the same have in common; nothing without a vendor."""
    if not document.vendor_id:
        return []
    number = "".join(char for char in document.number.casefold() if char.isalnum())
    found = [f"{document.vendor_id}|number|{number}"] if number else []
    if document.due:
        amount = document.amount.canonical()
        found.append(f"{document.vendor_id}|amount|{amount}|{document.due.isoformat()}")
    return found


def _enter(document: Document, alike: dict[str, list[str]]) -> None:
    for mark in marks(document):
        alike[mark].append(document.id)


def _others(document: Document, alike: dict[str, list[str]]) -> list[str]:
    found = {name for mark in marks(document) for name in alike.get(mark, ())}
    return sorted(found - {document.id})


def _flagged(sighting: Sighting[Document], others: list[str]) -> Sighting[Document]:
    document = sighting.document
    event = event_of(
        document.company, document.id, EventKind.POSSIBLE_DUPLICATE, document.round, ""
    )
    return replace(
        sighting,
        events=(*sighting.events, event),
        remarks=(*sighting.remarks, ("looks_like", others)),
    )
