"""Bills from before a company was watched, read from Intacct by when they were entered.

They are approximate: when a bill was submitted and how long it waited is not in its row. It counts
as submitted when it was entered, and as handled when it was last modified, if it waits no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from cli.gateway import BudgetSpent
from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.books import Codings
from ml_connector.domain.documents import first_seen
from ml_connector.domain.events import EventKind
from ml_connector.errors import SourceError
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.filters import at_least, every
from ml_connector.intacct.lines import read_lines
from ml_connector.intacct.records import BILLS
from ml_connector.intacct.source import IntacctReader

from .past import Happening

#: Left for lines and master data of what was read.
KEPT = 20

_NEVER_WAITED = (BillState.DRAFT, BillState.ANALYZING, BillState.REVERSAL, BillState.NO_VALUE)


@dataclass(frozen=True, slots=True)
class Older:
    """What was read, and what is missing from it, in sentences."""

    happenings: tuple[Happening, ...]
    notes: tuple[str, ...] = ()


def read_older(
    client: IntacctClient, company: str, since: datetime, before: datetime, most: int
) -> Older:
    """Bills entered from `since` until `before`, for so many API transactions at most.

    Raises the SourceError family where not even the first page can be read.
    """
    reader = IntacctReader(client)
    if "AUWHENCREATED" not in reader.catalogue.fields(BILLS.wanted):
        return Older((), (f"{company}: Intacct does not say when bills were entered",))
    entered = at_least("AUWHENCREATED", reader.catalogue.zone().to_text(since))
    bills: list[Bill] = []
    notes: list[str] = []
    try:
        for batch in reader.read(BILLS, every(entered)):
            bills += batch.records
            if client.usage.transactions >= most - KEPT and not batch.complete:
                notes.append(f"{company}: only the first {len(bills):,} older bills were read")
                break
    except BudgetSpent:
        notes.append(f"{company}: only the first {len(bills):,} older bills were read")
    chosen = [
        bill
        for bill in bills
        if bill.created and since <= bill.created < before and bill.state not in _NEVER_WAITED
    ]
    lines: Mapping[str, Codings] = {}
    try:
        lines = read_lines(reader, [bill.record_no for bill in chosen]).codings
    except SourceError as error:
        notes.append(f"{company}: the lines of older bills could not be read: {error.safe_message}")
    return Older(
        tuple(_happening(company, bill, lines.get(bill.record_no, ())) for bill in chosen),
        tuple(notes),
    )


def _happening(company: str, bill: Bill, lines: Codings) -> Happening:
    entered = bill.created
    assert entered is not None  # nosec B101 # noqa: S101 - bills without are not chosen
    submitted = replace(bill, state=BillState.SUBMITTED)
    document = replace(first_seen(company, submitted, entered), lines=lines)
    until = None if bill.state.waiting else bill.modified
    return Happening(entered, EventKind.SUBMITTED, document, until, approximate=True)
