"""What happened to a bill between two looks at it.

Intacct tells states, never steps, and what begins and ends between two polls leaves no trace in
the bill's own row: no poller can see it. Everything that does leave a trace becomes one event, with
an id that comes out the same on every run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from .audit import Json
from .bills import Bill, BillState
from .documents import AnyDocument, Document, as_deleted, as_here, as_shown, first_seen
from .frozen import frozen
from .ids import event_id
from .instants import to_text
from .silences import Silence
from .stamps import NO_SHIFT, remarked, touched

D_co = TypeVar("D_co", bound=AnyDocument, covariant=True)


class EventKind(StrEnum):
    """What can happen to a bill or a payment, in the words a flow uses."""

    SUBMITTED = "bill.submitted"
    """Waits for the first approval: seen for the first time, or once more (a new round)."""
    PARTIALLY_APPROVED = "bill.partially_approved"
    """One level approved; the next must act."""
    CHANGED = "bill.changed"
    """Still waiting, but for another amount, currency or vendor."""
    APPROVED = "bill.approved"
    """Posted or later: nobody has to approve it any more."""
    DECLINED = "bill.declined"
    """An approver said no."""
    RECALLED = "bill.recalled"
    """Taken back by its submitter."""
    DELETED = "bill.deleted"
    """Gone from Intacct."""
    OVERDUE = "bill.overdue"
    """Past its due date and still waiting: once a day, where a rule asks for it."""
    REMINDER = "bill.reminder"
    """Waiting as before, but edited by somebody: perhaps submitted again, or a level further."""
    POSSIBLE_DUPLICATE = "bill.possible_duplicate"
    """Submitted, and it looks like another bill of the vendor: where a rule asks for it."""
    PAYMENT_CLEARED = "payment.cleared"
    """The bank has paid it."""
    PAYMENT_VOIDED = "payment.voided"
    """Taken back after it was made, or spoiled in printing."""
    PAYMENT_DECLINED = "payment.declined"
    """Refused before it was made."""
    PAYMENT_UNCLEARED = "payment.uncleared"
    """It had cleared, and that was taken back."""
    POLL_FAILING = "poll.failing"
    """Nothing was read from Intacct for too long: about a company, and about no document."""

    @property
    def of_payment(self) -> bool:
        """Whether it happens to payments, and not to bills."""
        return self.value.startswith("payment.")


#: After the others the people told before have nothing left to do, or something else.
_ADDS = (
    EventKind.CHANGED,
    EventKind.OVERDUE,
    EventKind.REMINDER,
    EventKind.POSSIBLE_DUPLICATE,
)
ENDS_CASES = frozenset(EventKind) - frozenset(_ADDS)

_LEFT_WAITING: dict[BillState, EventKind] = {
    BillState.POSTED: EventKind.APPROVED,
    BillState.SELECTED: EventKind.APPROVED,
    BillState.PARTIALLY_PAID: EventKind.APPROVED,
    BillState.PAID: EventKind.APPROVED,
    BillState.REVERSED: EventKind.APPROVED,
    BillState.REVERSAL: EventKind.APPROVED,
    BillState.DECLINED: EventKind.DECLINED,
    BillState.DRAFT: EventKind.RECALLED,
    BillState.ANALYZING: EventKind.RECALLED,
}


@frozen
class Event:
    """One thing that happened to one document in one round."""

    id: str
    company: str
    document: str
    kind: EventKind
    round: int
    discriminator: str = ""

    def in_round(self, number: int) -> Event:
        """The same event, had it happened in another round."""
        return event_of(self.company, self.document, self.kind, number, self.discriminator)


@frozen
class Sighting(Generic[D_co]):
    """What one look at one document means: the document as it is now, and what happened.

    `doubtful`: a bill waits as before and its time stamp is newer, so that it may have been
    submitted again, or have come a level further, whatever else about it changed. `silent` is why
    nobody is told of the events, and `remarks` are further facts; both go into the document's
    audit trail.
    """

    document: D_co
    events: tuple[Event, ...]
    changed: bool
    doubtful: bool = False
    silent: str = ""
    remarks: tuple[tuple[str, Json], ...] = ()

    def ends(self, kind: str) -> bool:
        """Whether a case that an event of this kind opened is over.

        A further change ends what was told of the change before it, and nothing else; so do
        reminders, and a further day after the due date.
        """
        return any(event.kind in ENDS_CASES or event.kind == kind for event in self.events)


def silence_event(silence: Silence) -> Event:
    """The event of a silence; one silence, from one good poll to the next, is one event."""
    since = to_text(silence.since)
    return event_of(silence.company, silence.id, EventKind.POLL_FAILING, 1, since)


def waiting_events(document: Document, number: int) -> tuple[Event, Event]:
    """The two events of a round after which somebody has to act: submitted, a level approved."""
    company, name = document.company, document.id
    return (
        event_of(company, name, EventKind.SUBMITTED, number, ""),
        event_of(company, name, EventKind.PARTIALLY_APPROVED, number, _level(1)),
    )


def rounds_events(document: Document) -> tuple[Event, ...]:
    """The events of the bill's present round, up to its level, after which somebody has to act."""
    company, name, number = document.company, document.id, document.round
    return (
        event_of(company, name, EventKind.SUBMITTED, number, ""),
        *(
            event_of(company, name, EventKind.PARTIALLY_APPROVED, number, _level(level))
            for level in range(1, document.level + 1)
        ),
    )


