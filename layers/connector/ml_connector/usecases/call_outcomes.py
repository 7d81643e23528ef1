"""How a call ended, and what that means: confirmed, not theirs, or to be placed again."""

from __future__ import annotations

from datetime import datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.audit import Json
from ml_connector.domain.cases import Alert, Case, CaseState, StopReason
from ml_connector.domain.delivery import CallStatus, Cure, ProviderCall, Verdict
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.instants import seconds

from .dispatch_files import DispatchFile, Step, load
from .figures import CONFIRMED, DELIVERED, say_dispatch_took, say_price, say_took
from .following import after_failure, with_follower, without_follower
from .outcomes import noted, tell
from .prices import priced
from .ringing import ring_new
from .steps import DispatchPorts, take, write_quietly

#: Calls that nobody took need no operator; what helps is another call, later.
_CALL_AGAIN = Verdict(Cure.RETRY, "nobody took the call")


def learn_call(
    dispatch: Dispatch, call: ProviderCall | None, ports: DispatchPorts, until: datetime
) -> bool:
    """Take note of what the provider says about a call; true when that settled it.

    A call that hangs in the provider is ended after a while, for no other could be placed to that
    number. One the provider no longer knows by then is over, and nobody confirmed it.
    """
    if call and call.over:
        return _settle(dispatch, call, ports, until)
    now = ports.clock.now()
    age = (now - (dispatch.sent_at or dispatch.created_at)).total_seconds()
    if age >= 2 * ports.timings.call_patience or (
        call is None and age >= ports.timings.call_patience
    ):
        lost = ProviderCall(dispatch.sid, dispatch.to, CallStatus.CANCELED, now)
        return _settle(dispatch, lost, ports, until)
    if age >= ports.timings.call_patience or _to_be_ended(dispatch, ports):
        ports.caller.with_sender(dispatch.sender).end(dispatch.sid)
    look_at = now + seconds(ports.timings.status_interval)
    write_quietly(dispatch, d.look_again(dispatch, look_at=look_at), ports, until)
    return False


def _to_be_ended(dispatch: Dispatch, ports: DispatchPorts) -> bool:
    """Whether nobody has taken it yet, and what it is about was handled meanwhile.

    Whoever listens already is not cut off.
    """
    if load(ports.alerts, dispatch.id).wanted:
        return False
    call = ports.caller.with_sender(dispatch.sender).outcome(dispatch.sid)
    if call is None or call.over:
        return False
    leg = ports.caller.call_details(call.call_sid) if call.call_sid else None
    return not (call.taken or (leg is not None and leg.taken))


def _settle(dispatch: Dispatch, call: ProviderCall, ports: DispatchPorts, until: datetime) -> bool:
    verdict = (
        ports.caller.judge_call(call.error_code)
        if call.status is CallStatus.FAILED
        else _CALL_AGAIN
    )
    still = noted(dispatch, call.error_code, verdict, ports)

    def settled(file: DispatchFile, now: datetime) -> Step | None:
        before = file.dispatch
        if before.state is not DispatchState.SENT:
            return None
        after = d.hang_up(
            before,
            status=call.status,
            error_code=call.error_code,
            call_sid=call.call_sid,
            duration=call.duration,
        )
        after = priced(after, call, ports, now)
        return _next(file, after, verdict, _said(after, call), ports, now, still)

    step = take(dispatch.id, settled, ports, until)
    if step is None:
        return False
    _tell(step, verdict, ports)
    return True


def _said(after: Dispatch, call: ProviderCall) -> dict[str, Json]:
    """The evidence, for the audit: what the call, its legs and its steps say."""
    return {
        "sid": after.sid,
        "call_sid": call.call_sid,
        "status": call.status.value,
        "answered_by": call.answered_by,
        "witness": call.witness,
        "duration": call.duration,
    }


def _next(
    file: DispatchFile,
    after: Dispatch,
    verdict: Verdict,
    data: dict[str, Json],
    ports: DispatchPorts,
    now: datetime,
    still: datetime | None,
) -> Step:
    kind = f"dispatch.{after.state.value}"
    if after.state is DispatchState.CONFIRMED:
        return Step(after, kind, data, plan=_confirmed)
    if after.state is DispatchState.UNCONFIRMED:
        return Step(after, kind, data)
    if after.state is DispatchState.DECLINED:
        return Step(after, kind, data, stop=StopReason.DECLINED)
    if after.state is DispatchState.FAILED:
        data |= {"error_code": after.error_code, "reason": verdict.reason}
        return after_failure(file, after, verdict, data, ports, now, still)
    return _not_taken(file, after, data, ports, now)


def _not_taken(
    file: DispatchFile,
    after: Dispatch,
    data: dict[str, Json],
    ports: DispatchPorts,
    now: datetime,
) -> Step:
    """Nobody took it, or nobody pressed a key: another call, as long as the rule allows."""
    kind = f"dispatch.{after.state.value}"
    settled = without_follower(file, after, data, ports)
    if settled:
        return settled
    if after.attempt >= file.tries:
        # Where the rule goes on by itself it has provided for that; else somebody else is told.
        stop = StopReason.UNANSWERED if file.goes_on else StopReason.EXHAUSTED
        return Step(after, kind, {**data, "next": "no further call"}, stop=stop)
    wait = seconds(ports.timings.between_calls)
    return with_follower(file, after, wait, data, ports, now)


def _confirmed(case: Case, _: Alert) -> Case:
    return case.reached(CaseState.CONFIRMED)


def _tell(step: Step, verdict: Verdict, ports: DispatchPorts) -> None:
    dispatch, telemetry = step.after, ports.telemetry
    if dispatch.state is DispatchState.FAILED:
        tell(step, verdict, ports)
        return
    _say_figures(step, ports)
    telemetry.event(
        "call_ended",
        dispatch=dispatch.id,
        state=dispatch.state.value,
        next=step.successor.id if step.successor else None,
    )
    if dispatch.state in (DispatchState.CONFIRMED, DispatchState.UNCONFIRMED):
        telemetry.count("AlertsDelivered")
    if step.stop is StopReason.EXHAUSTED:
        telemetry.error("alert_failed", dispatch=dispatch.id, reason=step.stop.value)
        telemetry.count("AlertsFailed")
    if step.successor:
        ring_new(step.successor, ports)


#: Calls that somebody took, whatever they pressed.
_HEARD = (DispatchState.CONFIRMED, DispatchState.UNCONFIRMED, DispatchState.DECLINED)


def _say_figures(step: Step, ports: DispatchPorts) -> None:
    now, telemetry = ports.clock.now(), ports.telemetry
    say_price(None, step.after, telemetry)
    if step.after.state in _HEARD:
        say_dispatch_took(DELIVERED, step.written, now, telemetry)
    if step.after.state is DispatchState.CONFIRMED and step.written:
        say_took(CONFIRMED, step.written.cases, now, telemetry)
