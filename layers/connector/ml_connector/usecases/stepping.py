"""Beginning what a plan has in store: later steps, repetitions, and somebody else to be told.

A case says itself when somebody has to look at it. Before a step goes out its bill is looked at
again: where the last successful poll is too long ago, a poll is asked for and waited for, but not
without end; then the step goes out on what is known, and the audit says as of when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.cases import Alert, Case, CaseState
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.documents import AnyDocument, Subject
from ml_connector.domain.frozen import frozen
from ml_connector.domain.instants import seconds, to_text
from ml_connector.domain.planning import Begun, PlanTimes, Start, begin
from ml_connector.domain.plans import (
    Timer,
    due,
    looked_at,
    seen_to,
    started,
    step_of,
    together,
    without,
)
from ml_connector.domain.silences import Silence
from ml_connector.domain.unit_of_work import CaseFile, CaseWrite, Change, stopped_by_the_end
from ml_connector.errors import ConnectorError, StoreConflict

from .behind import caught_up_on
from .commit import commit_case, patiently
from .passing_on import instead, minding, more_to_pass_on, passed_now, say_nobody_else
from .ringing import ring_new
from .silences import MAINTENANCE, READ_AGAIN, maintenance_until, of_silence, silence_of
from .steps import TRIES, DispatchPorts


@frozen
class _Move:
    """What one look at a case comes to: one transaction."""

    case: Case
    kind: str
    data: Mapping[str, Json]
    alerts: tuple[Alert, ...] = ()
    dispatches: tuple[Dispatch, ...] = ()
    ask: bool = False


def go_on(case_id: str, ports: DispatchPorts, until: datetime) -> bool:
    """Do what is due in a case; true when something was begun or ended.

    Raises StoreConflict when the case was changed by others again and again, StoreUnavailable when
    DynamoDB does not answer: it is still due at the next look.
    """
    for _ in range(TRIES):
        file, move = patiently(
            partial(_decided, case_id, ports), clock=ports.clock, until=until, sleep=ports.sleep
        )
        if file is None or move is None:
            return False
        try:
            _write(file, move, ports, until)
        except StoreConflict as error:
            if not caught_up_on(error, ports, until) and not error.failed:
                raise
            continue
        _tell(move, ports)
        return not move.ask
    raise StoreConflict(f"case {case_id}: changed by others {TRIES} times in a row")


def _decided(case_id: str, ports: DispatchPorts) -> tuple[CaseFile | None, _Move | None]:
    file = ports.alerts.case_file(case_id)
    now = ports.clock.now()
    if file is None or file.case.look_at is None or file.case.look_at > now:
        return file, None
    return file, _decide(file, ports, now)


def _decide(file: CaseFile, ports: DispatchPorts, now: datetime) -> _Move | None:
    case = file.case
    if case.expires_at <= now:
        ended = case.ended(CaseState.EXPIRED, "expired", now)
        left: list[Json] = [timer.step for timer in case.agenda]
        return _Move(ended, "case.expired", {"steps_left": left})
    if of_silence(case):
        silence = silence_of(case, ports)
        return _of_silence(file, silence, ports, now) if silence else _read_again(file, now)
    passing = passed_now(file)
    timers = due(case, now)
    starts, skipped = _starts(case, timers)
    begins = bool(starts or passing)
    as_of = _as_of(case, ports)
    if begins and _too_old(as_of, ports, now) and not _waited(case, ports, now):
        if case.asked_at:
            return None
        asked = replace(case, asked_at=now)
        return _Move(asked, "case.fresh_look_asked", {"state_as_of": _text(as_of)}, ask=True)
    document = _document(case, ports) if begins else None
    if begins and document is None:
        ports.telemetry.error(
            "document_missing",
            case=case.id,
            document=case.document,
            fix="the documents table was restored or damaged: the next poll records the bill anew",
        )
        return None
    return _begun(file, timers, starts, skipped, passing, document, as_of, ports, now)


# ------------------------------------------------------------------------------- silences
def _of_silence(file: CaseFile, silence: Silence, ports: DispatchPorts, now: datetime) -> _Move:
    """What is due where no poll succeeds: begun on that, for no fresh look can be waited for."""
    case = file.case
    end = maintenance_until(case, ports, now)
    if end:
        agenda = tuple(replace(timer, at=max(timer.at, end)) for timer in case.agenda)
        waits = replace(case, agenda=agenda, look_at=end)
        return _Move(waits, "case.put_off", {"reason": MAINTENANCE, "until": to_text(end)})
    passing = passed_now(file)
    timers = due(case, now)
    starts, skipped = _starts(case, timers)
    return _begun(file, timers, starts, skipped, passing, silence, silence.since, ports, now)


def _read_again(file: CaseFile, now: datetime) -> _Move:
    """A poll succeeded, and could not end the case itself."""
    data: dict[str, Json] = {"because": READ_AGAIN, "stopped_alerts": stopped_by_the_end(file)}
    return _Move(file.case.ended(CaseState.HANDLED, READ_AGAIN, now), "case.handled", data)


# ------------------------------------------------------------------------ what is to be begun
def _starts(case: Case, timers: tuple[Timer, ...]) -> tuple[list[Start], list[Timer]]:
    """The starts that are due, with the steps that go along, and those that are of no use now."""
    starts: list[Start] = []
    skipped: list[Timer] = []
    for timer in timers:
        along = together(case.plan, timer.step) if timer.occurrence == 1 else [timer.step]
        for number in along:
            step = case.plan[number - 1].step
            over = step.unless is not None and step.unless.reached(case.state)
            if over or (timer.occurrence > 1 and step.until.reached(case.state)):
                skipped.append(Timer(number, timer.occurrence, timer.at))
            else:
                starts.append(Start(number, timer.occurrence))
    return starts, skipped


def _begun(
    file: CaseFile,
    timers: tuple[Timer, ...],
    starts: list[Start],
    skipped: list[Timer],
    passing: list[Alert],
    document: Subject | None,
    as_of: datetime | None,
    ports: DispatchPorts,
    now: datetime,
) -> _Move:
    case = without(file.case, timers)
    for number in [*(start.step for start in starts), *(timer.step for timer in skipped)]:
        case = replace(case, position=max(case.position, number))
    for timer in skipped:
        # What comes after a step that was left out is counted from when it would have begun.
        case = started(case, timer.step, timer.occurrence, now) if timer.occurrence == 1 else case
    again = [instead(alert, file) for alert in passing]
    begun = Begun(case, (), (), ())
    if document is not None:
        times = PlanTimes(
            seconds(ports.timings.case_lifetime),
            seconds(ports.timings.ring_again),
            int(ports.timings.validity),
        )
        people = ports.approvers.approver
        minded = minding([*again, *starts], file, ports, now)
        begun = begin(case, minded, document, people, now, times)
    handed_on = tuple(replace(a, passed_on=True, version=a.version + 1) for a in passing)
    told: list[Json] = list(begun.told)
    left_out: list[Json] = [
        {"step": timer.step, "occurrence": timer.occurrence, "case": case.state.value}
        for timer in skipped
    ]
    instead_of: list[Json] = [alert.id for alert in passing]
    data: dict[str, Json] = {
        "alerts": told,
        "left_out": left_out,
        "instead_of": instead_of,
        "state_as_of": _text(as_of),
    }
    alerts = (*handed_on, *begun.alerts)
    after = seen_to(begun.case)
    if more_to_pass_on(replace(file, case=after), alerts):
        after = looked_at(after, now)
    return _Move(after, "case.stepped", data, alerts, begun.dispatches)


# ------------------------------------------------------------------------------ the document
def _as_of(case: Case, ports: DispatchPorts) -> datetime | None:
    """When the company was last polled with success."""
    return ports.documents.state(case.company).poll_succeeded_at


def _too_old(as_of: datetime | None, ports: DispatchPorts, now: datetime) -> bool:
    return as_of is None or now - as_of > seconds(ports.timings.step_freshness)


def _waited(case: Case, ports: DispatchPorts, now: datetime) -> bool:
    return case.asked_at is not None and now - case.asked_at >= seconds(ports.timings.step_wait)


def _document(case: Case, ports: DispatchPorts) -> AnyDocument | None:
    if case.document.startswith("payment#"):
        return ports.documents.payments(case.company, [case.document]).get(case.document)
    return ports.documents.documents(case.company, [case.document]).get(case.document)


def _text(instant: datetime | None) -> str:
    return to_text(instant) if instant else ""


# --------------------------------------------------------------------------------- writing
def _write(file: CaseFile, move: _Move, ports: DispatchPorts, until: datetime) -> None:
    now = ports.clock.now()
    before = file.case
    entry = entry_after(before.head, before.chain, now, move.kind, move.data)
    change = Change(
        write_id=ports.new_id(),
        cases=(CaseWrite(move.case, entry),),
        alerts=move.alerts,
        dispatches=move.dispatches,
    )
    commit_case(change, before.id, ports, until)


def _tell(move: _Move, ports: DispatchPorts) -> None:
    telemetry, case = ports.telemetry, move.case
    telemetry.event("case_went_on", company=case.company, case=case.id, what=move.kind)
    if move.ask:
        try:
            ports.ask_for_poll(case.company)
        except ConnectorError as error:
            # The schedule polls anyhow; the step waits no longer than it is allowed to.
            telemetry.warning("poll_not_asked", company=case.company, reason=error.safe_message)
    if move.kind == "case.expired":
        telemetry.error("case_expired", case=case.id, fix="nobody approved the bill in time")
        telemetry.count("AlertsFailed")
    for alert in move.alerts:
        if alert.version == 1 and alert.stop_reason:
            telemetry.error(
                "approver_unreachable",
                case=case.id,
                approver=alert.recipient,
                step=alert.step,
                channel=step_of(case, alert).channel,
                fix="give the approver a phone number, or name another in the flow",
            )
            telemetry.count("AlertsFailed")
    say_nobody_else(case, move.data, telemetry)
    for dispatch in move.dispatches:
        ring_new(dispatch, ports)
