"""Which companies a tick starts a poll for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ml_connector.domain.documents import CompanyState
from ml_connector.settings import Timings
from ml_connector.usecases.due import companies_due
from tests.support.polling import Office

TWO: dict[str, dict[str, str]] = {
    "acme": {"name": "Acme AP", "zone": "America/Chicago"},
    "apex": {"name": "Apex AP", "zone": "Europe/Berlin"},
}


def started(office: Office, company: str, seconds_ago: float) -> None:
    at = office.clock.now() - timedelta(seconds=seconds_ago)
    office.tables.companies[company] = CompanyState(company, fence=1, poll_started_at=at)


def test_without_a_flow_no_company_is_due() -> None:
    office = Office(baseline=False)
    office.flows.flow = None
    assert companies_due(office.ports) == []
    assert office.telemetry.said("not_configured", "event")


def test_a_company_never_polled_is_due() -> None:
    office = Office(baseline=False)
    office.publish(companies=TWO)
    assert companies_due(office.ports) == ["acme", "apex"]


def test_asking_which_are_due_asks_nothing_of_intacct() -> None:
    office = Office(baseline=False)
    companies_due(office.ports)
    assert office.intacct.since == []
    assert not office.tables.companies


def test_companies_are_due_each_by_its_own_last_poll() -> None:
    office = Office(baseline=False)
    office.publish(companies=TWO)
    started(office, "acme", 30)
    started(office, "apex", 120)
    assert companies_due(office.ports) == ["apex"]


@pytest.mark.parametrize("late", [0.0, 0.5, 2.0, 29.0])
@pytest.mark.parametrize(("interval", "ticks"), [(60, 1), (120, 2), (300, 5), (900, 15)])
def test_a_company_is_polled_at_its_interval_although_polls_begin_after_their_ticks(
    interval: float, ticks: int, late: float
) -> None:
    office = Office(baseline=False, timings=Timings(poll_interval=interval))
    late = min(late, interval / 4)
    started(office, "acme", -late)
    due = []
    for minute in range(1, ticks + 1):
        office.clock.forward(minutes=1)
        if companies_due(office.ports):
            due.append(minute)
    assert due == [ticks]


def test_an_interval_of_seconds_is_kept_too() -> None:
    office = Office(baseline=False, timings=replace(Timings(), poll_interval=1.0))
    started(office, "acme", 0.5)
    assert companies_due(office.ports) == []
    started(office, "acme", 0.75)
    assert companies_due(office.ports) == ["acme"]
