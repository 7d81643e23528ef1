"""The POST of a claimed dispatch, and what each answer to it means."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from ml_connector.domain import dispatches as d
from ml_connector.domain.backoff import retry_delay
from ml_connector.domain.cases import StopReason
from ml_connector.domain.delivery import CallRequest, Sending, SmsRequest
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.instants import seconds, to_text
from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryBusy,
    DeliveryError,
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
    StoreError,
)

from . import refusals
from .adopting import adopt
from .dispatch_files import DispatchFile, Step
from .matching import listed, nobodys
from .people import PROVIDER, opted_out
from .steps import DispatchPorts, take

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


class Posting:
    """What follows from one claim."""

    def __init__(self, dispatch_id: str, token: str, ports: DispatchPorts, until: datetime) -> None:
        self._id = dispatch_id
        self._token = token
        self._ports = ports
        self._until = until

    def run(self, dispatch: Dispatch, claimed: DispatchFile | None) -> SendOutcome:
        """Send it; `claimed` is its file as the claim left it, where that is known."""
        try:
            message = self._create(dispatch)
        except DeliveryBusy as error:
            return self._line_in_use(dispatch, error, claimed)
        except DeliveryBlocked as error:
            return self._blocked(dispatch, error)
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
        def given_back(file: DispatchFile, now: datetime) -> Step | None:
            mine = self._mine(file.dispatch)
            return self._returned(file, now, reason, at_least) if mine else None

        take(self._id, given_back, self._ports, self._until)
        return SendOutcome.RETURNED

    def _returned(self, file: DispatchFile, now: datetime, reason: str, at_least: float) -> Step:
        """It waits again, and what the claim counted is taken off."""
        dispatch, timings = file.dispatch, self._ports.timings
        wait = retry_delay(
            dispatch.returns + 1,
            seconds(timings.give_back_wait),
            seconds(timings.blocked_pause),
            self._ports.share(),
            seconds(at_least),
        )
        after = d.give_back(dispatch, until=now + wait, look_at=now + wait, reason=reason)
        return Step(
            after,
            "dispatch.returned",
            {"reason": reason, "due_at": to_text(after.due_at)},
            counters=refusals.given_back(file, self._ports),
        )

    def _blocked(self, dispatch: Dispatch, error: DeliveryBlocked) -> SendOutcome:
        """Nobody can be reached this way until an operator acts: stand still, use nothing up."""
        refusal = refusals.Refusal(error.safe_message, error.provider_code, error.account)
        end = refusals.note(dispatch, refusal, self._ports)

        def blocked(file: DispatchFile, now: datetime) -> Step | None:
            if not self._mine(file.dispatch):
                return None
            if not refusals.better_elsewhere(file, self._ports, now):
                wait = max((end - now).total_seconds(), 0.0)
                return self._returned(file, now, error.safe_message, wait)
            after = d.refuse(
                file.dispatch, error_code=error.provider_code, reason=error.safe_message
            )
            data = {"error_code": error.provider_code, "reason": error.safe_message}
            counters = refusals.given_back(file, self._ports)
            stop = StopReason.UNREACHABLE
            return Step(after, "dispatch.refused", data, stop=stop, counters=counters)

        step = take(self._id, blocked, self._ports, self._until)
        if step is None or step.stop is None:
            return SendOutcome.RETURNED
        refusals.say_elsewhere(step.after, self._ports)
        return SendOutcome.REFUSED

    def _refused(self, dispatch: Dispatch, error: DeliveryRejected) -> SendOutcome:
        stop = StopReason.OPTED_OUT if error.provider_code == OPTED_OUT else StopReason.UNREACHABLE

        def refused(file: DispatchFile, _: datetime) -> Step | None:
            if not self._mine(file.dispatch):
                return None
            after = d.refuse(
                file.dispatch, error_code=error.provider_code, reason=error.safe_message
            )
            data = {"error_code": error.provider_code, "reason": error.safe_message}
            counters = refusals.given_back(file, self._ports)
            return Step(after, "dispatch.refused", data, stop=stop, counters=counters)

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
