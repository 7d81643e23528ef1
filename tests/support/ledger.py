"""A company's bills in memory, as a poll reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from ml_connector.domain.bills import Bill, BillsRead, BillState
from ml_connector.domain.money import Money
from ml_connector.errors import SourceUnavailable

from .clock import HandClock


class Ledger:
    """The BillSource port, and the hands of the people who work in Intacct."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self._bills: dict[str, Bill] = {}
        self.down = False
        """Whether Intacct cannot be reached."""

    def submit(self, number: str, amount: str = "12500.00", vendor: str = "Baker Steel") -> Bill:
        """A bill is submitted for approval; its record number is its number."""
        bill = Bill(
            record_no=number,
            number=number,
            vendor_id="V-100",
            vendor_name=vendor,
            amount=Money(Decimal(amount), "USD"),
            state=BillState.SUBMITTED,
            state_text="Submitted",
            due=date(2026, 11, 30),
            modified=self._clock.second(),
        )
        self._bills[number] = bill
        return bill

    def knows(self, number: str) -> bool:
        """Whether the bill was submitted."""
        return number in self._bills

    def approve(self, number: str) -> None:
        """The last approver approves."""
        self._move(number, BillState.POSTED)

    def approve_partly(self, number: str) -> None:
        """One level approves; the next has to."""
        self._move(number, BillState.PARTIALLY_APPROVED)

    def decline(self, number: str) -> None:
        """An approver says no."""
        self._move(number, BillState.DECLINED)

    def _move(self, number: str, state: BillState) -> None:
        bill = self._bills[number]
        self._bills[number] = replace(
            bill, state=state, state_text=state.value, modified=self._clock.second()
        )

    # ----------------------------------------------------------------------- the port
    def read_waiting_and_changed(self, since: datetime | None) -> BillsRead:
        if self.down:
            raise SourceUnavailable("Intacct does not answer")
        since = since and since.replace(microsecond=0)
        bills = tuple(
            bill
            for bill in self._bills.values()
            if bill.state.waiting or (since and bill.modified and bill.modified >= since)
        )
        return BillsRead(bills, complete=True, transactions=1)

    def read_by_key(self, record_numbers: Sequence[str]) -> BillsRead:
        bills = tuple(
            self._bills[one] for one in dict.fromkeys(record_numbers) if one in self._bills
        )
        return BillsRead(bills, complete=True, transactions=1 if record_numbers else 0)


class OneCompany:
    """The Companies port with the one company of these tests."""

    def __init__(self, key: str, ledger: Ledger) -> None:
        self._key = key
        self._ledger = ledger

    def source(self, company: str) -> Ledger | None:
        return self._ledger if company == self._key else None
