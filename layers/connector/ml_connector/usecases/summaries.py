"""The Monday summary: last week of one company in an e-mail to whoever leads accounts payable.

The topic that carries it cannot tell a message from its repetition. So a try is written down before
it is published, as a case of its own, and only one that the topic certainly did not take is
followed by another: nobody gets a week twice, and where a function dies in between that week has
none.

What is read is bounded: what each person was sent in four weeks, and the cases that was about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from ml_connector.domain.audit import ChainHead, Json, entry_after
from ml_connector.domain.cases import Case, CaseState, case_chain
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.frozen import frozen
from ml_connector.domain.instants import seconds, to_text
from ml_connector.domain.summaries import (
    KIND,
    Figures,
    Published,
    Week,
    approved_in,
    figures_of,
    summary_id,
    week_before,
)
from ml_connector.domain.summary_text import summary_mail, summary_subject
from ml_connector.domain.unit_of_work import CaseWrite, Change
from ml_connector.errors import OutOfTime, StoreConflict, StoreError

from .commit import commit_case
from .days import zone_of
from .mondays import next_try

if TYPE_CHECKING:
    from ml_connector.domain.rules import FlowCompany

    from .ports import PollPorts

#: How long before the week's end something was sent that may have been approved in it.
LOOK_BACK = timedelta(days=28)
#: The newest so many texts and calls, and cases, are read.
MOST_READ = 5_000
#: Left of the function's time when reading has to be over, seconds; of a short one a quarter.
RESERVE = 20.0
_SOME = 100

PUBLISHED, REFUSED, NOBODY_KNOWS = "summary.published", "summary.refused", "summary.unknown"


class Topic(Protocol):
    """Where summaries are published. Never tries twice by itself."""

    def publish(self, subject: str, text: str) -> Published:
        """Publish one message."""


@frozen
class SummaryPorts:
    """What it works with."""

    poll: PollPorts
    topic: Topic


def summarise(key: str, ports: SummaryPorts, until: datetime) -> str:
    """Write and publish last week's summary of a company, where nobody did; what became of it.

    `until` is when this function has to be done. What fails before anything is published is said,
    and tried again by a later tick of the day.
    """
    poll = ports.poll
    flow = poll.flows.current()
    company = flow.company(key) if flow else None
    if flow is None or company is None:
        return "not_configured"
    try:
        attempt = next_try(key, poll)
        if not attempt:
            return "done_before"
        wall = zone_of(company.zone, key, poll.telemetry)
        now = poll.clock.now()
        week = week_before(now, wall)
        reserve = min(seconds(RESERVE), (until - now) / 4)
        figures = _Reading(key, week, poll, until - reserve).figures()
        case = _claimed(company, flow.version, week, figures, attempt, poll, until)
    except StoreConflict:
        # Another tick was first.
        return "done_before"
    except (StoreError, OutOfTime) as error:
        poll.telemetry.warning(
            "summary_failed", company=key, code=error.code, reason=error.safe_message
        )
        return error.code
    subject = summary_subject(company.name, week)
    outcome = ports.topic.publish(subject, summary_mail(company.name, week, figures, now, wall))
    _note(case, outcome, poll, until)
    return outcome.value


# ------------------------------------------------------------------------------- reading
@dataclass(slots=True)
class _Reading:
    """Everything the figures of one company's week are made of."""

    company: str
    week: Week
    ports: PollPorts
    end: datetime
    cut: bool = False

    def figures(self) -> Figures:
        """The figures. Raises OutOfTime, StoreUnavailable."""
        dispatches = self._dispatches()
        cases = self._cases(dispatches)
        wanted = [case.document for case, _ in cases if approved_in(case, self.week)]
        documents = self.ports.documents
        return figures_of(
            self.week,
            dispatches,
            cases,
            documents.documents(self.company, list(dict.fromkeys(wanted))),
            documents.waiting(self.company),
            cut=self.cut,
        )

    def _dispatches(self) -> list[Dispatch]:
        """What the people were sent about this company, newest first."""
        since = self.week.end - LOOK_BACK
        sent: list[tuple[datetime, str]] = []
        for person in self.ports.approvers.everybody():
            self._mind_the_time()
            for addressee in (person.id, f"{person.id}/voice"):
                found = self.ports.alerts.references(addressee, since)
                sent += [(one.at, one.dispatch_id) for one in found]
        newest = sorted(set(sent), reverse=True)
        self.cut = len(newest) > MOST_READ
        ids = list(dict.fromkeys(name for _, name in newest[:MOST_READ]))
        found_ones: list[Dispatch] = []
        for some in _in_parts(ids):
            self._mind_the_time()
            found_ones += self.ports.alerts.dispatches(some)
        return [one for one in found_ones if one.company == self.company]

    def _cases(self, dispatches: Iterable[Dispatch]) -> list[tuple[Case, tuple[str, ...]]]:
        """What that was about, each case with whom it told."""
        newest = sorted(dispatches, key=lambda one: one.created_at, reverse=True)
        names = list(dict.fromkeys(m.case_id for one in newest for m in one.members))
        self.cut = self.cut or len(names) > MOST_READ
        cases: list[tuple[Case, tuple[str, ...]]] = []
        for place, name in enumerate(names[:MOST_READ]):
            if place % _SOME == 0:
                self._mind_the_time()
            file = self.ports.alerts.case_file(name)
            if file:
                told = dict.fromkeys(alert.recipient for alert in file.alerts if alert.dispatch)
                cases.append((file.case, tuple(told)))
        return cases

    def _mind_the_time(self) -> None:
        if self.ports.clock.now() >= self.end:
            raise OutOfTime("too little time was left to read a week for its summary")


