"""Looking at bills as a poll read them: what each means, and what was done to those in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta, tzinfo

from ml_connector.domain.bills import Bill, BillsRead
from ml_connector.domain.documents import CompanyState, Document, bill_document_id
from ml_connector.domain.events import Sighting, seen_again, seen_first
from ml_connector.domain.stamps import NO_SHIFT, shift_of

from .books import Bookkeeper
from .days import settle
from .ports import HistorySource, PollPorts
from .writing import Writer


@dataclass(slots=True)
class Looker:
    """The eyes of one poll of one company.

    `history` is None where edits without a trace are not followed. `transactions` counts what
    asking it cost.
    """

    lease: CompanyState
    ports: PollPorts
    history: HistorySource | None
    bookkeeper: Bookkeeper
    writer: Writer
    zone: Callable[[], tzinfo]
    transactions: int = 0
    _shift: timedelta = NO_SHIFT

    def compare(self, read: BillsRead, waiting: Mapping[str, Document]) -> None:
        """Find out whether time stamps are read in another zone than those that are stored."""
        pairs = ((bill, waiting.get(bill_document_id(bill.record_no))) for bill in read.bills)
        moved = [
            bill.modified - stored.modified
            for bill, stored in pairs
            if stored and stored.modified and bill.modified and bill.zone_known
        ]
        self._shift = shift_of(self.lease.utc_offset, read.utc_offset, moved)
        if self._shift:
            hours = self._shift / timedelta(hours=1)
            self.ports.telemetry.event("stamps_moved", company=self.lease.company, hours=hours)

    def look(
        self, bills: Iterable[Bill], known: Mapping[str, Document]
    ) -> list[Sighting[Document]]:
        """What these bills mean; those in which nothing changed are left out."""
        now = self.ports.clock.now()
        found: list[Sighting[Document]] = []
        for bill in bills:
            stored = known.get(bill_document_id(bill.record_no))
            sighting = (
                seen_again(stored, bill, now, self._shift)
                if stored
                else seen_first(self.lease.company, bill, now)
            )
            if sighting and sighting.changed:
                found.append(sighting)
        return self.bookkeeper.ready(found, changed=True)

    def record(self, found: Iterable[Sighting[Document]], known: Mapping[str, Document]) -> None:
        """Record what is clear; then find out what was done to the bills in doubt."""
        sightings = list(found)
        doubtful = [one for one in sightings if one.doubtful]
        self.writer.record(one for one in sightings if not one.doubtful)
        if doubtful and self.history:
            today = self.ports.clock.now().astimezone(self.zone()).date()
            doubtful, used = settle(
                doubtful, known, self.history, today, self._shift, self._is_told
            )
            self.transactions += used
        self.writer.record(doubtful)

    def _is_told(self, sighting: Sighting[Document]) -> bool:
        decision, document = self.writer.recorder.decision, sighting.document
        return any(decision(event.kind, document) for event in sighting.events)
