"""Telling people that nothing is read from Intacct any more, once for each silence.

The person on call has their alarm; this is for whoever would otherwise take silence for no bills.
A rule on `poll.failing` says who. The tick finds the silence, for the company's own poll may be
what does not run; the next good poll ends it. `silences` is what happens in between.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.books import Books
from ml_connector.domain.cases import CaseState
from ml_connector.domain.events import EventKind, silence_event
from ml_connector.domain.flows import DecisionContext, decide
from ml_connector.domain.hours import after_business_time
from ml_connector.domain.instants import seconds
from ml_connector.domain.people import Directory
from ml_connector.domain.planning import Opening, PlanTimes, open_case
from ml_connector.domain.silences import Silence
from ml_connector.domain.unit_of_work import CaseWrite, Change, stopped_by_the_end
from ml_connector.errors import ConnectorError, StoreConflict, StoreError

from .commit import commit_case
from .days import zone_of
from .silences import READ_AGAIN

if TYPE_CHECKING:
    from datetime import tzinfo

    from ml_connector.domain.flows import Flow, FlowCompany

    from .ports import PollPorts

#: The least that is left of a function's time for this.
_PATIENCE = timedelta(seconds=5)


def tell(flow: Flow, company: FlowCompany, since: datetime, ports: PollPorts) -> None:
    """Open the case of this silence, where a rule speaks of it and none is open.

    What cannot be written now is by a later tick.
    """
    if not flow.speaks_of(EventKind.POLL_FAILING, company.key):
        return
    wall = zone_of(company.zone, company.key, ports.telemetry)
    silence = Silence(company.key, since, wall)
    try:
        if ports.alerts.case_file(silence_event(silence).id):
            return
        opening = _opening(flow, company, silence, ports)
        if opening is None:
            return
        change = Change(
            ports.new_id(),
            cases=(opening.case,),
            alerts=opening.alerts,
            dispatches=opening.dispatches,
        )
        commit_case(change, opening.case.case.id, ports, ports.clock.now() + _PATIENCE)
    except StoreConflict:
        # Another tick was first.
        return
    except StoreError as error:
        ports.telemetry.warning(
            "failing_not_told", company=company.key, code=error.code, reason=error.safe_message
        )
    else:
        _say(opening, ports)


def over(company: FlowCompany, since: datetime | None, ports: PollPorts, until: datetime) -> None:
    """End the case of a silence that began then: a poll succeeded.

    Raises nothing of ours: what this leaves open, its next step or text finds to be over.
    """
    now = ports.clock.now()
    if since is None or now - since <= seconds(ports.timings.poll_stale):
        return
    wall = zone_of(company.zone, company.key, ports.telemetry)
    try:
        file = ports.alerts.case_file(silence_event(Silence(company.key, since, wall)).id)
        if file is None or file.case.state.ended:
            return
        case = file.case.ended(CaseState.HANDLED, READ_AGAIN, now)
        data: dict[str, Json] = {
            "because": READ_AGAIN,
            "stopped_alerts": stopped_by_the_end(file),
        }
        entry = entry_after(case.head, case.chain, now, "case.handled", data)
        change = Change(ports.new_id(), cases=(CaseWrite(case, entry),))
        commit_case(change, case.id, ports, min(until, now + _PATIENCE))
    except StoreError as error:
        ports.telemetry.warning(
            "failing_not_ended", company=company.key, code=error.code, reason=error.safe_message
        )


def _opening(
    flow: Flow, company: FlowCompany, silence: Silence, ports: PollPorts
) -> Opening | None:
    now, timings = ports.clock.now(), ports.timings
    people = Directory(ports.approvers.everybody())
    context = DecisionContext(now.astimezone(silence.wall).date(), Books(), people)
    decision = decide(flow, EventKind.POLL_FAILING, silence, context)
    if decision is None:
        return None
    for problem in decision.problems:
        ports.telemetry.warning("flow_problem", rule=decision.rule, problem=problem)
    lifetime = seconds(timings.case_lifetime)
    return open_case(
        silence_event(silence),
        silence,
        decision,
        company.name,
        people.person,
        now,
        PlanTimes(lifetime, seconds(timings.ring_again), int(timings.validity)),
        zone=company.zone,
        expires_at=_expires_at(company, silence.wall, now, lifetime),
    )


def _expires_at(company: FlowCompany, wall: tzinfo, now: datetime, lifetime: timedelta) -> datetime:
    calendar = company.calendar
    return after_business_time(now, lifetime, wall, calendar.days, calendar.holidays)


def _say(opening: Opening, ports: PollPorts) -> None:
    case, telemetry = opening.case.case, ports.telemetry
    telemetry.event("event_detected", company=case.company, kind=case.kind, event=case.id)
    for alert in opening.unreachable:
        telemetry.error(
            "approver_unreachable",
            case=case.id,
            approver=alert.recipient,
            fix="give the approver a phone number, or name another in the flow",
        )
        telemetry.count("AlertsFailed")
    if not opening.dispatches:
        return
    try:
        ports.doorbell.ring([dispatch.id for dispatch in opening.dispatches])
    except ConnectorError as error:
        # The store is the truth: the status check finds what nobody rang for.
        telemetry.warning("ring_failed", reason=error.safe_message)
