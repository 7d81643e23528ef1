"""What follows where Twilio refuses a channel, or the account: until an operator acts, nobody.

What is refused stands still for a while: the channel, or both where the account is. Then one
dispatch goes first to find out, and the others wait for what becomes of it, so that an outage costs
one text at a time however many are waiting. Where a channel stays refused for long, whoever can be
told over the other one is: see `better_elsewhere`.

Some codes come at the door, others only after Twilio accepted the message. Nothing that was refused
either way counts for the person or the company.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ml_connector.domain.cases import Alert
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.frozen import frozen
from ml_connector.domain.instants import seconds
from ml_connector.domain.plans import CHANNELS, VOICE
from ml_connector.domain.standstill import Pause, Standstill
from ml_connector.domain.throttles import uncounted
from ml_connector.domain.unit_of_work import CaseFile, Counter
from ml_connector.errors import StoreError

from . import caps
from .dispatch_files import DispatchFile
from .steps import DispatchPorts

#: So many pauses are one where each try is a message that Twilio accepts, and charges for.
WHERE_IT_COSTS = 3

#: What a pause of the account is called where channels have names.
EVERYTHING = "all"

#: Why a dispatch waits for the one that goes first.
FINDING_OUT = "another one goes first, to find out whether they are still refused"


@frozen
class Refusal:
    """A refusal as Twilio put it. `costs`: it came only after Twilio had accepted the message."""

    reason: str
    code: int | None
    account: bool
    costs: bool = False


def note(dispatch: Dispatch, refusal: Refusal, ports: DispatchPorts) -> datetime:
    """Say so, and have what was refused stand still; until when. Raises nothing of ours."""
    telemetry, company = ports.telemetry, dispatch.company
    channel = "" if refusal.account else dispatch.channel
    telemetry.error(
        "sends_blocked",
        company=company,
        channel=channel or EVERYTHING,
        provider_code=refusal.code,
        reason=refusal.reason,
    )
    telemetry.count("SendsBlocked")
    now = ports.clock.now()
    end = now + seconds(ports.timings.blocked_pause)
    try:
        pauses = ports.alerts.standstill(company, channel).pauses
        known = next((pause.since for pause in pauses if pause.channel == channel), None)
        since = known or now
        if refusal.costs and now - since >= seconds(ports.timings.blocked_patience):
            end = now + seconds(ports.timings.blocked_pause * WHERE_IT_COSTS)
        ports.alerts.pause(company, Pause(end, refusal.reason, channel, since))
    except StoreError as failure:
        # The next one that is refused stops them; this one goes back all the same.
        telemetry.warning("pause_not_recorded", company=company, reason=failure.safe_message)
    return end


def standing_still(pause: Pause) -> str:
    """Why a dispatch waits, in the audit and in what operators see."""
    what = {"": "sends", VOICE: "calls"}.get(pause.channel, "texts")
    return f"{what} of the company are stopped"


def goes_first(
    dispatch: Dispatch, still: Standstill, ports: DispatchPorts, now: datetime
) -> tuple[datetime, str] | None:
    """Until when a dispatch waits for another to find out, and why; None where it may go.

    Of those that come when a pause is over one goes, and the rest wait as long again. Once it was
    accepted, and nobody heard of another refusal until then, all go. Raises StoreUnavailable.
    """
    for pause in still.in_doubt(now):
        first = ports.alerts.dispatch(pause.probe) if pause.probe else None
        if first and first.sid:
            over = Pause(pause.until, pause.reason, pause.channel)
            ports.alerts.replace_pause(dispatch.company, pause, over)
            continue
        end = now + seconds(ports.timings.blocked_pause)
        again = replace(pause, until=end, probe=dispatch.id)
        if not ports.alerts.replace_pause(dispatch.company, pause, again):
            return end, FINDING_OUT
    return None


def given_back(file: DispatchFile, ports: DispatchPorts) -> tuple[Counter, ...]:
    """The counters of a dispatch that was refused, to be taken off again."""
    dispatch = file.dispatch
    at = dispatch.claimed_at
    if at is None:
        return ()
    throttles = uncounted(dispatch.recipient, dispatch.channel, at)
    return (*throttles, *caps.given_back(file, ports, at))


# ------------------------------------------------------------------------- the other channel
def better_elsewhere(file: DispatchFile, ports: DispatchPorts, now: datetime) -> bool:
    """Whether all that a dispatch carries can be told over a channel that is not refused.

    Only where its own was refused for long: calls and texts are what a rule says for a reason. And
    only where there is somebody: what nobody else can be told waits until it is mended. Raises
    StoreUnavailable.
    """
    dispatch, patience = file.dispatch, seconds(ports.timings.blocked_patience)
    since = ports.alerts.standstill(dispatch.company, dispatch.channel).refused_since
    if since is None or now - since < patience:
        return False
    open_ones = [
        channel
        for channel in CHANNELS
        if channel != dispatch.channel
        and not _refused_lately(ports.alerts.standstill(dispatch.company, channel), now, patience)
    ]
    wanted = {member.alert_id for member in file.open_members}
    return bool(wanted and open_ones) and all(
        _somebody_else(one, alert, open_ones, ports)
        for one in file.files
        for alert in one.alerts
        if alert.id in wanted
    )


def say_elsewhere(dispatch: Dispatch, ports: DispatchPorts) -> None:
    """Somebody is told over the other channel, or somebody else is."""
    ports.telemetry.warning("alert_told_elsewhere", dispatch=dispatch.id, channel=dispatch.channel)


def _refused_lately(still: Standstill, now: datetime, patience: timedelta) -> bool:
    return any(pause.since and pause.until + patience > now for pause in still.pauses)


def _somebody_else(file: CaseFile, alert: Alert, channels: list[str], ports: DispatchPorts) -> bool:
    """Whether somebody the step may go to can be told over one of the channels, and was not yet."""
    if not 0 < alert.step <= len(file.case.plan):
        return False
    tried = {
        (other.recipient, other.channel)
        for other in file.alerts
        if (other.step, other.occurrence) == (alert.step, alert.occurrence)
    }
    people = (ports.approvers.approver(who) for who in file.case.plan[alert.step - 1].candidates)
    return any(
        (person.id, channel) not in tried and not person.obstacle_to(channel)
        for person in people
        if person
        for channel in channels
    )
