"""Where a poll starts to read: never past what an earlier one has not seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ml_connector.domain.documents import CompanyState
from ml_connector.settings import Timings
from tests.support.bills import a_bill
from tests.support.faults import Fault
from tests.support.polling import Office

OVERLAP = timedelta(seconds=Timings().watermark_overlap)


def state(office: Office) -> CompanyState:
    return office.tables.companies["acme"]


def put(office: Office, record_no: str, modified: datetime | None) -> None:
    office.intacct.bills[record_no] = a_bill(record_no, modified=modified)


def test_the_first_read_asks_for_what_waits_and_for_nothing_older() -> None:
    office = Office()
    office.poll()
    assert office.intacct.since == [None, None]
    assert state(office).watermark is None


def test_the_watermark_is_the_latest_change_seen_and_never_our_clock() -> None:
    office = Office()
    seen = office.clock.now() - timedelta(days=3)
    put(office, "1", seen - timedelta(hours=1))
    put(office, "2", seen)
    office.poll()
    assert state(office).watermark == seen
    office.poll()
    assert office.intacct.since[-1] == seen - OVERLAP


def test_the_watermark_never_moves_back() -> None:
    office = Office()
    seen = office.clock.now()
    put(office, "1", seen)
    office.poll()
    office.intacct.bills.clear()
    put(office, "2", seen - timedelta(days=1))
    office.poll()
    assert state(office).watermark == seen


def test_a_change_in_the_future_is_believed_no_further_than_it_can_be_true() -> None:
    # The API user's zone could not be read, and its times were taken for UTC.
    office = Office()
    error = timedelta(hours=9, minutes=30)
    real = office.clock.now() + timedelta(minutes=2)
    put(office, "1", real + error)
    office.intacct.zone_error = error
    office.poll()
    assert state(office).watermark == real


def test_a_bill_without_a_time_stamp_moves_nothing() -> None:
    office = Office()
    put(office, "1", None)
    assert office.poll().alerts == 1
    assert state(office).watermark is None


def test_an_incomplete_read_is_told_but_does_not_move_the_watermark() -> None:
    office = Office()
    put(office, "1", office.clock.now())
    office.poll()
    before = state(office)
    office.clock.forward(hours=1)
    put(office, "2", office.clock.now())
    office.intacct.incomplete = {"changed"}
    report = office.poll()
    assert (report.outcome, report.alerts) == ("incomplete", 1)
    after = state(office)
    assert (after.watermark, after.poll_succeeded_at) == (
        before.watermark,
        before.poll_succeeded_at,
    )
    assert after.last_error == "incomplete"
    assert office.telemetry.metrics["PollsFailed"] == 1


def test_the_watermark_moves_last() -> None:
    office = Office()
    put(office, "1", office.clock.now())
    steps: list[str] = []
    meet = office.faults.meet

    def noted(point: str, possible: object) -> Fault | None:
        if point != "read":
            steps.append(point)
        return meet(point, possible)  # type: ignore[arg-type]

    office.faults.meet = noted  # type: ignore[method-assign]
    office.poll()
    assert steps == ["lease", "commit document.seen", "ring", "finish"]


def test_a_poll_that_fails_half_way_leaves_the_watermark_where_it_was() -> None:
    office = Office()
    put(office, "1", office.clock.now())
    office.poll()
    before = state(office).watermark
    office.clock.forward(hours=1)
    put(office, "2", office.clock.now())
    office.faults.arrange("commit document.seen", *[Fault.THROTTLED] * 200)
    assert office.poll().outcome == "store_unavailable"
    assert state(office).watermark == before


def test_a_good_poll_clears_the_last_error() -> None:
    office = Office()
    office.tables.companies["acme"] = replace(state(office), last_error="source")
    office.poll()
    assert state(office).last_error == ""
    assert state(office).poll_succeeded_at == office.clock.now()
