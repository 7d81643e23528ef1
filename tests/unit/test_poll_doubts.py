"""Waiting bills that show nothing but a newer time stamp."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ml_connector.domain.bills import BillState
from ml_connector.domain.doubts import WorkflowStep
from tests.support.bills import usd
from tests.support.paying import PayingOffice
from tests.support.polling import FLOW

S, P = BillState.SUBMITTED, BillState.PARTIALLY_APPROVED


def office_with(state: BillState = S) -> PayingOffice:
    """A bill was submitted, told, and is in this state now."""
    office = PayingOffice()
    office.intacct.submit("1")
    office.poll()
    if state is P:
        office.intacct.move("1", P)
        office.poll()
    return office


def touch(office: PayingOffice, *actions: str, record_no: str = "1", **edit: Any) -> None:
    """Somebody does something that leaves the bill waiting as it was, with a newer stamp."""
    bill = office.intacct.bills[record_no]
    office.clock.forward(seconds=10)
    for action in actions:
        office.history.steps.append(WorkflowStep(record_no, office.clock.now(), action))
        office.clock.forward(seconds=1)
    office.intacct.bills[record_no] = replace(bill, modified=office.clock.now(), **edit)


# -------------------------------------------------------------- with the audit history
def test_an_edit_that_was_no_workflow_step_is_no_event() -> None:
    office = office_with()
    touch(office)
    assert office.poll().events == 0
    assert office.history.asked == [("1",)]


def test_a_bill_in_doubt_is_asked_about_once() -> None:
    office = office_with()
    touch(office)
    assert office.poll().transactions == 3
    assert office.poll().transactions == 2


def test_one_question_is_asked_about_all_bills_in_doubt() -> None:
    office = office_with()
    office.intacct.submit("2")
    office.poll()
    touch(office)
    touch(office, record_no="2")
    assert office.poll().transactions == 3
    assert office.history.asked == [("1", "2")]


@pytest.mark.parametrize(
    "actions",
    [("decline", "submit"), ("recall", "Submitted"), ("bill rejected",), ("something new",)],
)
def test_a_bill_declined_and_submitted_again_between_two_polls_is_a_new_round(
    actions: tuple[str, ...],
) -> None:
    office = office_with()
    touch(office, *actions)
    assert office.poll().alerts == 1
    assert office.story("1") == [("bill.submitted", 1, "handled"), ("bill.submitted", 2, "open")]
    assert repr(", ".join(actions).lower()) in repr(
        office.tables.chains["doc#acme#bill#1"][-1].data
    )


@pytest.mark.parametrize(
    ("actions", "level"), [(("approve",), 2), (("approve", "approve"), 3), (("something new",), 2)]
)
def test_a_further_level_approved_is_told_to_the_next(actions: tuple[str, ...], level: int) -> None:
    office = office_with(P)
    touch(office, *actions)
    assert office.poll().alerts == 1
    assert office.story("1")[1:] == [
        ("bill.partially_approved", 1, "handled"),
        ("bill.partially_approved", 1, "open"),
    ]
    assert office.document("1").level == level


def test_a_partly_approved_bill_that_began_again_is_a_new_round() -> None:
    office = office_with(P)
    touch(office, "decline", "submit", "approve")
    office.poll()
    assert office.story("1")[-1] == ("bill.partially_approved", 2, "open")


def test_steps_of_before_the_last_look_and_of_other_bills_do_not_count() -> None:
    office = office_with()
    seen = office.document("1").modified
    assert seen
    office.history.steps += [
        WorkflowStep("1", seen, "submit"),
        WorkflowStep("2", seen + timedelta(seconds=5), "submit"),
    ]
    touch(office)
    assert office.poll().events == 0


def test_steps_taken_after_the_row_was_read_wait_for_the_next_look() -> None:
    office = office_with()
    touch(office)
    seen = office.intacct.bills["1"].modified
    assert seen
    office.history.steps.append(WorkflowStep("1", seen + timedelta(seconds=1), "approve"))
    assert office.poll().events == 0


def test_an_approval_in_the_second_the_row_was_read_is_no_new_submission() -> None:
    office = office_with()
    touch(office, "approve")
    seen = office.intacct.bills["1"].modified
    assert seen
    office.history.steps = [WorkflowStep("1", seen, "approve")]
    assert office.poll().events == 0


def test_a_zone_that_cannot_be_read_for_a_while_is_no_reason_to_ask() -> None:
    office = office_with()
    bill = office.intacct.bills["1"]
    assert bill.modified
    for hours in (9.5, 0, -7, 0):
        stamp = bill.modified + timedelta(hours=hours)
        office.intacct.bills["1"] = replace(bill, modified=stamp, zone_known=hours == 0)
        assert office.poll().events == 0
    assert office.history.asked == []


EDITS = {
    "amount": {"amount": usd("99.00")},
    "vendor": {"vendor_id": "V-200", "vendor_name": "Cole Pipes"},
    "due": {"due": None},
    "number": {"number": "4711-A"},
    "vendor_name": {"vendor_name": "Baker Steel Inc"},
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_bill_declined_corrected_and_submitted_again_is_a_new_round(edit: str) -> None:
    office = office_with()
    touch(office, "decline", "submit", **EDITS[edit])
    assert office.poll().alerts == 1
    assert office.story("1") == [("bill.submitted", 1, "handled"), ("bill.submitted", 2, "open")]


@pytest.mark.parametrize("edit", EDITS)
def test_a_correction_without_a_workflow_step_begins_no_round(edit: str) -> None:
    office = office_with()
    touch(office, **EDITS[edit])
    office.poll()
    told = [("bill.changed", 1, "open")] if edit in ("amount", "vendor") else []
    assert office.story("1") == [("bill.submitted", 1, "open"), *told]


def test_a_partly_approved_bill_of_another_amount_that_came_a_level_further_is_told_once() -> None:
    office = office_with(P)
    touch(office, "approve", **EDITS["amount"])
    assert office.poll().alerts == 1
    assert office.story("1")[-1] == ("bill.partially_approved", 1, "open")
    assert "USD 99.00" in office.texts()[-1]


def test_a_change_that_leaves_the_stamp_as_it_was_is_not_asked_about() -> None:
    office = office_with()
    bill = office.intacct.bills["1"]
    office.intacct.bills["1"] = replace(bill, amount=usd("99.00"), due=None)
    assert office.poll().events == 1
    assert office.history.asked == []


# ----------------------------------------------------------- without the audit history
def test_without_the_history_people_are_reminded_at_most_once_a_day() -> None:
    office = office_with()
    office.history.permitted = False
    events = []
    for _ in range(3):
        touch(office)
        events.append(office.poll().events)
    assert events == [1, 0, 0]
    assert office.story("1") == [("bill.submitted", 1, "open"), ("bill.reminder", 1, "open")]
    assert office.texts()[-1].endswith("Edited, and still waiting for approval in Intacct.")
    assert office.tables.chains["doc#acme#bill#1"][1].data["events"][0]["kind"] == "bill.reminder"  # type: ignore[call-overload,index]


@pytest.mark.parametrize("edit", ["due", "number", "vendor_name"])
def test_without_the_history_a_correction_may_be_a_new_submission_and_reminds(edit: str) -> None:
    office = office_with()
    office.history.permitted = False
    touch(office, "decline", "submit", **EDITS[edit])
    office.poll()
    touch(office, due=None, number="4711-B")
    office.poll()
    assert office.story("1") == [("bill.submitted", 1, "open"), ("bill.reminder", 1, "open")]


def test_whoever_is_told_of_another_amount_is_not_reminded_as_well() -> None:
    office = office_with()
    office.history.permitted = False
    touch(office, "decline", "submit", **EDITS["amount"])
    assert office.poll().alerts == 1
    assert office.story("1") == [("bill.submitted", 1, "open"), ("bill.changed", 1, "open")]
    last = office.tables.chains["doc#acme#bill#1"][-1].data
    assert last["history"] == "not read: the API user has no permission"


def test_where_no_rule_speaks_of_changes_another_amount_reminds() -> None:
    office = office_with()
    office.history.permitted = False
    (rule,) = FLOW["rules"]
    office.publish(rules=[{**rule, "on": ["bill.submitted"]}])
    touch(office, "decline", "submit", **EDITS["amount"])
    assert office.poll().alerts == 1
    assert office.story("1") == [("bill.submitted", 1, "open"), ("bill.reminder", 1, "open")]


def test_another_day_brings_another_reminder_in_place_of_the_first() -> None:
    office = office_with()
    office.history.permitted = False
    touch(office)
    office.poll()
    office.clock.forward(hours=24)
    touch(office)
    office.poll()
    assert office.story("1") == [
        ("bill.submitted", 1, "open"),
        ("bill.reminder", 1, "handled"),
        ("bill.reminder", 1, "open"),
    ]


def test_a_reminder_goes_to_those_the_rule_for_its_state_names() -> None:
    office = office_with(P)
    office.history.permitted = False
    touch(office)
    office.poll()
    assert [d.recipient for d in office.dispatches("1")] == ["ann", "ann", "ann"]
    assert office.story("1")[-1] == ("bill.reminder", 1, "open")


def test_the_company_s_day_counts_and_not_ours() -> None:
    # 05:30 and 06:30 UTC are two days in Chicago in winter.
    office = office_with()
    office.history.permitted = False
    now = office.clock.now()
    midnight = now.replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=1)
    office.clock.forward(seconds=(midnight - timedelta(minutes=30) - now).total_seconds())
    touch(office)
    office.poll()
    office.clock.forward(minutes=60)
    touch(office)
    office.poll()
    assert [kind for kind, *_ in office.story("1")].count("bill.reminder") == 2


def test_where_histories_are_not_followed_a_newer_stamp_is_only_remembered() -> None:
    office = office_with()
    office.ports = replace(office.ports, history=lambda _: None)
    touch(office)
    assert office.poll().events == 0
    assert office.document("1").modified == office.intacct.bills["1"].modified


def test_a_bill_only_its_key_leads_to_is_asked_about_too() -> None:
    office = office_with()
    touch(office, "decline", "submit")
    office.intacct.hidden = {"1"}
    assert office.poll().alerts == 1
    assert office.story("1")[-1] == ("bill.submitted", 2, "open")
