"""Bills that look like one the company had before, where a rule asks for it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ml_connector.domain.bills import PURCHASING, BillState
from ml_connector.usecases import duplicates
from tests.support.bills import COMPANY
from tests.support.faults import Fault, Killed
from tests.support.likeness import FLAG, RULE, USD_50, office_with, submit
from tests.support.paying import PayingOffice


def handled(office: PayingOffice, record_no: str, state: BillState, **facts: Any) -> None:
    """A bill that was polled while it waited, and once more when that was over."""
    submit(office, record_no, **facts)
    office.poll()
    office.intacct.move(record_no, state)
    office.poll()


def later(office: PayingOffice, days: int = 30) -> None:
    """Days on; another bill came meanwhile, so that Intacct is no longer asked about those days."""
    office.clock.forward(days=days)
    submit(office, str(1000 + len(office.intacct.bills)))
    office.poll()


def looks_like(office: PayingOffice, record_no: str) -> object:
    """The ids of the bills it was said to look like, when it was recorded."""
    return office.tables.chains[f"doc#{COMPANY}#bill#{record_no}"][0].data.get("looks_like")


@pytest.mark.parametrize("state", [BillState.POSTED, BillState.PAID])
def test_a_bill_approved_or_paid_last_month_is_found_by_its_number(state: BillState) -> None:
    office = office_with(RULE)
    handled(office, "1", state, number="INV-7")
    later(office)
    submit(office, "2", number="inv 7")
    office.poll()
    assert FLAG in office.story("2")
    assert looks_like(office, "2") == ["bill#1"]


def test_it_is_found_by_amount_and_due_date_too() -> None:
    office = office_with(RULE)
    shared = {"amount": USD_50, "due": date(2026, 12, 24)}
    handled(office, "1", BillState.POSTED, **shared)
    later(office)
    submit(office, "2", **shared)
    submit(office, "3", amount=USD_50, due=date(2027, 1, 24))
    office.poll()
    assert looks_like(office, "2") == ["bill#1"]
    assert looks_like(office, "3") is None


@pytest.mark.parametrize("state", [BillState.DECLINED, BillState.REVERSED])
def test_one_that_was_declined_or_taken_back_does_not_count(state: BillState) -> None:
    office = office_with(RULE)
    handled(office, "1", state, number="INV-7")
    later(office)
    submit(office, "2", number="INV-7")
    office.poll()
    assert looks_like(office, "2") is None


def test_one_that_was_deleted_does_not_count() -> None:
    office = office_with(RULE)
    submit(office, "1", number="INV-7")
    submit(office, "3")
    office.poll()
    office.intacct.delete("1")
    office.poll()
    submit(office, "2", number="INV-7")
    office.poll()
    assert looks_like(office, "2") is None


def test_what_counts_is_the_bill_as_it_is_stored_now() -> None:
    office = office_with(RULE)
    submit(office, "1", number="INV-7")
    office.poll()
    bill = office.intacct.bills["1"]
    office.intacct.bills["1"] = replace(bill, number="INV-8", amount=USD_50)
    office.intacct.move("1", BillState.POSTED)
    office.poll()
    later(office)
    submit(office, "2", number="INV-7")
    submit(office, "3", number="INV-8")
    office.poll()
    assert looks_like(office, "2") is None
    assert looks_like(office, "3") == ["bill#1"]


def test_after_four_hundred_days_it_is_too_long_ago() -> None:
    office = office_with(RULE)
    handled(office, "1", BillState.POSTED, number="INV-7")
    later(office, days=399)
    submit(office, "2", number="INV-7")
    office.poll()
    assert looks_like(office, "2") == ["bill#1"]
    office.intacct.move("2", BillState.DECLINED)
    later(office, days=2)
    submit(office, "3", number="INV-7")
    office.poll()
    assert looks_like(office, "3") is None


def test_a_bill_made_from_a_purchase_order_is_looked_at_like_any_other() -> None:
    office = office_with(RULE)
    handled(office, "1", BillState.POSTED, number="INV-7")
    submit(office, "3", number="INV-9")
    later(office)
    submit(office, "2", number="INV-7", module=PURCHASING)
    submit(office, "4", number="inv 9", module=PURCHASING)
    office.poll()
    assert looks_like(office, "2") == ["bill#1"]
    assert looks_like(office, "4") == ["bill#3"]


@pytest.mark.parametrize(
    "fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.LOST_REPLY, Fault.CONFLICT]
)
def test_a_bill_is_noted_exactly_when_it_is_recorded(fault: Fault) -> None:
    office = office_with(RULE)
    submit(office, "1", number="INV-7")
    office.faults.arrange("commit document.seen", fault)
    with suppress(Killed):
        office.poll()
    recorded = {document.id for document in office.tables.documents.values()}
    assert {record.document for record in office.tables.likenesses} == recorded
    office.poll(minutes=10)
    office.intacct.move("1", BillState.POSTED)
    office.poll()
    later(office)
    submit(office, "2", number="INV-7")
    office.poll()
    assert looks_like(office, "2") == ["bill#1"]


def test_a_poll_that_cannot_ask_tells_nothing_and_the_next_one_asks_again() -> None:
    office = office_with(RULE)
    handled(office, "1", BillState.POSTED, number="INV-7")
    later(office)
    submit(office, "2", number="INV-7")
    office.faults.arrange("alike", Fault.THROTTLED)
    assert office.poll().outcome == "store_unavailable"
    assert office.story("2") == []
    office.poll()
    assert looks_like(office, "2") == ["bill#1"]


def test_of_a_rule_that_came_later_bills_approved_before_are_not_known() -> None:
    office = office_with()
    handled(office, "1", BillState.POSTED, number="INV-7")
    submit(office, "2", number="INV-8")
    office.poll()
    office.with_rules(RULE)
    later(office)
    submit(office, "3", number="INV-7")
    submit(office, "4", number="INV-8")
    office.poll()
    assert looks_like(office, "3") is None
    assert looks_like(office, "4") == ["bill#2"]


def test_where_no_rule_asks_nothing_is_noted_and_nothing_is_asked() -> None:
    office = office_with()
    asked = watched(office)
    handled(office, "1", BillState.POSTED, number="INV-7")
    submit(office, "2", number="INV-7")
    office.poll()
    assert asked == []
    assert office.tables.likenesses == set()


def test_only_new_bills_are_asked_about() -> None:
    office = office_with(RULE)
    asked = watched(office)
    handled(office, "1", BillState.POSTED, number="INV-7")
    assert asked == ["V-100|number|inv7"]


def test_what_the_first_poll_finds_is_noted_and_not_asked_about() -> None:
    office = PayingOffice(baseline=False)
    office.with_rules(RULE)
    asked = watched(office)
    submit(office, "1", number="INV-7")
    office.poll()
    assert asked == []
    office.intacct.move("1", BillState.POSTED)
    office.poll()
    later(office)
    submit(office, "2", number="INV-7")
    office.poll()
    assert looks_like(office, "2") == ["bill#1"]


def test_too_many_questions_are_not_asked_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(duplicates, "MOST_QUESTIONS", 2)
    office = office_with(RULE)
    asked = watched(office)
    for record_no in "123":
        submit(office, record_no)
    office.poll()
    assert len(asked) == 2
    (line,) = office.telemetry.said("duplicates_not_looked_for")
    assert (line.fields["questions"], line.fields["reason"]) == (1, "many bills at once")
    assert all(office.story(record_no) for record_no in "123")


def test_a_store_that_is_slow_does_not_keep_people_from_hearing_of_bills(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = office_with(RULE)
    store = office.ports.documents
    alike = store.alike

    def slow(*parts: Any) -> list[str]:
        office.clock.sleep(6)
        return alike(*parts)

    monkeypatch.setattr(store, "alike", slow)
    for record_no in "123":
        submit(office, record_no)
    assert office.poll().outcome == "polled"
    (line,) = office.telemetry.said("duplicates_not_looked_for")
    assert (line.fields["questions"], line.fields["reason"]) == (1, "slow")


def watched(office: PayingOffice) -> list[str]:
    """What is asked of the store about bills of before, from now on."""
    store = office.ports.documents
    asked: list[str] = []
    alike = store.alike

    def noted(company: str, mark: str, *parts: Any) -> list[str]:
        asked.append(mark)
        return alike(company, mark, *parts)

    store.alike = noted  # type: ignore[assignment, method-assign]
    return asked
