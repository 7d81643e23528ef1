"""What a provider's status means for a text: done, try again later, or give up and say so."""

from __future__ import annotations

from datetime import datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.audit import Json
from ml_connector.domain.delivery import (
    FINAL,
    NOT_ARRIVED,
    Cure,
    MessageStatus,
    ProviderMessage,
    Verdict,
)
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.instants import seconds

from . import refusals
from .dispatch_files import DispatchFile, Step
from .figures import DELIVERED, say_dispatch_took, say_price
from .following import after_failure
from .prices import priced
from .ringing import ring_new
from .steps import DispatchPorts, take, write_quietly


def learn_text(
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
    failed = message.status in NOT_ARRIVED
    still = noted(dispatch, message.error_code, verdict, ports) if failed else None

    def settled(file: DispatchFile, now: datetime) -> Step | None:
        before = file.dispatch
        if before.state not in (DispatchState.SENT, DispatchState.UNCONFIRMED):
            return None
        after = d.advance(before, status=message.status, error_code=message.error_code, look_at=now)
        after = priced(after, message, ports, now)
        data: dict[str, Json] = {"sid": after.sid, "status": message.status.value}
        if after.state is DispatchState.DELIVERED:
            return Step(after, "dispatch.delivered", data)
        data |= {"error_code": message.error_code, "reason": verdict.reason}
        return after_failure(file, after, verdict, data, ports, now, still)

    step = take(dispatch.id, settled, ports, until)
    if step is None:
        return False
    tell(step, verdict, ports)
    return True


def noted(
    dispatch: Dispatch, code: int | None, verdict: Verdict, ports: DispatchPorts
) -> datetime | None:
    """Have what an operator has to act on stand still, before anything follows; until when."""
    if verdict.cure is not Cure.BLOCKED:
        return None
    refusal = refusals.Refusal(verdict.reason, code, verdict.account, costs=True)
    return refusals.note(dispatch, refusal, ports)


def tell(step: Step, verdict: Verdict, ports: DispatchPorts) -> None:
    """Ring for the next try, and say what operators have to know."""
    dispatch, telemetry = step.after, ports.telemetry
    say_price(None, dispatch, telemetry)
    if dispatch.state is DispatchState.DELIVERED:
        say_dispatch_took(DELIVERED, step.written, ports.clock.now(), telemetry)
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
    if step.successor:
        ring_new(step.successor, ports)
