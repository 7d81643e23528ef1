"""A company that wants to hear of bills that look like another one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from ml_connector.domain.money import Money

from .paying import PayingOffice

RULE: dict[str, object] = {
    "name": "duplicates",
    "on": ["bill.possible_duplicate"],
    "approver": "bob",
    "notify": [{"sms": {"to": "approver"}}],
}
#: How such a bill stands in the story of its cases.
FLAG = ("bill.possible_duplicate", 1, "open")
USD_50 = Money(Decimal("50.00"), "USD")


def office_with(*rules: dict[str, object]) -> PayingOffice:
    """A company with these rules before its others, polled once."""
    office = PayingOffice()
    office.with_rules(*rules)
    office.poll()
    return office


def submit(office: PayingOffice, record_no: str, **facts: Any) -> None:
    """A bill that looks like no other one, but for these facts."""
    office.intacct.submit(record_no)
    alone = {
        "number": f"INV-{record_no}",
        "amount": Money(Decimal(f"{record_no}00.00"), "USD"),
        "due": None,
        "vendor_id": "V-100",
    }
    bill = office.intacct.bills[record_no]
    office.intacct.bills[record_no] = replace(bill, **{**alone, **facts})
