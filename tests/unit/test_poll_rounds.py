"""What a company's bills go through, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from ml_connector.domain.bills import BillState
from ml_connector.domain.cases import CaseState, StopReason, stop_of
from tests.support.polling import Office

S, P = BillState.SUBMITTED, BillState.PARTIALLY_APPROVED


# -------------------------------------------------------------------------- the beginning
def test_bills_found_by_the_first_poll_are_remembered_and_nobody_is_told() -> None:
    office = Office(baseline=False)
    office.intacct.submit("1")
    report = office.poll()
    assert (report.outcome, report.bills, report.alerts) == ("polled", 1, 0)
    assert office.document("1").waiting
    assert not office.tables.cases
    assert not office.queue.rung
    (entry,) = office.tables.chains["doc#acme#bill#1"]
    assert "baseline: found before the first complete poll" in repr(entry.data)


def test_the_first_bill_after_that_is_told() -> None:
    office = Office(baseline=False)
    office.intacct.submit("1")
    office.poll()
    office.intacct.submit("2")
    report = office.poll()
    assert (report.events, report.alerts) == (1, 1)
    assert office.story("2") == [("bill.submitted", 1, "open")]
    assert [dispatch.recipient for dispatch in office.dispatches("2")] == ["ann"]
    assert office.queue.rung == [dispatch.id for dispatch in office.dispatches("2")]
    assert not office.cases("1")


def test_everything_before_the_first_complete_read_is_the_baseline() -> None:
    office = Office(baseline=False)
    office.intacct.submit("1")
    office.intacct.incomplete = {"changed"}
    assert office.poll().outcome == "incomplete"
    office.intacct.submit("2")
    office.poll()
    office.intacct.incomplete = set()
    office.intacct.submit("3")
    office.poll()
    assert not office.tables.cases
    office.intacct.submit("4")
    office.poll()
    assert [case.document for case in office.tables.cases.values()] == ["bill#4"]


def test_a_bill_of_the_baseline_is_told_once_something_happens_to_it() -> None:
    office = Office(baseline=False)
    office.intacct.submit("1")
    office.poll()
    office.intacct.move("1", P)
    office.poll()
    assert office.story("1") == [("bill.partially_approved", 1, "open")]


# ------------------------------------------------------------------------------- once each
def test_a_bill_read_again_in_the_overlap_is_told_once() -> None:
    office = Office()
    office.intacct.submit("1")
    for _ in range(5):
        office.poll()
    assert len(office.dispatches("1")) == 1
    assert len(office.queue.rung) == 1
    assert office.entry_kinds("doc#acme#bill#1") == ["document.seen"]


def test_a_bill_that_one_read_shows_twice_is_told_once() -> None:
    office = Office()
    office.intacct.twice = True
    office.intacct.submit("1")
    assert office.poll().outcome == "polled"
    assert len(office.dispatches("1")) == 1


def test_several_bills_of_one_read_are_told_each() -> None:
    office = Office()
    for number in range(23):
        office.intacct.submit(str(number))
    report = office.poll()
    assert (report.events, report.alerts) == (23, 23)
    assert len(set(office.queue.rung)) == 23


def test_dispatches_are_rung_for_by_the_ten() -> None:
    office = Office()
    rings: list[int] = []
    ring = office.queue.ring

    def counted(dispatch_ids: Iterable[str], delay_seconds: int = 0) -> None:
        some = list(dispatch_ids)
        rings.append(len(some))
        ring(some, delay_seconds)

    office.queue.ring = counted  # type: ignore[method-assign]
    for number in range(23):
        office.intacct.submit(str(number))
    office.poll()
    assert rings == [10, 10, 3]


# --------------------------------------------------------------------------------- rounds
def test_a_bill_declined_and_submitted_again_is_told_again() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    office.intacct.move("1", BillState.DECLINED)
    office.poll()
    office.intacct.move("1", S)
    office.poll()
    assert office.story("1") == [("bill.submitted", 1, "handled"), ("bill.submitted", 2, "open")]
    assert [case.end_reason for case in office.cases("1")] == ["bill.declined", ""]
    assert len({dispatch.id for dispatch in office.dispatches("1")}) == 2


def test_a_bill_sent_back_to_its_first_level_is_a_new_round() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    office.intacct.move("1", P)
    office.poll()
    office.intacct.move("1", S)
    office.poll()
    assert office.story("1") == [
        ("bill.submitted", 1, "handled"),
        ("bill.partially_approved", 1, "handled"),
        ("bill.submitted", 2, "open"),
    ]


def test_a_partial_approval_ends_the_first_case_and_tells_the_next_level() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    office.intacct.move("1", P)
    report = office.poll()
    assert (report.alerts, report.ended) == (1, 1)
    first, second = office.cases("1")
    assert (first.state.value, first.end_reason) == ("handled", "bill.partially_approved")
    assert (second.kind, second.state.value) == ("bill.partially_approved", "open")
    assert office.document("1").open_cases == (second.id,)


def test_a_change_while_the_bill_waits_is_told_beside_what_was_told_before() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    office.intacct.amend("1", "99.00")
    office.poll()
    assert office.story("1") == [("bill.submitted", 1, "open"), ("bill.changed", 1, "open")]
    assert len(office.document("1").open_cases) == 2


def test_a_further_change_replaces_what_was_told_of_the_change_before() -> None:
    office = Office()
    office.intacct.submit("1")
    for amount in ("10.00", "20.00", "10.00"):
        office.poll()
        office.intacct.amend("1", amount)
    office.poll()
    assert office.story("1") == [
        ("bill.submitted", 1, "open"),
        ("bill.changed", 1, "handled"),
        ("bill.changed", 1, "handled"),
        ("bill.changed", 1, "open"),
    ]
    assert len(office.document("1").open_cases) == 2


def test_a_bill_changed_very_often_still_ends_in_one_transaction() -> None:
    office = Office()
    office.intacct.submit("1")
    for amount in range(60):
        office.poll()
        office.intacct.amend("1", f"{amount}.00")
    office.intacct.move("1", BillState.POSTED)
    assert office.poll().outcome == "polled"
    assert {state for *_, state in office.story("1")} == {"handled"}


# -------------------------------------------------------------------------------- silence
@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (BillState.POSTED, "bill.approved"),
        (BillState.PAID, "bill.approved"),
        (BillState.DECLINED, "bill.declined"),
        (BillState.DRAFT, "bill.recalled"),
        (None, "bill.deleted"),
    ],
)
def test_a_bill_that_is_handled_goes_silent(state: BillState | None, reason: str) -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    if state:
        office.intacct.move("1", state)
    else:
        office.intacct.delete("1")
    report = office.poll()
    assert (report.outcome, report.ended, report.alerts) == ("polled", 1, 0)
    case = office.cases("1")[0]
    assert (case.state.value, case.end_reason) == ("handled", reason)
    assert case.ended_at == office.clock.now()
    assert [stop_of(case, alert) for alert in office.alerts("1")] == [StopReason.HANDLED]
    assert office.entry_kinds(case.chain)[-1] == "case.handled"
    assert office.document("1").open_cases == ()
    assert not office.document("1").waiting
    assert office.all_chains_hold()


def test_all_open_cases_of_a_bill_end_together() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    office.intacct.amend("1", "5.00")
    office.poll()
    office.intacct.move("1", BillState.POSTED)
    assert office.poll().ended == 2
    assert {state for *_, state in office.story("1")} == {"handled"}


def test_a_case_that_expired_before_stays_expired_and_leaves_the_document() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    case = office.cases("1")[0]
    office.tables.cases[case.id] = case.ended(CaseState.EXPIRED, "x", office.clock.now())
    office.intacct.move("1", BillState.POSTED)
    assert office.poll().ended == 0
    assert office.story("1") == [("bill.submitted", 1, "expired")]
    assert office.document("1").open_cases == ()


def test_a_state_without_a_meaning_tells_nobody_and_ends_nothing_but_is_said() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    office.intacct.move("1", BillState.UNKNOWN)
    report = office.poll()
    assert (report.outcome, report.events) == ("polled", 0)
    assert office.story("1") == [("bill.submitted", 1, "open")]
    assert office.document("1").waiting
    assert [line.fields["states"] for line in office.telemetry.said("states_unknown")] == [
        "unknown"
    ]


def test_an_event_no_rule_speaks_about_is_written_down_and_told_to_nobody() -> None:
    office = Office()
    office.intacct.submit("1", currency="EUR")
    report = office.poll()
    assert (report.events, report.alerts) == (1, 0)
    entry = office.tables.chains["doc#acme#bill#1"][0]
    assert "no rule of flow version 1" in repr(entry.data)
    assert not office.tables.cases


def test_a_case_goes_by_the_flow_that_was_in_force_when_it_was_opened() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    office.publish(rules=[])
    office.poll()
    assert [case.flow_version for case in office.cases("1")] == [1]
    office.intacct.submit("2")
    office.poll()
    assert not office.cases("2")


def test_a_poll_says_how_much_it_asked_of_intacct() -> None:
    office = Office()
    office.intacct.submit("1")
    assert office.poll().transactions == 1
    office.intacct.delete("1")
    assert office.poll().transactions == 2


def test_expiry_counts_business_days_from_when_the_case_was_opened() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    case = office.cases("1")[0]
    assert case.opened_at.strftime("%A") == "Monday"
    assert case.expires_at - case.opened_at == timedelta(days=7), "over one weekend"
