"""Waiting bills that the calendar, or an edit without a trace, makes worth a word.

A bill that waits in the same state with a newer time stamp and nothing else changed was edited in
a field nobody is told about, or submitted again, or approved by a further level, between two looks.
Intacct's audit history can tell these apart. Its words for what people did are not documented, so
they are matched by their stems, and a step nobody knows the word for is taken as one that counts.
Where the history may not be read, people are reminded, once a day at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from .bills import BillState
from .documents import Document
from .events import EventKind, Sighting, event_of, next_level, waits_once_more

_SUBMITTING = ("submit", "declin", "reject", "recall", "return")
_APPROVING = ("approv",)


@dataclass(frozen=True, slots=True)
class WorkflowStep:
    """One workflow action of Intacct's audit history: on which bill, when (UTC), in its words."""

    record_no: str
    at: datetime
    action: str


@dataclass(frozen=True, slots=True)
class HistoryRead:
    """The workflow steps of some bills. Not `permitted`: the API user may not see any history."""

    steps: tuple[WorkflowStep, ...] = ()
    permitted: bool = True
    transactions: int = 0


def settled(
    stored: Document, sighting: Sighting[Document], steps: Iterable[WorkflowStep]
) -> Sighting[Document]:
    """A doubtful sighting in the light of what people did to the bill since it was seen last."""
    since, until = stored.modified, sighting.document.modified
    words = [
        step.action.lower()
        for step in sorted(steps, key=lambda step: step.at)
        if step.record_no == stored.record_no
        and (since is None or step.at > since)
        # Later ones are not in the row that was seen: the next look will show what came of them.
        and (until is None or step.at <= until)
    ]
    if not words:
        return replace(sighting, doubtful=False)
    remark = ("history", ", ".join(words))
    shown = sighting.document
    starts = any(_about(word, _SUBMITTING) for word in words)
    approvals = sum(_about(word, _APPROVING) for word in words)
    submitted = shown.state is BillState.SUBMITTED
    if submitted and not starts and approvals == len(words):
        # No approval leaves a bill submitted: they are of the same second, after the row was read.
        return replace(sighting, doubtful=False)
    if starts or submitted:
        again = waits_once_more(shown)
    else:
        again = next_level(shown, stored.level + max(approvals, 1))
    return replace(again, remarks=(remark,))


def reminded(sighting: Sighting[Document], today: date) -> Sighting[Document]:
    """A doubtful sighting nobody can settle: one reminder on each of the company's days."""
    document = replace(sighting.document, reminded_on=today)
    if sighting.document.reminded_on == today:
        return replace(sighting, doubtful=False)
    return _on_day(document, EventKind.REMINDER, today)


def overdue(stored: Document, today: date, first_seen_on: date) -> Sighting[Document] | None:
    """A waiting bill past its due date, once on each of the company's days.

    Not on the day it was first seen: whoever was told of it then was told the due date too.
    """
    late = stored.waiting and stored.due is not None and stored.due < today
    if not late or today in (stored.overdue_on, first_seen_on):
        return None
    return _on_day(replace(stored, overdue_on=today), EventKind.OVERDUE, today)


def _on_day(document: Document, kind: EventKind, today: date) -> Sighting[Document]:
    event = event_of(document.company, document.id, kind, document.round, today.isoformat())
    return Sighting(document, (event,), changed=True)


def _about(word: str, stems: tuple[str, ...]) -> bool:
    return any(stem in word for stem in stems)
