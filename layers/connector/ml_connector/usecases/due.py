"""Which companies a tick starts a poll for, and which have gone too long without a good one."""

from __future__ import annotations

from datetime import datetime, timedelta

from ml_connector.domain.documents import CompanyState
from ml_connector.domain.flows import Flow, FlowCompany
from ml_connector.domain.instants import seconds

from . import failing
from .days import zone_of
from .ports import PollPorts

#: How late a poll may have begun after its tick, at most. The ticks come on the minute and a poll
#: begins a moment later: counted strictly, the tick at the end of the interval would always come
#: that moment too early, and every interval would be a tick longer than asked for.
LATE_START = timedelta(seconds=30)


def companies_due(ports: PollPorts) -> list[str]:
    """The companies of the flow whose last poll is long enough ago. Asks Intacct nothing.

    How long that is, each company's calendar says for this moment. One without a successful poll
    for too long is said to be stale, at every tick until one succeeds. One never polled to its end
    is not: its failures say so themselves.
    """
    flow = ports.flows.current()
    if flow is None:
        ports.telemetry.event("not_configured", missing="flow", fix="publish a flow")
        return []
    now = ports.clock.now()
    due = []
    for company in flow.companies:
        state = ports.documents.state(company.key)
        _say_stale(state, flow, company, now, ports)
        if _is_due(state, company, now, ports):
            due.append(company.key)
    return due


def _is_due(state: CompanyState, company: FlowCompany, now: datetime, ports: PollPorts) -> bool:
    if state.poll_started_at is None:
        return True
    zone = zone_of(company.zone, company.key, ports.telemetry)
    interval = company.calendar.interval_at(now, zone) * ports.timings.poll_scale
    return state.poll_started_at + interval - min(LATE_START, interval / 4) <= now


def _say_stale(
    state: CompanyState, flow: Flow, company: FlowCompany, now: datetime, ports: PollPorts
) -> None:
    """Two of the longest intervals are the least: with one, every company would be stale right
    before its turn. Maintenance is not held against anybody, nor is the time until its end."""
    calendar, timings = company.calendar, ports.timings
    if state.poll_succeeded_at is None or calendar.maintenance_at(now):
        return
    longest = calendar.longest_interval * timings.poll_scale
    silence = now - calendar.silent_since(state.poll_succeeded_at, now)
    if silence <= max(seconds(timings.poll_stale), 2 * longest):
        return
    ports.telemetry.error(
        "poll_stale",
        company=company.key,
        minutes=(now - state.poll_succeeded_at) // timedelta(minutes=1),
        last_error=state.last_error or None,
        fix="see poll_failed of this company",
    )
    ports.telemetry.count("PollsFailed")
    failing.tell(flow, company, state.poll_succeeded_at, ports)
