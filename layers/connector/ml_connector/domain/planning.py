"""From a decision to what has to be written: the case, its alerts and its dispatches.

A case opens with the steps that do not wait. The others begin when their time has come, and whoever
cannot be told over one channel is told over the other, or somebody else is told: all of it through
`begin`, so that a step looks the same whoever began it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .approvers import Approver
from .audit import ChainHead, Json, entry_after
from .cases import Alert, Case, CaseState, StopReason, case_chain
from .dispatches import Dispatch, Member
from .events import Event, EventKind
from .frozen import frozen
from .ids import alert_id, dispatch_id
from .messages import Ask, Manner, reference_code
from .phone import fingerprint
from .plans import CHANNELS, VOICE, PlannedStep, Step, hastened, together
from .unit_of_work import CaseWrite
from .wording import event_text, spoken_language

if TYPE_CHECKING:
    from .documents import Subject
    from .flows import Decision


@frozen
class Opening:
    """Everything that comes into being with a case."""

    case: CaseWrite
    alerts: tuple[Alert, ...]
    dispatches: tuple[Dispatch, ...]

    @property
    def unreachable(self) -> tuple[Alert, ...]:
        """Alerts nobody could be found for: they need an operator, today."""
        return tuple(alert for alert in self.alerts if alert.stop_reason)


@frozen
class PlanTimes:
    """The lengths a plan needs."""

    case_lifetime: timedelta
    ring_again: timedelta
    validity_seconds: int


@frozen
class Begun:
    """Steps that were begun: their alerts and dispatches, and what the audit says of each."""

    case: Case
    alerts: tuple[Alert, ...]
    dispatches: tuple[Dispatch, ...]
    told: tuple[Mapping[str, Json], ...]


@frozen
class Start:
    """One start of one step; `tried` are the people and channels that did not work.

    `not_theirs` said that the case is not theirs: nothing begins for them. `others` are whom to try
    after the step's own candidates, each with the reason why.
    """

    step: int
    occurrence: int = 1
    tried: frozenset[tuple[str, str]] = frozenset()
    not_theirs: frozenset[str] = frozenset()
    others: tuple[tuple[str, str], ...] = ()


People = Callable[[str], Approver | None]

#: What stopped a step that nobody is left for, in the audit.
NOBODY_ELSE = "nobody else"
#: Why somebody is passed over who pressed 2, in the audit.
NOT_THEIRS = "said that it is not theirs"

#: A text is never given less time than this to reach a phone, seconds.
SHORTEST_VALIDITY = 60


def open_case(
    event: Event,
    document: Subject,
    decision: Decision,
    company_name: str,
    people: People,
    now: datetime,
    times: PlanTimes,
    *,
    zone: str = "",
    expires_at: datetime | None = None,
) -> Opening:
    """The case for an event a rule matched, with the steps that begin at once.

    Each step goes to the first of its candidates who can be told. Whoever is passed over is named
    in the audit with the reason; a step with nobody left becomes an alert that is stopped from the
    start, so that it is seen, and does not keep the step after it waiting.

    `zone` is the company's. The case expires at `expires_at`, else after its usual lifetime.
    """
    plan = _plan(decision)
    numbers = together(plan, 1) if plan else []
    case = Case(
        id=event.id,
        company=event.company,
        document=event.document,
        kind=event.kind.value,
        round=event.round,
        state=CaseState.OPEN,
        opened_at=now,
        expires_at=expires_at or now + times.case_lifetime,
        rule=decision.rule,
        flow_version=decision.flow_version,
        head=ChainHead(),
        plan=plan,
        position=len(numbers),
        company_name=company_name,
        zone=zone,
        reply_confirms=decision.reply_confirms,
        snooze=decision.snooze,
        replies=decision.replies,
    )
    begun = begin(case, [Start(number) for number in numbers], document, people, now, times)
    data: dict[str, Json] = {
        "company": event.company,
        "document": event.document,
        "event": event.kind.value,
        "round": event.round,
        "flow_version": decision.flow_version,
        "rule": decision.rule,
        "sentence": decision.sentence,
        "alerts": list(begun.told),
        "later_steps": len(plan) - len(numbers),
    }
    entry = entry_after(ChainHead(), case_chain(event.id), now, "case.opened", data)
    return Opening(CaseWrite(begun.case, entry), begun.alerts, begun.dispatches)


def begin(
    case: Case,
    starts: Iterable[Start],
    document: Subject,
    people: People,
    now: datetime,
    times: PlanTimes,
) -> Begun:
    """Begin steps: an alert and a dispatch for each, or a stopped alert where nobody is left."""
    alerts: list[Alert] = []
    dispatches: list[Dispatch] = []
    told: list[Mapping[str, Json]] = []
    for start in starts:
        planned = _planned(case, start)
        person, channel, passed_over = _first_reachable(planned, people, start)
        if person is None and (start.tried or start.not_theirs):
            # Those who were tried have alerts, which say that it failed.
            case = hastened(case, start.step, now)
            told.append({"step": start.step, "stopped": NOBODY_ELSE, "passed_over": passed_over})
            continue
        who = person.id if person else _first(planned.candidates)
        alert = _alert(case, start, planned.step, who, channel, now)
        unlinked: dict[str, Json] = {}
        if person:
            dispatch = first_dispatch(alert, case, document, person, now, times)
            alert = replace(alert, dispatch=dispatch.id)
            dispatches.append(dispatch)
            unlinked = _unlinked(planned.step, dispatch, document)
        else:
            alert = replace(alert.stopped(StopReason.NO_CHANNEL), passed_on=True)
            case = hastened(case, start.step, now)
        alerts.append(alert)
        told.append({**_told(alert, planned, person, passed_over), **unlinked})
    return Begun(case, tuple(alerts), tuple(dispatches), tuple(told))


def _plan(decision: Decision) -> tuple[PlannedStep, ...]:
    reasons = decision.reasons or ((),) * len(decision.steps)
    return tuple(
        PlannedStep(step, candidates, why)
        for step, candidates, why in zip(decision.steps, decision.candidates, reasons, strict=True)
    )


def _planned(case: Case, start: Start) -> PlannedStep:
    """The step with everybody it may go to."""
    planned = case.plan[start.step - 1]
    known = (*planned.candidates, *start.not_theirs)
    others = [(who, why) for who, why in start.others if who not in known]
    if not others:
        return planned
    unsaid = ("",) * (len(planned.candidates) - len(planned.reasons))
    return replace(
        planned,
        candidates=(*planned.candidates, *(who for who, _ in others)),
        reasons=(*planned.reasons, *unsaid, *(why for _, why in others)),
    )


def _first_reachable(
    planned: PlannedStep, people: People, start: Start
) -> tuple[Approver | None, str, list[Mapping[str, Json]]]:
    """The first who can be told, over the step's channel or else the other one."""
    passed_over: list[Mapping[str, Json]] = []
    first = planned.step.channel
    channels = (first, *(channel for channel in CHANNELS if channel != first))
    for candidate in planned.candidates:
        if candidate in start.not_theirs:
            passed_over.append({"approver": candidate, "reason": NOT_THEIRS})
            continue
        person = people(candidate)
        if person is None:
            passed_over.append({"approver": candidate, "reason": "unknown approver"})
            continue
        obstacles: list[str] = []
        for channel in channels:
            used = (candidate, channel) in start.tried
            obstacle = f"{channel} failed" if used else person.obstacle_to(channel)
            if not obstacle:
                return person, channel, passed_over
            obstacles.append(obstacle)
        reason = "; ".join(dict.fromkeys(obstacles))
        passed_over.append({"approver": candidate, "reason": reason})
    return None, first, passed_over


