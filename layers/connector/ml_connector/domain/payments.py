"""A payment as Intacct last showed it, and what we remember of one.

How far a payment has come is in DISPLAYSTATE; whether the bank has paid it is in CLEARED and
CLRDATE, which the bank reconciliation writes. Neither only moves forward: a payment that cleared
can be voided, and a reconciliation can be taken back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from .audit import ChainHead, Json
from .frozen import frozen
from .money import Money


class PaymentState(StrEnum):
    """The labels of APPYMT.DISPLAYSTATE."""

    DRAFT = "draft"
    """Not submitted yet."""
    SUBMITTED = "submitted"
    """Waiting for approval."""
    PARTIALLY_APPROVED = "partially_approved"
    """At least one level approved; waiting for the next."""
    APPROVED = "approved"
    """Approved, not printed or sent yet."""
    DELIVERED = "delivered"
    """Printed or sent, not confirmed yet."""
    QUICK_DELIVERY = "quick_delivery"
    """Sent at once."""
    CONFIRMED = "confirmed"
    """In the ledger."""
    DECLINED = "declined"
    """Somebody said no; its bills can be paid again."""
    VOIDED = "voided"
    """Taken back after it was made; its bills are due again."""
    PRINT_VOIDED = "print_voided"
    """The cheque was spoiled in printing."""
    UNKNOWN = "unknown"
    """A label this version does not know; kept as text in `Payment.state_text`."""

    @classmethod
    def of(cls, label: str) -> PaymentState:
        """The state for a label; capitals and blanks differ between places in Intacct."""
        try:
            return cls("_".join(label.lower().split()))
        except ValueError:
            return cls.UNKNOWN


#: CLEARED is not documented for payments; these are the words and codes of its siblings. The flag
#: counts alone, a label together with a date.
_CLEARED_FLAGS = frozenset({"t", "true"})
_CLEARED_LABELS = frozenset({"c", "cleared", "reconciled"})
_MATCHED = frozenset({"m", "matched"})


def is_cleared(flag: str | None, cleared_on: date | None) -> bool:
    """Whether CLEARED and CLRDATE say that the bank has paid.

    A company that has no CLEARED (None) is believed its date.
    """
    if flag is None:
        return cleared_on is not None
    word = flag.strip().lower()
    return word in _CLEARED_FLAGS or (word in _CLEARED_LABELS and cleared_on is not None)


def is_matched(flag: str) -> bool:
    """Whether it was found on a statement that is not reconciled yet."""
    return flag.strip().lower() in _MATCHED


class PaymentPhase(StrEnum):
    """What a payment means to those who wait for it."""

    OPEN = "open"
    """On its way."""
    CLEARED = "cleared"
    """The bank has paid it."""
    VOIDED = "voided"
    """Taken back."""
    DECLINED = "declined"
    """Refused before it was made."""


_ENDED = {
    PaymentState.VOIDED: PaymentPhase.VOIDED,
    PaymentState.PRINT_VOIDED: PaymentPhase.VOIDED,
    PaymentState.DECLINED: PaymentPhase.DECLINED,
}


@frozen
class Payment:
    """One APPYMT row, typed. Times are UTC; dates are the company's own calendar dates."""

    record_no: str
    number: str
    vendor_id: str
    vendor_name: str
    amount: Money
    state: PaymentState
    state_text: str
    method: str = ""
    cleared: bool = False
    matched: bool = False
    cleared_on: date | None = None
    paid_on: date | None = None
    modified: datetime | None = None
    entity_id: str = ""
    url: str = ""

    @property
    def phase(self) -> PaymentPhase | None:
        """None for a label without a meaning: it says nothing of what became of the payment.

        A payment may be voided without its reconciliation being taken back, so the state counts
        before the clearing.
        """
        if self.state in _ENDED:
            return _ENDED[self.state]
        if self.cleared:
            return PaymentPhase.CLEARED
        return None if self.state is PaymentState.UNKNOWN else PaymentPhase.OPEN


@frozen
class PaymentsRead:
    """One read of payments; the fields are those of `BillsRead`.

    `permitted` is false where the API user may not read payments: then nothing was read. Such a
    refusal is remembered for a day and costs no transaction in the meantime.
    """

    payments: tuple[Payment, ...] = ()
    complete: bool = True
    transactions: int = 0
    quarantined: int = 0
    problems: tuple[str, ...] = ()
    unknown_states: tuple[str, ...] = ()
    zone_error: timedelta | None = None
    permitted: bool = True


@frozen
class ClearedRead:
    """The record numbers of all payments that cleared on a day or after it.

    Not `permitted`: this company cannot be asked for that, and nothing was read. A row that could
    not be read is left out, so whatever seems to be missing is asked for by its number.
    """

    record_numbers: frozenset[str] = frozenset()
    complete: bool = True
    transactions: int = 0
    permitted: bool = True


@frozen
class PaymentDocument:
    """One payment as the last poll that changed it left it. Only the poll writes it.

    A payment is remembered from its first event on. `round` counts its events. The other fields
    are those of a bill's document.
    """

    company: str
    id: str
    record_no: str
    number: str
    vendor_id: str
    vendor_name: str
    amount: Money
    phase: PaymentPhase
    state: PaymentState
    cleared_on: date | None
    modified: datetime | None
    first_seen: datetime
    head: ChainHead
    round: int = 0
    open_cases: tuple[str, ...] = ()
    write_id: str = ""
    generation: int = 1
    entity: str = ""
    url: str = ""

    @property
    def chain(self) -> str:
        """The name of the document's audit chain."""
        name = f"doc#{self.company}#{self.id}"
        return name if self.generation == 1 else f"{name}#{self.generation}"

    @property
    def due(self) -> date | None:
        """Payments are not due; a text about one names no due date."""
        return None

    @property
    def facts(self) -> dict[str, Json]:
        """What its audit trail says of it."""
        return {
            "state": self.state.value,
            "phase": self.phase.value,
            "cleared_on": self.cleared_on.isoformat() if self.cleared_on else "",
            "round": self.round,
            "amount": self.amount.canonical(),
        }


PAYMENT_PREFIX = "payment#"


def payment_document_id(record_no: str) -> str:
    """The document id of a payment."""
    return f"{PAYMENT_PREFIX}{record_no}"


def payment_first_seen(company: str, payment: Payment, now: datetime) -> PaymentDocument:
    """The document for a payment never seen before, with an empty chain: nothing happened yet."""
    return PaymentDocument(
        company=company,
        id=payment_document_id(payment.record_no),
        record_no=payment.record_no,
        number=payment.number,
        vendor_id=payment.vendor_id,
        vendor_name=payment.vendor_name,
        amount=payment.amount,
        phase=PaymentPhase.OPEN,
        state=payment.state,
        cleared_on=payment.cleared_on,
        modified=payment.modified,
        first_seen=now,
        head=ChainHead(),
        entity=payment.entity_id,
        url=payment.url,
    )


def payment_as_shown(
    document: PaymentDocument, payment: Payment, phase: PaymentPhase
) -> PaymentDocument:
    """The document with everything the payment shows now; round and cases stay as they are."""
    return replace(
        document,
        number=payment.number,
        vendor_id=payment.vendor_id,
        vendor_name=payment.vendor_name,
        amount=payment.amount,
        phase=phase,
        state=payment.state,
        cleared_on=payment.cleared_on,
        modified=payment.modified,
        entity=payment.entity_id,
        url=document.url or payment.url,
    )
