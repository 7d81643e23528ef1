"""The `BillSource` of one company: what is waiting or has changed, and bills by their number.

One query does both: open bills by state, so that a change whose time stamp did not move cannot
hide, and everything modified since. A tenant that refuses the combination gets two queries, which
is remembered for a day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Generic, TypeVar

from ml_connector.domain.bills import Bill, BillsRead, BillState
from ml_connector.domain.frozen import frozen
from ml_connector.errors import RecordInvalid

from .catalogue import FIELD_TROUBLE, Catalogue
from .client import IntacctClient
from .errors import GatewayRefused
from .filters import Filter, Or, at_least, one_of
from .queries import KEY, WAITING_STATES
from .records import BILLS, Kind, convert
from .values import Context
from .zone import WIDEST_OFFSET, UserZone, zone_error

R = TypeVar("R")

_COMPOSITE = "state or modified"


@frozen
class Batch(Generic[R]):
    """The records of one page; `complete` as in `client.Page`, unreadable rows included."""

    records: tuple[R, ...]
    invalid: tuple[RecordInvalid, ...]
    complete: bool


class IntacctReader:
    """Typed records of any kind, page by page. One read at a time."""

    def __init__(self, client: IntacctClient, *, trusted_host: str = "") -> None:
        self.client = client
        self.catalogue = Catalogue(client)
        self._trusted_host = trusted_host

    def read(
        self, kind: Kind[R], where: Filter | None = None, page_size: int | None = None
    ) -> Iterator[Batch[R]]:
        """All records that meet a condition. Raises the SourceError family."""
        zone = self.catalogue.zone()
        context = Context(zone, self.client.credentials.currency, self._trusted_host)
        for page in self.catalogue.select(kind.wanted, where, page_size):
            converted = convert(kind, page.result.rows, context)
            odd = tuple(RecordInvalid("a record that is not flat") for _ in page.result.structured)
            invalid = converted.invalid + odd
            yield Batch(converted.records, invalid, page.complete)


class IntacctBillSource:
    """A `BillSource` over one company."""

    def __init__(self, reader: IntacctReader, page_size: int | None = None) -> None:
        self._reader = reader
        self._client = reader.client
        self._catalogue = reader.catalogue
        self._page_size = page_size

    def read_waiting_and_changed(self, since: datetime | None) -> BillsRead:
        """Bills waiting for approval, and all modified at or after `since` (UTC)."""
        meter = _Meter(self._client)
        waiting = one_of("STATE", WAITING_STATES)
        if since is None:
            return meter.finish(self._collect([waiting]), self._catalogue.zone())
        zone = self._catalogue.zone()
        # With the zone unknown, look back so far that no zone can hide a change.
        since = since if zone.verified else since - WIDEST_OFFSET
        changed = at_least("WHENMODIFIED", zone.to_text(since))
        if not self._catalogue.refused(_COMPOSITE):
            try:
                return meter.finish(self._collect([Or((waiting, changed))]), zone)
            except GatewayRefused as error:
                if error.meaning not in FIELD_TROUBLE:
                    raise
        collected = self._collect([waiting, changed])
        # Only now is it certain that the combination was to blame.
        self._catalogue.remember_refused(_COMPOSITE)
        return meter.finish(collected, zone)

    def read_by_key(self, record_numbers: Sequence[str]) -> BillsRead:
        """The bills with these record numbers; a number without a row no longer exists."""
        meter = _Meter(self._client)
        zone = self._catalogue.zone()
        if not record_numbers:
            return meter.finish(_Collected(), zone)
        return meter.finish(self._collect([one_of(KEY, record_numbers)]), zone)

    def _collect(self, filters: Sequence[Filter]) -> _Collected:
        collected = _Collected()
        for where in filters:
            done = False
            for batch in self._reader.read(BILLS, where, self._page_size):
                collected.add(batch)
                done = batch.complete
            collected.complete = collected.complete and done
        return collected


class _Collected:
    """Bills of several pages and queries; of a bill seen twice the later sight counts."""

    def __init__(self) -> None:
        self.bills: dict[str, Bill] = {}
        self.problems: list[str] = []
        self.complete = True

    def add(self, batch: Batch[Bill]) -> None:
        self.bills.update((bill.record_no, bill) for bill in batch.records)
        self.problems.extend(error.safe_message for error in batch.invalid)


class _Meter:
    """What one read used, as the difference of the client's counters."""

    def __init__(self, client: IntacctClient) -> None:
        self._client = client
        self._transactions = client.usage.transactions
        self._cleaned = client.usage.cleaned

    def finish(self, collected: _Collected, zone: UserZone) -> BillsRead:
        client = self._client
        known = zone.verified
        bills = tuple(replace(bill, zone_known=known) for bill in collected.bills.values())
        latest = max((bill.modified for bill in bills if bill.modified), default=None)
        unknown = {bill.state_text for bill in bills if bill.state is BillState.UNKNOWN}
        return BillsRead(
            bills=bills,
            complete=collected.complete,
            transactions=client.usage.transactions - self._transactions,
            quarantined=len(collected.problems),
            problems=tuple(collected.problems),
            unknown_states=tuple(sorted(unknown)),
            zone_error=zone_error(latest, client.server_time or client.clock.now()),
            zone_verified=zone.verified,
            utc_offset=zone.offset if zone.verified else None,
            cleaned=client.usage.cleaned - self._cleaned,
        )
