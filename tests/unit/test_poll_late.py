"""Bills found long after they were submitted, and companies not polled for long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ml_connector.settings import Timings
from ml_connector.usecases.due import companies_due
from tests.support.bills import a_bill
from tests.support.polling import Office


def appear(office: Office, count: int, age: timedelta) -> None:
    """So many bills are seen for the first time that were last modified so long ago."""
    for number in range(count):
        bill = a_bill(str(number), modified=office.clock.now() - age)
        office.intacct.bills[bill.record_no] = bill


def test_many_old_bills_at_once_are_recorded_and_tell_nobody() -> None:
    office = Office()
    appear(office, 6, timedelta(days=2))
    office.intacct.submit("new")
    report = office.poll()
    assert (report.events, report.alerts) == (7, 1)
    assert [case.document for case in office.tables.cases.values()] == ["bill#new"]
    for number in range(6):
        (entry,) = office.tables.chains[f"doc#acme#bill#{number}"]
        assert "found late" in repr(entry.data)
    (line,) = office.telemetry.said("bills_found_late", "error")
    assert line.fields["bills"] == 6


def test_a_bill_found_late_is_told_once_something_happens_to_it() -> None:
    office = Office()
    appear(office, 6, timedelta(days=2))
    office.poll()
    office.intacct.amend("3", "5.00")
    office.poll()
    assert office.story("3") == [("bill.changed", 1, "open")]


@pytest.mark.parametrize(
    ("count", "age"), [(5, timedelta(days=2)), (6, timedelta(hours=24))], ids=["few", "young"]
)
def test_a_few_old_bills_or_many_young_ones_are_told(count: int, age: timedelta) -> None:
    office = Office()
    appear(office, count, age)
    assert office.poll().alerts == count
    assert not office.telemetry.said("bills_found_late")


def test_what_piled_up_while_nothing_could_be_polled_is_told() -> None:
    office = Office()
    office.clock.forward(hours=80)
    appear(office, 6, timedelta(hours=50))
    assert office.poll().alerts == 6


# ------------------------------------------------------------------------------ staleness
STALE = Timings().poll_stale


def stale_after(office: Office, seconds: float) -> bool:
    office.clock.forward(seconds=seconds)
    companies_due(office.ports)
    return bool(office.telemetry.said("poll_stale", "error"))


def test_a_company_without_a_good_poll_for_too_long_is_said_so() -> None:
    assert not stale_after(Office(), STALE)
    office = Office()
    assert stale_after(office, STALE + 60)
    (line,) = office.telemetry.said("poll_stale")
    assert (line.fields["company"], line.fields["minutes"]) == ("acme", 31)
    assert office.telemetry.metrics["PollsFailed"] == 1


def test_polls_that_fail_do_not_count_as_good_ones() -> None:
    office = Office()
    office.intacct.incomplete = {"changed"}
    for _ in range(16):
        office.poll()
    assert stale_after(office, 0)
    assert office.telemetry.said("poll_stale")[0].fields["last_error"] == "incomplete"


def test_a_good_poll_ends_it() -> None:
    office = Office()
    assert stale_after(office, STALE + 60)
    office.poll()
    office.telemetry.lines.clear()
    assert not stale_after(office, 60)


def test_a_company_polled_seldom_is_not_stale_before_its_turn() -> None:
    office = Office(timings=replace(Timings(), poll_interval=3600.0))
    assert not stale_after(office, 7200)
    assert stale_after(office, 60)


def test_a_company_never_polled_is_not_stale() -> None:
    assert not stale_after(Office(baseline=False), 10 * STALE)
