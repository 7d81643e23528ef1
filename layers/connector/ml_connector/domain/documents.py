"""What we remember of a bill, so that the next poll can see what changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypeAlias

from .audit import ChainHead, Json
from .bills import PURCHASING, Bill, BillState
from .books import Codings
from .frozen import frozen
from .instants import to_text
from .money import Money
from .payments import PaymentDocument
from .silences import Silence


@frozen
class Document:
    """One bill as the last poll that changed it left it. Only the poll writes it.

    `round` counts submissions: a bill declined and submitted again is in its second round. `level`
    counts the partial approvals of the round. `open_cases` are the cases to end once the bill moves
    on. `head` is the head of the document's audit chain and at the same time its version.
    `generation` grows when the document turns out to be older than that chain: the table was
    restored, and a new chain goes on from where the document stands. `overdue_on` and `reminded_on`
    are the company's days on which it was last said to be overdue, or to have been edited.
    `gone_at` is when a bill made from a purchase order vanished: it may come back under another
    number. `lines` are the distinct codings of its lines; empty where they could not be read yet.
    `digest` is the case it is told of together with others that were found late. `url` is the link
    to its record: the first there was, for another wording of it is no change of the bill.
    `absent_since` is since when a waiting bill has had no row, together with more others than is
    believable; `said_gone` once an operator has said that it is gone.
    """

    company: str
    id: str
    record_no: str
    number: str
    vendor_id: str
    vendor_name: str
    amount: Money
    state: BillState
    due: date | None
    modified: datetime | None
    first_seen: datetime
    round: int
    level: int
    deleted: bool
    open_cases: tuple[str, ...]
    head: ChainHead
    open_since: datetime | None
    write_id: str = ""
    generation: int = 1
    module: str = ""
    overdue_on: date | None = None
    reminded_on: date | None = None
    gone_at: datetime | None = None
    entity: str = ""
    description: str = ""
    lines: Codings = ()
    digest: str = ""
    url: str = ""
    absent_since: datetime | None = None
    said_gone: bool = False

    @property
    def waiting(self) -> bool:
        """Whether somebody still had to approve it when last seen."""
        return self.state.waiting and not self.deleted

    @property
    def from_purchase_order(self) -> bool:
        """Whether it may come back under another record number."""
        return self.module == PURCHASING

    @property
    def chain(self) -> str:
        """The name of the document's audit chain."""
        name = f"doc#{self.company}#{self.id}"
        return name if self.generation == 1 else f"{name}#{self.generation}"

    @property
    def facts(self) -> dict[str, Json]:
        """What its audit trail says of it."""
        facts: dict[str, Json] = {
            "state": self.state.value,
            "deleted": self.deleted,
            "round": self.round,
            "level": self.level,
            "amount": self.amount.canonical(),
        }
        if self.entity:
            facts["entity"] = self.entity
        if self.absent_since:
            facts["absent_since"] = to_text(self.absent_since)
        return facts


#: So many of the latest gaps are remembered.
_MOST_GAPS = 40

#: Whatever is remembered, of bills and of payments; both have a chain, a round and open cases.
AnyDocument: TypeAlias = Document | PaymentDocument

#: Whatever a case can be about.
Subject: TypeAlias = AnyDocument | Silence


@frozen
class CompanyState:
    """Where polling one company stands.

    `watermark` is the largest modification time *seen*, never our clock. `fence` grows with every
    lease; a write that carries an older one is refused. `baseline_done` turns true after the first
    complete poll: bills found before that are recorded and nobody is told. Payments have a
    watermark and a baseline of their own; `payments_swept_at` is when all that cleared lately was
    last compared with what is stored. `lines_failing_since` is when reading the lines of bills
    began to fail; None while it works. `reconciled_at` is when all that Intacct had was last held
    against the audit trail; where that ran out of time, `reconciled_upto` says on which day (UTC),
    and after a blank up to which document it came. `lists` says for each approver id up to which
    day of theirs, ISO, daily lists were seen to. `utc_offset` is the offset of the API user's zone
    with which the time stamps of the documents were read; None where it was never known. `gaps` are
    the latest times in which nothing was read for long, each from a complete poll to the next.
    """

    company: str
    fence: int = 0
    lease_until: datetime | None = None
    watermark: datetime | None = None
    baseline_done: bool = False
    poll_started_at: datetime | None = None
    poll_succeeded_at: datetime | None = None
    last_error: str = ""
    payments_watermark: datetime | None = None
    payments_baseline_done: bool = False
    payments_swept_at: datetime | None = None
    lines_failing_since: datetime | None = None
    reconciled_at: datetime | None = None
    reconciled_upto: str = ""
    lists: tuple[tuple[str, str], ...] = ()
    utc_offset: timedelta | None = None
    gaps: tuple[tuple[datetime, datetime], ...] = ()


def gaps_after(
    state: CompanyState, now: datetime, patience: timedelta
) -> tuple[tuple[datetime, datetime], ...]:
    """The gaps once a poll has succeeded now, where none had for longer than `patience`."""
    last = state.poll_succeeded_at
    if last is None or now - last <= patience:
        return state.gaps
    return (*state.gaps, (last, now))[-_MOST_GAPS:]


def bill_document_id(record_no: str) -> str:
    """The document id of a bill."""
    return f"bill#{record_no}"


def first_seen(company: str, bill: Bill, now: datetime) -> Document:
    """The document for a bill never seen before, with an empty chain."""
    return Document(
        company=company,
        id=bill_document_id(bill.record_no),
        record_no=bill.record_no,
        number=bill.number,
        vendor_id=bill.vendor_id,
        vendor_name=bill.vendor_name,
        amount=bill.amount,
        state=bill.state,
        due=bill.due,
        modified=bill.modified if bill.zone_known else None,
        first_seen=now,
        round=1,
        level=1 if bill.state is BillState.PARTIALLY_APPROVED else 0,
        deleted=False,
        open_cases=(),
        head=ChainHead(),
        open_since=now if bill.state.waiting else None,
        module=bill.module,
        entity=bill.entity_id,
        description=bill.description,
        url=bill.url,
    )


def as_shown(document: Document, bill: Bill, now: datetime) -> Document:
    """The document with everything the bill shows now; round, level and cases stay as they are."""
    since = document.open_since or now
    return replace(
        document,
        number=bill.number,
        vendor_id=bill.vendor_id,
        vendor_name=bill.vendor_name,
        amount=bill.amount,
        state=bill.state,
        due=bill.due,
        modified=bill.modified if bill.zone_known else None,
        deleted=False,
        open_since=since if bill.state.waiting else None,
        module=bill.module or document.module,
        gone_at=None,
        entity=bill.entity_id,
        description=bill.description,
        url=document.url or bill.url,
        absent_since=None,
        said_gone=False,
    )


def as_deleted(document: Document, now: datetime | None = None) -> Document:
    """The document once Intacct has no such bill any more."""
    gone_at = now if document.from_purchase_order else None
    here = as_here(document)
    return replace(here, deleted=True, open_since=None, gone_at=gone_at)


def as_here(document: Document) -> Document:
    """The document of a bill that has a row."""
    return replace(document, absent_since=None, said_gone=False)