def _first(candidates: tuple[str, ...]) -> str:
    return candidates[0] if candidates else "nobody"


def _alert(
    case: Case, start: Start, step: Step, recipient: str, channel: str, now: datetime
) -> Alert:
    # Over the other channel it is another alert.
    name = recipient if channel == step.channel else f"{recipient}/{channel}"
    return Alert(
        id=alert_id(case.id, start.step, start.occurrence, name),
        case_id=case.id,
        company=case.company,
        step=start.step,
        occurrence=start.occurrence,
        recipient=recipient,
        channel=channel,
        created_at=now,
    )


def first_dispatch(
    alert: Alert,
    case: Case,
    document: Subject,
    person: Approver,
    now: datetime,
    times: PlanTimes,
) -> Dispatch:
    """The first text or call for an alert of a case that has a plan."""
    new_id = dispatch_id(alert.id, 1)
    reference = reference_code(new_id)
    step = case.plan[alert.step - 1].step
    language = spoken_language(person.language)
    return Dispatch(
        id=new_id,
        company=alert.company,
        channel=alert.channel,
        recipient=alert.recipient,
        members=(Member(alert.case_id, alert.id),),
        text=event_text(
            alert.channel,
            EventKind(case.kind),
            case.company_name,
            document,
            reference,
            Manner(
                language=language,
                detail=step.detail,
                ask=_asked_reply(case),
                link=document.url if step.link else "",
            ),
        ),
        reference=reference,
        validity_seconds=_validity(case, alert.step, times),
        created_at=now,
        due_at=now,
        look_at=now + times.ring_again,
        confirm=step.confirm and alert.channel == VOICE,
        language=language if alert.channel == VOICE else "",
    )


def _unlinked(step: Step, dispatch: Dispatch, document: Subject) -> dict[str, Json]:
    """Why a text that is to have a link has none."""
    if not step.link or dispatch.voice or (document.url and document.url in dispatch.text):
        return {}
    return {"link": "left out: no room" if document.url else "left out: none of Intacct's"}


def _asked_reply(case: Case) -> Ask:
    """Beside a call a bare 1 could be a key meant for it, so the reply has to be the reference."""
    if not case.replies:
        return "nothing"
    calls = any(planned.step.channel == VOICE for planned in case.plan)
    return "reference" if calls else "one"


def _validity(case: Case, step: int, times: PlanTimes) -> int:
    """A text that Twilio could not hand over dies when the next step begins, not after it."""
    after = case.plan[step].step.after if step < len(case.plan) else None
    if not after:
        return times.validity_seconds
    return min(times.validity_seconds, max(int(after.total_seconds()), SHORTEST_VALIDITY))


def _told(
    alert: Alert,
    planned: PlannedStep,
    person: Approver | None,
    passed_over: list[Mapping[str, Json]],
) -> Mapping[str, Json]:
    reasons = dict(zip(planned.candidates, planned.reasons, strict=False))
    return {
        "alert": alert.id,
        "step": alert.step,
        "occurrence": alert.occurrence,
        "channel": alert.channel,
        "recipient": alert.recipient,
        "because": reasons.get(alert.recipient, ""),
        "number": fingerprint(person.salt, person.phone) if person else "",
        "dispatch": alert.dispatch,
        "stopped": alert.stop_reason.value if alert.stop_reason else "",
        "passed_over": passed_over,
    }
