"""Which companies a tick starts a poll for, and which have gone too long without a good one."""

from __future__ import annotations

from datetime import datetime, timedelta

from ml_connector.domain.documents import CompanyState
from ml_connector.domain.instants import seconds

from .ports import PollPorts

#: How late a poll may have begun after its tick, at most, seconds. The ticks come on the minute
#: and a poll begins a moment later: counted strictly, the tick at the end of the interval would
#: always come that moment too early, and every interval would be a tick longer than asked for.
LATE_START = 30.0


def companies_due(ports: PollPorts) -> list[str]:
    """The companies of the flow whose last poll is long enough ago. Asks Intacct nothing.

    One without a successful poll for too long is said to be stale, at every tick until one
    succeeds. One never polled to its end is not: its failures say so themselves.
    """
    flow = ports.flows.current()
    if flow is None:
        ports.telemetry.event("not_configured", missing="flow", fix="publish a flow")
        return []
    now = ports.clock.now()
    interval = ports.timings.poll_interval
    wait = seconds(interval - min(LATE_START, interval / 4))
    states = [ports.documents.state(company.key) for company in flow.companies]
    for state in states:
        _say_stale(state, now, ports)
    return [state.company for state in states if _is_due(state, now, wait)]


def _is_due(state: CompanyState, now: datetime, wait: timedelta) -> bool:
    return state.poll_started_at is None or state.poll_started_at + wait <= now


def _say_stale(state: CompanyState, now: datetime, ports: PollPorts) -> None:
    """Two intervals are the least: with one, every company would be stale right before its turn."""
    if state.poll_succeeded_at is None:
        return
    patience = seconds(max(ports.timings.poll_stale, 2 * ports.timings.poll_interval))
    age = now - state.poll_succeeded_at
    if age <= patience:
        return
    ports.telemetry.error(
        "poll_stale",
        company=state.company,
        minutes=age // timedelta(minutes=1),
        last_error=state.last_error or None,
        fix="see poll_failed of this company",
    )
    ports.telemetry.count("PollsFailed")
