"""The documents table was restored to an earlier time; cases and audit were not."""

from __future__ import annotations

from copy import copy
from datetime import timedelta

from ml_connector.domain.audit import check
from ml_connector.domain.bills import BillState
from ml_connector.domain.cases import CaseState
from ml_connector.domain.documents import CompanyState, Document
from tests.support.bills import COMPANY
from tests.support.polling import Office

S, P = BillState.SUBMITTED, BillState.PARTIALLY_APPROVED

Backup = tuple[dict[tuple[str, str], Document], dict[str, CompanyState]]


def back_up(office: Office) -> Backup:
    return copy(office.tables.documents), copy(office.tables.companies)


def restore(office: Office, backup: Backup) -> None:
    documents, companies = backup
    office.tables.documents = dict(documents)
    office.tables.companies = dict(companies)


def step(office: Office, state: BillState | None) -> None:
    """The bill moves and the poll sees it."""
    if state is None:
        office.intacct.delete("1")
    elif "1" in office.intacct.bills:
        office.intacct.move("1", state)
    else:
        office.intacct.submit("1")
    assert office.poll().outcome == "polled"


def test_what_was_told_since_is_not_told_again() -> None:
    office = Office()
    backup = back_up(office)
    step(office, S)
    restore(office, backup)
    report = office.poll()
    assert (report.outcome, report.alerts) == ("polled", 0)
    assert len(office.dispatches("1")) == 1
    assert office.document("1").open_cases == tuple(case.id for case in office.cases("1"))


def test_a_case_opened_since_still_ends_with_its_bill() -> None:
    office = Office()
    step(office, S)
    backup = back_up(office)
    step(office, BillState.DECLINED)
    step(office, S)
    restore(office, backup)
    # The document says round 1, and the second round's alert may be on its way.
    step(office, BillState.POSTED)
    assert office.story("1") == [
        ("bill.submitted", 1, "handled"),
        ("bill.submitted", 2, "handled"),
    ]


def test_a_document_that_shows_nothing_new_learns_of_the_cases_it_forgot() -> None:
    office = Office()
    step(office, S)
    backup = back_up(office)
    step(office, BillState.DECLINED)
    step(office, S)
    restore(office, backup)
    office.intacct.amend("1", "12500.0")
    office.poll()
    assert office.document("1").round == 2
    assert office.cases("1")[1].id in office.document("1").open_cases
    assert len(office.dispatches("1")) == 2


def test_a_round_nobody_was_told_about_is_told_although_its_number_was_used_before() -> None:
    office = Office()
    backup = back_up(office)
    step(office, S)
    step(office, BillState.DECLINED)
    restore(office, backup)
    step(office, S)
    assert office.story("1") == [("bill.submitted", 1, "handled"), ("bill.submitted", 2, "open")]
    assert len(office.dispatches("1")) == 2


def test_a_level_approved_since_is_not_told_again_and_a_new_one_is() -> None:
    office = Office()
    step(office, S)
    backup = back_up(office)
    step(office, P)
    restore(office, backup)
    assert office.poll().alerts == 0
    assert office.story("1") == [
        ("bill.submitted", 1, "handled"),
        ("bill.partially_approved", 1, "open"),
    ]
    step(office, S)
    step(office, P)
    assert office.story("1")[2:] == [
        ("bill.submitted", 2, "handled"),
        ("bill.partially_approved", 2, "open"),
    ]


def test_a_bill_submitted_again_after_a_level_was_approved_is_a_new_round() -> None:
    office = Office()
    backup = back_up(office)
    step(office, S)
    step(office, P)
    restore(office, backup)
    step(office, S)
    assert office.story("1")[2:] == [("bill.submitted", 2, "open")]
    assert [case.state for case in office.cases("1")[:2]] == [CaseState.HANDLED] * 2


def test_a_level_approved_after_a_round_was_over_is_told() -> None:
    office = Office()
    step(office, S)
    backup = back_up(office)
    step(office, BillState.DECLINED)
    restore(office, backup)
    step(office, P)
    assert office.story("1") == [
        ("bill.submitted", 1, "handled"),
        ("bill.partially_approved", 2, "open"),
    ]


def test_an_expired_case_is_not_opened_again() -> None:
    office = Office()
    backup = back_up(office)
    step(office, S)
    case = office.cases("1")[0]
    office.tables.cases[case.id] = case.ended(CaseState.EXPIRED, "x", office.clock.now())
    restore(office, backup)
    assert office.poll().alerts == 0
    assert office.story("1") == [("bill.submitted", 1, "expired")]


def test_losing_the_documents_altogether_is_a_new_baseline_that_still_ends_what_is_open() -> None:
    office = Office()
    step(office, S)
    restore(office, ({}, {}))
    assert office.poll().alerts == 0
    step(office, BillState.POSTED)
    assert office.story("1") == [("bill.submitted", 1, "handled")]


def test_after_losing_the_documents_a_bill_nobody_ever_heard_of_is_told() -> None:
    office = Office()
    office.poll()
    restore(office, ({}, {}))
    office.intacct.submit("1")
    assert office.poll().alerts == 1


def test_that_there_were_polls_is_remembered_once_a_day() -> None:
    office = Office()
    day = office.clock.now().date()
    assert office.tables.watched == {COMPANY: day}
    office.tables.watched.clear()
    office.poll()
    assert office.tables.watched == {}
    office.poll(minutes=24 * 60)
    assert office.tables.watched == {COMPANY: day + timedelta(days=1)}


def test_a_first_poll_that_broke_off_leaves_the_company_a_new_one() -> None:
    office = Office(baseline=False)
    office.intacct.submit("1")
    office.intacct.incomplete = {"changed"}
    assert office.poll().outcome == "incomplete"
    assert office.tables.watched == {}
    office.intacct.incomplete = set()
    report = office.poll()
    assert (report.outcome, report.alerts) == ("polled", 0)
    assert COMPANY in office.tables.watched


def test_the_document_goes_on_on_a_chain_of_its_own_that_says_where_it_continues() -> None:
    office = Office()
    step(office, S)
    backup = back_up(office)
    restored_head = office.document("1").head
    step(office, BillState.DECLINED)
    step(office, S)
    restore(office, backup)
    step(office, BillState.POSTED)
    document = office.document("1")
    assert document.chain == "doc#acme#bill#1#2"
    entries = office.tables.chains[document.chain]
    assert entries[0].data["continues"] == {"chain": "doc#acme#bill#1", "seq": restored_head.seq}
    assert check(entries, document.head, document.chain, start=restored_head) is None
    assert office.entry_kinds("doc#acme#bill#1") == ["document.seen"] * 3
    step(office, BillState.PAID)
    document = office.document("1")
    assert document.chain == "doc#acme#bill#1#2"
    assert len(office.tables.chains[document.chain]) == 2
    assert "continues" not in office.tables.chains[document.chain][1].data


def test_documents_may_be_restored_more_than_once() -> None:
    office = Office()
    backup = back_up(office)
    for generation in (1, 2, 3):
        step(office, S)
        assert office.document("1").generation == generation
        step(office, BillState.DECLINED)
        restore(office, backup)
    assert office.story("1") == [
        ("bill.submitted", 1, "handled"),
        ("bill.submitted", 2, "handled"),
        ("bill.submitted", 3, "handled"),
    ]


def test_other_bills_are_told_while_one_catches_up() -> None:
    office = Office()
    backup = back_up(office)
    step(office, S)
    restore(office, backup)
    office.intacct.submit("2")
    report = office.poll()
    assert (report.outcome, report.alerts) == ("polled", 1)
    assert office.story("2") == [("bill.submitted", 1, "open")]
