"""People at work in a simulated company: at random, alone or several within one second.

Everything goes through the simulator's own operations, so its log is complete. What they do stays
within what the connector promises: a change whose time stamp stays, is emptied or comes very late
is only made to bills that have never left approval before. Of others, a change is found by its time
stamp alone, and so it becomes visible within the overlap.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from decimal import Decimal

from sandbox.intacct.bills import Bills
from sandbox.intacct.company import Company, ConflictError

VENDORS = ("V-100", "V-101", "V-102", "V-103")
CURRENCIES = ("USD", "USD", "EUR", "GBP")
#: The most bills a company has, and the most waiting ones deleted between two looks: with more
#: the connector doubts the ledger and cancels nothing, which is for other tests.
MOST_BILLS, MOST_DELETED = 12, 5
#: How late a change may become visible where its time stamp has to lead to it, seconds: the
#: overlap, less what a slow read may take.
OVERLAP_SURE = 600.0

_WAITING = ("Submitted", "Partially Approved")
_FROM: dict[str, tuple[tuple[str, int], ...]] = {
    "Draft": (("submit", 12), ("amend", 2), ("touch", 1), ("delete", 2)),
    "Submitted": (
        ("partially-approve", 6),
        ("approve", 6),
        ("decline", 6),
        ("recall", 5),
        ("amend", 8),
        ("touch", 4),
        ("delete", 4),
        ("recreate", 2),
    ),
    "Partially Approved": (
        ("partially-approve", 6),
        ("approve", 6),
        ("decline", 5),
        ("send back", 3),
        ("amend", 5),
        ("touch", 2),
        ("delete", 3),
        ("recreate", 1),
    ),
    "Declined": (("submit", 12), ("amend", 2), ("touch", 1), ("withdraw", 4), ("delete", 1)),
    "Posted": (("pay", 4), ("touch", 2)),
    "Selected": (("pay", 2), ("touch", 1)),
    "Paid": (("touch", 1),),
}
_STATES = {
    "send back": {"Partially Approved": "Submitted"},
    "withdraw": {"Declined": "Draft"},
    "pay": {"Posted": "Selected", "Selected": "Paid"},
}
_LEAVES = frozenset({"approve", "decline", "recall", "delete", "recreate"})


class People:
    """Those who enter, approve, change and pay bills."""

    def __init__(self, company: Company, chance: random.Random) -> None:
        self.company = company
        self.books = Bills(company)
        self._random = chance
        self._numbers = itertools.count(1)
        self._left: set[int] = set()
        self.purchasing = False
        """Whether bills also come out of purchasing; such a bill is made anew when it is edited."""
        self._orders: set[int] = set()
        self._deleted: list[int] = []
        self._deleted_late = 0

    def forget_deleted_before(self, position: int) -> None:
        """A look that began at this length of the log was written down whole."""
        self._deleted = [at for at in self._deleted if at >= position]

    # ---------------------------------------------------------------------------- at work
    def act(self) -> None:
        """One of them does something; what the books refuse is not done."""
        with self.company.lock:
            try:
                self._act()
            except ConflictError:
                # The bill is held by a change that is not visible yet.
                return

    def tie(self, size: int) -> None:
        """So many bills are entered and submitted within one second."""
        with self.company.lock:
            for _ in range(max(0, min(size, MOST_BILLS - len(self._rows())))):
                self._create(submit=True, how={})

    def touch(self, bill: int) -> None:
        """Somebody edits what matters to nobody."""
        with self.company.lock:
            self.books.edit(bill, {"description": f"note {self._random.random()}"})

    def _act(self) -> None:
        self.company.settle()
        rows = self._rows()
        if len(rows) < 2 or (len(rows) < MOST_BILLS and self._random.random() < 0.18):
            self._create(submit=self._random.random() < 0.75, how=self._how(None))
            return
        bill = self._random.choice(list(rows))
        state = str(self.company.value("APBILL", bill, "STATE"))
        choices = _FROM[state]
        (what,) = self._random.choices([c for c, _ in choices], [weight for _, weight in choices])
        if state in _WAITING and what in ("delete", "recreate") and not self._may_delete():
            return
        self._do(what, bill, state)

    def _rows(self) -> dict[int, object]:
        return dict(self.company.tables["APBILL"].rows)

    def _may_delete(self) -> bool:
        return len(self._deleted) + self._deleted_late < MOST_DELETED

    def _do(self, what: str, bill: int, state: str) -> None:
        how = self._how(bill)
        steps: dict[str, Callable[[], object]] = {
            "amend": lambda: self.books.edit(bill, {**self._amendment(bill), **how}),
            "touch": lambda: self.books.edit(
                bill, {"description": f"note {self._random.random()}", **how}
            ),
            "delete": lambda: self.books.delete(bill, how),
            "recreate": lambda: self._recreate(bill, how),
        }
        position = len(self.company.log)
        if what in _STATES:
            self.books.set_state(bill, {"state": _STATES[what][state], **how})
        elif what in steps:
            steps[what]()
        else:
            self.books.move(bill, what, how)
        if what in ("delete", "recreate") and state in _WAITING:
            late = "visible_after_seconds" in how
            self._deleted_late += late
            self._deleted += [] if late else [position]
        if what in _LEAVES:
            self._left.add(bill)
        if what == "delete" and self._random.random() < 0.2:
            self._recreate(bill, {}, "Submitted")

    def _recreate(self, bill: int, how: dict[str, object], state: str = "") -> None:
        """It is made anew, perhaps at its first level again."""
        more = {"state": state or "Submitted"} if state or self._random.random() < 0.3 else {}
        new = self.books.recreate(bill, {**how, **more, "stamp": "now"})
        if bill in self._orders:
            self._orders.add(new)

    def _create(self, *, submit: bool, how: dict[str, object]) -> None:
        body: dict[str, object] = {
            "vendor": self._random.choice(VENDORS),
            "amount": self._amount(),
            "currency": self._random.choice(CURRENCIES),
            "number": f"INV-{next(self._numbers)}",
            "submit": submit,
            **how,
        }
        if self._random.random() < 0.15:
            body["entity"] = "E100"
        order = self.purchasing and self._random.random() < 0.3
        bill = self.books.create({**body, "module": "9.PO"} if order else body)
        if order:
            self._orders.add(bill)

    def _amendment(self, bill: int) -> dict[str, object]:
        """The vendor of a purchase order does not change: it would be another order."""
        vendor = () if bill in self._orders else ("vendor",)
        what = self._random.choice(("amount", "currency", *vendor))
        values = {"vendor": VENDORS, "currency": ("USD", "EUR", "GBP")}
        return {what: self._random.choice(values[what]) if what in values else self._amount()}

    def _amount(self) -> Decimal:
        return Decimal(self._random.choice((10_000, 12_550, 99_999, 250_000))) / 100

    def _how(self, bill: int | None) -> dict[str, object]:
        """Who, with which stamp, and how late it becomes visible."""
        found: dict[str, object] = {}
        free = bill is None or bill not in self._left
        if free and self._random.random() < 0.08:
            found["stamp"] = self._random.choice(("keep", "null"))
        if self._random.random() < 0.13:
            late = self._random.choice((1.0, 30.0, OVERLAP_SURE, 5400.0 if free else 120.0))
            found["visible_after_seconds"] = self._random.uniform(0.5, late)
        return found