def _in_parts(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + _SOME] for start in range(0, len(ids), _SOME))


# -------------------------------------------------------------------------- writing it down
def _claimed(
    company: FlowCompany,
    flow_version: int,
    week: Week,
    figures: Figures,
    attempt: int,
    ports: PollPorts,
    until: datetime,
) -> Case:
    """The case of this try; raises StoreConflict where somebody else made it."""
    now = ports.clock.now()
    name = summary_id(company.key, week, attempt)
    case = Case(
        id=name,
        company=company.key,
        document=f"summary#{week.name}",
        kind=KIND,
        round=attempt,
        state=CaseState.OPEN,
        opened_at=now,
        expires_at=now + timedelta(days=1),
        rule="summary",
        flow_version=flow_version,
        head=ChainHead(),
        company_name=company.name,
        zone=company.zone,
    )
    data: dict[str, Json] = {
        "company": company.key,
        "document": case.document,
        "event": KIND,
        "from": to_text(week.start),
        "to": to_text(week.end),
        "attempt": attempt,
        "flow_version": flow_version,
        "approvals": figures.approvals,
        "waiting": figures.waiting,
        "texts": figures.texts,
        "calls": figures.calls,
        "alerts": [],
    }
    entry = entry_after(ChainHead(), case_chain(name), now, "case.opened", data)
    _write(CaseWrite(case, entry), ports, until)
    file = ports.alerts.case_file(name)
    return file.case if file else replace(case, head=entry.head)


def _note(case: Case, outcome: Published, ports: PollPorts, until: datetime) -> None:
    """What became of the try. Where it cannot be written the try stays open, and is the last."""
    now, telemetry = ports.clock.now(), ports.telemetry
    state = CaseState.CANCELLED if outcome is Published.NO else CaseState.HANDLED
    because = {
        Published.YES: PUBLISHED,
        Published.NO: REFUSED,
        Published.UNKNOWN: NOBODY_KNOWS,
    }[outcome]
    ended = case.ended(state, because, now)
    entry = entry_after(case.head, case.chain, now, f"case.{state.value}", {"because": because})
    if outcome is Published.YES:
        telemetry.event("summary_published", company=case.company, case=case.id)
    else:
        telemetry.error(
            "summary_not_published",
            company=case.company,
            case=case.id,
            reason=because,
            fix="see that the poll may publish to the topic; audit report has the figures",
        )
    try:
        _write(CaseWrite(ended, entry), ports, until)
    except StoreError as error:
        telemetry.warning(
            "summary_not_noted", company=case.company, case=case.id, reason=error.safe_message
        )


def _write(write: CaseWrite, ports: PollPorts, until: datetime) -> None:
    commit_case(Change(ports.new_id(), cases=(write,)), write.case.id, ports, until)
