"""A dispatch with the cases and alerts it carries, and changes to all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.cases import Alert, Case, CaseState, StopReason, stop_of
from ml_connector.domain.dispatches import Dispatch, DispatchState, Member
from ml_connector.domain.frozen import frozen
from ml_connector.domain.passing_on import not_theirs
from ml_connector.domain.plans import after_stop, needless, tries_of
from ml_connector.domain.unit_of_work import (
    CaseFile,
    CaseWrite,
    Change,
    Counter,
    LineRecord,
    ReferenceRecord,
    SidRecord,
)
from ml_connector.errors import MessageMalformed

from .ports import AlertStore


@frozen
class DispatchFile:
    """What has to be read before anything is decided about a dispatch; all of it consistent."""

    dispatch: Dispatch
    files: tuple[CaseFile, ...]

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases of the members, each once."""
        return tuple(file.case for file in self.files)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """The members' alerts."""
        members = {member.alert_id for member in self.dispatch.members}
        return tuple(alert for file in self.files for alert in file.alerts if alert.id in members)

    @property
    def complete(self) -> bool:
        """Whether every member is there; on half of what was, nothing may be decided."""
        alerts = {alert.id for alert in self.alerts}
        return all(member.alert_id in alerts for member in self.dispatch.members)

    @property
    def wanted(self) -> bool:
        """Whether there is still somebody to be told something."""
        return bool(self.open_members)

    @property
    def open_members(self) -> tuple[Member, ...]:
        """Those of the members that are still to be told: neither stopped nor of no use."""
        cases = {case.id: case for case in self.cases}
        wanted = {
            alert.id
            for alert in self.alerts
            if alert.stop_reason is None
            and not cases[alert.case_id].state.ended
            and not needless(cases[alert.case_id], alert)
        }
        return tuple(member for member in self.dispatch.members if member.alert_id in wanted)

    @property
    def needless(self) -> frozenset[str]:
        """The ids of the alerts that are of no use any more, in cases that go on."""
        open_ones = {member.alert_id for member in self.open_members}
        ended = {case.id for case in self.cases if case.state.ended}
        return frozenset(
            alert.id
            for alert in self.alerts
            if alert.id not in open_ones and alert.case_id not in ended and not alert.stop_reason
        )

    @property
    def goes_on(self) -> bool:
        """Whether the plan of every member's case has something in store still."""
        return all(case.agenda or case.position < len(case.plan) for case in self.cases)

    @property
    def tries(self) -> int:
        """How many texts or calls the plan allows for this dispatch's alerts."""
        cases = {case.id: case for case in self.cases}
        return max((tries_of(cases[alert.case_id], alert) for alert in self.alerts), default=1)


def load(store: AlertStore, dispatch_id: str) -> DispatchFile:
    """Read a dispatch with its cases. Raises MessageMalformed when it does not exist."""
    dispatch = store.dispatch(dispatch_id)
    if dispatch is None:
        raise MessageMalformed(f"no dispatch {dispatch_id[:40]!r} is known")
    case_ids = dict.fromkeys(member.case_id for member in dispatch.members)
    files = (store.case_file(case_id) for case_id in case_ids)
    return DispatchFile(dispatch, tuple(file for file in files if file))


def newer_dispatch(file: DispatchFile, store: AlertStore) -> Dispatch | None:
    """The dispatch that the members' alerts point to now, where it is not this one.

    Read after the file. Whoever changes it in between appends to the chain of the same case, so a
    decision that rests on it is refused when it is written, and made again.
    """
    for alert in file.alerts:
        if alert.dispatch != file.dispatch.id:
            return store.dispatch(alert.dispatch)
    return None


def earlier_tries(dispatch: Dispatch, store: AlertStore) -> Iterator[Dispatch]:
    """The dispatches judged not sent that this one stands for, the latest first."""
    while dispatch.replaces:
        earlier = store.dispatch(dispatch.replaces)
        if earlier is None:
            return
        yield earlier
        dispatch = earlier


def stands(dispatch: Dispatch) -> bool:
    """Whether the provider has it and it is not known to have failed."""
    failed = (DispatchState.UNDELIVERED, DispatchState.FAILED)
    return bool(dispatch.sid) and dispatch.state not in failed


