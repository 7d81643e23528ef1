"""Waiting bills that the calendar, or an edit without a trace, makes worth a word.

A bill that waits in the same state with a newer time stamp was edited, or submitted again, or
approved by a further level, between two looks. Whatever else about it changed does not tell which:
whoever submits a bill again edits it first. Intacct's audit history does. Its words for what people
did are not documented, so they are matched by their stems, and a step nobody knows the word for is
taken as one that counts. Where the history may not be read, people are reminded, once a day at
most; if they are told of a change anyway, that reminds them as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from .bills import BillState
from .documents import Document
from .events import Event, EventKind, Sighting, event_of, next_level, waits_once_more
from .frozen import frozen
from .stamps import NO_SHIFT, since

_SUBMITTING = ("submit", "declin", "reject", "recall", "return")
_APPROVING = ("approv",)

#: What the audit says of a bill in doubt where nobody could find out.
UNREAD = ("history", "not read: the API user has no permission")


@frozen
class WorkflowStep:
    """One workflow action of Intacct's audit history: on which bill, when (UTC), in its words."""

    record_no: str
    at: datetime
    action: str


@frozen
class HistoryRead:
    """The workflow steps of some bills. Not `permitted`: the API user may not see any history."""

    steps: tuple[WorkflowStep, ...] = ()
    permitted: bool = True
    transactions: int = 0


def settled(
    stored: Document,
    sighting: Sighting[Document],
    steps: Iterable[WorkflowStep],
    shift: timedelta = NO_SHIFT,
) -> Sighting[Document]:
    """A doubtful sighting in the light of what people did to the bill since it was seen last.

    Where it was submitted again or came a level further, that is told with all that changed, and
    the change alone is not.
    """
    seen, until = stored.modified, sighting.document.modified
    begin = since(seen, shift) if seen else None
    words = [
        step.action.lower()
        for step in sorted(steps, key=lambda step: step.at)
        if step.record_no == stored.record_no
        and (begin is None or step.at > begin)
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


def reminded(sighting: Sighting[Document], today: date, *, told: bool) -> Sighting[Document]:
    """A doubtful sighting nobody can settle: one reminder on each of the company's days.

    None where somebody is `told` of what changed: that it waits for them they hear as well.
    """
    sighting = replace(sighting, doubtful=False, remarks=(*sighting.remarks, UNREAD))
    if told or sighting.document.reminded_on == today:
        return sighting
    document = replace(sighting.document, reminded_on=today)
    events = (*sighting.events, _of_day(document, EventKind.REMINDER, today))
    return replace(sighting, document=document, events=events, changed=True)


def overdue(stored: Document, today: date, first_seen_on: date) -> Sighting[Document] | None:
    """A waiting bill past its due date, once on each of the company's days.

    Not on the day it was first seen: whoever was told of it then was told the due date too.
    """
    late = stored.waiting and stored.due is not None and stored.due < today
    if not late or today in (stored.overdue_on, first_seen_on):
        return None
    document = replace(stored, overdue_on=today)
    return Sighting(document, (_of_day(document, EventKind.OVERDUE, today),), changed=True)


def _of_day(document: Document, kind: EventKind, today: date) -> Event:
    return event_of(document.company, document.id, kind, document.round, today.isoformat())


def _about(word: str, stems: tuple[str, ...]) -> bool:
    return any(stem in word for stem in stems)
