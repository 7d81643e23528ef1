"""Rules go by how a bill's lines are coded; what happens where lines cannot be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ml_connector.domain.bills import BillState
from ml_connector.domain.books import LineCoding
from ml_connector.errors import SourceError, SourceRejected, SourceUnavailable
from ml_connector.usecases.books import MOST_CODINGS, PATIENCE
from tests.support.books import FakeBooks, office_with_books, told
from tests.support.polling import Office

RULE = {
    "name": "plant",
    "on": ["bill.submitted"],
    "when": {"department": ["300"]},
    "approver": "bob",
    "notify": [{"sms": {"to": "approver"}}],
}

DOWN = SourceUnavailable("the gateway could not process the request")


def remarks(office: Office, record_no: str) -> list[object]:
    """What each entry of a bill's trail says about its lines."""
    chain = office.tables.chains[office.document(record_no).chain]
    return [entry.data.get("lines") for entry in chain]


def test_a_rule_about_a_department_goes_by_the_lines_of_the_bill() -> None:
    books = FakeBooks()
    office = office_with_books(books)
    books.code("1", "100", "300", account="6000")
    books.code("2", "100")
    for record_no in ("1", "2"):
        office.intacct.submit(record_no)
    report = office.poll()
    assert (told(office, "1"), told(office, "2")) == (["bob"], ["ann"])
    assert office.document("1").lines == (LineCoding("6000", "100"), LineCoding("6000", "300"))
    assert books.asked_lines == [("1", "2")], "one question for all bills of a poll"
    assert report.transactions == 3, "bills, lines, master data"


def test_a_poll_without_news_asks_for_no_lines() -> None:
    books = FakeBooks()
    office = office_with_books(books)
    books.code("1", "300")
    office.intacct.submit("1")
    office.poll()
    assert office.poll().transactions == 1
    assert len(books.asked_lines) == len(books.asked_books) == 1


def test_lines_are_read_again_when_the_bill_changed() -> None:
    books = FakeBooks()
    office = office_with_books(books)
    books.code("1", "100")
    office.intacct.submit("1")
    office.poll()
    books.code("1", "300")
    office.intacct.amend("1", "99.00")
    office.poll()
    assert told(office, "1") == ["ann", "bob"]


def test_a_bill_that_waits_no_longer_needs_no_lines() -> None:
    books = FakeBooks()
    office = office_with_books(books)
    books.code("1", "100")
    office.intacct.submit("1")
    office.poll()
    office.intacct.move("1", BillState.POSTED)
    assert office.poll().ended == 1
    assert len(books.asked_lines) == 1
    assert office.document("1").lines == (LineCoding(department="100"),)


def test_before_the_first_complete_poll_lines_hold_nothing_up() -> None:
    books = FakeBooks()
    office = Office(baseline=False)
    office.ports = replace(office.ports, books=lambda _company: books)
    books.errors.append(DOWN)
    office.intacct.submit("1")
    assert office.poll().outcome == "polled"
    assert remarks(office, "1") == ["not read: source_unavailable"]
    assert not books.asked_books, "nobody is told yet, so nothing is decided"


def test_lines_that_were_never_read_are_read_with_the_next_event() -> None:
    books = FakeBooks()
    office = Office(baseline=False)
    office.ports = replace(office.ports, books=lambda _company: books)
    books.errors.append(DOWN)
    office.intacct.submit("1")
    office.poll()
    office.publish(rules=[{**RULE, "on": ["bill.overdue"]}])
    books.code("1", "300")
    office.clock.forward(days=10)
    office.poll()
    assert office.document("1").lines == (LineCoding(department="300"),)
    assert told(office, "1") == ["bob"]


# ------------------------------------------------------------------------- lines that fail
@pytest.mark.parametrize(
    "error", [DOWN, SourceRejected("the query failed"), None], ids=["down", "refused", "incomplete"]
)
def test_bills_wait_for_their_lines_and_then_reach_the_right_person(
    error: SourceError | None,
) -> None:
    books = FakeBooks()
    office = office_with_books(books)
    books.code("1", "300")
    books.complete = error is not None
    books.errors.extend([error] if error else [])
    mark = office.tables.companies["acme"].watermark
    office.intacct.submit("1")
    report = office.poll()
    assert (report.outcome, report.events) == ("incomplete", 0)
    assert office.tables.companies["acme"].watermark == mark
    assert office.telemetry.said("lines_failed", "error")
    books.complete = True
    office.poll()
    assert told(office, "1") == ["bob"]
    assert office.tables.companies["acme"].lines_failing_since is None


