"""What it means that a read does not show a bill: nothing, until Intacct has been asked again."""

from __future__ import annotations

import pytest

from ml_connector.domain.bills import BillState
from tests.support.polling import Office


def office_with(count: int) -> Office:
    """An office where so many bills were told and wait."""
    office = Office()
    for number in range(count):
        office.intacct.submit(str(number))
    office.poll()
    return office


def test_a_bill_that_an_incomplete_read_does_not_show_is_not_gone() -> None:
    office = office_with(1)
    office.intacct.delete("0")
    office.intacct.incomplete = {"changed"}
    assert office.poll().outcome == "incomplete"
    assert office.intacct.by_key == []
    assert office.story("0") == [("bill.submitted", 1, "open")]
    assert office.telemetry.said("read_incomplete", "warning")


def test_a_bill_the_read_left_out_is_asked_for_by_its_key() -> None:
    office = office_with(3)
    office.intacct.hidden = {"1"}
    report = office.poll()
    assert office.intacct.by_key == [("1",)]
    assert (report.outcome, report.events) == ("polled", 0)
    assert office.document("1").waiting


def test_a_bill_that_moved_on_unnoticed_is_seen_by_its_key() -> None:
    office = office_with(1)
    office.intacct.move("0", BillState.POSTED)
    office.intacct.hidden = {"0"}
    office.poll()
    assert [case.end_reason for case in office.cases("0")] == ["bill.approved"]


def test_a_bill_that_changed_unnoticed_is_seen_by_its_key() -> None:
    office = office_with(1)
    office.intacct.amend("0", "7.00")
    office.intacct.hidden = {"0"}
    office.poll()
    assert [kind for kind, *_ in office.story("0")] == ["bill.submitted", "bill.changed"]


def test_a_bill_without_a_row_was_deleted() -> None:
    office = office_with(1)
    office.intacct.delete("0")
    office.poll()
    assert [case.end_reason for case in office.cases("0")] == ["bill.deleted"]
    assert office.document("0").deleted


def test_a_deleted_bill_is_asked_for_once() -> None:
    office = office_with(1)
    office.intacct.delete("0")
    office.poll()
    office.poll()
    assert office.intacct.by_key == [("0",)]


def test_nothing_is_gone_when_the_second_read_is_incomplete() -> None:
    office = office_with(2)
    office.intacct.delete("0")
    office.intacct.hidden = {"1"}
    office.intacct.move("1", BillState.DECLINED)
    office.intacct.incomplete = {"key"}
    before = office.tables.companies["acme"].watermark
    assert office.poll().outcome == "incomplete"
    assert office.document("0").waiting
    # What it does show is as true as ever.
    assert [case.end_reason for case in office.cases("1")] == ["bill.declined"]
    assert office.tables.companies["acme"].watermark == before
    office.intacct.incomplete = set()
    office.poll()
    assert office.document("0").deleted


@pytest.mark.parametrize("incomplete", [set(), {"key"}])
def test_many_missing_from_an_incomplete_second_read_are_no_reason_for_an_alarm_of_their_own(
    incomplete: set[str],
) -> None:
    office = office_with(8)
    office.intacct.delete(*(str(number) for number in range(8)))
    office.intacct.incomplete = incomplete
    report = office.poll()
    assert report.outcome == ("incomplete" if incomplete else "polled")
    assert bool(office.telemetry.said("bills_vanished")) is not bool(incomplete)


def test_a_bill_whose_row_nobody_can_read_is_not_gone() -> None:
    office = office_with(3)
    office.intacct.delete("0")
    office.intacct.quarantined = {"1"}
    report = office.poll()
    assert report.outcome == "polled"
    # One of the two has a row that could not be read, and nobody knows which.
    assert office.document("0").waiting
    assert office.document("1").waiting
    assert [line.fields["rows"] for line in office.telemetry.said("rows_quarantined")] == [1, 1]
    office.intacct.quarantined = set()
    office.poll()
    assert office.document("0").deleted
    assert office.document("1").waiting


def test_one_unreadable_row_does_not_keep_other_bills_from_being_told() -> None:
    office = office_with(1)
    office.intacct.quarantined = {"0"}
    office.intacct.submit("new")
    assert office.poll().alerts == 1


# --------------------------------------------------------------------- too many at once
def test_five_bills_may_vanish_at_once() -> None:
    office = office_with(5)
    office.intacct.delete("0", "1", "2", "3", "4")
    assert office.poll().ended == 5
