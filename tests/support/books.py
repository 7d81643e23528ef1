"""Lines and master data in memory, as a poll reads them."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from ml_connector.domain.approvers import Approver
from ml_connector.domain.books import Books, BooksRead, LineCoding, LinesRead
from ml_connector.errors import ConnectorError

from .polling import Office


class FakeBooks:
    """The BooksSource port. `errors` are raised by reads of lines, one after the other."""

    def __init__(self) -> None:
        self.lines: dict[str, tuple[LineCoding, ...]] = {}
        self.books = Books()
        self.permitted = True
        self.told_of_the_refusal = False
        self.complete = True
        self.quarantined = 0
        self.errors: deque[ConnectorError] = deque()
        self.answer: dict[str, tuple[str, ...]] = {}
        self.asked_lines: list[tuple[str, ...]] = []
        self.asked_books: list[tuple[set[str], set[str]]] = []

    def code(self, record_no: str, *departments: str, **others: str) -> None:
        """The bill gets one line for each of these departments."""
        self.lines[record_no] = tuple(
            LineCoding(department=department, **others) for department in departments
        )

    def read_lines(self, record_numbers: Sequence[str]) -> LinesRead:
        self.asked_lines.append(tuple(record_numbers))
        if self.errors:
            raise self.errors.popleft()
        if not self.permitted:
            cost = 0 if self.told_of_the_refusal else 1
            self.told_of_the_refusal = True
            return LinesRead(permitted=False, transactions=cost)
        found = {no: self.lines[no] for no in record_numbers if no in self.lines}
        return LinesRead(
            found, complete=self.complete, transactions=1, quarantined=self.quarantined
        )

    def read_books(self, dimensions: Collection[str], vendors: Collection[str]) -> BooksRead:
        self.asked_books.append((set(dimensions), set(vendors)))
        return BooksRead(self.books, transactions=1, **self.answer)


#: Bills of department 300 are Bob's, all others Ann's.
BY_DEPARTMENT: dict[str, Any] = {
    "rules": [
        {
            "name": "plant",
            "on": ["bill.submitted", "bill.partially_approved", "bill.changed"],
            "when": {"department": ["300"]},
            "approver": "bob",
            "notify": [{"sms": {"to": "approver"}}],
        },
        {
            "name": "everything else",
            "on": ["bill.submitted", "bill.partially_approved", "bill.changed", "bill.overdue"],
            "approver": "ann",
            "notify": [{"sms": {"to": "approver"}}],
        },
    ]
}


def office_with_books(books: FakeBooks, **flow: Any) -> Office:
    """An office whose flow goes by departments, and whose poll may read lines and books."""
    office = Office()
    office.ports = replace(office.ports, books=lambda _company: books)
    office.publish(**{**BY_DEPARTMENT, **flow})
    return office


def told(office: Office, record_no: str) -> list[str]:
    """Who is told of a bill, in the order of its alerts."""
    return [alert.recipient for alert in office.alerts(record_no)]


def give(office: Office, name: str, **changes: Any) -> Approver:
    """Change a person."""
    person = replace(office.approvers.people[name], **changes)
    office.approvers.put(person)
    return person
