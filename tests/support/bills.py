"""Bills as Intacct might show them, and what is remembered of one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from ml_connector.domain.audit import ChainHead, entry_after
from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.documents import Document, first_seen
from ml_connector.domain.money import Money

COMPANY = "acme"
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def a_bill(
    record_no: str = "4711",
    state: BillState = BillState.SUBMITTED,
    amount: str = "12500.00",
    *,
    vendor_id: str = "V-100",
    modified: datetime | None = MORNING,
) -> Bill:
    return Bill(
        record_no=record_no,
        number=f"INV-{record_no}",
        vendor_id=vendor_id,
        vendor_name="Baker Steel",
        amount=usd(amount),
        state=state,
        state_text=state.value,
        due=date(2026, 11, 30),
        modified=modified,
    )


def a_document(bill: Bill | None = None, now: datetime = MORNING) -> Document:
    return written(first_seen(COMPANY, bill or a_bill(), now))


def written(document: Document) -> Document:
    """The document as the store gives it back: its chain is one entry longer."""
    entry = entry_after(document.head, document.chain, MORNING, "document.seen", {})
    return replace(document, head=ChainHead(entry.seq, entry.digest))
