"""The store ports in memory, with the conditions of the DynamoDB transaction.

One contract suite runs over these and over the real adapters, so that what the protocol's tests
show here holds there.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import AuditEntry
from ml_connector.domain.cases import Alert, Case
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.documents import CompanyState, Document
from ml_connector.domain.fairness import in_turn
from ml_connector.domain.flows import Flow
from ml_connector.domain.instants import to_millis
from ml_connector.domain.payments import PaymentDocument, PaymentPhase
from ml_connector.domain.replies import InboxMark
from ml_connector.domain.standstill import Pause, Restoring, Standstill
from ml_connector.domain.unit_of_work import (
    CaseFile,
    Change,
    LikenessRecord,
    LineRecord,
    ReferenceRecord,
)
from ml_connector.errors import StoreConflict, StoreError, StoreUnavailable
from ml_connector.settings import FAIR_WINDOW

#: DynamoDB forgets a transaction's token after this.
TOKEN_LIFE = timedelta(minutes=10)
MOST_ITEMS = 100


@dataclass(slots=True)
class Tables:
    """What is stored. `now` tells how old a token is; without it tokens are kept for good."""

    now: Callable[[], datetime] | None = None
    dispatches: dict[str, Dispatch] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    alerts: dict[str, dict[str, Alert]] = field(default_factory=dict)
    sids: dict[str, str] = field(default_factory=dict)
    references: dict[tuple[str, datetime, str], ReferenceRecord] = field(default_factory=dict)
    lines: dict[str, LineRecord] = field(default_factory=dict)
    inbox: InboxMark | None = None
    counters: dict[str, int] = field(default_factory=dict)
    pauses: dict[tuple[str, str], Pause] = field(default_factory=dict)
    restoring: Restoring | None = None
    watched: dict[str, date] = field(default_factory=dict)
    chains: dict[str, list[AuditEntry]] = field(default_factory=dict)
    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    payments: dict[tuple[str, str], PaymentDocument] = field(default_factory=dict)
    likenesses: set[LikenessRecord] = field(default_factory=set)
    companies: dict[str, CompanyState] = field(default_factory=dict)
    people: dict[str, Approver] = field(default_factory=dict)
    tokens: dict[str, tuple[Change, datetime | None]] = field(default_factory=dict)
    due: list[tuple[int, str]] = field(default_factory=list)
    """The sparse index of dispatches by the time they are looked at next."""

    def forget_tokens(self) -> None:
        """Ten minutes pass for DynamoDB's memory of transactions, and for nothing else."""
        self.tokens.clear()


@dataclass(frozen=True, slots=True)
class _Operation:
    name: str
    holds: bool
    apply: Callable[[], None]


