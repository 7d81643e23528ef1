"""From an event and the flow's decision to the case, its alerts and their first dispatches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .approvers import Approver
from .audit import ChainHead, Json, entry_after
from .cases import Alert, Case, CaseState, StopReason, case_chain
from .dispatches import Dispatch, Member
from .documents import AnyDocument
from .events import Event
from .flows import Decision, Step
from .ids import alert_id, dispatch_id
from .messages import reference_code
from .phone import fingerprint
from .unit_of_work import CaseWrite
from .wording import event_sms


@dataclass(frozen=True, slots=True)
class Opening:
    """Everything that comes into being with a case."""

    case: CaseWrite
    alerts: tuple[Alert, ...]
    dispatches: tuple[Dispatch, ...]

    @property
    def unreachable(self) -> tuple[Alert, ...]:
        """Alerts nobody could be found for: they need an operator, today."""
        return tuple(alert for alert in self.alerts if alert.stop_reason)


@dataclass(frozen=True, slots=True)
class PlanTimes:
    """The lengths a plan needs."""

    case_lifetime: timedelta
    ring_again: timedelta
    validity_seconds: int


People = Callable[[str], Approver | None]


def open_case(
    event: Event,
    document: AnyDocument,
    decision: Decision,
    company_name: str,
    people: People,
    now: datetime,
    times: PlanTimes,
) -> Opening:
    """The case for an event a rule matched, with one alert per step.

    Each step goes to the first of its candidates who can be told. Whoever is passed over is named
    in the audit with the reason; a step with nobody left becomes an alert that is stopped from the
    start, so that it is seen.
    """
    alerts: list[Alert] = []
    dispatches: list[Dispatch] = []
    told: list[Mapping[str, Json]] = []
    for number, (step, candidates) in enumerate(
        zip(decision.steps, decision.candidates, strict=True), start=1
    ):
        person, passed_over = _first_reachable(candidates, people)
        alert = _alert(event, number, step, person.id if person else _first(candidates), now)
        if person:
            dispatch = _dispatch(alert, event, document, company_name, now, times)
            alerts.append(replace(alert, dispatch=dispatch.id))
            dispatches.append(dispatch)
        else:
            alerts.append(alert.stopped(StopReason.NO_CHANNEL))
        told.append(_told(alerts[-1], person, passed_over))
    case = Case(
        id=event.id,
        company=event.company,
        document=event.document,
        kind=event.kind.value,
        round=event.round,
        state=CaseState.OPEN,
        opened_at=now,
        expires_at=now + times.case_lifetime,
        rule=decision.rule,
        flow_version=decision.flow_version,
        head=ChainHead(),
    )
    data: dict[str, Json] = {
        "company": event.company,
        "document": event.document,
        "event": event.kind.value,
        "round": event.round,
        "flow_version": decision.flow_version,
        "rule": decision.rule,
        "sentence": decision.sentence,
        "alerts": told,
    }
    entry = entry_after(ChainHead(), case_chain(event.id), now, "case.opened", data)
    return Opening(CaseWrite(case, entry), tuple(alerts), tuple(dispatches))


def _first_reachable(
    candidates: tuple[str, ...], people: People
) -> tuple[Approver | None, list[Mapping[str, Json]]]:
    passed_over: list[Mapping[str, Json]] = []
    for candidate in candidates:
        person = people(candidate)
        if person and person.textable:
            return person, passed_over
        reason = person.obstacle if person else "unknown approver"
        passed_over.append({"approver": candidate, "reason": reason})
    return None, passed_over


def _first(candidates: tuple[str, ...]) -> str:
    return candidates[0] if candidates else "nobody"


def _alert(event: Event, number: int, step: Step, recipient: str, now: datetime) -> Alert:
    return Alert(
        id=alert_id(event.id, number, 1, recipient),
        case_id=event.id,
        company=event.company,
        step=number,
        occurrence=1,
        recipient=recipient,
        channel=step.channel,
        created_at=now,
    )


def _dispatch(
    alert: Alert,
    event: Event,
    document: AnyDocument,
    company_name: str,
    now: datetime,
    times: PlanTimes,
) -> Dispatch:
    new_id = dispatch_id(alert.id, 1)
    reference = reference_code(new_id)
    return Dispatch(
        id=new_id,
        company=alert.company,
        channel=alert.channel,
        recipient=alert.recipient,
        members=(Member(alert.case_id, alert.id),),
        text=event_sms(event.kind, company_name, document, reference),
        reference=reference,
        validity_seconds=times.validity_seconds,
        created_at=now,
        due_at=now,
        look_at=now + times.ring_again,
    )


def _told(
    alert: Alert, person: Approver | None, passed_over: list[Mapping[str, Json]]
) -> Mapping[str, Json]:
    return {
        "alert": alert.id,
        "step": alert.step,
        "channel": alert.channel,
        "recipient": alert.recipient,
        "number": fingerprint(person.salt, person.phone) if person else "",
        "dispatch": alert.dispatch,
        "stopped": alert.stop_reason.value if alert.stop_reason else "",
        "passed_over": passed_over,
    }


def renewed_text(text: str, old_reference: str, new_reference: str) -> str:
    """The same text with another reference at its end, for another try.

    Raises ValueError for a text that does not end with the old one.
    """
    head = text.removesuffix(old_reference)
    if head == text:
        raise ValueError("the text does not end with its reference")
    return head + new_reference
