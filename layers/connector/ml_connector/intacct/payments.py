"""The `PaymentSource` of one company: APPYMT by change, by number, and by the day it cleared.

Whether a bank reconciliation moves WHENMODIFIED is not documented. So what cleared is also asked
for by its date, in three fields, and compared with what is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from ml_connector.domain.frozen import frozen
from ml_connector.domain.payments import (
    ClearedRead,
    Payment,
    PaymentsRead,
    PaymentState,
    is_cleared,
    is_matched,
)

from .catalogue import Wanted
from .errors import NOT_FOR_US, GatewayRefused
from .filters import Filter, at_least, one_of
from .queries import KEY
from .records import Kind
from .source import IntacctReader
from .tree import Row
from .values import Context, day, key, link, moment, text, total
from .zone import WIDEST_OFFSET, zone_error

#: Raw codes of APPYMT.STATE, for where DISPLAYSTATE is missing.
PAYMENT_STATE_CODES = {
    "C": "Confirmed",
    "D": "Draft",
    "A": "Approved",
    "V": "Voided",
    "S": "Submitted",
}

_REFUSED = "payments"
_NO_DATES = "clearings"


def _flag(row: Row) -> str | None:
    """CLEARED, or None in a company that has no such field."""
    return text(row, "CLEARED") if "CLEARED" in row else None


def _payment(row: Row, context: Context) -> Payment:
    raw = text(row, "STATE")
    label = text(row, "DISPLAYSTATE") or PAYMENT_STATE_CODES.get(raw, raw)
    flag, cleared_on = _flag(row), day(row, "CLRDATE")
    return Payment(
        record_no=key(row, KEY),
        number=text(row, "RECORDID") or text(row, "DOCNUMBER"),
        vendor_id=text(row, "VENDORID"),
        vendor_name=text(row, "VENDORNAME"),
        amount=total(row, context),
        state=PaymentState.of(label),
        state_text=label,
        method=text(row, "PAYMENTMETHOD"),
        cleared=is_cleared(flag, cleared_on),
        matched=is_matched(flag or ""),
        cleared_on=cleared_on,
        paid_on=day(row, "WHENCREATED"),
        modified=moment(row, "WHENMODIFIED", context),
        entity_id=text(row, "MEGAENTITYID"),
        url=link(row, context),
    )


PAYMENTS = Kind(
    Wanted(
        "APPYMT",
        (KEY, "STATE"),
        (
            "DISPLAYSTATE",
            "RECORDID",
            "DOCNUMBER",
            "VENDORID",
            "VENDORNAME",
            "TRX_TOTALENTERED",
            "CURRENCY",
            "TOTALENTERED",
            "BASECURR",
            "PAYMENTMETHOD",
            "CLEARED",
            "CLRDATE",
            "WHENCREATED",
            "WHENMODIFIED",
            "MEGAENTITYID",
            "RECORD_URL",
        ),
    ),
    _payment,
)


@frozen
class _Mark:
    """What the sweep reads of a payment."""

    record_no: str
    cleared: bool


def _mark(row: Row, _context: Context) -> _Mark:
    return _Mark(key(row, KEY), is_cleared(_flag(row), day(row, "CLRDATE")))


CLEARINGS = Kind(Wanted("APPYMT", (KEY,), ("CLRDATE", "CLEARED")), _mark)


class IntacctPaymentSource:
    """A `PaymentSource` over one company."""

    def __init__(self, reader: IntacctReader, page_size: int | None = None) -> None:
        self._reader = reader
        self._client = reader.client
        self._usage = reader.client.usage
        self._catalogue = reader.catalogue
        self._page_size = page_size

    def read_payments_changed(self, since: datetime) -> PaymentsRead:
        """All payments modified at or after `since` (UTC).

        Where the API user may not read payments that is remembered for a day.
        """
        if self._catalogue.refused(_REFUSED):
            return PaymentsRead(permitted=False)
        before = self._usage.transactions
        zone = self._catalogue.zone()
        # With the zone unknown, look back so far that no zone can hide a change.
        since = since if zone.verified else since - WIDEST_OFFSET
        try:
            return self._collect(at_least("WHENMODIFIED", zone.to_text(since)))
        except GatewayRefused as error:
            if error.meaning not in NOT_FOR_US:
                raise
        self._catalogue.remember_refused(_REFUSED)
        return PaymentsRead(permitted=False, transactions=self._usage.transactions - before)

    def read_payments_by_key(self, record_numbers: Sequence[str]) -> PaymentsRead:
        """The payments with these record numbers."""
        if not record_numbers:
            return PaymentsRead()
        return self._collect(one_of(KEY, record_numbers))

    def read_cleared(self, since: date) -> ClearedRead:
        """Which payments the bank paid on that day or after it, whenever they were modified.

        A company that cannot be asked for that is left alone for a day.
        """
        if self._catalogue.refused(_NO_DATES):
            return ClearedRead(permitted=False)
        before = self._usage.transactions
        try:
            return self._clearings(since)
        except GatewayRefused:
            self._catalogue.remember_refused(_NO_DATES)
        return ClearedRead(permitted=False, transactions=self._usage.transactions - before)

    def _clearings(self, since: date) -> ClearedRead:
        before, complete = self._usage.transactions, False
        numbers: set[str] = set()
        where = at_least("CLRDATE", since.strftime("%m/%d/%Y"))
        for batch in self._reader.read(CLEARINGS, where, self._page_size):
            numbers.update(mark.record_no for mark in batch.records if mark.cleared)
            complete = batch.complete
        used = self._usage.transactions - before
        return ClearedRead(frozenset(numbers), complete, used)

    def _collect(self, where: Filter) -> PaymentsRead:
        before, complete = self._usage.transactions, False
        found: dict[str, Payment] = {}
        problems: list[str] = []
        for batch in self._reader.read(PAYMENTS, where, self._page_size):
            found.update((payment.record_no, payment) for payment in batch.records)
            problems += [error.safe_message for error in batch.invalid]
            complete = batch.complete
        payments = tuple(found.values())
        latest = max((p.modified for p in payments if p.modified), default=None)
        unknown = {p.state_text for p in payments if p.state is PaymentState.UNKNOWN}
        return PaymentsRead(
            payments=payments,
            complete=complete,
            transactions=self._usage.transactions - before,
            quarantined=len(problems),
            problems=tuple(problems),
            unknown_states=tuple(sorted(unknown)),
            zone_error=zone_error(latest, self._client.server_time or self._client.clock.now()),
        )
