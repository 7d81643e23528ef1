"""Changes that are written together or not at all.

A use case reads, decides with the pure functions of this package, and describes the result as one
`Change`. The store writes it as one transaction. Each part carries the version it was read at, so a
change built on what is no longer so is refused as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .approvers import Approver
    from .audit import AuditEntry
    from .cases import Alert, Case
    from .dispatches import Dispatch
    from .documents import AnyDocument


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class DocumentWrite:
    """A document with the audit entry that goes with the change; versions as in CaseWrite."""

    document: AnyDocument
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class PersonWrite:
    """A person with the audit entry that goes with the change.

    `version` is the version to be stored, as for dispatches: 1 must not exist yet. The stored
    row's head is the entry's.
    """

    approver: Approver
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class Fence:
    """The write holds only while this lease is the company's newest."""

    company: str
    token: int


@dataclass(frozen=True, slots=True)
class Counter:
    """Add `amount` to a counter; refused where it would pass `limit`. Gone after `expires_at`.

    One that is given `back` was counted for something that did not happen; that is never refused.
    """

    key: str
    limit: int
    expires_at: datetime
    back: bool = False
    amount: int = 1


@dataclass(frozen=True, slots=True)
class SidRecord:
    """This provider id belongs to this dispatch, and to no other, ever."""

    sid: str
    dispatch_id: str


@dataclass(frozen=True, slots=True)
class ReferenceRecord:
    """A reference that was texted to a person: their reply with it means this dispatch.

    `at` is when its sending began. Gone after `expires_at`.
    """

    recipient: str
    reference: str
    dispatch_id: str
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LikenessRecord:
    """A bill under what it may have in common with another one of its vendor.

    `document` is its id, `first_seen` when it was; the same record again changes nothing.
    """

    company: str
    mark: str
    document: str
    first_seen: datetime


@dataclass(frozen=True, slots=True)
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
    fence: Fence | None = None

    @property
    def entries(self) -> tuple[AuditEntry, ...]:
        """Every audit entry of the change."""
        documents = tuple(write.entry for write in self.documents)
        cases = tuple(write.entry for write in self.cases)
        return documents + cases + tuple(write.entry for write in self.people)
