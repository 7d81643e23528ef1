"""The payments' part of a poll: what changed, and once an hour everything that cleared lately.

Payments have a watermark and a baseline of their own. Whatever goes wrong here is reported and
left to the next poll; what the poll found out about bills is not held back by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ml_connector.domain.calendars import Calendar
from ml_connector.domain.documents import CompanyState
from ml_connector.domain.events import Sighting, too_many_gone
from ml_connector.domain.instants import seconds
from ml_connector.domain.payment_events import payment_gone, payment_seen
from ml_connector.domain.payments import (
    Payment,
    PaymentDocument,
    PaymentsRead,
    payment_document_id,
)
from ml_connector.errors import SourceProtocolError

from .ports import PaymentSource, PollPorts
from .reading import say_problems
from .recording import AnySighting

#: How far back the first read goes, and how long a clearing is watched for being taken back.
WINDOW = timedelta(days=60)

FOUND_LATE = "found late: it cleared before what is watched"


@dataclass(slots=True)
class PaymentPoll:
    """One look at one company's payments."""

    source: PaymentSource
    lease: CompanyState
    ports: PollPorts
    record: Callable[[Iterable[AnySighting]], None]
    calendar: Calendar
    transactions: int = 0

    def run(self) -> CompanyState:
        """Read, detect and record; the lease with what the next poll of payments has to know."""
        now, timings, mark = (
            self.ports.clock.now(),
            self.ports.timings,
            self.lease.payments_watermark,
        )
        swept = self.lease.payments_swept_at
        sweep = swept is None or now - swept >= seconds(timings.payments_sweep)
        back = self.calendar.lookback(
            seconds(timings.payments_lookback if sweep else timings.watermark_overlap), swept, now
        )
        read = self.source.read_payments_changed(mark - back if mark else now - WINDOW)
        self._note(read)
        if not read.permitted:
            return self.lease
        known = self._stored(payment.record_no for payment in read.payments)
        self.record(self._look(read.payments, known, now))
        complete = read.complete
        if sweep:
            complete = self._sweep(now) and complete
        # A time in the future is believed no further than it can be true.
        error = read.zone_error or timedelta(0)
        seen = [payment.modified - error for payment in read.payments if payment.modified]
        marks = [*seen, *([mark] if mark else [])]
        return replace(
            self.lease,
            payments_watermark=max(marks) if marks and read.complete else mark,
            payments_baseline_done=self.lease.payments_baseline_done or complete,
            payments_swept_at=now if sweep and complete else swept,
        )

    def _note(self, read: PaymentsRead) -> None:
        telemetry, company = self.ports.telemetry, self.lease.company
        self.transactions += read.transactions
        if not read.permitted:
            if read.transactions:
                telemetry.warning(
                    "payments_not_permitted",
                    company=company,
                    fix="let the API user read AP payments, or leave payments out of the flow",
                )
            return
        say_problems(telemetry, company, read)

    # ------------------------------------------------------------------------- looking
    def _stored(self, record_numbers: Iterable[str]) -> dict[str, PaymentDocument]:
        ids = [payment_document_id(number) for number in record_numbers]
        return self.ports.documents.payments(self.lease.company, ids) if ids else {}

    def _look(
        self, payments: Iterable[Payment], known: dict[str, PaymentDocument], now: datetime
    ) -> Iterable[Sighting[PaymentDocument]]:
        watched_from = (now - WINDOW).date()
        for payment in payments:
            stored = known.get(payment_document_id(payment.record_no))
            sighting = payment_seen(self.lease.company, stored, payment, now)
            if sighting is None or not sighting.changed:
                continue
            day = payment.cleared_on
            if stored is None and payment.cleared and day and day < watched_from:
                sighting = replace(sighting, silent=FOUND_LATE)
            yield sighting

    # ------------------------------------------------------------------------- the sweep
    def _sweep(self, now: datetime) -> bool:
        """Compare all that cleared lately with what is stored; true if all of it could be read.

        A reconciliation may leave WHENMODIFIED as it was, whichever way it goes.
        """
        since = (now - WINDOW).date()
        read = self.source.read_cleared(since)
        self.transactions += read.transactions
        if not read.permitted:
            if read.transactions:
                self.ports.telemetry.warning("clearings_refused", company=self.lease.company)
            return True
        stored = self.ports.documents.cleared(self.lease.company, since)
        known = {document.id: document for document in stored}
        new = [no for no in read.record_numbers if payment_document_id(no) not in known]
        lost = (
            [d for d in stored if d.record_no not in read.record_numbers] if read.complete else []
        )
        if not new and not lost:
            return read.complete
        # Those known to be cleared although their date says otherwise are among the new ones.
        known.update(self._stored(new))
        numbers = sorted({*new, *(document.record_no for document in lost)}, key=_by_number)
        again = self.source.read_payments_by_key(numbers)
        self._note(again)
        self.record(self._look(again.payments, known, now))
        if again.complete and not again.quarantined:
            rows = {payment.record_no for payment in again.payments}
            self._gone([d for d in lost if d.record_no not in rows], stored)
        return read.complete and again.complete

    def _gone(self, without_row: list[PaymentDocument], stored: list[PaymentDocument]) -> None:
        if too_many_gone([d.id for d in without_row], [d.id for d in stored]):
            raise SourceProtocolError(
                f"{len(without_row)} of {len(stored)} cleared payments have no row any more;"
                " nothing is made of that: check the API user's permissions and entity access"
            )
        self.record(payment_gone(document) for document in without_row)


def _by_number(record_no: str) -> tuple[int, str]:
    return len(record_no), record_no
