"""Master data: who approves a vendor's bills, what stands above what; read when it is asked for."""

from __future__ import annotations

from dataclasses import replace

from ml_connector.domain.books import Books
from tests.support.books import FakeBooks, give, office_with_books, told

#: Rules that leave it to the books who approves.
BY_VENDOR = {
    "rules": [
        {
            "name": "waiting",
            "on": ["bill.submitted"],
            "notify": [{"sms": {"to": "approver"}}],
        }
    ]
}


def test_the_vendors_bill_approver_is_told_where_no_rule_names_anybody() -> None:
    books = FakeBooks()
    books.books = Books(bill_approvers={"V-100": "bob.approver"})
    office = office_with_books(books, **BY_VENDOR)
    give(office, "bob", user="bob.approver")
    office.intacct.submit("1")
    office.poll()
    assert told(office, "1") == ["bob"]
    assert books.asked_books == [(set(), {"V-100"})]


def test_a_hierarchy_is_read_once_a_poll_and_only_where_bills_use_it() -> None:
    books = FakeBooks()
    books.books = Books(parents={"department": {"310": "300"}})
    office = office_with_books(books)
    books.code("1", "310", location="L1")
    books.code("2", "310")
    for record_no in ("1", "2"):
        office.intacct.submit(record_no)
    office.poll()
    assert told(office, "1") == told(office, "2") == ["bob"]
    assert books.asked_books == [({"department"}, {"V-100"})]


def test_entities_are_asked_for_where_a_rule_names_one() -> None:
    books = FakeBooks()
    books.books = Books(parents={"entity": {"E110": "E100"}})
    rule = {"name": "north", "on": ["bill.submitted"], "when": {"entity": ["E100"]}}
    notify = {"approver": "bob", "notify": [{"sms": {"to": "approver"}}]}
    office = office_with_books(books, rules=[{**rule, **notify}])
    office.intacct.submit("1")
    office.intacct.bills["1"] = replace(office.intacct.bills["1"], entity_id="E110")
    office.intacct.submit("2")
    office.poll()
    assert (told(office, "1"), told(office, "2")) == (["bob"], [])
    assert books.asked_books == [({"entity"}, {"V-100"})]


def test_events_no_rule_speaks_of_ask_for_nothing() -> None:
    books = FakeBooks()
    office = office_with_books(books, **BY_VENDOR)
    office.intacct.submit("1")
    office.poll()
    office.intacct.amend("1", "5.00")
    office.poll()
    assert len(books.asked_books) == 1


def test_what_may_not_be_read_or_failed_is_said_and_holds_nothing_up() -> None:
    books = FakeBooks()
    books.answer = {"refused": ("department",), "failed": ("vendor",), "kept": ("vendor",)}
    books.answer["cut"] = ("project",)
    office = office_with_books(books)
    office.intacct.submit("1")
    assert office.poll().outcome == "polled"
    assert told(office, "1") == ["ann"]
    said = {name: office.telemetry.said(name, "warning")[0].fields for name in NAMES}
    assert said["books_not_permitted"]["objects"] == "department"
    assert (said["books_failed"]["objects"], said["books_failed"]["kept"]) == ("vendor", "vendor")
    assert said["books_cut"]["objects"] == "project"


NAMES = ("books_not_permitted", "books_failed", "books_cut")
