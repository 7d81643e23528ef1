"""What a plan does from its first text to its last, if nobody reacts: worked out, nothing sent.

The steps are begun by the functions the deployed system begins them with. What is left out is what
others decide: that somebody replies or presses a key, that a phone is off, that the person had
enough texts today, that a call is tried again. Times are the earliest possible; the status check
looks once a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import Json
from ml_connector.domain.cases import Alert, Case
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.documents import Subject
from ml_connector.domain.hours import zone_named
from ml_connector.domain.planning import Opening, PlanTimes, Start, begin
from ml_connector.domain.plans import PlannedStep, due, seen_to, started, together, without

People = Callable[[str], Approver | None]


@dataclass(frozen=True, slots=True)
class Told:
    """One start of one step: whom it is for and what they get, or that nobody is left.

    `begun_at` is when it is ready to go, `sent_at` when the person may be disturbed; `held` says
    why that is later. `sent_at` is None where nothing goes out: nobody can be told (`recipient` is
    the first who should have been), or the plan is over by then.
    """

    step: int
    occurrence: int
    planned: PlannedStep
    begun_at: datetime
    sent_at: datetime | None
    held: str
    recipient: str
    channel: str
    text: str
    language: str
    """The IETF tag a call speaks; empty for a text."""
    zone: str
    """The zone the person is reckoned in; empty where it is UTC for want of one."""
    passed_over: tuple[tuple[str, str], ...]
    """Approver ids and reasons, in the order they were tried."""

    @property
    def because(self) -> str:
        """How the person came to be a candidate."""
        reasons = dict(zip(self.planned.candidates, self.planned.reasons, strict=False))
        return reasons.get(self.recipient, "")


def rehearse(
    opening: Opening,
    document: Subject,
    people: People,
    times: PlanTimes,
    *,
    until: datetime | None = None,
) -> tuple[Told, ...]:
    """Everything a case brings about until it expires, in the order it goes out.

    `until` is when the bill is handled; from then on nothing goes out.
    """
    case = opening.case.case
    end = min(case.expires_at, until) if until else case.expires_at
    rehearsal = _Rehearsal(case, document, people, times, end)
    rehearsal.take(opening.alerts, opening.dispatches, _told_in(opening), case.opened_at)
    rehearsal.run()
    return tuple(sorted(rehearsal.told, key=_in_order))


def _in_order(told: Told) -> tuple[datetime, int, int]:
    return told.sent_at or told.begun_at, told.step, told.occurrence


def _told_in(opening: Opening) -> Sequence[Mapping[str, Json]]:
    return cast("Sequence[Mapping[str, Json]]", opening.case.entry.data["alerts"])


class _Rehearsal:
    def __init__(
        self, case: Case, document: Subject, people: People, times: PlanTimes, end: datetime
    ) -> None:
        self._case = case
        self._document = document
        self._people = people
        self._times = times
        self._end = end
        self._on_their_way: list[Told] = []
        self.told: list[Told] = []

    def run(self) -> None:
        """Let time pass: what goes out first is seen to first, for what follows counts from it."""
        while moment := self._next():
            sent = [told for told in self._on_their_way if told.sent_at == moment]
            for told in sent:
                self._on_their_way.remove(told)
                self._case = started(self._case, told.step, told.occurrence, moment)
            if not sent:
                self._begin(moment)

    def take(
        self,
        alerts: Sequence[Alert],
        dispatches: Sequence[Dispatch],
        said: Sequence[Mapping[str, Json]],
        now: datetime,
    ) -> None:
        """Note what was begun; `said` is what the audit says of each alert."""
        made = {dispatch.id: dispatch for dispatch in dispatches}
        for alert, words in zip(alerts, said, strict=True):
            dispatch = made.get(alert.dispatch)
            told = self._of(alert, dispatch, _passed_over(words), now)
            self.told.append(told)
            if told.sent_at:
                self._on_their_way.append(told)

    def _next(self) -> datetime | None:
        look = self._case.agenda[0].at if self._case.agenda else None
        moments = [told.sent_at for told in self._on_their_way if told.sent_at]
        return min([*moments, *([look] if look and look < self._end else [])], default=None)

    def _begin(self, now: datetime) -> None:
        timers = due(self._case, now)
        case = without(self._case, timers)
        starts = [
            Start(number, timer.occurrence)
            for timer in timers
            for number in (
                together(case.plan, timer.step) if timer.occurrence == 1 else [timer.step]
            )
        ]
        case = replace(case, position=max([case.position, *(start.step for start in starts)]))
        begun = begin(case, starts, self._document, self._people, now, self._times)
        self._case = seen_to(begun.case)
        self.take(begun.alerts, begun.dispatches, begun.told, now)

    def _of(
        self,
        alert: Alert,
        dispatch: Dispatch | None,
        passed_over: tuple[tuple[str, str], ...],
        now: datetime,
    ) -> Told:
        planned = self._case.plan[alert.step - 1]
        person = self._people(alert.recipient) if dispatch else None
        sent_at, held = (now, "")
        name = next((z for z in (person.zone if person else "", self._case.zone) if z), "")
        if person and not planned.step.urgent:
            zone = zone_named(person.zone) or zone_named(self._case.zone) or UTC
            sent_at = person.hours.next_allowed(now, zone)
            held = person.hours.obstacle_at(now, zone)
        return Told(
            step=alert.step,
            occurrence=alert.occurrence,
            planned=planned,
            begun_at=now,
            sent_at=sent_at if dispatch and sent_at < self._end else None,
            held=held,
            recipient=alert.recipient,
            channel=alert.channel,
            text=dispatch.text if dispatch else "",
            language=dispatch.language if dispatch else "",
            zone=name if zone_named(name) else "",
            passed_over=passed_over,
        )


def _passed_over(words: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    said = cast("Sequence[Mapping[str, str]]", words.get("passed_over", ()))
    return tuple((one["approver"], one["reason"]) for one in said)