def test_what_needs_no_lines_is_not_held_up() -> None:
    books = FakeBooks()
    office = office_with_books(books)
    books.code("1", "100")
    for record_no in ("1", "2"):
        office.intacct.submit(record_no)
    office.poll()
    books.errors.append(DOWN)
    office.intacct.move("1", BillState.POSTED)
    office.intacct.delete("2")
    office.intacct.submit("3")
    assert office.poll().ended == 2
    assert told(office, "3") == []


def test_after_some_minutes_bills_are_told_without_their_lines_and_the_trail_says_so() -> None:
    books = FakeBooks()
    office = office_with_books(books)
    books.code("1", "300")
    books.errors.extend([DOWN] * 20)
    office.intacct.submit("1")
    waited, polls = timedelta(0), 0
    while not told(office, "1"):
        began = office.clock.now()
        office.poll()
        waited, polls = waited + (office.clock.now() - began), polls + 1
    assert told(office, "1") == ["ann"]
    assert waited <= PATIENCE + timedelta(minutes=4)
    assert polls == len(books.asked_lines)
    assert remarks(office, "1") == ["not read: source_unavailable"]
    office.intacct.submit("2")
    assert office.poll().outcome == "polled", "no further bill waits while lines go on failing"
    assert told(office, "2") == ["ann"]


def test_that_lines_fail_is_remembered_by_a_poll_that_breaks_off() -> None:
    books = FakeBooks()
    office = office_with_books(books)
    office.intacct.submit("old")
    office.poll()
    since = office.clock.now() + timedelta(minutes=2)
    books.errors.append(DOWN)
    office.intacct.submit("1")
    office.intacct.hidden.add("old")
    office.intacct.read_by_key = _fails  # type: ignore[method-assign, assignment]
    assert office.poll().outcome == "source_unavailable"
    assert office.tables.companies["acme"].lines_failing_since == since


def _fails(_numbers: object) -> None:
    raise DOWN


def test_without_the_permission_nobody_waits_and_operators_hear_once() -> None:
    books = FakeBooks()
    books.permitted = False
    office = office_with_books(books)
    for record_no in ("1", "2"):
        office.intacct.submit(record_no)
        office.poll()
    assert (told(office, "1"), told(office, "2")) == (["ann"], ["ann"])
    assert len(office.telemetry.said("lines_not_permitted", "warning")) == 1
    assert remarks(office, "2") == ["not read: the API user has no permission"]


def test_lines_nobody_can_read_are_counted() -> None:
    books = FakeBooks()
    books.quarantined = 2
    office = office_with_books(books)
    office.intacct.submit("1")
    office.poll()
    (line,) = office.telemetry.said("lines_quarantined", "warning")
    assert line.fields["rows"] == 2


def test_of_very_many_codings_the_first_are_kept_and_the_trail_says_so() -> None:
    books = FakeBooks()
    office = office_with_books(books)
    books.code("1", *map(str, range(MOST_CODINGS + 1)))
    office.intacct.submit("1")
    office.poll()
    assert len(office.document("1").lines) == MOST_CODINGS
    assert remarks(office, "1") == ["the first 1000 of 1001 codings"]


# ----------------------------------------------------------- what a document keeps of a bill
def test_entity_and_description_are_kept_and_the_trail_names_the_entity() -> None:
    office = Office()
    office.intacct.submit("1")
    bill = office.intacct.bills["1"]
    office.intacct.bills["1"] = replace(bill, entity_id="E100", description="Rent of November")
    office.poll()
    document = office.document("1")
    assert (document.entity, document.description) == ("E100", "Rent of November")
    (entry,) = office.tables.chains[document.chain]
    assert entry.data["entity"] == "E100"
    assert "Rent" not in repr(entry.data)
