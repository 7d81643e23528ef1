"""A perfect observer of a ledger: what can be seen by looking, and only by looking.

It reads the ledger's own log and the instants of the looks, and imports nothing else: it shares no
code, and so no mistake, with what it judges (`judging` compares).

What is seen is always the difference between two looks at one bill:

- it waits for its first approval and did not before, or had a level approved before: `submitted`,
  in a round of its own;
- it waits for a further approval and did not before: `partially_approved`, at the first level of
  this round, or of a new one where it did not wait at all;
- it waits as before and its time stamp moved on: the audit history, where it may be read, says
  whether it was submitted again or came a level further, whatever else about it changed;
- it waits as before otherwise, for another amount, currency or vendor: `changed`; where nothing of
  that changed and the history is refused, `reminder`, once a day; where nobody asks it, nothing;
- it waited, and is posted or later, declined, back in draft, or gone: `approved`, `declined`,
  `recalled`, `deleted`;
- it is known, waited for nobody and does not now, in another state: `seen`, which is no event for
  anybody but has to be in the bill's trail. A bill never seen waiting is nobody's business.

A purchase order's bill that vanished while it waited and is back under another record number is the
same bill. What begins and ends between two looks leaves no trace, and nobody is asked for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

SUBMITTED, PARTIAL = "Submitted", "Partially Approved"
WAITING = frozenset({SUBMITTED, PARTIAL})

_LEFT = {
    "Draft": "bill.recalled",
    "Declined": "bill.declined",
    "Posted": "bill.approved",
    "Selected": "bill.approved",
    "Partially Paid": "bill.approved",
    "Paid": "bill.approved",
}
#: Workflow steps after which a bill begins anew, and those that are approvals. Any other is taken
#: for a step that counts.
_ANEW = frozenset({"submit", "recall", "decline"})
_APPROVAL = frozenset({"partially-approve", "approve"})
#: What people do that is no workflow.
_NO_WORKFLOW = frozenset({"create", "edit", "delete"})


@dataclass(frozen=True, slots=True)
class Row:
    """What matters of a bill's row. `modified` is in epoch seconds, None where it is empty."""

    state: str
    amount: Decimal
    currency: str
    vendor: str
    modified: int | None = None
    number: str = ""
    purchase: bool = False

    @property
    def worth(self) -> tuple[Decimal, str, str]:
        """What an approver approves."""
        return self.amount, self.currency, self.vendor


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log about one bill; `seq` counts the log's entries from 1.

    `made_at` is in epoch seconds; `late` is whether it became visible only later.
    """

    seq: int
    bill: int
    before: Row | None
    after: Row | None
    kind: str = "edit"
    made_at: int = 0
    late: bool = False

    @property
    def is_workflow(self) -> bool:
        """Whether the audit history has it as a step of the approval."""
        return self.kind not in _NO_WORKFLOW


@dataclass(frozen=True, slots=True)
class Shown:
    """What a look at one bill may show: under which number, the row, and all steps until then."""

    bill: int
    row: Row | None
    steps: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """One look: a stretch of the log, from its length at the beginning to that at the last reply.

    `certain`: everything it showed was written down. `history` is whether the audit history could
    be read; None where it was not asked. `day` is the company's own. `zone` is whether the zone of
    time stamps was known: where it was not, they compare with no other look's.
    """

    number: int
    first: int
    last: int
    certain: bool
    history: bool | None = None
    day: date | None = None
    zone: bool = True


@dataclass(frozen=True, slots=True)
class Token:
    """One thing seen of a bill. `level` counts partial approvals where the kind is about them."""

    kind: str
    round: int
    level: int
    amount: Decimal
    currency: str

    @property
    def is_event(self) -> bool:
        """Whether it is news for anybody."""
        return self.kind.startswith("bill.")

    def __str__(self) -> str:
        level = f" level {self.level}" if self.level else ""
        return f"{self.kind} round {self.round}{level} {self.currency} {self.amount:f}"


@dataclass(frozen=True, slots=True)
class Memory:
    """What the observer knows of a bill: its row when last seen, and its rounds so far."""

    bill: int
    row: Row
    round: int = 1
    level: int = 0
    gone: bool = False
    reminded: date | None = None

    @property
    def waits(self) -> bool:
        """Whether somebody still had to approve it."""
        return self.row.state in WAITING and not self.gone

    def token(self, kind: str) -> Token:
        """What is seen, with the bill as it is now known."""
        level = self.level if kind == "bill.partially_approved" else 0
        return Token(kind, self.round, level, self.row.amount, self.row.currency)


Seen = tuple[Memory | None, Token | None]


def look(memory: Memory | None, shown: Shown, at: Look) -> Seen:
    """One look at one bill: what is known afterwards, and what was seen."""
    row = shown.row
    if row is not None and not at.zone:
        row = replace(row, modified=None)
    waits = row is not None and row.state in WAITING
    if memory is not None and memory.bill != shown.bill:
        return _under_another_number(memory, shown, at, waits=waits)
    if memory is None:
        return _in_round(Memory(shown.bill, row), 1) if row and waits else (None, None)
    if row is None:
        gone = replace(memory, gone=True)
        return (gone, gone.token("bill.deleted")) if memory.waits else (memory, None)
    seen = replace(memory, row=row, gone=False)
    if waits:
        return _waits_now(memory, seen, shown, at)
    if memory.waits:
        return seen, seen.token(_LEFT[row.state])
    moved = memory.gone or memory.row.state != row.state
    return seen, seen.token(f"seen {row.state}") if moved else None


def _under_another_number(memory: Memory, shown: Shown, at: Look, *, waits: bool) -> Seen:
    """The bill was made anew; one that does not wait is a stranger, and the old one is gone."""
    if not waits or shown.row is None:
        return look(memory, Shown(memory.bill, None), at)
    if not memory.waits and not memory.gone:
        return look(None, shown, at)
    known = replace(memory, bill=shown.bill, gone=False)
    seen = replace(known, row=shown.row if at.zone else replace(shown.row, modified=None))
    return _waits(known, seen) or (seen, None)


def _waits_now(memory: Memory, seen: Memory, shown: Shown, at: Look) -> Seen:
    """What its row tells; where that leaves it open what was done, what the history tells."""
    told = _waits(memory, seen)
    if told and told[1] and told[1].kind != "bill.changed":
        return told
    return _touched(memory, seen, shown, at) or told or (seen, None)


def _waits(memory: Memory, seen: Memory) -> Seen | None:
    """What a waiting bill's row tells by itself; None where it is as it was."""
    before, now = memory.row, seen.row
    if not memory.waits or (before.state == PARTIAL and now.state == SUBMITTED):
        return _in_round(seen, memory.round + 1)
    if before.state != now.state:
        seen = replace(seen, level=memory.level + 1)
        return seen, seen.token("bill.partially_approved")
    return (seen, seen.token("bill.changed")) if before.worth != now.worth else None


