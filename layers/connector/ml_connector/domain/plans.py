"""What a rule plans: who is told, over which channel, when, and what makes a step superfluous.

The plan is copied into the case when the event is detected, so a change of the flow touches only
new events. `after` counts from the real start of the step before: from the moment Twilio accepted
its first text or call, or from the moment it was clear that it would reach nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from .cases import Alert, Case, CaseState, StopReason
from .frozen import frozen
from .messages import Detail

SMS, VOICE = "sms", "voice"
CHANNELS = (SMS, VOICE)

#: How often a text is tried and a call is placed where the rule does not say.
SMS_ATTEMPTS, CALL_ATTEMPTS = 5, 3

#: For how long a reply that says *seen* puts off the texts that were to come.
USUAL_SNOOZE = timedelta(hours=4)


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


_ENDED = frozenset(state for state in CaseState if state.ended)
_REACHED = {
    Until.HANDLED: _ENDED,
    Until.CONFIRMED: _ENDED | {CaseState.CONFIRMED},
    Until.ACKNOWLEDGED: _ENDED | {CaseState.CONFIRMED, CaseState.ACKNOWLEDGED},
}


@frozen
class Step:
    """One thing to do for one person.

    `to` is `approver`, `manager`, `next_level`, `ap_lead` or an approver's id. `unless` leaves the
    step out, and stops its further attempts, once the case has come that far. `repeat` starts it
    again so long after its last start, `at_most` times in all, and no longer once `until` is
    reached. `confirm` asks for a key press on a call. `urgent` may pass quiet hours and is
    never held for a bundle. `attempts` of 0 is the channel's own number. `link` puts the record's
    link into the text, where Intacct has one.
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
    link: bool = False

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


@frozen
class PlannedStep:
    """A step of a case's own plan, with the people it may go to, in the order they are tried.

    `reasons` says for each of the `candidates`, approver ids, how it came to be one.
    """

    step: Step
    candidates: tuple[str, ...]
    reasons: tuple[str, ...] = ()


@frozen
class Timer:
    """One start of one step, and when it is due. Steps and occurrences count from 1."""

    step: int
    occurrence: int
    at: datetime


def step_of(case: Case, alert: Alert) -> Step:
    """The step an alert belongs to; a plain one for a case that came without a plan."""
    if 0 < alert.step <= len(case.plan):
        return case.plan[alert.step - 1].step
    return Step(channel=alert.channel, to=alert.recipient)


def needless(case: Case, alert: Alert) -> bool:
    """Whether the case has come as far as the alert's step needs it to be of no use any more."""
    step = step_of(case, alert)
    needless_from = step.needless_from
    if needless_from and needless_from.reached(case.state):
        return True
    return alert.occurrence > 1 and step.until.reached(case.state)


def resent(case: Case, alert: Alert) -> bool:
    """Whether an operator had it begun: its occurrence is beyond those its step ever counts to."""
    return alert.occurrence > step_of(case, alert).at_most


def tries_of(case: Case, alert: Alert) -> int:
    """How many texts or calls the alert may take; over another channel, that channel's number."""
    step = step_of(case, alert)
    if alert.channel == step.channel:
        return step.tries
    return CALL_ATTEMPTS if alert.channel == VOICE else SMS_ATTEMPTS


def after_stop(
    case: Case, alert: Alert, reason: StopReason, now: datetime, *, said_before: bool = False
) -> Case:
    """What an alert's stop means for the rest of the plan.

    `said_before`: its person has said of the case before that it is not theirs.
    """
    if reason.passes_on or (reason is StopReason.DECLINED and said_before):
        return looked_at(case, now)
    if reason is StopReason.DECLINED:
        return handed_back(case, alert.step, now)
    if reason is StopReason.NEEDLESS:
        return started(case, alert.step, alert.occurrence, now)
    return case


def together(plan: tuple[PlannedStep, ...], first: int) -> list[int]:
    """The numbers of the steps that begin with step `first`: those after it that do not wait."""
    numbers = [first]
    for number in range(first + 1, len(plan) + 1):
        if plan[number - 1].step.after > timedelta(0):
            break
        numbers.append(number)
    return numbers


