"""What happened to a payment between two looks at it.

An event is a step from one phase to another. A payment that is on its way is nobody's news, so it
is remembered only once it cleared, was voided or was declined.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from .events import Event, EventKind, Sighting, event_of
from .payments import (
    Payment,
    PaymentDocument,
    PaymentPhase,
    payment_as_shown,
    payment_first_seen,
)

PaymentSighting = Sighting[PaymentDocument]

_ENTERED = {
    PaymentPhase.CLEARED: EventKind.PAYMENT_CLEARED,
    PaymentPhase.VOIDED: EventKind.PAYMENT_VOIDED,
    PaymentPhase.DECLINED: EventKind.PAYMENT_DECLINED,
}


def payment_seen(
    company: str, stored: PaymentDocument | None, payment: Payment, now: datetime
) -> PaymentSighting | None:
    """A payment as Intacct shows it now; None where there is nothing to remember."""
    phase = payment.phase
    if phase is None or (stored is None and phase is PaymentPhase.OPEN):
        return None
    before = stored or payment_first_seen(company, payment, now)
    shown = payment_as_shown(before, payment, phase)
    if before.phase is phase:
        return Sighting(shown, (), changed=shown != before)
    kind = _ENTERED.get(phase)
    if kind is None and before.phase is PaymentPhase.CLEARED:
        kind = EventKind.PAYMENT_UNCLEARED
    if kind is None:
        # Voided or declined, and then not: Intacct knows no such way back, and nobody has to act.
        return Sighting(shown, (), changed=True)
    return _happened(shown, kind, shown.cleared_on or before.cleared_on)


def payment_gone(stored: PaymentDocument) -> PaymentSighting:
    """A payment that had cleared and has no row any more: as good as not cleared."""
    shown = replace(stored, phase=PaymentPhase.OPEN, cleared_on=None)
    return _happened(shown, EventKind.PAYMENT_UNCLEARED, stored.cleared_on)


def _happened(shown: PaymentDocument, kind: EventKind, day: date | None) -> PaymentSighting:
    """The event that was the next one of this payment; told apart by the clearing's date too."""
    moved = replace(shown, round=shown.round + 1)
    event: Event = event_of(
        moved.company, moved.id, kind, moved.round, day.isoformat() if day else ""
    )
    return Sighting(moved, (event,), changed=True)
