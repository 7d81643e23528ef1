"""What is remembered of bills and payments to items of the documents table and back."""

from __future__ import annotations

from dataclasses import astuple
from datetime import date, datetime
from decimal import Decimal

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.bills import BillState
from ml_connector.domain.books import Codings, LineCoding
from ml_connector.domain.documents import AnyDocument, Document
from ml_connector.domain.instants import from_text, to_text
from ml_connector.domain.money import Money
from ml_connector.domain.payments import PaymentDocument, PaymentPhase, PaymentState

from .attributes import day_of, instant_of, text_of, text_of_day
from .company_items import company_key
from .models import DocumentItem


def gone_key(instant: datetime) -> str:
    """Under what the index lists a bill that vanished; after all open documents."""
    return f"gone#{to_text(instant)}"


def cleared_key(day: date) -> str:
    """Under what the index lists a payment that cleared; before `gone_key`, after open bills."""
    return f"cleared#{day.isoformat()}"


def _listed_as(document: Document) -> str | None:
    return gone_key(document.gone_at) if document.gone_at else text_of(document.open_since)


def item_of(document: AnyDocument, head: ChainHead, write_id: str) -> DocumentItem:
    """The item of whatever is remembered."""
    if isinstance(document, PaymentDocument):
        return payment_item(document, head, write_id)
    return document_item(document, head, write_id)


def document_item(document: Document, head: ChainHead, write_id: str) -> DocumentItem:
    """The item of a document whose chain ends in `head`."""
    return DocumentItem(
        company_key(document.company),
        document.id,
        open_since=_listed_as(document),
        company=document.company,
        record_no=document.record_no,
        number=document.number,
        vendor_id=document.vendor_id,
        vendor_name=document.vendor_name,
        amount=str(document.amount.amount),
        currency=document.amount.currency,
        state=document.state.value,
        due=text_of_day(document.due),
        modified=text_of(document.modified),
        first_seen=to_text(document.first_seen),
        round=document.round,
        level=document.level,
        deleted=document.deleted,
        generation=document.generation,
        module=document.module or None,
        overdue_on=text_of_day(document.overdue_on),
        reminded_on=text_of_day(document.reminded_on),
        gone_at=text_of(document.gone_at),
        entity=document.entity or None,
        description=document.description or None,
        lines=_lines_text(document.lines),
        digest=document.digest or None,
        url=document.url or None,
        absent_since=text_of(document.absent_since),
        said_gone=document.said_gone or None,
        open_cases=list(document.open_cases),
        head_seq=head.seq,
        head_digest=head.digest,
        write_id=write_id,
    )


def document_of(item: DocumentItem) -> Document:
    """The document in an item. Raises ValueError or TypeError where it makes no sense."""
    item.whole()
    return Document(
        company=item.company,
        id=item.sk,
        record_no=item.record_no,
        number=item.number,
        vendor_id=item.vendor_id,
        vendor_name=item.vendor_name,
        amount=Money(Decimal(item.amount), item.currency),
        state=BillState(item.state),
        due=day_of(item.due),
        modified=instant_of(item.modified),
        first_seen=from_text(item.first_seen),
        round=int(item.round),
        level=int(item.level),
        deleted=bool(item.deleted),
        generation=int(item.generation or 1),
        module=item.module or "",
        overdue_on=day_of(item.overdue_on),
        reminded_on=day_of(item.reminded_on),
        gone_at=instant_of(item.gone_at),
        entity=item.entity or "",
        description=item.description or "",
        lines=tuple(LineCoding(*ids) for ids in item.lines or ()),
        digest=item.digest or "",
        url=item.url or "",
        absent_since=instant_of(item.absent_since),
        said_gone=bool(item.said_gone),
        open_cases=tuple(item.open_cases),
        head=ChainHead(int(item.head_seq), item.head_digest),
        open_since=None if item.gone_at else instant_of(item.open_since),
        write_id=item.write_id,
    )


def payment_item(document: PaymentDocument, head: ChainHead, write_id: str) -> DocumentItem:
    """The item of a payment; while it is cleared the index lists it by the day it cleared on."""
    cleared = document.phase is PaymentPhase.CLEARED and document.cleared_on is not None
    return DocumentItem(
        company_key(document.company),
        document.id,
        open_since=cleared_key(document.cleared_on) if cleared and document.cleared_on else None,
        company=document.company,
        record_no=document.record_no,
        number=document.number,
        vendor_id=document.vendor_id,
        vendor_name=document.vendor_name,
        amount=str(document.amount.amount),
        currency=document.amount.currency,
        phase=document.phase.value,
        state=document.state.value,
        cleared_on=text_of_day(document.cleared_on),
        modified=text_of(document.modified),
        first_seen=to_text(document.first_seen),
        round=document.round,
        level=0,
        deleted=False,
        generation=document.generation,
        entity=document.entity or None,
        url=document.url or None,
        open_cases=list(document.open_cases),
        head_seq=head.seq,
        head_digest=head.digest,
        write_id=write_id,
    )


def payment_of(item: DocumentItem) -> PaymentDocument:
    """The payment in an item. Raises ValueError or TypeError where it makes no sense."""
    item.whole()
    return PaymentDocument(
        company=item.company,
        id=item.sk,
        record_no=item.record_no,
        number=item.number,
        vendor_id=item.vendor_id,
        vendor_name=item.vendor_name,
        amount=Money(Decimal(item.amount), item.currency),
        phase=PaymentPhase(item.phase),
        state=PaymentState(item.state),
        cleared_on=day_of(item.cleared_on),
        modified=instant_of(item.modified),
        first_seen=from_text(item.first_seen),
        round=int(item.round),
        generation=int(item.generation or 1),
        entity=item.entity or "",
        url=item.url or "",
        open_cases=tuple(item.open_cases),
        head=ChainHead(int(item.head_seq), item.head_digest),
        write_id=item.write_id,
    )


def _lines_text(lines: Codings) -> list[list[str]] | None:
    """The ids of each coding in the order of `LineCoding`'s fields; None removes the attribute."""
    return [list(astuple(line)) for line in lines] or None
