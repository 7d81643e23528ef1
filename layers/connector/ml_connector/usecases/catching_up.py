"""Cases and people that turn out older than their own audit chain: their table was restored.

The audit takes no entry twice, so whoever would write to such a case or person is refused: by the
chain, and not by what is stored. That refusal is how it is noticed, and it is the fence that keeps
anything from being sent on what was true before. What the chain says is then brought back, and
every claim it knows of, with no end known, becomes *unknown*: looked for in the provider's lists
before anything else is sent. The chain goes on from its real end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from ml_connector.domain.audit import AuditEntry, Json, entry_after
from ml_connector.domain.cases import Alert, Case, case_chain
from ml_connector.domain.chains import CLOSING
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.plans import started
from ml_connector.domain.replay import dispatches_in, replay
from ml_connector.domain.replies import REFERENCE_LIFE
from ml_connector.domain.unit_of_work import (
    CaseFile,
    CaseWrite,
    Change,
    PersonWrite,
    ReferenceRecord,
    SidRecord,
)
from ml_connector.errors import StoreConflict
from ml_connector.settings import Timings

from .behind import FIX
from .commit import commit
from .ports import AlertStore, ApproverStore, AuditTrail, Clock, DocumentStore, Telemetry
from .restored_dispatches import Composer, as_told, joined, judged_alone, next_of

CAUGHT_UP = "case.restored"
PERSON_CAUGHT_UP = "person.restored"

#: Losing the race for a case that often in a row means that something else is wrong.
_TRIES = 8
#: DynamoDB takes a hundred parts; some are left for the case, its entry and the alerts.
_PARTS = 60
#: So many alerts are written with the case, the last of them all; any others before.
_WITH_THE_CASE = 30


class Ports(Protocol):
    """What catching up needs; polls, sends and status checks all have it."""

    @property
    def alerts(self) -> AlertStore:
        """Cases, alerts and dispatches."""

    @property
    def approvers(self) -> ApproverStore:
        """The people."""

    @property
    def documents(self) -> DocumentStore:
        """Bills and payments."""

    @property
    def trail(self) -> AuditTrail | None:
        """The audit chains."""

    @property
    def clock(self) -> Clock:
        """Now."""

    @property
    def telemetry(self) -> Telemetry:
        """What operators see."""

    @property
    def timings(self) -> Timings:
        """The times of the protocol."""

    @property
    def new_id(self) -> Callable[[], str]:
        """Names of writes."""

    @property
    def sleep(self) -> Callable[[float], None]:
        """Waiting."""


# ------------------------------------------------------------------------------------ cases
def catch_up(
    case_id: str,
    ports: Ports,
    until: datetime,
    base: Case | None = None,
    *,
    document: AnyDocument | None = None,
    fresh: Sequence[Dispatch] = (),
    anyhow: bool = False,
) -> bool:
    """Bring a case up to its chain; false where there is nothing to catch up on.

    `base` stands for a case that is not there at all: as it would be opened now. `document` is the
    case's where it is not stored yet, `fresh` are the dispatches that it would be opened with.
    Raises StoreError where there is no document and a text has to be made anew; `anyhow` makes one
    without it. Raises StoreConflict and StoreUnavailable as every write does.
    """
    if ports.trail is None:
        return False
    for _ in range(_TRIES):
        file = ports.alerts.case_file(case_id)
        if file is None and base is None:
            return False
        over = file.case.head.seq if file else 0
        entries = list(ports.trail.chain(case_chain(case_id), over))
        if not entries:
            return False
        start = file or _gone(base, entries[0], ports.alerts)
        if start is None:
            return False
        composer = Composer(
            start.case,
            document or _document(start.case, ports),
            ports.approvers,
            ports.timings,
            ports.clock.now(),
            anyhow,
            tuple(fresh),
        )
        changes, told = _changes(start, over, entries, ports, composer, lost=file is None)
        try:
            for change in changes:
                _write(change, case_id, ports, until)
        except StoreConflict as error:
            if not error.failed:
                raise
            continue
        ports.telemetry.error("case_restored", case=case_id, unknown=told, fix=FIX)
        if told:
            ports.telemetry.count("OutcomesUnknown", told)
        return True
    raise StoreConflict(f"case {case_id}: changed by others {_TRIES} times in a row")


def _gone(base: Case | None, first: AuditEntry, store: AlertStore) -> CaseFile | None:
    """A case that would be opened now, had it been opened when it was; with what is left of it."""
    if base is None:
        return None
    lifetime = base.expires_at - base.opened_at
    case = replace(base, opened_at=first.at, expires_at=first.at + lifetime)
    return CaseFile(case, store.alerts_of(base.id))


def _changes(
    file: CaseFile,
    over: int,
    entries: Sequence[AuditEntry],
    ports: Ports,
    composer: Composer,
    *,
    lost: bool,
) -> tuple[list[Change], int]:
    """The transactions, the case's own last, and how many dispatches are unknown now."""
    now = composer.now
    names = dispatches_in(entries) | {alert.dispatch for alert in file.alerts if alert.dispatch}
    stored = {one.id: one for one in ports.alerts.dispatches(sorted(names))}
    replayed = replay(file, stored, entries)
    case, alerts = replayed.case, dict(replayed.alerts)
    composer = replace(composer, case=case)
    dispatches: list[Dispatch] = []
    for told in replayed.dispatches.values():
        before = stored.get(told.id)
        if judged_alone(told, before) and before is not None:
            for alert in [alerts[name] for name in told.alerts if name in alerts]:
                if alert.dispatch == told.id:
                    follower = next_of(alert, before, composer, ports.alerts)
                    alerts[alert.id] = replace(alert, dispatch=follower.id)
                    dispatches.append(follower)
            continue
        after = as_told(told, before, alerts, composer)
        for alert in joined(before, after, list(alerts.values())):
            case = started(case, alert.step, alert.occurrence, now)
        if after:
            dispatches.append(after)
    unknown = [one.id for one in dispatches if one.state is DispatchState.UNKNOWN]
    sent = [one.id for one in dispatches if one.sid]
    unknown_ids: list[Json] = list(unknown)
    sent_ids: list[Json] = list(sent)
    data: dict[str, Json] = {
        "entries": len(entries),
        "stored": over,
        "lost": lost,
        "unknown": unknown_ids,
        "sent": sent_ids,
    }
    entry = entry_after(entries[-1].head, case.chain, now, CAUGHT_UP, data)
    parts = [dispatches[at : at + _PARTS // 3] for at in range(0, len(dispatches), _PARTS // 3)]
    changes = [
        Change(
            ports.new_id(),
            dispatches=tuple(part),
            sids=_sids(part, stored, ports.alerts),
            references=_references(part, stored, now),
        )
        for part in parts or [[]]
    ]
    changed = _changed(file, alerts.values())
    # Alerts are no further than the chain says even where the case is still to follow.
    early, late = changed[:-_WITH_THE_CASE], changed[-_WITH_THE_CASE:]
    changes[-1:-1] = [
        Change(ports.new_id(), alerts=early[at : at + _PARTS])
        for at in range(0, len(early), _PARTS)
    ]
    last = replace(changes[-1], cases=(CaseWrite(case, entry, over=over),), alerts=late)
    return [*changes[:-1], last], len(unknown)


def _changed(file: CaseFile, alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    known = {alert.id: alert for alert in file.alerts}
    return tuple(
        replace(alert, version=alert.version + 1) if alert.id in known else alert
        for alert in alerts
        if known.get(alert.id) != alert
    )


def _sids(
    dispatches: Iterable[Dispatch], stored: dict[str, Dispatch], store: AlertStore
) -> tuple[SidRecord, ...]:
    fresh = [one for one in dispatches if one.sid and not _had_sid(one, stored)]
    owned = store.known_sids([one.sid for one in fresh]) if fresh else set()
    return tuple(SidRecord(one.sid, one.id) for one in fresh if one.sid not in owned)


def _references(
    dispatches: Iterable[Dispatch], stored: dict[str, Dispatch], now: datetime
) -> tuple[ReferenceRecord, ...]:
    return tuple(
        ReferenceRecord(
            one.addressee,
            one.reference,
            one.id,
            one.claimed_at or one.created_at,
            now + REFERENCE_LIFE,
        )
        for one in dispatches
        if one.sid and not _had_sid(one, stored)
    )


def _had_sid(dispatch: Dispatch, stored: dict[str, Dispatch]) -> bool:
    before = stored.get(dispatch.id)
    return before is not None and bool(before.sid)


def _document(case: Case, ports: Ports) -> AnyDocument | None:
    if case.document.startswith("payment#"):
        return ports.documents.payments(case.company, [case.document]).get(case.document)
    return ports.documents.documents(case.company, [case.document]).get(case.document)


def _write(change: Change, case_id: str, ports: Ports, until: datetime) -> None:
    def stored_write_id() -> str | None:
        if change.cases:
            file = ports.alerts.case_file(case_id)
            return file.case.write_id if file else None
        if change.alerts:
            stored = {alert.id: alert for alert in ports.alerts.alerts_of(case_id)}
            alert = stored.get(change.alerts[0].id)
            return alert.write_id if alert else None
        found = ports.alerts.dispatch(change.dispatches[0].id)
        return found.write_id if found else None

    commit(
        ports.alerts,
        change,
        stored_write_id=stored_write_id,
        clock=ports.clock,
        until=until,
        sleep=ports.sleep,
    )


# ------------------------------------------------------------------------------------ people
def catch_up_person(approver_id: str, ports: Ports, until: datetime) -> bool:
    """Bring a person up to their chain; false where there is nothing to catch up on.

    A STOP or START that was heard since counts again; for the rest the row stands as it is.
    """
    person = ports.approvers.approver(approver_id)
    if person is None or ports.trail is None:
        return False
    entries = list(ports.trail.chain(person.chain, person.head.seq))
    if not entries:
        return False
    if entries[-1].kind in CLOSING:
        # They asked to be erased; what was restored of them has to go again.
        ports.telemetry.error("erased_person_restored", approver=approver_id, fix=FIX)
        return False
    after = replace(person, version=person.version + 1)
    for entry in entries:
        if entry.kind == "person.opted_out":
            after = replace(
                after, opted_out=True, opted_out_by=str(entry.data.get("source", "reply"))
            )
        elif entry.kind == "person.opted_in":
            after = replace(after, opted_out=False, opted_out_by="")
    now = ports.clock.now()
    data: dict[str, Json] = {"entries": len(entries), "stored": person.head.seq}
    entry = entry_after(entries[-1].head, person.chain, now, PERSON_CAUGHT_UP, data)
    change = Change(ports.new_id(), people=(PersonWrite(after, entry),))

    def stored_write_id() -> str | None:
        found = ports.approvers.approver(approver_id)
        return found.write_id if found else None

    commit(
        ports.alerts,
        change,
        stored_write_id=stored_write_id,
        clock=ports.clock,
        until=until,
        sleep=ports.sleep,
    )
    ports.telemetry.error("person_restored", approver=approver_id, fix=FIX)
    return True
