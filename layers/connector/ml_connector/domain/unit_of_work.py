"""Changes that are written together or not at all.

A use case reads, decides with the pure functions of this package, and describes the result as one
`Change`. The store writes it as one transaction. Each part carries the version it was read at, so a
change built on what is no longer so is refused as a whole.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING

from .frozen import frozen

if TYPE_CHECKING:
    from .approvers import Approver
    from .audit import AuditEntry, Json
    from .cases import Alert, Case
    from .dispatches import Dispatch
    from .documents import AnyDocument


@frozen
class CaseFile:
    """A case with its alerts."""

    case: Case
    alerts: tuple[Alert, ...]

    def alert(self, alert_id: str) -> Alert:
        """The alert with this id; KeyError when the case has none."""
        for alert in self.alerts:
            if alert.id == alert_id:
                return alert
        raise KeyError(alert_id)


def stopped_by_the_end(file: CaseFile) -> list[Json]:
    """The ids of the alerts that nothing but the end of their case stops, for its entry."""
    return [alert.id for alert in file.alerts if alert.stop_reason is None]


@frozen
class CaseWrite:
    """A case with the audit entry that goes with the change.

    The entry's number tells what must be stored before: 1 is a case that must not exist yet, n is a
    case whose head is n - 1. A case that turned out older than its own chain says itself what is
    stored: `over` is the number of that head, 0 where the case is not there at all.
    """

    case: Case
    entry: AuditEntry
    over: int | None = None

    @property
    def stored_seq(self) -> int:
        """The number of the head that must be stored; 0 where the case must not exist."""
        return self.entry.seq - 1 if self.over is None else self.over


@frozen
class DocumentWrite:
    """A document with the audit entry that goes with the change; versions as in CaseWrite."""

    document: AnyDocument
    entry: AuditEntry


@frozen
class PersonWrite:
    """A person with the audit entry that goes with the change.

    `version` is the version to be stored, as for dispatches: 1 must not exist yet. The stored
    row's head is the entry's.
    """

    approver: Approver
    entry: AuditEntry


@frozen
class Fence:
    """The write holds only while this lease is the company's newest."""

    company: str
    token: int


@frozen
class Counter:
    """Add `amount` to a counter; refused where it would pass `limit`. Gone after `expires_at`.

    One that is given `back` was counted for something that did not happen; that is never refused.
    """

    key: str
    limit: int
    expires_at: datetime
    back: bool = False
    amount: int = 1


@frozen
class SidRecord:
    """This provider id belongs to this dispatch, and to no other, ever."""

    sid: str
    dispatch_id: str


@frozen
class ReferenceRecord:
    """A reference that was texted to a person: their reply with it means this dispatch.

    `at` is when its sending began. Gone after `expires_at`.
    """

    recipient: str
    reference: str
    dispatch_id: str
    at: datetime
    expires_at: datetime


@frozen
class LineRecord:
    """The last call to a number of those that carry nothing of ours: whose, and by which claim.

    `line` stands for the number. Written only while the record stored is that of the claim
    `before`, or there is none. Gone after `expires_at`.
    """

    line: str
    dispatch_id: str
    claim: str
    expires_at: datetime
    before: str = ""


@frozen
class LikenessRecord:
    """A bill under what it may have in common with another one of its vendor.

    `document` is its id, `first_seen` when it was; the same record again changes nothing.
    """

    company: str
    mark: str
    document: str
    first_seen: datetime


@frozen
class Change:
    """One transaction.

    `write_id` names this very change: written twice it counts once, and whoever finds it in a
    stored item knows that the change got through although the reply was lost.
    For dispatches, alerts and people, `version` is the version to be stored; 1 must not exist yet.
    """

    write_id: str
    dispatches: tuple[Dispatch, ...] = ()
    alerts: tuple[Alert, ...] = ()
    cases: tuple[CaseWrite, ...] = ()
    documents: tuple[DocumentWrite, ...] = ()
    counters: tuple[Counter, ...] = ()
    sids: tuple[SidRecord, ...] = field(default=())
    people: tuple[PersonWrite, ...] = ()
    references: tuple[ReferenceRecord, ...] = ()
    likenesses: tuple[LikenessRecord, ...] = ()
    lines: tuple[LineRecord, ...] = ()
    fence: Fence | None = None

    @property
    def entries(self) -> tuple[AuditEntry, ...]:
        """Every audit entry of the change."""
        documents = tuple(write.entry for write in self.documents)
        cases = tuple(write.entry for write in self.cases)
        return documents + cases + tuple(write.entry for write in self.people)
