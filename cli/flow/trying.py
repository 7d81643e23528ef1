"""What a flow would do about one event, found out with the code that does it.

The deployed poll decides and plans with `decide` and `open_case`, and so does this; nothing is
written and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo

from ml_connector.domain.approvers import Approver
from ml_connector.domain.bills import BillState
from ml_connector.domain.books import Books
from ml_connector.domain.conditions import levels_done
from ml_connector.domain.daily_lists import WAITS
from ml_connector.domain.digests import waiting_kind
from ml_connector.domain.documents import Document, Subject
from ml_connector.domain.events import Event, EventKind, event_of, silence_event
from ml_connector.domain.flows import Decision, DecisionContext, Flow, FlowCompany, decide
from ml_connector.domain.hours import after_business_time, zone_named
from ml_connector.domain.instants import seconds
from ml_connector.domain.list_hours import DailyList
from ml_connector.domain.people import Directory
from ml_connector.domain.planning import PlanTimes, open_case
from ml_connector.domain.silences import Silence
from ml_connector.settings import Timings

from .misses import Miss, misses
from .rehearsal import Told, rehearse

#: What becomes of a bill in an event, where it is not waiting as before.
_STATES = {
    EventKind.SUBMITTED: BillState.SUBMITTED,
    EventKind.PARTIALLY_APPROVED: BillState.PARTIALLY_APPROVED,
    EventKind.APPROVED: BillState.POSTED,
    EventKind.DECLINED: BillState.DECLINED,
    EventKind.RECALLED: BillState.DRAFT,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What there is to decide with: the flow, the books, the people, and how long things take."""

    flow: Flow
    books: Books
    people: Sequence[Approver]
    timings: Timings = field(default_factory=Timings)


@dataclass(frozen=True, slots=True)
class Trial:
    """What would come of one event at one moment. Without a decision nobody is told."""

    event: Event
    document: Subject
    at: datetime
    zone: tzinfo
    misses: tuple[Miss, ...]
    decision: Decision | None = None
    expires_at: datetime | None = None
    told: tuple[Told, ...] = ()
    daily_list: DailyList | None = None
    """Where while it waits it is on a list every day."""

    @property
    def today(self) -> date:
        """The company's day."""
        return self.at.astimezone(self.zone).date()


def event_for(document: Subject, kind: EventKind, today: date) -> Event:
    """The event a poll would make of this happening to the bill in its present round, today.

    Its id, and so the reference in the texts, is the real one; only that of a change depends on
    what was there before.
    """
    if isinstance(document, Silence):
        return silence_event(document)
    discriminator = ""
    if kind is EventKind.PARTIALLY_APPROVED:
        discriminator = f"level {levels_done(document)}"
    elif kind in (EventKind.OVERDUE, EventKind.REMINDER):
        discriminator = today.isoformat()
    return event_of(document.company, document.id, kind, document.round, discriminator)


def usual_kind(document: Document) -> EventKind:
    """The event a bill's waiting goes by; that it is submitted where it does not wait."""
    return waiting_kind(document) if document.waiting else EventKind.SUBMITTED


def as_in(document: Document, kind: EventKind) -> Document:
    """The bill as it is when this happens to it."""
    if kind is EventKind.DELETED:
        return replace(document, deleted=True)
    state = _STATES.get(kind)
    if state is None:
        state = document.state if document.waiting else BillState.SUBMITTED
    level = max(document.level, 1) if state is BillState.PARTIALLY_APPROVED else document.level
    if state is BillState.SUBMITTED:
        level = 0
    return replace(document, state=state, level=level, deleted=False)


def attempt(
    document: Subject,
    kind: EventKind,
    setting: Setting,
    now: datetime,
    *,
    until: datetime | None = None,
) -> Trial:
    """What the flow does about an event of this bill. KeyError for a company it does not have.

    `until` is when the bill is handled, where that is known: nothing is told after it.
    """
    flow = setting.flow
    company = flow.company(document.company)
    if company is None:
        raise KeyError(document.company)
    zone = zone_named(company.zone) or UTC
    today = now.astimezone(zone).date()
    people = Directory(setting.people)
    context = DecisionContext(today=today, books=setting.books, people=people)
    event = event_for(document, kind, today)
    decision = decide(flow, kind, document, context)
    passed_over = misses(flow, _spoken_of(flow, kind, document), document, setting.books, today)
    trial = Trial(event, document, now, zone, passed_over)
    if decision is None:
        return trial
    times = plan_times(setting.timings)
    expires_at = _expires_at(company, zone, now, times)
    opening = open_case(
        event,
        document,
        decision,
        company.name,
        people.person,
        now,
        times,
        zone=company.zone,
        expires_at=expires_at,
    )
    told = rehearse(opening, document, people.person, times, until=until)
    daily_list = company.daily_list if kind.value in WAITS else None
    return replace(
        trial, decision=decision, expires_at=expires_at, told=told, daily_list=daily_list
    )


def plan_times(timings: Timings) -> PlanTimes:
    """The lengths a plan needs, of all the times there are."""
    return PlanTimes(
        case_lifetime=seconds(timings.case_lifetime),
        ring_again=seconds(timings.ring_again),
        validity_seconds=int(timings.validity),
    )


def _spoken_of(flow: Flow, kind: EventKind, document: Subject) -> EventKind:
    """A reminder goes by what it stands for, where no rule names reminders."""
    if kind is not EventKind.REMINDER or flow.speaks_of(kind, document.company):
        return kind
    return usual_kind(document) if isinstance(document, Document) else kind


def _expires_at(company: FlowCompany, zone: tzinfo, now: datetime, times: PlanTimes) -> datetime:
    calendar = company.calendar
    return after_business_time(now, times.case_lifetime, zone, calendar.days, calendar.holidays)
