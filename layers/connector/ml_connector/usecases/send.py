"""Sending one dispatch, once.

The order matters more than anything else here: claim, then send, then record. A function that dies
after the claim leaves a dispatch that only the provider's lists can explain, and the status check
looks there before anything is sent again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.audit import Json
from ml_connector.domain.caps import refused as over_cap
from ml_connector.domain.cases import StopReason
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.instants import seconds, to_text
from ml_connector.domain.phone import fingerprint
from ml_connector.domain.standstill import Pause, Standstill
from ml_connector.domain.throttles import counters, wait_until
from ml_connector.errors import (
    OutOfTime,
    StoreConflict,
)

from . import bundling, caps, lines, listing, refusals
from .behind import FIX
from .correlating import ids_of
from .dispatch_files import DispatchFile, Step, load
from .last_look import LastLook, last_look
from .obstacles import (
    away_until,
    left_to,
    quiet_until,
    read_again,
    reason_to_stop,
    suppression,
    tell_suppressed,
)
from .ports import Telemetry
from .posting import Posting, SendOutcome
from .steps import DispatchPorts, defer, put_off, take
from .thinning import thin_out, thinned


def send(dispatch_id: str, ports: DispatchPorts, until: datetime) -> SendOutcome:
    """Send the dispatch a queue message names, if it is still to be sent.

    `until` is when this function has to be done. Raises MessageMalformed for an unknown dispatch,
    OutOfTime when too little time is left to begin, StoreUnavailable when DynamoDB cannot be
    written before anything was sent: in each case the queue delivers the message again.
    """
    file = load(ports.alerts, dispatch_id)
    dispatch, now = file.dispatch, ports.clock.now()
    ports.telemetry.concerning(**ids_of(dispatch))
    if dispatch.state is not DispatchState.WAITING or dispatch.due_at > now:
        return SendOutcome.DROPPED
    still = ports.alerts.standstill(dispatch.company, dispatch.channel)
    if still.restoring_at(now) or _half_there(file, ports.telemetry):
        return SendOutcome.DROPPED
    paused = still.paused_at(now)
    if file.wanted and paused:
        return _stand_still(dispatch_id, paused, ports, until)
    if thinned(file) or listing.outdated(file, ports):
        shorten = thin_out if thinned(file) else listing.shorten
        fewer = shorten(dispatch_id, ports, until)
        return send(fewer.id, ports, until) if fewer else SendOutcome.SUPPRESSED
    look = _look(file, still.wary_since(now), ports, until)
    if look in _SETTLED:
        return _SETTLED[look]
    fresh = None if look else file
    timings = ports.timings
    if until - ports.clock.now() <= seconds(timings.twilio_timeout + timings.time_reserve):
        raise OutOfTime("too little time is left to send; the queue delivers it again")
    return _Sending(dispatch_id, still, ports, until).run(fresh)


_SETTLED = {LastLook.FOUND: SendOutcome.FOUND, LastLook.PUT_OFF: SendOutcome.DEFERRED}


def _stand_still(
    dispatch_id: str, pause: Pause, ports: DispatchPorts, until: datetime
) -> SendOutcome:
    """Wait for the end of a pause, or where it lasts too long have somebody told another way."""

    def decided(file: DispatchFile, now: datetime) -> Step | None:
        if file.dispatch.state is not DispatchState.WAITING:
            return None
        if refusals.better_elsewhere(file, ports, now):
            step = suppression(file, StopReason.UNREACHABLE)
            return replace(step, data={**step.data, "because": pause.reason})
        return put_off(file, pause.until, refusals.standing_still(pause))

    step = take(dispatch_id, decided, ports, until)
    if step is None or step.stop is None:
        return SendOutcome.DEFERRED
    refusals.say_elsewhere(step.after, ports)
    return SendOutcome.SUPPRESSED


def _half_there(file: DispatchFile, telemetry: Telemetry) -> bool:
    """Whether a case or an alert of the dispatch is gone: nothing can be decided about it then."""
    if file.complete:
        return False
    telemetry.error("case_missing", dispatch=file.dispatch.id, fix=FIX)
    telemetry.count("AlertsFailed")
    return True


def _look(
    file: DispatchFile, wary_since: datetime | None, ports: DispatchPorts, until: datetime
) -> LastLook | None:
    """A look at the provider's list before the claim, where one is due; None where none was made.

    For what was judged not sent before; and after tables were restored, for what nobody wrote down.
    """
    look: LastLook | None = None
    if not file.wanted:
        return look
    if file.dispatch.replaces:
        look = last_look(file.dispatch, ports, until)
    if wary_since and look in (None, LastLook.NOT_FOUND):
        from .doubting import look_first  # noqa: PLC0415 - only after tables were restored

        look = look_first(file, wary_since, ports, until)
    return look


class _Sending:
    """One claim and what follows from it."""

    def __init__(
        self, dispatch_id: str, still: Standstill, ports: DispatchPorts, until: datetime
    ) -> None:
        self._id = dispatch_id
        self._still = still
        self._may_go = False
        self._ports = ports
        self._until = until
        self._token = ports.new_id()
        self._claimed_at = ports.clock.now()

    def run(self, fresh: DispatchFile | None) -> SendOutcome:
        """Claim and send; `fresh` is the dispatch's file where it was read just now."""
        try:
            claimed = take(self._id, self._claim, self._ports, self._until, first=fresh)
        except StoreConflict as error:
            if not any(name.startswith("counter:") for name in error.failed):
                raise
            if over_cap(error.failed):
                caps.put_off(self._id, error.failed, self._ports, self._claimed_at, self._until)
                return SendOutcome.DEFERRED
            # The windows of the moment they were counted in: a new one may have begun since.
            full = bundling.throttles(error.failed)
            if full:
                end, why = (
                    wait_until(full, self._claimed_at),
                    "enough texts or calls for this person",
                )
            else:
                end, why = bundling.after_another(self._claimed_at, self._ports)
            defer(self._id, end, why, self._ports, self._until)
            return SendOutcome.DEFERRED
        if claimed is None:
            return SendOutcome.DROPPED
        if claimed.after.state is DispatchState.WAITING:
            return SendOutcome.DEFERRED
        if claimed.after.state is not DispatchState.SENDING:
            tell_suppressed(claimed, self._ports.telemetry)
            return SendOutcome.SUPPRESSED
        posting = Posting(self._id, self._token, self._ports, self._until)
        return posting.run(claimed.after, claimed.written)

    # -------------------------------------------------------------------------- the claim
    def _claim(self, file: DispatchFile, now: datetime) -> Step | None:
        dispatch = file.dispatch
        if dispatch.state is not DispatchState.WAITING or dispatch.due_at > now:
            return None
        if thinned(file):
            # A member was handled since it was read: the next ring makes another text of it.
            return None
        self._claimed_at = now
        person = self._ports.approvers.approver(dispatch.recipient)
        stop = reason_to_stop(file, person, now) or read_again(file, self._ports)
        if stop or person is None:
            return suppression(file, stop or StopReason.NO_CHANNEL)
        listed = listing.on_the_list(file, person, self._ports, now)
        if listed and listed.wait is None:
            return left_to(listed.case, file)
        turn = bundling.turn(file, self._ports, now)
        line = lines.line(dispatch, person.phone, self._token, self._ports, now)
        waits_until = (
            quiet_until(file, person, now)
            or away_until(file, self._ports, now)
            or (listed and listed.wait and (listed.wait, listing.LIST_UNDER_WAY))
            or turn.wait
            or line.wait
            or self._another_first(file.dispatch, now)
        )
        if waits_until:
            until, reason = waits_until
            data: dict[str, Json] = {"reason": reason, "due_at": to_text(until)}
            waits = d.defer(dispatch, until=until, look_at=until, reason=reason)
            counted = turn.counters if turn.wait == waits_until else ()
            return Step(waits, "dispatch.deferred", data, counters=counted)
        # What is claimed after a race goes on as it began.
        self._may_go = True
        after = d.claim(
            dispatch,
            token=self._token,
            to=person.phone,
            now=now,
            deadline=self._ports.claim_deadline(now),
            sender=self._ports.caller.sender if dispatch.voice else "",
        )
        return Step(
            after,
            "dispatch.claimed",
            {"recipient": person.id, "number": fingerprint(person.salt, person.phone)},
            counters=(
                *counters(dispatch.recipient, dispatch.channel, now),
                *turn.counters,
                *caps.counted(file, self._ports, now),
            ),
            lines=line.records,
        )

    def _another_first(self, dispatch: Dispatch, now: datetime) -> tuple[datetime, str] | None:
        """Whether another one is to find out first that sends are no longer refused."""
        if self._may_go:
            return None
        return refusals.goes_first(dispatch, self._still, self._ports, now)