def _event(document: Document, kind: EventKind, discriminator: str = "") -> Event:
    return event_of(document.company, document.id, kind, document.round, discriminator)


def event_of(
    company: str, document: str, kind: EventKind, number: int, discriminator: str
) -> Event:
    """The event of one kind in one round; `discriminator` tells two such events apart."""
    name = event_id(company, document, kind, number, discriminator)
    return Event(name, company, document, kind, number, discriminator)


def seen_first(company: str, bill: Bill, now: datetime) -> Sighting[Document] | None:
    """A bill we have no document for. One that waits for nobody is not worth a document."""
    if not bill.state.waiting:
        return None
    document = first_seen(company, bill, now)
    if bill.state is BillState.SUBMITTED:
        return Sighting(document, (_event(document, EventKind.SUBMITTED),), changed=True)
    event = _event(document, EventKind.PARTIALLY_APPROVED, _level(document.level))
    return Sighting(document, (event,), changed=True)


def seen_again(
    stored: Document, bill: Bill, now: datetime, shift: timedelta = NO_SHIFT
) -> Sighting[Document]:
    """A bill we know, as Intacct shows it now.

    A state this version has no word for says nothing about whether somebody must act, so it ends
    nothing: the document keeps the state it had. `shift` is by how much the time stamps of bills
    nobody touched moved, because they are read in another zone than before.
    """
    if bill.state in (BillState.UNKNOWN, BillState.NO_VALUE):
        here = as_here(stored)
        return Sighting(here, (), changed=here != stored)
    shown = as_shown(stored, bill, now)
    if stored.waiting and bill.state.waiting:
        return _still_waiting(stored, shown, shift)
    if bill.state.waiting:
        return waits_once_more(shown)
    if stored.waiting:
        return Sighting(shown, (_event(shown, _LEFT_WAITING[bill.state]),), changed=True)
    return Sighting(shown, (), changed=shown != stored)


def _still_waiting(stored: Document, shown: Document, shift: timedelta) -> Sighting[Document]:
    if stored.state is BillState.PARTIALLY_APPROVED and shown.state is BillState.SUBMITTED:
        return waits_once_more(shown)
    if stored.state is not shown.state:
        return next_level(shown, stored.level + 1)
    # Nothing else that changed explains the stamp: whoever submits a bill again edits it first.
    doubtful = touched(stored.modified, shown.modified, shift)
    if (stored.amount, stored.vendor_id) != (shown.amount, shown.vendor_id):
        event = _event(shown, EventKind.CHANGED, _what_changed(stored, shown))
        return Sighting(shown, (event,), changed=True, doubtful=doubtful)
    remarks = remarked(stored.modified, shown.modified, shift)
    return Sighting(shown, (), changed=shown != stored, doubtful=doubtful, remarks=remarks)


def next_level(shown: Document, level: int) -> Sighting[Document]:
    """A bill whose approvals have come to this level: the next must act."""
    raised = replace(shown, level=level)
    event = _event(raised, EventKind.PARTIALLY_APPROVED, _level(level))
    return Sighting(raised, (event,), changed=True)


def waits_once_more(shown: Document) -> Sighting[Document]:
    """A bill that was submitted again since it was last seen: a new round."""
    level = 1 if shown.state is BillState.PARTIALLY_APPROVED else 0
    again = replace(shown, round=shown.round + 1, level=level)
    if level:
        event = _event(again, EventKind.PARTIALLY_APPROVED, _level(again.level))
    else:
        event = _event(again, EventKind.SUBMITTED)
    return Sighting(again, (event,), changed=True)


def gone(stored: Document, now: datetime | None = None) -> Sighting[Document]:
    """A waiting bill that a complete read did not show and that has no row of its own either."""
    deleted = as_deleted(stored, now)
    return Sighting(deleted, (_event(deleted, EventKind.DELETED),), changed=True)


def too_many_gone(missing: Collection[str], waiting: Collection[str]) -> bool:
    """Whether so many bills vanished at once that the source is in doubt, not the bills.

    More than five and more than a fifth of those waiting, all without a row: somebody took a
    permission away, or the reply was wrong. Nothing may be cancelled on such evidence.
    """
    return len(missing) > max(5, len(waiting) // 5)


def _level(level: int) -> str:
    return f"level {level}"


def _what_changed(stored: Document, shown: Document) -> str:
    text = "|".join(
        (
            stored.amount.canonical(),
            stored.vendor_id,
            shown.amount.canonical(),
            shown.vendor_id,
            str(stored.head.seq),
        )
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]