def _in_round(memory: Memory, number: int) -> Seen:
    partial = memory.row.state == PARTIAL
    begun = replace(memory, round=number, level=int(partial))
    return begun, begun.token("bill.partially_approved" if partial else "bill.submitted")


def _touched(memory: Memory, seen: Memory, shown: Shown, at: Look) -> Seen | None:
    """It waits as before; a newer time stamp says that somebody did something. None: no workflow.

    Whoever is told of another worth is not reminded as well.
    """
    before, now = memory.row.modified, seen.row.modified
    if at.history is None or before is None or now is None or now <= before:
        return None
    if not at.history:
        if memory.row.worth != seen.row.worth:
            return None
        today = replace(seen, reminded=at.day)
        return today, None if memory.reminded == at.day else today.token("bill.reminder")
    kinds = [step.kind for step in shown.steps if before < step.made_at <= now]
    approvals = sum(kind in _APPROVAL for kind in kinds)
    submitted = seen.row.state == SUBMITTED
    if not kinds or (submitted and approvals == len(kinds)):
        # No approval leaves a bill submitted: they are of the same second, after the row was read.
        return None
    if submitted or any(kind in _ANEW for kind in kinds):
        return _in_round(seen, memory.round + 1)
    seen = replace(seen, level=memory.level + max(approvals, 1))
    return seen, seen.token("bill.partially_approved")
