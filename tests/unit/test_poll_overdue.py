"""Bills that wait past their due date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ml_connector.domain.bills import BillState
from tests.support.clock import START
from tests.support.paying import PayingOffice

RULE = {
    "name": "overdue",
    "on": ["bill.overdue"],
    "approver": "bob",
    "notify": [{"sms": {"to": "approver"}}],
}
YESTERDAY = date.fromordinal(START.date().toordinal() - 1)


def office_with(due: date | None, *rules: dict[str, object]) -> PayingOffice:
    """A bill due then was told of yesterday."""
    office = PayingOffice()
    office.with_rules(*rules)
    office.intacct.submit("1")
    office.intacct.bills["1"] = replace(office.intacct.bills["1"], due=due)
    office.poll()
    office.clock.forward(hours=24)
    return office


def test_an_overdue_bill_is_said_so_once_a_day_while_it_waits() -> None:
    office = office_with(YESTERDAY, RULE)
    for _ in range(3):
        office.poll()
    assert office.story("1") == [("bill.submitted", 1, "open"), ("bill.overdue", 1, "open")]
    office.clock.forward(hours=24)
    office.poll()
    assert office.story("1")[1:] == [
        ("bill.overdue", 1, "handled"),
        ("bill.overdue", 1, "open"),
    ]
    assert office.texts()[-1].endswith("Overdue, and waiting for approval in Intacct.")


def test_silence_once_it_is_handled() -> None:
    office = office_with(YESTERDAY, RULE)
    office.poll()
    office.intacct.move("1", BillState.POSTED)
    assert office.poll().ended == 2
    office.clock.forward(hours=24)
    assert office.poll().events == 0


def test_the_due_date_itself_is_not_past() -> None:
    office = office_with(date.fromordinal(YESTERDAY.toordinal() + 2), RULE)
    assert office.poll().events == 0
    office.clock.forward(hours=24)
    assert office.poll().events == 1


def test_a_bill_without_a_due_date_is_never_overdue() -> None:
    assert office_with(None, RULE).poll().events == 0


def test_a_bill_first_seen_overdue_is_said_so_from_the_next_day_on() -> None:
    office = PayingOffice()
    office.with_rules(RULE)
    office.intacct.submit("1")
    office.intacct.bills["1"] = replace(office.intacct.bills["1"], due=YESTERDAY)
    office.poll()
    assert office.poll().events == 0


def test_without_a_rule_about_it_nothing_is_written() -> None:
    office = office_with(YESTERDAY)
    office.poll()
    assert office.entry_kinds("doc#acme#bill#1") == ["document.seen"]


def test_a_bill_is_overdue_by_the_calendar_of_its_company() -> None:
    # At 03:00 UTC it is still the day before in Chicago.
    office = PayingOffice()
    office.with_rules(RULE)
    office.intacct.submit("1")
    office.intacct.bills["1"] = replace(office.intacct.bills["1"], due=START.date())
    office.poll()
    until = office.clock.now().replace(hour=3, minute=0)
    office.clock.forward(seconds=(until - office.clock.now()).total_seconds() + 86_400)
    assert office.poll().events == 0
    office.clock.forward(hours=4)
    assert office.poll().events == 1
