"""Finding out what became of a request that nobody got an answer to.

Twilio has no idempotency key, so only its lists can tell. A message found is taken as the
dispatch's own. *Not found* needs two empty lists, far enough apart, both after the claim can no
longer be alive and the grace period is over; then, and only then, a new dispatch is made, and it
looks a last time before it sends.
"""

from __future__ import annotations

from datetime import datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.audit import Json
from ml_connector.domain.delivery import Sending
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.instants import seconds, to_text

from .adopting import adopt
from .dispatch_files import DispatchFile, Step
from .following import follow
from .learning import learn
from .matching import listed, nobodys, report_duplicate
from .ringing import ring_new
from .steps import Decide, DispatchPorts, take, write_quietly


def reconcile(dispatch: Dispatch, ports: DispatchPorts, until: datetime) -> bool:
    """One look for a dispatch whose fate is open; true when its fate is known now.

    A claim is left alone until its holder cannot be alive any more. Raises the DeliveryError family
    when the list cannot be had: that counts for nothing.
    """
    if dispatch.state is DispatchState.SENDING:
        lost = take(dispatch.id, _lose_dead_claim(ports), ports, until)
        if lost is None:
            return False
        ports.telemetry.warning("claim_lost", dispatch=dispatch.id)
        ports.telemetry.count("OutcomesUnknown")
        dispatch = lost.after
    asked_at = ports.clock.now()
    found = listed(dispatch, ports)
    own = nobodys(found, ports.alerts)
    if own:
        return _adopt(dispatch, own, ports, until)
    return _not_found(dispatch, asked_at, ports, until)


def _lose_dead_claim(ports: DispatchPorts) -> Decide:
    def lost(file: DispatchFile, now: datetime) -> Step | None:
        dispatch = file.dispatch
        claimed_at = dispatch.claimed_at
        if dispatch.state is not DispatchState.SENDING or claimed_at is None:
            return None
        if now < ports.claim_deadline(claimed_at):
            return None
        after = d.lose_track(dispatch, look_at=now, reason="whoever held the claim is gone")
        return Step(after, "dispatch.unknown", {"reason": after.reason})

    return lost


# ------------------------------------------------------------------------------------ found
def _adopt(dispatch: Dispatch, own: list[Sending], ports: DispatchPorts, until: datetime) -> bool:
    message = own[0]
    step = adopt(dispatch.id, message, "dispatch.adopted", ports, until)
    if step is None:
        return False
    ports.telemetry.event("outcome_found", dispatch=dispatch.id, sid=message.sid)
    for extra in own[1:]:
        report_duplicate(step.after, extra.sid, ports.telemetry)
    if message.over:
        learn(step.after, message, ports, until)
    return True


# -------------------------------------------------------------------------------- not found
def _not_found(
    dispatch: Dispatch, asked_at: datetime, ports: DispatchPorts, until: datetime
) -> bool:
    """A list asked for at `asked_at` did not show it; how long the list took counts for nothing."""
    timings = ports.timings
    claimed_at = dispatch.claimed_at or dispatch.created_at
    grace_over = ports.claim_deadline(claimed_at) + seconds(timings.grace)
    if asked_at < grace_over:
        soon = ports.clock.now() + seconds(timings.status_interval)
        _look_later(dispatch, min(grace_over, soon), ports, until)
        return False
    gap = seconds(timings.empty_list_gap)
    if dispatch.last_empty_at is None:
        _note_empty(dispatch, ports, until)
        return False
    if asked_at - dispatch.last_empty_at < gap:
        _look_later(dispatch, dispatch.last_empty_at + gap, ports, until)
        return False
    return _settle_not_sent(dispatch, ports, until)


def _note_empty(dispatch: Dispatch, ports: DispatchPorts, until: datetime) -> None:
    def noted(file: DispatchFile, now: datetime) -> Step | None:
        if file.dispatch.state is not DispatchState.UNKNOWN:
            return None
        look_at = now + seconds(ports.timings.empty_list_gap)
        after = d.note_empty_list(file.dispatch, now=now, look_at=look_at)
        return Step(after, "dispatch.not_listed", {"empty_lists": after.empty_lists})

    take(dispatch.id, noted, ports, until)


def _settle_not_sent(dispatch: Dispatch, ports: DispatchPorts, until: datetime) -> bool:
    def settled(file: DispatchFile, now: datetime) -> Step | None:
        before = file.dispatch
        if before.state is not DispatchState.UNKNOWN:
            return None
        after = d.settle_not_sent(
            before,
            reason="not in the provider's lists",
            watch_at=now + seconds(ports.timings.grace),
        )
        if not file.wanted:
            nothing: dict[str, Json] = {"next": "nothing: no longer wanted"}
            return Step(after, "dispatch.not_sent", nothing, needless=file.needless)
        follower = follow(file, before, ports, now, seconds(0), replaces=before.id)
        data: dict[str, Json] = {"next": follower.id, "next_due_at": to_text(follower.due_at)}
        return Step(after, "dispatch.not_sent", data, successor=follower, needless=file.needless)

    step = take(dispatch.id, settled, ports, until)
    if step is None:
        return False
    ports.telemetry.event("outcome_not_sent", dispatch=dispatch.id)
    if step.successor:
        ring_new(step.successor, ports)
    return True


# --------------------------------------------------------------------------------- afterwards
def watch(dispatch: Dispatch, ports: DispatchPorts, until: datetime) -> None:
    """Look on for a message judged not sent: listed only now, it may be one too many.

    The promise holds while the provider lists an accepted message within the grace period. Where it
    did not, that is audited and raises an alarm.
    """
    found = listed(dispatch, ports)
    own = nobodys(found, ports.alerts)
    if own:
        _adopt(dispatch, own, ports, until)
        return
    now = ports.clock.now()
    age = (now - (dispatch.claimed_at or dispatch.created_at)).total_seconds()
    if age >= ports.timings.receipt_patience:
        write_quietly(dispatch, d.rest(dispatch), ports, until)
    else:
        _look_later(dispatch, now + seconds(max(ports.timings.grace, age / 2)), ports, until)


def _look_later(
    dispatch: Dispatch, look_at: datetime, ports: DispatchPorts, until: datetime
) -> None:
    write_quietly(dispatch, d.look_again(dispatch, look_at=look_at), ports, until)