@frozen
class Step:
    """One step of a dispatch: what it becomes, what the audit says, and what goes with it.

    `stop` stops the members' alerts. `needless` names those that are stopped because they are of no
    use any more although nothing was sent for them; their plans go on. `successor` is the dispatch
    that follows and that the alerts then point to; `other` is a second dispatch changed together
    with this one; `live` is an older dispatch that the alerts point to again; `expire` ends the
    cases; `plan` is what the step means for the plan of each member's case. Once the step is
    written, `written` is what is stored then.
    """

    after: Dispatch
    kind: str
    data: Mapping[str, Json]
    stop: StopReason | None = None
    needless: frozenset[str] = frozenset()
    successor: Dispatch | None = None
    other: Dispatch | None = None
    live: str = ""
    counters: tuple[Counter, ...] = ()
    sids: tuple[SidRecord, ...] = ()
    references: tuple[ReferenceRecord, ...] = ()
    lines: tuple[LineRecord, ...] = ()
    expire: bool = False
    plan: Callable[[Case, Alert], Case] | None = None
    written: DispatchFile | None = None


def change_of(file: DispatchFile, step: Step, *, write_id: str, now: datetime) -> Change:
    """The transaction for a step; every member's case gets one audit entry.

    Versions are counted here: the dispatch read becomes the next version, and so does `other`.
    """
    entry_data: dict[str, Json] = {
        "dispatch": step.after.id,
        "attempt": step.after.attempt,
        "state": step.after.state.value,
        **step.data,
    }
    dispatches = [replace(step.after, version=file.dispatch.version + 1)]
    if step.successor:
        dispatches.append(step.successor)
    if step.other:
        dispatches.append(replace(step.other, version=step.other.version + 1))
    return Change(
        write_id=write_id,
        dispatches=tuple(dispatches),
        alerts=_alerts(file, step),
        cases=tuple(
            CaseWrite(
                _case(case, file, step, now),
                entry_after(case.head, case.chain, now, step.kind, entry_data),
            )
            for case in file.cases
        ),
        counters=step.counters,
        sids=step.sids,
        references=step.references,
        lines=step.lines,
    )


def file_after(file: DispatchFile, change: Change) -> DispatchFile:
    """The file as it is stored once a change of it is written."""
    cases = {
        write.case.id: replace(write.case, head=write.entry.head, write_id=change.write_id)
        for write in change.cases
    }
    alerts = {alert.id: replace(alert, write_id=change.write_id) for alert in change.alerts}
    return DispatchFile(
        replace(change.dispatches[0], write_id=change.write_id),
        tuple(
            CaseFile(
                cases.get(one.case.id, one.case),
                tuple(alerts.get(alert.id, alert) for alert in one.alerts),
            )
            for one in file.files
        ),
    )


def quiet_change(before: Dispatch, after: Dispatch, *, write_id: str) -> Change:
    """A change nobody but the machinery cares about: the next look, a status on its way."""
    return Change(write_id=write_id, dispatches=(replace(after, version=before.version + 1),))


def _case(case: Case, file: DispatchFile, step: Step, now: datetime) -> Case:
    """The case after the step, with what it means for the rest of its plan."""
    if step.expire:
        return case.ended(CaseState.EXPIRED, "expired", now)
    said_no = next((not_theirs(one) for one in file.files if one.case.id == case.id), frozenset())
    for alert in file.alerts:
        if alert.case_id != case.id:
            continue
        if step.plan:
            case = step.plan(case, alert)
        stop = _stop_of(alert, step)
        if stop and alert.stop_reason is None:
            case = after_stop(case, alert, stop, now, said_before=alert.recipient in said_no)
    return case


def _stop_of(alert: Alert, step: Step) -> StopReason | None:
    return StopReason.NEEDLESS if alert.id in step.needless else step.stop


def _alerts(file: DispatchFile, step: Step) -> tuple[Alert, ...]:
    changed: list[Alert] = []
    cases = {case.id: case for case in file.cases}
    for alert in file.alerts:
        stop = _stop_of(alert, step)
        # What ended with its case did so for the reasons of that case, and not of another member's.
        stop = stop and (stop_of(cases[alert.case_id], alert) or stop)
        after = alert.stopped(stop) if stop else alert
        if step.successor:
            after = replace(after, dispatch=step.successor.id)
        elif step.live:
            after = replace(after, dispatch=step.live)
        if after != alert:
            changed.append(replace(after, version=alert.version + 1))
    return tuple(changed)
