"""Why somebody was told of a bill or a payment, or nobody: what the audit trail says of each.

Everything that Intacct has is tied to its case, or to the rule or reason in the trail that left it
out, or needs no entry at all, for it never waited for anybody. Whatever is left is unexplained.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeGuard

from .bills import Bill, BillState
from .documents import AnyDocument, CompanyState, Document, bill_document_id
from .payments import Payment, PaymentDocument, PaymentPhase, payment_document_id

#: What was modified so shortly before the last successful poll may have been committed after it.
SLACK = timedelta(minutes=15)

TOLD = "told: it has its case"
DIGEST = "told together with others in one text"
NOT_SUBMITTED = "not submitted"
NEVER_WAITED = "never seen waiting: no approval was needed, or it was given between two polls"
ON_ITS_WAY = "on its way: nothing to tell yet"
NOT_WATCHED = "payments are not watched yet"
NOT_YET = "changed since the last poll, which could not see it yet"

_NEVER_SUBMITTED = frozenset({BillState.DRAFT, BillState.ANALYZING, BillState.NO_VALUE})

Row: TypeAlias = Bill | Payment


@dataclass(frozen=True, slots=True)
class Trail:
    """What the entries of one document say: its cases, and why nobody was told of an event.

    `closed`: the document was lost with its table, and somebody who restored it has said so.
    """

    entries: int = 0
    cases: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    excluded: tuple[str, ...] = ()
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Explained:
    """One bill or payment. `unexplained` is true where nothing in the trail accounts for it."""

    row: Row
    why: str
    unexplained: bool = False

    @property
    def kind(self) -> str:
        """Bill or payment."""
        return "bill" if is_bill(self.row) else "payment"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one company: where polling stands, documents, trails, cases that exist."""

    state: CompanyState
    documents: Mapping[str, AnyDocument]
    trails: Mapping[str, Trail]
    cases: Collection[str]


def trail_of(entries: Iterable[Mapping[str, Any]]) -> Trail:
    """The trail of a document out of what its entries hold."""
    cases: set[str] = set()
    digests: set[str] = set()
    excluded: list[str] = []
    count = 0
    closed = False
    for data in entries:
        count += 1
        if data.get("digest"):
            digests.add(str(data["digest"]))
        for event in data.get("events") or ():
            if event.get("case"):
                cases.add(str(event["case"]))
            if event.get("excluded"):
                excluded.append(str(event["excluded"]))
        closed = closed or bool(data.get("lost"))
    reasons = tuple(dict.fromkeys(excluded))
    return Trail(count, frozenset(cases), frozenset(digests), reasons, closed)


def is_bill(row: Row) -> TypeGuard[Bill]:
    """Whether it is a bill, and no payment."""
    return isinstance(row, Bill)


def name_of(row: Row) -> str:
    """The id of the document of a row."""
    if isinstance(row, Bill):
        return bill_document_id(row.record_no)
    return payment_document_id(row.record_no)


def explain(row: Row, known: Known) -> Explained:
    """Why, for one row."""
    if isinstance(row, Bill):
        return explain_bill(row, name_of(row), known)
    return explain_payment(row, name_of(row), known)


def explain_bill(bill: Bill, document_id: str, known: Known) -> Explained:
    """Why, for one bill."""
    document, trail = known.documents.get(document_id), known.trails.get(document_id, Trail())
    lost = _lost(document, trail, known)
    if not lost and bill.state is BillState.UNKNOWN:
        lost = f"its state is {bill.state_text!r}, which nobody knows"
    if lost:
        return Explained(bill, lost, True)
    if bill.state.waiting and not (isinstance(document, Document) and document.waiting):
        if _too_new(bill.modified, known.state.poll_succeeded_at):
            return Explained(bill, NOT_YET)
        seen = f"was last seen {document.state.value}" if document else "was never seen"
        return Explained(bill, f"it waits for approval, and {seen}", True)
    if document is not None:
        return Explained(bill, _reason(trail))
    if trail.closed:
        return Explained(bill, f"{_reason(trail)}; its document was lost when tables were restored")
    return Explained(bill, NOT_SUBMITTED if bill.state in _NEVER_SUBMITTED else NEVER_WAITED)


def explain_payment(payment: Payment, document_id: str, known: Known) -> Explained:
    """Why, for one payment."""
    document, trail = known.documents.get(document_id), known.trails.get(document_id, Trail())
    phase = payment.phase
    lost = _lost(document, trail, known)
    if not lost and phase is None:
        lost = f"its state is {payment.state_text!r}, which nobody knows"
    if lost or phase is None:
        return Explained(payment, lost, True)
    stored = document.phase if isinstance(document, PaymentDocument) else None
    if stored is phase:
        return Explained(payment, _reason(trail))
    if stored is None and phase is PaymentPhase.OPEN:
        return Explained(payment, ON_ITS_WAY)
    return _moved_on(payment, phase, stored, known.state)


def _moved_on(
    payment: Payment, phase: PaymentPhase, stored: PaymentPhase | None, state: CompanyState
) -> Explained:
    """A payment that has come further than what is stored of it."""
    if stored is None and not state.payments_baseline_done:
        return Explained(payment, NOT_WATCHED)
    if _payment_too_new(payment, state):
        return Explained(payment, NOT_YET)
    seen = f"was last seen {stored.value}" if stored else "was never seen"
    return Explained(payment, f"it is {phase.value}, and {seen}", True)


def _lost(document: AnyDocument | None, trail: Trail, known: Known) -> str:
    """What the trail or the documents name and what is not there; empty where nothing is."""
    gone = sorted((trail.cases | trail.digests) - set(known.cases))
    if gone:
        return f"its case {gone[0]} is not there any more"
    if trail.entries and document is None and not trail.closed:
        return "the audit knows it, and what was stored of it is gone"
    if document is not None and not trail.entries:
        return "it is stored, and the audit has no entry of it"
    return ""


def _reason(trail: Trail) -> str:
    """The strongest reason: somebody was told, or why nobody was."""
    if trail.cases:
        return TOLD
    if trail.digests:
        return DIGEST
    return f"nobody is told: {trail.excluded[0]}" if trail.excluded else "seen; nothing happened"


def _too_new(modified: datetime | None, looked_at: datetime | None) -> bool:
    return looked_at is None or (modified is not None and modified >= looked_at - SLACK)


def _payment_too_new(payment: Payment, state: CompanyState) -> bool:
    """A clearing may leave the time stamp as it was: then only the hourly sweep finds it."""
    swept = state.payments_swept_at
    if swept is None or _too_new(payment.modified, min(swept, state.poll_succeeded_at or swept)):
        return True
    return payment.cleared_on is not None and payment.cleared_on >= swept.date()