def started(case: Case, step: int, occurrence: int, now: datetime) -> Case:
    """The case once something of a step really went out: from now on what follows is counted.

    Only the first start of a step sets the time of the next one; each start sets its repetition's.
    """
    if case.state.ended or not 0 < step <= len(case.plan):
        return case
    agenda = list(case.agenda)
    words = case.plan[step - 1].step
    repeats = dict(case.repeats)
    # A further try of an occurrence is no further occurrence: each is followed by one other.
    if words.repeat and occurrence < words.at_most and occurrence >= repeats.get(step, 1):
        agenda.append(Timer(step, occurrence + 1, now + words.repeat))
        repeats[step] = occurrence + 1
        case = replace(case, repeats=tuple(sorted(repeats.items())))
    position = case.position
    if position == step < len(case.plan):
        position = step + 1
        agenda.append(Timer(position, 1, now + case.plan[position - 1].step.after))
    return _with_agenda(replace(case, position=position), agenda)


def hastened(case: Case, step: int, now: datetime) -> Case:
    """The case once it is clear that a step leads nowhere: the one after it begins at once."""
    if case.state.ended or not 0 < step < len(case.plan):
        return case
    agenda = [t for t in case.agenda if t.step != step]
    if case.position == step:
        agenda.append(Timer(step + 1, 1, now))
        return _with_agenda(replace(case, position=step + 1), agenda)
    agenda = [replace(t, at=min(t.at, now)) if t.step == step + 1 else t for t in agenda]
    return _with_agenda(case, agenda)


def to_come(case: Case, step: int) -> bool:
    """Whether a step after this one has yet to begin for the first time."""
    if case.position < len(case.plan):
        return True
    return any(timer.occurrence == 1 and timer.step > step for timer in case.agenda)


def handed_back(case: Case, step: int, now: datetime) -> Case:
    """The case once somebody said that it is not theirs: the next step begins at once.

    Where none is to come, somebody else has to be found (`passing_on`).
    """
    if case.state.ended or not to_come(case, step):
        return looked_at(case, now)
    waiting = [t for t in case.agenda if t.occurrence == 1 and t.step > step]
    if not waiting:
        return with_timer(case, Timer(case.position + 1, 1, now))
    first = min(waiting, key=lambda timer: timer.step)
    agenda = [replace(t, at=min(t.at, now)) if t is first else t for t in case.agenda]
    return _with_agenda(case, agenda)


def snoozed(case: Case, now: datetime) -> Case:
    """The case once somebody said *seen*: texts that were to come wait, calls and urgent ones not.

    Where the case has no `snooze` nothing is put off.
    """
    until = now + case.snooze
    agenda = [
        replace(timer, at=max(timer.at, until)) if _may_wait(case, timer) else timer
        for timer in case.agenda
    ]
    if case.state.ended:
        return case
    earlier = case.look_at and (not case.agenda or case.look_at < case.agenda[0].at)
    return _with_agenda(replace(case, look_at=case.look_at if earlier else None), agenda)


def _may_wait(case: Case, timer: Timer) -> bool:
    step = case.plan[timer.step - 1].step
    return step.channel == SMS and not step.urgent


def looked_at(case: Case, at: datetime) -> Case:
    """The case to be looked at then at the latest."""
    if case.state.ended:
        return case
    return replace(case, look_at=min(case.look_at, at) if case.look_at else at)


def without(case: Case, timers: Iterable[Timer]) -> Case:
    """The case with these off its agenda."""
    gone = set(timers)
    return _with_agenda(case, [timer for timer in case.agenda if timer not in gone])


def with_timer(case: Case, timer: Timer) -> Case:
    """The case with one more on its agenda."""
    return _with_agenda(
        replace(case, position=max(case.position, timer.step)), [*case.agenda, timer]
    )


def due(case: Case, now: datetime) -> tuple[Timer, ...]:
    """What is to begin now, in order."""
    return tuple(sorted((t for t in case.agenda if t.at <= now), key=lambda t: (t.at, t.step)))


def _with_agenda(case: Case, agenda: list[Timer]) -> Case:
    """The case with this agenda; whoever was to look at it earlier still is."""
    ordered = tuple(sorted(agenda, key=lambda timer: (timer.at, timer.step, timer.occurrence)))
    times = [at for at in (case.look_at, ordered[0].at if ordered else None) if at]
    return replace(case, agenda=ordered, look_at=min(times, default=None))


def seen_to(case: Case) -> Case:
    """The case once everything due was done: to be looked at when the next timer is due."""
    return replace(case, asked_at=None, look_at=case.agenda[0].at if case.agenda else None)
