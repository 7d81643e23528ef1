"""Rows that cannot be relied on: said with what to do, counted, and nobody is told of them."""

from __future__ import annotations

from datetime import timedelta

from ml_connector.domain.bills import BillState
from ml_connector.domain.payments import PaymentState
from tests.support.paying import PayingOffice
from tests.support.polling import Office


def test_a_user_zone_that_cannot_be_right_raises_an_alarm_that_names_the_setting() -> None:
    office = Office()
    office.intacct.zone_error = timedelta(hours=7)
    assert office.poll().outcome == "polled"
    (line,) = office.telemetry.said("zone_wrong", "error")
    assert (line.fields["company"], line.fields["hours"]) == ("acme", 7)
    assert "utc_offset of this company in the Intacct secret" in str(line.fields["fix"])
    assert "API user's time zone" in str(line.fields["fix"])
    assert office.telemetry.metrics["RowsDoubtful"] == 1


def test_a_user_zone_nobody_could_read_is_said_with_the_same_setting() -> None:
    office = Office()
    office.intacct.zone_verified = False
    office.poll()
    (line,) = office.telemetry.said("zone_unverified", "warning")
    assert "utc_offset" in str(line.fields["fix"])
    assert not office.telemetry.metrics["RowsDoubtful"]


def test_rows_with_states_without_a_meaning_are_counted_each_and_named_by_state() -> None:
    office = Office()
    for number in ("1", "2", "3"):
        office.intacct.submit(number)
    office.poll()
    office.intacct.move("1", BillState.UNKNOWN)
    office.intacct.move("2", BillState.UNKNOWN)
    office.poll()
    (line,) = office.telemetry.said("states_unknown", "warning")
    assert line.fields["rows"] == 2
    assert office.telemetry.metrics["RowsDoubtful"] == 2


def test_payments_that_cannot_be_read_or_understood_are_counted_too() -> None:
    office = PayingOffice()
    for number in ("11", "12"):
        office.paying.pay(number)
    office.paying.move("12", PaymentState.UNKNOWN)
    office.paying.quarantined = {"11"}
    office.poll()
    assert office.telemetry.metrics["RowsDoubtful"] == 2


def test_a_read_without_doubts_counts_none() -> None:
    office = PayingOffice()
    office.intacct.submit("1")
    office.paying.pay("12")
    office.poll()
    assert "RowsDoubtful" not in office.telemetry.metrics


def test_unreadable_rows_are_said_by_number_of_which_a_few_are_named() -> None:
    office = Office()
    for number in range(8):
        office.intacct.submit(str(number))
    office.intacct.quarantined = {str(number) for number in range(8)}
    office.poll()
    (line,) = office.telemetry.said("rows_quarantined", "warning")
    assert line.fields["rows"] == 8
    assert str(line.fields["problems"]).count("APBILL") == 5
    assert office.telemetry.metrics["RowsDoubtful"] == 8
