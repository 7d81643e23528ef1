"""Which companies a tick starts a poll for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ml_connector.domain.documents import CompanyState
from ml_connector.settings import Timings
from ml_connector.usecases.due import companies_due
from tests.support.polling import Office

#: Here it is a Monday, half past three in Chicago and half past ten in Berlin.
TWO: dict[str, dict[str, str]] = {
    "acme": {"name": "Acme AP", "zone": "America/Chicago"},
    "apex": {"name": "Apex AP", "zone": "Europe/Berlin"},
}


def with_calendar(office: Office, **calendar: Any) -> None:
    """The company is polled as this calendar says."""
    office.publish(companies={"acme": {**TWO["acme"], "calendar": calendar}})


def every(seconds: int) -> dict[str, int]:
    return dict.fromkeys(("working", "close", "otherwise"), seconds)


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
    started(office, "acme", 120)
    started(office, "apex", 120)
    assert companies_due(office.ports) == ["apex"]
    started(office, "acme", 900)
    started(office, "apex", 30)
    assert companies_due(office.ports) == ["acme"]


def test_a_company_becomes_due_more_often_when_its_day_begins() -> None:
    office = Office(baseline=False)
    due = []
    for _ in range(4 * 60):
        for company in companies_due(office.ports):
            started(office, company, 0)
            due.append(office.clock.now())
        office.clock.forward(minutes=1)
    assert [f"{at:%H:%M}" for at in due if at.hour < 13] == [
        f"{hour:02d}:{minute:02d}" for hour in range(9, 13) for minute in (0, 15, 30, 45)
    ][2:]
    assert [f"{at:%M}" for at in due if at.hour == 13] == [f"{n:02d}" for n in range(0, 30, 2)]


def test_a_zone_the_machine_does_not_know_counts_as_utc_and_is_said() -> None:
    office = Office(baseline=False)
    office.publish(companies={"acme": {**TWO["acme"], "zone": "America/Chicagoo"}})
    started(office, "acme", 120)
    assert companies_due(office.ports) == ["acme"]
    assert office.telemetry.said("zone_unknown", "warning")


@pytest.mark.parametrize("late", [0.0, 0.5, 2.0, 29.0])
@pytest.mark.parametrize(("interval", "ticks"), [(60, 1), (120, 2), (300, 5), (900, 15)])
def test_a_company_is_polled_at_its_interval_although_polls_begin_after_their_ticks(
    interval: int, ticks: int, late: float
) -> None:
    office = Office(baseline=False)
    with_calendar(office, intervals=every(interval))
    late = min(late, interval / 4)
    started(office, "acme", -late)
    due = []
    for minute in range(1, ticks + 1):
        office.clock.forward(minutes=1)
        if companies_due(office.ports):
            due.append(minute)
    assert due == [ticks]


def test_the_sandbox_shortens_all_intervals() -> None:
    office = Office(baseline=False, timings=Timings(poll_scale=1 / 900))
    started(office, "acme", 0.5)
    assert companies_due(office.ports) == []
    started(office, "acme", 0.75)
    assert companies_due(office.ports) == ["acme"]
