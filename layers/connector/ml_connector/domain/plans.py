"""What a rule plans: who is told, over which channel, when, and what makes a step superfluous.

The plan is copied into the case when the event is detected, so a change of the flow touches only
new events. `after` counts from the real start of the step before: from the moment Twilio accepted
its first text or call, or from the moment it was clear that it would reach nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from .cases import CaseState
from .messages import Detail

SMS, VOICE = "sms", "voice"
CHANNELS = (SMS, VOICE)

#: How often a text is tried and a call is placed where the rule does not say.
SMS_ATTEMPTS, CALL_ATTEMPTS = 5, 3

#: The pause between two calls of one step, seconds.
BETWEEN_CALLS = 300.0


class Until(StrEnum):
    """How far a case must have come for a step to be left out, or no longer repeated."""

    ACKNOWLEDGED = "acknowledged"
    """Somebody replied or pressed 1."""
    CONFIRMED = "confirmed"
    """Somebody pressed 1."""
    HANDLED = "handled"
    """Intacct shows that the bill no longer waits. Nothing is ever sent after that anyhow."""

    def reached(self, state: CaseState) -> bool:
        """Whether a case in this state has come that far."""
        return state in _REACHED[self]


_ENDED = frozenset({CaseState.HANDLED, CaseState.EXPIRED})
_REACHED = {
    Until.HANDLED: _ENDED,
    Until.CONFIRMED: _ENDED | {CaseState.CONFIRMED},
    Until.ACKNOWLEDGED: _ENDED | {CaseState.CONFIRMED, CaseState.ACKNOWLEDGED},
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do for one person.

    `to` is `approver`, `manager`, `next_level`, `ap_lead` or an approver's id. `unless` leaves the
    step out, and stops its further attempts, once the case has come that far. `repeat` starts it
    again so long after its last start, `at_most` times in all, and no longer once `until` is
    reached. `confirm` asks for a key press on a call. `urgent` may pass quiet hours and keeps its
    half of the throttles. `attempts` of 0 is the channel's own number.
    """

    channel: str
    to: str
    after: timedelta = field(default=timedelta(0))
    unless: Until | None = None
    repeat: timedelta | None = None
    at_most: int = 1
    until: Until = Until.HANDLED
    attempts: int = 0
    confirm: bool = False
    urgent: bool = False
    detail: Detail = "full"

    @property
    def tries(self) -> int:
        """How many texts or calls one start of this step may take."""
        return self.attempts or (CALL_ATTEMPTS if self.channel == VOICE else SMS_ATTEMPTS)

    @property
    def needless_from(self) -> Until | None:
        """From when on nothing more is sent for this step. A confirmed call is not made twice."""
        if self.unless is None and self.channel == VOICE and self.confirm:
            return Until.CONFIRMED
        return self.unless