class MemoryAlertStore:
    """The AlertStore port."""

    def __init__(self, tables: Tables | None = None) -> None:
        self.tables = tables or Tables()

    def dispatch(self, dispatch_id: str) -> Dispatch | None:
        return self.tables.dispatches.get(dispatch_id)

    def dispatches(self, dispatch_ids: Sequence[str]) -> list[Dispatch]:
        known = self.tables.dispatches
        return [known[one] for one in dict.fromkeys(dispatch_ids) if one in known]

    def case_file(self, case_id: str) -> CaseFile | None:
        case = self.tables.cases.get(case_id)
        if case is None:
            return None
        return CaseFile(case, self.alerts_of(case_id))

    def alerts_of(self, case_id: str) -> tuple[Alert, ...]:
        alerts = self.tables.alerts.get(case_id, {}).values()
        return tuple(sorted(alerts, key=lambda a: (a.step, a.occurrence, a.id)))

    def sid_owner(self, sid: str) -> str | None:
        return self.tables.sids.get(sid)

    def known_sids(self, sids: Sequence[str]) -> set[str]:
        return {sid for sid in sids if sid in self.tables.sids}

    def references(self, recipient: str, since: datetime) -> list[ReferenceRecord]:
        known = self.tables.references
        found = [key for key in known if key[0] == recipient and key[1] >= since]
        return [known[key] for key in sorted(found, reverse=True)]

    def last_call(self, line: str) -> LineRecord | None:
        known = self.tables.lines.get(line)
        return replace(known, before="") if known else None

    def inbox_mark(self) -> InboxMark | None:
        return self.tables.inbox

    def move_inbox_mark(self, mark: InboxMark) -> None:
        known = self.tables.inbox
        if known is None or known.looked_at <= mark.looked_at:
            self.tables.inbox = mark

    def look_due(self, until: datetime, limit: int) -> list[str]:
        end = bisect.bisect_right(self.tables.due, (to_millis(until), "\U0010ffff"))
        due = [name for _, name in self.tables.due[: min(end, FAIR_WINDOW)]]
        if len(due) <= limit:
            return due
        known = self.tables.dispatches
        return in_turn(due, lambda name: (known[name].company, known[name].recipient))[:limit]

    def cases_due(self, until: datetime, limit: int) -> list[str]:
        cases = self.tables.cases.values()
        due = [(case.look_at, case.id) for case in cases if case.look_at and case.look_at <= until]
        ids = [case_id for _, case_id in sorted(due)[:FAIR_WINDOW]]
        if len(ids) <= limit:
            return ids
        return in_turn(ids, lambda name: (self.tables.cases[name].company,))[:limit]

    def blank_due(self, until: datetime, limit: int) -> list[str]:
        known = self.tables.dispatches.values()
        due = [(d.blank_at, d.id) for d in known if d.blank_at and not d.look_at]
        return [dispatch_id for at, dispatch_id in sorted(due) if at <= until][:limit]

    def watched(self, company: str) -> bool:
        return company in self.tables.watched

    def note_watched(self, company: str, day: date) -> None:
        self.tables.watched[company] = day

    def standstill(self, company: str, channel: str = "") -> Standstill:
        found = (self.tables.pauses.get((company, one)) for one in dict.fromkeys(("", channel)))
        return Standstill(tuple(pause for pause in found if pause), self.tables.restoring)

    def stand_still(self, restoring: Restoring) -> None:
        self.tables.restoring = restoring

    def pause(self, company: str, pause: Pause) -> None:
        if not pause.reason:
            raise ValueError("a pause has a reason")
        known = self.tables.pauses.get((company, pause.channel))
        if known is None or known.until < pause.until:
            self.tables.pauses[company, pause.channel] = pause

    def replace_pause(self, company: str, before: Pause, after: Pause) -> bool:
        known = self.tables.pauses.get((company, after.channel))
        if known is None or (known.until, known.probe) != (before.until, before.probe):
            return False
        self.tables.pauses[company, after.channel] = after
        return True

    def commit(self, change: Change) -> None:
        """All of it or nothing, once for each `write_id`."""
        if self._known(change):
            return
        operations = list(_Transaction(self.tables, change).operations())
        names = [operation.name for operation in operations]
        if len(names) > MOST_ITEMS or len(set(names)) != len(names):
            raise StoreError("not a transaction DynamoDB would take")
        failed = tuple(operation.name for operation in operations if not operation.holds)
        if failed:
            raise StoreConflict(f"refused: {', '.join(failed)}", failed)
        for operation in operations:
            operation.apply()
        now = self.tables.now
        self.tables.tokens[change.write_id] = (change, now() if now else None)

    def _known(self, change: Change) -> bool:
        known = self.tables.tokens.get(change.write_id)
        if known is None:
            return False
        before, at = known
        if at and self.tables.now and self.tables.now() - at >= TOKEN_LIFE:
            return False
        if before != change:
            raise StoreUnavailable("transaction not confirmed: IdempotentParameterMismatch")
        return True


