"""What stands before a send: why it is not to be sent at all, or not yet.

The order of the reasons is promised: handled, expired, opted out, then quiet hours. After expired
comes what only a case of several steps knows: the person said that it is not theirs.
"""

from __future__ import annotations

from datetime import UTC, datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import Json
from ml_connector.domain.cases import StopReason, stop_of
from ml_connector.domain.hours import zone_named
from ml_connector.domain.passing_on import not_theirs
from ml_connector.domain.plans import resent, step_of

from . import listing
from .dispatch_files import DispatchFile, Step
from .ports import Telemetry
from .silences import MAINTENANCE, maintenance_until, of_silence, silence_of
from .steps import DispatchPorts


def reason_to_stop(file: DispatchFile, person: Approver | None, now: datetime) -> StopReason | None:
    """Why nothing may be sent now or later, in the order that is promised: handled first."""
    if not file.wanted:
        return _why_unwanted(file)
    if all(case.expires_at <= now for case in file.cases):
        return StopReason.EXPIRED
    if _handed_back(file):
        return StopReason.DECLINED
    obstacle = person.obstacle_to(file.dispatch.channel) if person else "unknown approver"
    if obstacle and person and person.opted_out:
        return StopReason.OPTED_OUT
    return StopReason.NO_CHANNEL if obstacle else None


def quiet_until(file: DispatchFile, person: Approver, now: datetime) -> tuple[datetime, str] | None:
    """Until when the person is not to be disturbed, and why; None where they may be, or must."""
    cases = {case.id: case for case in file.cases}
    if any(step_of(cases[alert.case_id], alert).urgent for alert in file.alerts):
        return None
    zone = zone_named(person.zone) or zone_named(next(iter(cases.values())).zone) or UTC
    hours = person.hours
    until = hours.next_allowed(now, zone)
    return (until, hours.obstacle_at(now, zone)) if until > now else None


def _handed_back(file: DispatchFile) -> bool:
    """Whether the person has said of all it is about that it is not theirs.

    What an operator has them told in spite of that goes out.
    """
    still = {member.alert_id for member in file.open_members}
    return all(
        file.dispatch.recipient in not_theirs(one) and not resent(one.case, alert)
        for one in file.files
        for alert in one.alerts
        if alert.id in still
    )


def _why_unwanted(file: DispatchFile) -> StopReason:
    cases = {case.id: case for case in file.cases}
    stopped = (stop_of(cases[alert.case_id], alert) for alert in file.alerts)
    return next((reason for reason in stopped if reason), StopReason.NEEDLESS)


def left_to(daily_list: str, file: DispatchFile) -> Step:
    """A reminder that the day's list was already; the plan counts it as one of its times."""
    after = d.settle_not_sent(file.dispatch, reason=listing.ON_THE_LIST)
    data: dict[str, Json] = {"reason": listing.ON_THE_LIST, "list": daily_list}
    return Step(after, "dispatch.suppressed", data, stop=StopReason.NEEDLESS)


def suppression(file: DispatchFile, reason: StopReason) -> Step:
    """The end of a dispatch that is not to be sent at all."""
    after = d.settle_not_sent(file.dispatch, reason=reason.value)
    return Step(
        after,
        "dispatch.suppressed",
        {"reason": reason.value},
        stop=reason,
        expire=reason is StopReason.EXPIRED and file.wanted,
    )


def tell_suppressed(step: Step, telemetry: Telemetry) -> None:
    """Silence is right where the bill was handled; elsewhere somebody was not told."""
    dispatch = step.after
    if step.stop is StopReason.NO_CHANNEL:
        telemetry.error(
            "approver_unreachable",
            dispatch=dispatch.id,
            approver=dispatch.recipient,
            fix="give the approver a phone number, or name another in the flow",
        )
        telemetry.count("AlertsFailed")
    elif step.stop in (StopReason.EXPIRED, StopReason.OPTED_OUT):
        telemetry.error("alert_failed", dispatch=dispatch.id, reason=dispatch.reason)
        telemetry.count("AlertsFailed")
    else:
        telemetry.event("alert_silenced", dispatch=dispatch.id, reason=dispatch.reason)


def read_again(file: DispatchFile, ports: DispatchPorts) -> StopReason | None:
    """A text that nothing can be read is never sent once something was."""
    silences = [case for case in file.cases if of_silence(case)]
    over = bool(silences) and not any(silence_of(case, ports) for case in silences)
    return StopReason.HANDLED if over else None


def away_until(
    file: DispatchFile, ports: DispatchPorts, now: datetime
) -> tuple[datetime, str] | None:
    """Nobody is told that nothing can be read while Intacct is expected to be away."""
    ends = (maintenance_until(case, ports, now) for case in file.cases if of_silence(case))
    end = next((end for end in ends if end), None)
    return (end, MAINTENANCE) if end else None
