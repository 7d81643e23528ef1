"""Sending one dispatch, once.

The order matters more than anything else here: claim, then send, then record. A function that dies
after the claim leaves a dispatch that only the provider's lists can explain, and the status check
looks there before anything is sent again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from ml_connector.domain import dispatches as d
from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import Json
from ml_connector.domain.backoff import retry_delay
from ml_connector.domain.caps import refused as over_cap
from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.domain.delivery import CallRequest, Sending, SmsRequest
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.hours import zone_named
from ml_connector.domain.instants import seconds, to_text
from ml_connector.domain.phone import fingerprint
from ml_connector.domain.plans import step_of
from ml_connector.domain.throttles import counters, uncounted, wait_until
from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryBusy,
    DeliveryError,
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
    OutOfTime,
    StoreConflict,
    StoreError,
)

from . import bundling, caps, listing
from .adopting import adopt
from .behind import FIX
from .correlating import ids_of
from .dispatch_files import DispatchFile, Step, load
from .last_look import LastLook, last_look
from .matching import listed, nobodys
from .people import PROVIDER, opted_out
from .ports import Telemetry
from .silences import MAINTENANCE, maintenance_until, of_silence, silence_of
from .steps import DispatchPorts, defer, take
from .thinning import thin_out, thinned

#: Twilio's code for a number that replied STOP.
OPTED_OUT = 21610


class SendOutcome(StrEnum):
    """What became of one queue message."""

    SENT = "sent"
    DROPPED = "dropped"
    """Somebody else has it, or it is not due yet: the store knows, the message is not needed."""
    SUPPRESSED = "suppressed"
    DEFERRED = "deferred"
    RETURNED = "returned"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    FOUND = "found"
    """An earlier try of the same alert turned up at the provider: nothing more was sent."""


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
    still = ports.alerts.standstill(dispatch.company)
    if still.restoring_at(now) or _half_there(file, ports.telemetry):
        return SendOutcome.DROPPED
    paused = still.paused_at(now)
    if file.wanted and paused:
        defer(dispatch_id, paused, "sends of the company are stopped", ports, until)
        return SendOutcome.DEFERRED
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
    return _Sending(dispatch_id, ports, until).run(fresh)


_SETTLED = {LastLook.FOUND: SendOutcome.FOUND, LastLook.PUT_OFF: SendOutcome.DEFERRED}


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

        look = look_first(file.dispatch, wary_since, ports, until)
    return look


class _Sending:
    """One claim and what follows from it."""

    def __init__(self, dispatch_id: str, ports: DispatchPorts, until: datetime) -> None:
        self._id = dispatch_id
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
            _tell_suppressed(claimed, self._ports.telemetry)
            return SendOutcome.SUPPRESSED
        return self._post(claimed.after, claimed.written)

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
        stop = _reason_to_stop(file, person, now) or self._read_again(file)
        if stop or person is None:
            return _suppression(file, stop or StopReason.NO_CHANNEL)
        told_in = listing.on_the_list(file, person, self._ports, now)
        if told_in:
            return _left_to(told_in, file)
        turn = bundling.turn(file, self._ports, now)
        waits_until = _quiet_until(file, person, now) or self._away_until(file, now) or turn.wait
        if waits_until:
            until, reason = waits_until
            data: dict[str, Json] = {"reason": reason, "due_at": to_text(until)}
            waits = d.defer(dispatch, until=until, look_at=until, reason=reason)
            counted = turn.counters if turn.wait == waits_until else ()
            return Step(waits, "dispatch.deferred", data, counters=counted)
        after = d.claim(
            dispatch,
            token=self._token,
            to=person.phone,
            now=now,
            deadline=self._ports.claim_deadline(now),
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
        )

    def _read_again(self, file: DispatchFile) -> StopReason | None:
        """A text that nothing can be read is never sent once something was."""
        silences = [case for case in file.cases if of_silence(case)]
        over = bool(silences) and not any(silence_of(case, self._ports) for case in silences)
        return StopReason.HANDLED if over else None

    def _away_until(self, file: DispatchFile, now: datetime) -> tuple[datetime, str] | None:
        """Nobody is told that nothing can be read while Intacct is expected to be away."""
        ends = (
            maintenance_until(case, self._ports, now) for case in file.cases if of_silence(case)
        )
        end = next((end for end in ends if end), None)
        return (end, MAINTENANCE) if end else None

    # --------------------------------------------------------------------------- the POST
    def _post(self, dispatch: Dispatch, claimed: DispatchFile | None) -> SendOutcome:
        try:
            message = self._create(dispatch)
        except DeliveryBusy as error:
            return self._line_in_use(dispatch, error, claimed)
        except DeliveryBlocked as error:
            return self._blocked(dispatch.company, error)
        except DeliveryTransient as error:
            return self._give_back(error.safe_message, error.retry_after or 0.0)
        except DeliveryRejected as error:
            return self._refused(dispatch, error)
        except DeliveryOutcomeUnknown as error:
            return self._lose_track(error)
        return self._record(message, claimed)

    def _create(self, dispatch: Dispatch) -> Sending:
        """One POST; a second one only where the first certainly never left."""
        try:
            return self._create_once(dispatch)
        except DeliveryNotSent:
            return self._create_once(dispatch)

    def _create_once(self, dispatch: Dispatch) -> Sending:
        budget = self._budget(dispatch)
        if dispatch.voice:
            call = CallRequest(dispatch.to, dispatch.text, dispatch.id, dispatch.language)
            return self._ports.caller.place_call(call, budget)
        text = SmsRequest(dispatch.to, dispatch.text, dispatch.validity_seconds)
        return self._ports.messenger.send_sms(text, budget)

    def _budget(self, dispatch: Dispatch) -> float:
        """Seconds the POST may take; raises DeliveryTransient when it may not start any more."""
        timings, now = self._ports.timings, self._ports.clock.now()
        late = dispatch.claimed_at is None or now - dispatch.claimed_at > seconds(
            timings.claim_to_post
        )
        left = (self._until - now).total_seconds() - timings.time_reserve
        if late or left < timings.twilio_timeout:
            raise DeliveryTransient("the claim took too long to begin sending on it")
        return timings.twilio_timeout

    # ------------------------------------------------------------------------ the outcomes
    def _record(self, message: Sending, claimed: DispatchFile | None) -> SendOutcome:
        try:
            adopt(
                self._id,
                message,
                "dispatch.sent",
                self._ports,
                self._until,
                first=claimed,
                stubborn=True,
            )
        except StoreError as error:
            # The claim is on record, so nobody sends again: the status check finds the message in
            # the provider's list by its reference.
            self._ports.telemetry.error(
                "sid_not_recorded", dispatch=self._id, sid=message.sid, reason=error.safe_message
            )
            return SendOutcome.UNKNOWN
        self._ports.telemetry.count("AlertsSent")
        return SendOutcome.SENT

    def _line_in_use(
        self, dispatch: Dispatch, error: DeliveryBusy, claimed: DispatchFile | None
    ) -> SendOutcome:
        """A call to that number is going on: this very one, or one that has to end first."""
        try:
            own = nobodys(listed(dispatch, self._ports), self._ports.alerts)
        except DeliveryError:
            # Whether it is this dispatch's own cannot be told now: it stays claimed until it can.
            return self._lose_track(error)
        if own:
            return self._record(own[0], claimed)
        return self._give_back(error.safe_message, self._ports.timings.call_busy_wait)

    def _give_back(self, reason: str, at_least: float) -> SendOutcome:
        timings = self._ports.timings

        def given_back(file: DispatchFile, now: datetime) -> Step | None:
            dispatch = file.dispatch
            if not self._mine(dispatch):
                return None
            wait = retry_delay(
                dispatch.returns + 1,
                seconds(timings.give_back_wait),
                seconds(timings.blocked_pause),
                self._ports.share(),
                seconds(at_least),
            )
            after = d.give_back(dispatch, until=now + wait, look_at=now + wait, reason=reason)
            counted_at = dispatch.claimed_at or now
            return Step(
                after,
                "dispatch.returned",
                {"reason": reason, "due_at": to_text(after.due_at)},
                counters=(
                    *uncounted(dispatch.recipient, dispatch.channel, counted_at),
                    *caps.given_back(file, self._ports, counted_at),
                ),
            )

        take(self._id, given_back, self._ports, self._until)
        return SendOutcome.RETURNED

    def _blocked(self, company: str, error: DeliveryBlocked) -> SendOutcome:
        """Nobody can be reached until an operator acts: stand still, use nothing up."""
        telemetry, pause = self._ports.telemetry, self._ports.timings.blocked_pause
        telemetry.error(
            "sends_blocked",
            company=company,
            provider_code=error.provider_code,
            reason=error.safe_message,
        )
        telemetry.count("SendsBlocked")
        end = self._ports.clock.now() + seconds(pause)
        try:
            self._ports.alerts.pause(company, end, error.safe_message)
        except StoreError as failure:
            # The next one that is refused stops the company; this one goes back all the same.
            telemetry.warning("pause_not_recorded", company=company, reason=failure.safe_message)
        return self._give_back(error.safe_message, pause)

    def _refused(self, dispatch: Dispatch, error: DeliveryRejected) -> SendOutcome:
        stop = StopReason.OPTED_OUT if error.provider_code == OPTED_OUT else StopReason.UNREACHABLE

        def refused(file: DispatchFile, _: datetime) -> Step | None:
            if not self._mine(file.dispatch):
                return None
            after = d.refuse(
                file.dispatch, error_code=error.provider_code, reason=error.safe_message
            )
            data = {"error_code": error.provider_code, "reason": error.safe_message}
            return Step(after, "dispatch.refused", data, stop=stop)

        take(self._id, refused, self._ports, self._until)
        if stop is StopReason.OPTED_OUT:
            self._note_opt_out(dispatch)
        self._ports.telemetry.error(
            "alert_failed",
            dispatch=self._id,
            provider_code=error.provider_code,
            reason=error.safe_message,
        )
        self._ports.telemetry.count("AlertsFailed")
        return SendOutcome.REFUSED

    def _note_opt_out(self, dispatch: Dispatch) -> None:
        """Texts to this number are over, whoever they are about; the alert is settled already."""
        try:
            opted_out(dispatch.recipient, PROVIDER, self._ports, self._until, number=dispatch.to)
        except StoreError as failure:
            # The next text is refused as well, and says so again.
            self._ports.telemetry.warning("opt_out_not_recorded", reason=failure.safe_message)

    def _lose_track(self, error: DeliveryError) -> SendOutcome:
        def lost(file: DispatchFile, now: datetime) -> Step | None:
            if not self._mine(file.dispatch):
                return None
            after = d.lose_track(file.dispatch, look_at=now, reason=error.safe_message)
            return Step(after, "dispatch.unknown", {"reason": error.safe_message})

        try:
            take(self._id, lost, self._ports, self._until)
        except StoreError as failure:
            # The claim runs out, and then it is looked for just the same.
            self._ports.telemetry.warning(
                "outcome_not_recorded", dispatch=self._id, reason=failure.safe_message
            )
        self._ports.telemetry.warning(
            "outcome_unknown", dispatch=self._id, reason=error.safe_message
        )
        self._ports.telemetry.count("OutcomesUnknown")
        return SendOutcome.UNKNOWN

    def _mine(self, dispatch: Dispatch) -> bool:
        return dispatch.state is DispatchState.SENDING and dispatch.claim_token == self._token


def _reason_to_stop(
    file: DispatchFile, person: Approver | None, now: datetime
) -> StopReason | None:
    """Why nothing may be sent now or later, in the order that is promised: handled first."""
    if not file.wanted:
        return _why_unwanted(file)
    if all(case.expires_at <= now for case in file.cases):
        return StopReason.EXPIRED
    obstacle = person.obstacle_to(file.dispatch.channel) if person else "unknown approver"
    if obstacle and person and person.opted_out:
        return StopReason.OPTED_OUT
    return StopReason.NO_CHANNEL if obstacle else None


def _quiet_until(
    file: DispatchFile, person: Approver, now: datetime
) -> tuple[datetime, str] | None:
    """Until when the person is not to be disturbed, and why; None where they may be, or must."""
    cases = {case.id: case for case in file.cases}
    if any(step_of(cases[alert.case_id], alert).urgent for alert in file.alerts):
        return None
    zone = zone_named(person.zone) or zone_named(next(iter(cases.values())).zone) or UTC
    hours = person.hours
    until = hours.next_allowed(now, zone)
    return (until, hours.obstacle_at(now, zone)) if until > now else None


def _why_unwanted(file: DispatchFile) -> StopReason:
    stopped = (alert.stop_reason for alert in file.alerts if alert.stop_reason)
    ended = {case.state for case in file.cases}
    if CaseState.EXPIRED in ended:
        reason = StopReason.EXPIRED
    elif CaseState.HANDLED in ended:
        reason = StopReason.HANDLED
    else:
        reason = StopReason.NEEDLESS
    return next(stopped, reason)


def _left_to(daily_list: str, file: DispatchFile) -> Step:
    """A reminder that the day's list was already; the plan counts it as one of its times."""
    after = d.settle_not_sent(file.dispatch, reason=listing.ON_THE_LIST)
    data: dict[str, Json] = {"reason": listing.ON_THE_LIST, "list": daily_list}
    return Step(after, "dispatch.suppressed", data, stop=StopReason.NEEDLESS)


def _suppression(file: DispatchFile, reason: StopReason) -> Step:
    after = d.settle_not_sent(file.dispatch, reason=reason.value)
    return Step(
        after,
        "dispatch.suppressed",
        {"reason": reason.value},
        stop=reason,
        expire=reason is StopReason.EXPIRED and file.wanted,
    )


def _tell_suppressed(step: Step, telemetry: Telemetry) -> None:
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
