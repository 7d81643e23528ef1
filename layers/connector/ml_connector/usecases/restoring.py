"""Bills whose stored document is older than its own audit chain: the table was restored.

What the documents lost is still known. The audit chain refuses an entry it already has, which is
how such a document is noticed, and the cases opened since are found by their ids, which come out
the same on every run. So nobody is told twice what was told before, cases the document no longer
knows of still end, and what is truly new is a round nobody was told about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count

from ml_connector.domain.audit import Json
from ml_connector.domain.cases import Case, CaseState
from ml_connector.domain.documents import Document
from ml_connector.domain.events import D_co, EventKind, Sighting, waiting_events

from .ports import AlertStore

#: The cases of each round, by what opened them.
Rounds = Mapping[int, Mapping[EventKind, Case]]


def on_a_new_chain(sighting: Sighting[D_co]) -> Sighting[D_co]:
    """The sighting of a payment, or of a document that another goes on in the place of.

    An event told before is found by its id when it is the next one again. What a payment went
    through in between is not looked for: its cases tell of what is over, and nothing is waiting.
    """
    document, remarks = sighting.document, sighting.remarks
    if all(name != "continues" for name, _ in remarks):
        continued: Json = {"chain": document.chain, "seq": document.head.seq}
        remarks = (*remarks, ("continues", continued))
    moved = replace(document, generation=document.generation + 1)
    return replace(sighting, document=moved, remarks=remarks)


def caught_up(sighting: Sighting[Document], store: AlertStore) -> Sighting[Document]:
    """The sighting with what its document has forgotten, on a new audit chain.

    Lost for good are only rounds no rule spoke about: they are counted again.
    """
    document = sighting.document
    rounds = _rounds_since(document, store)
    number = max(rounds, default=document.round)
    opening = [event.kind for event in sighting.events if event.kind in _OPEN_A_ROUND]
    if number in rounds and any(_over(rounds[number], kind) for kind in opening):
        number += 1
    found = [case.id for cases in rounds.values() for case in cases.values()]
    moved = replace(
        document,
        generation=document.generation + 1,
        round=number,
        open_cases=tuple(dict.fromkeys((*document.open_cases, *found))),
    )
    events = tuple(event.in_round(number) for event in sighting.events)
    return replace(sighting, document=moved, events=events)


_OPEN_A_ROUND = (EventKind.SUBMITTED, EventKind.PARTIALLY_APPROVED)


def _rounds_since(document: Document, store: AlertStore) -> Rounds:
    """Every round from the document's own on that a case was opened in."""
    rounds: dict[int, dict[EventKind, Case]] = {}
    for number in count(document.round):
        files = {e.kind: store.case_file(e.id) for e in waiting_events(document, number)}
        cases = {kind: file.case for kind, file in files.items() if file}
        if cases:
            rounds[number] = cases
        elif number > document.round:
            break
    return rounds


def _over(cases: Mapping[EventKind, Case], kind: EventKind) -> bool:
    """Whether a bill that shows `kind` now cannot be in the round these cases are of."""
    if kind in cases:
        return cases[kind].state is CaseState.HANDLED
    if kind is EventKind.SUBMITTED:
        # Past its first level, a bill is submitted again only in another round.
        return True
    case = cases[EventKind.SUBMITTED]
    approved = case.end_reason == EventKind.PARTIALLY_APPROVED.value
    return case.state is CaseState.HANDLED and not approved