class _Transaction:
    """The operations of a change in DynamoDB's order: checks, puts, updates."""

    def __init__(self, tables: Tables, change: Change) -> None:
        self._tables = tables
        self._change = change

    def operations(self) -> Iterator[_Operation]:
        yield from self._fence()
        yield from self._entries()
        versioned = [
            *self._documents(),
            *self._cases(),
            *self._dispatches(),
            *self._alerts(),
            *self._people(),
        ]
        yield from (operation for first, operation in versioned if first)
        yield from self._sids()
        yield from self._references()
        yield from self._lines()
        yield from self._likenesses()
        yield from (operation for first, operation in versioned if not first)
        yield from self._counters()

    def _fence(self) -> Iterator[_Operation]:
        fence = self._change.fence
        if fence:
            known = self._tables.companies.get(fence.company)
            holds = known is not None and known.fence == fence.token
            yield _Operation(f"fence:{fence.company}", holds, lambda: None)

    def _entries(self) -> Iterator[_Operation]:
        for entry in self._change.entries:
            chain = self._tables.chains.setdefault(entry.chain, [])
            free = all(known.seq != entry.seq for known in reversed(chain))
            yield _Operation(f"audit:{entry.chain}", free, partial(chain.append, entry))

    def _documents(self) -> Iterator[tuple[bool, _Operation]]:
        for write in self._change.documents:
            document, seq = write.document, write.entry.seq
            key = (document.company, document.id)
            table: dict[tuple[str, str], Any] = (
                self._tables.payments
                if isinstance(document, PaymentDocument)
                else self._tables.documents
            )
            known = table.get(key)
            stored = replace(document, head=write.entry.head, write_id=self._change.write_id)
            yield (
                seq == 1,
                _Operation(
                    f"document:{document.id}",
                    _follows(known.head.seq if known else None, seq),
                    partial(table.__setitem__, key, stored),
                ),
            )

    def _cases(self) -> Iterator[tuple[bool, _Operation]]:
        for write in self._change.cases:
            case, seq = write.case, write.stored_seq + 1
            known = self._tables.cases.get(case.id)
            stored = replace(case, head=write.entry.head, write_id=self._change.write_id)
            yield (
                seq == 1,
                _Operation(
                    f"case:{case.id}",
                    _follows(known.head.seq if known else None, seq),
                    partial(self._tables.cases.__setitem__, case.id, stored),
                ),
            )

    def _dispatches(self) -> Iterator[tuple[bool, _Operation]]:
        for dispatch in self._change.dispatches:
            known = self._tables.dispatches.get(dispatch.id)
            stored = replace(dispatch, write_id=self._change.write_id)
            yield (
                dispatch.version == 1,
                _Operation(
                    f"dispatch:{dispatch.id}",
                    _follows(known.version if known else None, dispatch.version),
                    partial(self._store_dispatch, known, stored),
                ),
            )

    def _store_dispatch(self, known: Dispatch | None, stored: Dispatch) -> None:
        due = self._tables.due
        if known and known.look_at:
            due.pop(bisect.bisect_left(due, (to_millis(known.look_at), known.id)))
        if stored.look_at:
            bisect.insort(due, (to_millis(stored.look_at), stored.id))
        self._tables.dispatches[stored.id] = stored

    def _alerts(self) -> Iterator[tuple[bool, _Operation]]:
        for alert in self._change.alerts:
            row = self._tables.alerts.setdefault(alert.case_id, {})
            known = row.get(alert.id)
            stored = replace(alert, write_id=self._change.write_id)
            yield (
                alert.version == 1,
                _Operation(
                    f"alert:{alert.id}",
                    _follows(known.version if known else None, alert.version),
                    partial(row.__setitem__, alert.id, stored),
                ),
            )

    def _people(self) -> Iterator[tuple[bool, _Operation]]:
        for write in self._change.people:
            person, people = write.approver, self._tables.people
            known = people.get(person.id)
            stored = replace(person, head=write.entry.head, write_id=self._change.write_id)
            yield (
                person.version == 1 or person.forgotten_at is not None,
                _Operation(
                    f"person:{person.id}",
                    _follows(known.version if known else None, person.version)
                    and not (known and known.forgotten_at),
                    partial(people.__setitem__, person.id, stored),
                ),
            )

    def _sids(self) -> Iterator[_Operation]:
        sids = self._tables.sids
        for record in self._change.sids:
            yield _Operation(
                f"sid:{record.sid}",
                record.sid not in sids,
                partial(sids.__setitem__, record.sid, record.dispatch_id),
            )

    def _references(self) -> Iterator[_Operation]:
        known = self._tables.references
        for record in self._change.references:
            key = (record.recipient, record.at, record.dispatch_id)
            yield _Operation(
                f"reference:{record.recipient}#{record.dispatch_id}",
                holds=True,
                apply=partial(known.__setitem__, key, record),
            )

    def _lines(self) -> Iterator[_Operation]:
        lines = self._tables.lines
        for record in self._change.lines:
            known = lines.get(record.line)
            yield _Operation(
                f"line:{record.line}",
                known is None or known.claim == record.before,
                partial(lines.__setitem__, record.line, record),
            )

    def _likenesses(self) -> Iterator[_Operation]:
        for record in self._change.likenesses:
            name = f"likeness:{record.document}#{record.mark}"
            apply = partial(self._tables.likenesses.add, record)
            yield _Operation(name, holds=True, apply=apply)

    def _counters(self) -> Iterator[_Operation]:
        counters = self._tables.counters
        for counter in self._change.counters:
            used = counters.get(counter.key, 0)
            yield _Operation(
                f"counter:{counter.key}",
                counter.back or used + counter.amount <= counter.limit,
                partial(
                    counters.__setitem__,
                    counter.key,
                    used + (-counter.amount if counter.back else counter.amount),
                ),
            )


