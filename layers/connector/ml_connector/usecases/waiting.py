"""What waits for approval, as a log line after each complete poll: for the dashboard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from ml_connector.domain.bills import Bill
from ml_connector.domain.documents import Document, bill_document_id
from ml_connector.domain.money import Money

from .ports import Telemetry


def say_waiting(
    company: str,
    bills: Iterable[Bill],
    known: Mapping[str, Document],
    now: datetime,
    telemetry: Telemetry,
) -> None:
    """How many bills wait, how much they come to, and how long the oldest has waited.

    Counted from when a poll saw it first. Sums are one text, a currency after the other: the
    newest line then says all of it, even of a currency of which nothing waits any more.
    """
    waiting = [bill for bill in bills if bill.state.waiting]
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for bill in waiting:
        sums[bill.amount.currency] += bill.amount.amount
    since = (_since(known.get(bill_document_id(bill.record_no)), now) for bill in waiting)
    oldest = min(since, default=now)
    telemetry.event(
        "bills_waiting",
        company=company,
        bills=len(waiting),
        sums="; ".join(Money(sums[one], one).canonical() for one in sorted(sums)) or "nothing",
        oldest_hours=round((now - oldest).total_seconds() / 3600, 2),
    )


def _since(document: Document | None, now: datetime) -> datetime:
    return (document.open_since if document else None) or now
