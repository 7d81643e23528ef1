"""One of everything that is stored, with values that show when something got lost on the way."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.domain.audit import AuditEntry, ChainHead, Json, entry_after
from ml_connector.domain.bills import BillState
from ml_connector.domain.cases import Alert, Case, CaseState
from ml_connector.domain.delivery import MessageStatus
from ml_connector.domain.dispatches import Dispatch, DispatchState, Member
from ml_connector.domain.documents import Document
from ml_connector.domain.money import Money
from ml_connector.domain.payments import PaymentDocument, PaymentPhase, PaymentState
from ml_connector.domain.unit_of_work import CaseWrite, Change, DocumentWrite

from .clock import START


def dispatch(name: str = "d1", **changes: Any) -> Dispatch:
    """A dispatch that waits."""
    return replace(
        Dispatch(
            id=name,
            company="acme",
            channel="sms",
            recipient="ann",
            members=(Member("c1", "a1"),),
            text="Acme AP: Baker Steel, USD 12,500.00, bill 4711. Ref K7F2",
            reference="K7F2",
            validity_seconds=14_400,
            created_at=START,
            due_at=START + timedelta(microseconds=1),
            look_at=START + timedelta(seconds=90),
        ),
        **changes,
    )


def told_dispatch(name: str = "d1", **changes: Any) -> Dispatch:
    """A dispatch with nothing left out."""
    return dispatch(
        name,
        members=(Member("c1", "a1"), Member("c2", "a2")),
        state=DispatchState.SENT,
        sequence=3,
        attempt=2,
        replaces="d0",
        rings=4,
        returns=5,
        to="+15550100001",
        claim_token="token",
        claimed_at=START + timedelta(seconds=1),
        sid="SM1",
        sent_at=START + timedelta(seconds=2),
        provider_status=MessageStatus.QUEUED,
        error_code=0,
        blank_at=START + timedelta(days=14),
        blanked_at=START + timedelta(days=15),
        empty_lists=2,
        last_empty_at=START + timedelta(seconds=3),
        reason="a reason",
        sender="+15550100100",
        **changes,
    )


def case(name: str = "c1", **changes: Any) -> Case:
    """An open case with an empty chain."""
    return replace(
        Case(
            id=name,
            company="acme",
            document="bill#4711",
            kind="bill.submitted",
            round=2,
            state=CaseState.OPEN,
            opened_at=START,
            expires_at=START + timedelta(days=5),
            rule="everything",
            flow_version=7,
            head=ChainHead(),
        ),
        **changes,
    )


def alert(name: str = "a1", case_id: str = "c1", **changes: Any) -> Alert:
    """An alert that points to no dispatch yet."""
    return replace(
        Alert(
            id=name,
            case_id=case_id,
            company="acme",
            step=1,
            occurrence=1,
            recipient="ann",
            channel="sms",
            created_at=START,
        ),
        **changes,
    )


def document(name: str = "bill#4711", **changes: Any) -> Document:
    """A document that waits, with an empty chain."""
    return replace(
        Document(
            company="acme",
            id=name,
            record_no=name.removeprefix("bill#"),
            number="4711",
            vendor_id="V-100",
            vendor_name="Baker Steel",
            amount=Money(Decimal("12500.000"), "USD"),
            state=BillState.SUBMITTED,
            due=date(2026, 11, 30),
            modified=START,
            first_seen=START,
            round=1,
            level=0,
            deleted=False,
            open_cases=("c1", "c2"),
            head=ChainHead(),
            open_since=START,
        ),
        **changes,
    )


def payment(name: str = "payment#12", **changes: Any) -> PaymentDocument:
    """A payment that cleared, with an empty chain."""
    return replace(
        PaymentDocument(
            company="acme",
            id=name,
            record_no=name.removeprefix("payment#"),
            number="PAY-12",
            vendor_id="V-100",
            vendor_name="Baker Steel",
            amount=Money(Decimal("12500.000"), "USD"),
            phase=PaymentPhase.CLEARED,
            state=PaymentState.CONFIRMED,
            cleared_on=date(2026, 11, 20),
            modified=START,
            first_seen=START,
            head=ChainHead(),
            round=3,
            open_cases=("c1",),
        ),
        **changes,
    )


def change(**parts: Any) -> Change:
    """A change that nobody wrote before."""
    return Change(write_id=str(uuid.uuid4()), **parts)


def opening() -> Change:
    """The first of a case: its alert, and the dispatch that is to tell of it."""
    return change(
        cases=(written(case()),), alerts=(alert(dispatch="d1"),), dispatches=(dispatch(),)
    )


def seen_payment(subject: PaymentDocument, **data: Json) -> DocumentWrite:
    """The payment with the next entry of its chain."""
    return DocumentWrite(subject, _entry(subject.head, subject.chain, "document.seen", data))


def written(subject: Case, kind: str = "case.opened", **data: Json) -> CaseWrite:
    """The case with the next entry of its chain."""
    return CaseWrite(subject, _entry(subject.head, subject.chain, kind, data))


def seen(subject: Document, **data: Json) -> DocumentWrite:
    """The document with the next entry of its chain."""
    return DocumentWrite(subject, _entry(subject.head, subject.chain, "document.seen", data))


def _entry(head: ChainHead, chain: str, kind: str, data: dict[str, Json]) -> AuditEntry:
    return entry_after(head, chain, START, kind, data)