def _follows(known: int | None, version: int) -> bool:
    return known is None if version == 1 else known == version - 1


class MemoryDocumentStore:
    """The DocumentStore port."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def state(self, company: str) -> CompanyState:
        return self.tables.companies.get(company, CompanyState(company))

    def lease(self, company: str, now: datetime, until: datetime) -> CompanyState | None:
        known = self.state(company)
        if known.lease_until and known.lease_until > now:
            return None
        taken = replace(known, fence=known.fence + 1, lease_until=until, poll_started_at=now)
        self.tables.companies[company] = taken
        return taken

    def finish(self, state: CompanyState) -> None:
        if self.state(state.company).fence != state.fence:
            raise StoreConflict("refused: condition")
        self.tables.companies[state.company] = replace(state, lease_until=None)

    def waiting(self, company: str) -> list[Document]:
        rows = (d for (owner, _), d in self.tables.documents.items() if owner == company)
        found = [(d.open_since, d.id, d) for d in rows if d.open_since]
        return [document for *_, document in sorted(found, key=lambda row: row[:2])]

    def documents(self, company: str, ids: Sequence[str]) -> dict[str, Document]:
        known = self.tables.documents
        return {one: known[company, one] for one in ids if (company, one) in known}

    def payments(self, company: str, ids: Sequence[str]) -> dict[str, PaymentDocument]:
        known = self.tables.payments
        return {one: known[company, one] for one in ids if (company, one) in known}

    def cleared(self, company: str, since: date) -> list[PaymentDocument]:
        rows = (d for (owner, _), d in self.tables.payments.items() if owner == company)
        found = [
            (d.cleared_on, d.id, d)
            for d in rows
            if d.phase is PaymentPhase.CLEARED and d.cleared_on and d.cleared_on >= since
        ]
        return [document for *_, document in sorted(found, key=lambda row: row[:2])]

    def vanished(self, company: str, since: datetime) -> list[Document]:
        rows = (d for (owner, _), d in self.tables.documents.items() if owner == company)
        found = [(d.gone_at, d.id, d) for d in rows if d.gone_at and d.gone_at >= since]
        return [document for *_, document in sorted(found, key=lambda row: row[:2])]

    def alike(self, company: str, mark: str, since: datetime, limit: int) -> list[str]:
        noted = (x for x in self.tables.likenesses if (x.company, x.mark) == (company, mark))
        found = sorted(((x.first_seen, x.document) for x in noted), reverse=True)
        return [document for first_seen, document in found if first_seen >= since][:limit]


class MemoryAuditTrail:
    """Reads chains."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def chain(self, name: str, after: int = 0) -> Iterator[AuditEntry]:
        entries = sorted(self.tables.chains.get(name, []), key=lambda entry: entry.seq)
        yield from (entry for entry in entries if entry.seq > after)


class MemoryFlowStore:
    """The FlowStore port; publishing is the harness's own way."""

    def __init__(self, flow: Flow | None = None) -> None:
        self.flow = flow

    def current(self) -> Flow | None:
        return self.flow


class MemoryApproverStore:
    """The ApproverStore port."""

    def __init__(self, tables: Tables | None = None) -> None:
        self.people = (tables or Tables()).people

    def approver(self, approver_id: str) -> Approver | None:
        return self.people.get(approver_id)

    def put(self, approver: Approver) -> None:
        self.people[approver.id] = approver

    def save(self, approver: Approver) -> None:
        known = self.people.get(approver.id)
        if not _follows(known.version if known else None, approver.version):
            raise StoreConflict("refused: condition")
        self.people[approver.id] = approver

    def everybody(self) -> list[Approver]:
        return sorted(self.people.values(), key=lambda person: person.id)
