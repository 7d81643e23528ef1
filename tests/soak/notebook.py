"""What the soak notes at the connector's edges, for the observer to compare.

Where a poll begins to read and where its last reply came, whether it got to its end with its lease
still its own, whether it could read the audit history, and what it wrote into the bills' trails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from ml_connector.domain.audit import AuditEntry
from ml_connector.domain.bills import BillsRead
from ml_connector.domain.documents import CompanyState
from ml_connector.domain.doubts import HistoryRead
from ml_connector.usecases.ports import BillSource, HistorySource
from tests.support.faults import FaultyDocumentStore
from tests.support.memory_store import MemoryDocumentStore, Tables
from tests.support.mishaps import Faults

from .judging import Told
from .model import WAITING, Look, Token


class Ledger(Protocol):
    """What has to be known of the simulated company."""

    def position(self) -> int:
        """How long its log is."""

    def settled_position(self) -> int:
        """The same, after everything that is due has become visible."""


@dataclass(slots=True)
class Visit:
    """One poll's page in the notebook; without a number it has not begun to read."""

    day: date
    number: int = 0
    first: int = 0
    last: int = 0
    read: bool = False
    certain: bool = False
    history: bool | None = None
    zone: bool = True

    @property
    def look(self) -> Look:
        """As the observer takes it."""
        return Look(
            self.number, self.first, self.last, self.certain, self.history, self.day, self.zone
        )


class Notebook:
    """Looks in the order in which they began, what was told, and how polls ended."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._read_until: dict[str, int] = {}
        self._states: dict[str, str] = {}
        self.visits: list[Visit] = []
        self.told: list[Told] = []
        self.event_ids: list[str] = []
        self.outcomes: Counter[str] = Counter()

    def begin(self, visit: Visit) -> None:
        """A poll begins to read; what it reads first counts."""
        if not visit.number:
            self.visits.append(visit)
            visit.number = len(self.visits)
            visit.first = visit.last = self._ledger.settled_position()

    def replied(self, visit: Visit) -> None:
        """A poll has had a reply."""
        visit.last = self._ledger.position()

    def looks(self) -> list[Look]:
        """The looks whose read came to its end."""
        return [visit.look for visit in self.visits if visit.read]

    def collect(self, chains: Mapping[str, Sequence[AuditEntry]], visit: Visit) -> None:
        """Whatever stands in the trails since the last time was written by this poll."""
        for name, chain in chains.items():
            if name.startswith("doc#"):
                for entry in chain[self._read_until.get(name, 0) :]:
                    self._note(name, entry, visit)
                self._read_until[name] = len(chain)

    def _note(self, chain: str, entry: AuditEntry, visit: Visit) -> None:
        data: Any = entry.data
        self.event_ids += [event["id"] for event in data["events"]]
        # As the ledger writes it.
        state = data["state"].replace("_", " ").title()
        kinds = [event["kind"] for event in data["events"]]
        moved = self._states.get(chain) != state and state not in WAITING
        if moved and not kinds and not data["deleted"]:
            kinds = [f"seen {state}"]
        self._states[chain] = state
        bill = int(chain.rsplit("#", 1)[1])
        currency, amount = data["amount"].split()
        for kind in kinds:
            level = data["level"] if kind == "bill.partially_approved" else 0
            token = Token(kind, data["round"], level, Decimal(amount), currency)
            self.told.append(Told(visit.number, bill, token))


@dataclass(slots=True)
class WatchedSource:
    """A BillSource that notes from where to where in the ledger's log its reads reach."""

    source: BillSource
    visit: Visit
    notes: Notebook

    def read_waiting_and_changed(self, since: datetime | None) -> BillsRead:
        self.notes.begin(self.visit)
        read = self.source.read_waiting_and_changed(since)
        self.visit.read = True
        self.visit.zone = read.zone_verified
        self.notes.replied(self.visit)
        return read

    def read_by_key(self, record_numbers: Sequence[str]) -> BillsRead:
        try:
            return self.source.read_by_key(record_numbers)
        finally:
            self.notes.replied(self.visit)


@dataclass(slots=True)
class WatchedHistory:
    """A HistorySource that notes whether it was let in."""

    source: HistorySource
    visit: Visit
    notes: Notebook

    def read_workflow(self, record_numbers: Sequence[str], since: datetime) -> HistoryRead:
        read = self.source.read_workflow(record_numbers, since)
        self.visit.history = read.permitted
        self.notes.replied(self.visit)
        return read


class WatchedDocuments(FaultyDocumentStore):
    """Notes when a poll comes to its end with the lease still its own: all it saw is written."""

    def __init__(self, tables: Tables, faults: Faults, visit: Visit) -> None:
        super().__init__(MemoryDocumentStore(tables), faults)
        self._tables = tables
        self._visit = visit

    def finish(self, state: CompanyState) -> None:
        current = self._tables.companies[state.company].fence
        if not state.last_error and current == state.fence:
            self._visit.certain = True
        super().finish(state)
