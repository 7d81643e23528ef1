"""What a provider's status means for an alert: done, try again later, or give up and say so."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ml_connector.domain import dispatches as d
from ml_connector.domain.audit import Json
from ml_connector.domain.backoff import retry_delay
from ml_connector.domain.cases import StopReason
from ml_connector.domain.delivery import FINAL, Cure, MessageStatus, ProviderMessage, Verdict
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.ids import dispatch_id
from ml_connector.domain.instants import seconds, to_text
from ml_connector.domain.messages import reference_code
from ml_connector.domain.planning import renewed_text
from ml_connector.settings import MAX_ATTEMPTS

from .dispatch_files import DispatchFile, Step, earlier_tries, newer_dispatch, stands
from .ringing import LONGEST_DELAY, ring_new
from .steps import DispatchPorts, take, write_quietly


def learn(
    dispatch: Dispatch, message: ProviderMessage | None, ports: DispatchPorts, until: datetime
) -> bool:
    """Take note of what the provider says about a sent message; true when that settled it."""
    if message and message.status in FINAL:
        return _settle(dispatch, message, ports, until)
    if dispatch.state is DispatchState.UNCONFIRMED or not _overdue(dispatch, ports):
        _look_later(dispatch, message, ports, until)
        return False
    return _unconfirmed(dispatch, ports, until)


# ------------------------------------------------------------------------- still on its way
def _overdue(dispatch: Dispatch, ports: DispatchPorts) -> bool:
    return _age(dispatch, ports.clock.now()) >= ports.timings.soft_timeout


def _age(dispatch: Dispatch, now: datetime) -> float:
    return (now - (dispatch.sent_at or dispatch.created_at)).total_seconds()


def _look_later(
    dispatch: Dispatch, message: ProviderMessage | None, ports: DispatchPorts, until: datetime
) -> None:
    """The older the message, the later the next look; no receipt is waited for without end."""
    now = ports.clock.now()
    age = _age(dispatch, now)
    look_at = now + seconds(max(ports.timings.status_interval, age / 4))
    if dispatch.state is DispatchState.UNCONFIRMED:
        patient = age < ports.timings.receipt_patience
        after = d.look_again(dispatch, look_at=look_at) if patient else d.rest(dispatch)
    else:
        status = message.status if message else MessageStatus.UNKNOWN
        after = d.advance(dispatch, status=status, error_code=None, look_at=look_at)
    write_quietly(dispatch, after, ports, until)


def _unconfirmed(dispatch: Dispatch, ports: DispatchPorts, until: datetime) -> bool:
    def unconfirmed(file: DispatchFile, now: datetime) -> Step | None:
        if file.dispatch.state is not DispatchState.SENT:
            return None
        look_at = now + seconds(max(ports.timings.status_interval, _age(file.dispatch, now) / 4))
        after = d.stop_waiting_for_receipt(file.dispatch, look_at=look_at)
        return Step(after, "dispatch.unconfirmed", {"sid": after.sid})

    return take(dispatch.id, unconfirmed, ports, until) is not None


# ------------------------------------------------------------------------------- it is known
def _settle(
    dispatch: Dispatch, message: ProviderMessage, ports: DispatchPorts, until: datetime
) -> bool:
    verdict = ports.messenger.judge(message.error_code)

    def settled(file: DispatchFile, now: datetime) -> Step | None:
        before = file.dispatch
        if before.state not in (DispatchState.SENT, DispatchState.UNCONFIRMED):
            return None
        after = d.advance(before, status=message.status, error_code=message.error_code, look_at=now)
        data: dict[str, Json] = {"sid": after.sid, "status": message.status.value}
        if after.state is DispatchState.DELIVERED:
            return Step(after, "dispatch.delivered", data)
        data |= {"error_code": message.error_code, "reason": verdict.reason}
        return _after_failure(file, after, verdict, data, ports, now)

    step = take(dispatch.id, settled, ports, until)
    if step is None:
        return False
    _tell(step, verdict, ports)
    return True


def _after_failure(
    file: DispatchFile,
    after: Dispatch,
    verdict: Verdict,
    data: dict[str, Json],
    ports: DispatchPorts,
    now: datetime,
) -> Step:
    """It did not arrive: another try, or the end of this alert."""
    kind = f"dispatch.{after.state.value}"
    if not file.wanted:
        return Step(after, kind, {**data, "next": "nothing: no longer wanted"})
    newer = newer_dispatch(file, ports.alerts)
    if newer:
        return Step(after, kind, {**data, "next": newer.id})
    standing = next((x for x in earlier_tries(after, ports.alerts) if stands(x)), None)
    if standing:
        return Step(after, kind, {**data, "next": standing.id}, live=standing.id)
    if verdict.cure is Cure.PERMANENT:
        return Step(after, kind, {**data, "next": "stopped"}, stop=StopReason.UNREACHABLE)
    if verdict.cure is Cure.RETRY and after.attempt >= MAX_ATTEMPTS:
        return Step(after, kind, {**data, "next": "stopped"}, stop=StopReason.EXHAUSTED)
    follower = _next_try(after, ports, now, verdict)
    data |= {"next": follower.id, "next_due_at": to_text(follower.due_at)}
    return Step(after, kind, data, successor=follower)


def _next_try(after: Dispatch, ports: DispatchPorts, now: datetime, verdict: Verdict) -> Dispatch:
    """The dispatch for another try, later and later; account trouble uses up no attempt."""
    timings = ports.timings
    blocked = verdict.cure is Cure.BLOCKED
    wait = retry_delay(
        after.sequence if blocked else after.attempt,
        seconds(timings.retry_base),
        seconds(timings.retry_cap),
        ports.share(),
        seconds(timings.blocked_pause if blocked else verdict.wait_seconds * timings.hint_scale),
    )
    return follow(after, ports, now, wait, counts=not blocked)


def follow(
    before: Dispatch,
    ports: DispatchPorts,
    now: datetime,
    wait: timedelta,
    *,
    counts: bool,
    replaces: str = "",
) -> Dispatch:
    """The dispatch that comes after `before`, with an id and a reference of its own.

    What the queue's delay cannot reach is looked at, and rung for, when it is due.
    """
    sequence = _next_sequence(before, ports)
    new_id = dispatch_id(before.members[0].alert_id, sequence)
    reference = reference_code(new_id)
    rung_for = wait.total_seconds() <= LONGEST_DELAY
    return d.successor(
        replace(before, sequence=sequence - 1),
        new_id=new_id,
        reference=reference,
        text=renewed_text(before.text, before.reference, reference),
        now=now,
        wait=wait,
        look_after=seconds(ports.timings.ring_again if rung_for else 0),
        counts=counts,
        replaces=replaces,
    )


def _next_sequence(before: Dispatch, ports: DispatchPorts) -> int:
    """The first free number: a follower that was taken back has used up the next one."""
    sequence = before.sequence + 1
    while ports.alerts.dispatch(dispatch_id(before.members[0].alert_id, sequence)):
        sequence += 1
    return sequence


def _tell(step: Step, verdict: Verdict, ports: DispatchPorts) -> None:
    """Ring for the next try, and say what operators have to know."""
    dispatch, telemetry = step.after, ports.telemetry
    if dispatch.state is DispatchState.DELIVERED:
        telemetry.event("alert_delivered", dispatch=dispatch.id)
        telemetry.count("AlertsDelivered")
        return
    telemetry.warning(
        "alert_not_delivered",
        dispatch=dispatch.id,
        provider_code=dispatch.error_code,
        reason=verdict.reason,
        fix=verdict.operator_action or None,
    )
    if step.stop:
        telemetry.error("alert_failed", dispatch=dispatch.id, reason=step.stop.value)
        telemetry.count("AlertsFailed")
    if verdict.cure is Cure.BLOCKED:
        end = ports.clock.now() + seconds(ports.timings.blocked_pause)
        ports.alerts.pause(dispatch.company, end, verdict.reason)
        telemetry.error("sends_blocked", company=dispatch.company, reason=verdict.reason)
        telemetry.count("SendsBlocked")
    if step.successor:
        ring_new(step.successor, ports)
