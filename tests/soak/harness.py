"""The connector as it is deployed, around one simulated company, with the observer's notebook.

Everything of ours is the shipped code; the stores are in memory, the wire leads straight into the
simulator or over loopback, and time is moved by hand. Notes are taken at the edges: where a poll
begins to read and where its last reply came, whether it got to its end, and what it wrote into the
bills' trails.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import AuditEntry
from ml_connector.domain.bills import BillsRead
from ml_connector.domain.documents import CompanyState
from ml_connector.domain.flows import parse
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.ports import Transport
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.settings import Timings
from ml_connector.usecases.poll import poll_company
from ml_connector.usecases.ports import BillSource, Clock, DocumentStore, PollPorts
from sandbox.intacct import SENDER_ID, SENDER_PASSWORD, USER_ID, USER_PASSWORD
from sandbox.intacct.company import Company
from tests.support.clock import HandClock
from tests.support.faults import FaultyAlertStore, FaultyDocumentStore, FaultyDoorbell
from tests.support.memory_store import (
    MemoryAlertStore,
    MemoryApproverStore,
    MemoryDocumentStore,
    MemoryFlowStore,
    Tables,
)
from tests.support.mishaps import Fault, Faults, Killed
from tests.support.polling import FLOW
from tests.support.telemetry import RecordingTelemetry

from .model import Look, Token, Told

COMPANY = "acme"
#: What the template gives the poll function, what the container keeps of it for last words, and
#: what it keeps of it for writing, seconds.
FUNCTION, LAST_WORDS, WRITING = 120.0, 0.5, 20.0
#: A second poll this far ahead of the first finds its lease run out, seconds.
AHEAD = 300.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What may be replaced, to show that the soak notices. The defaults replace nothing."""

    client: type[IntacctClient] = IntacctClient
    source: Callable[[BillSource], BillSource] = lambda source: source
    wire: Callable[[Transport, str], Transport] = lambda wire, _endpoint: wire


@dataclass(frozen=True, slots=True)
class Office:
    """The company as the connector is told of it: where, and in which zone if it is told."""

    company: Company
    endpoint: str
    trusted_host: str = ""
    utc_offset: str = ""
    page_size: int | None = None


class Ahead:
    """The clock of a machine whose time is ahead of everybody else's."""

    def __init__(self, clock: HandClock, seconds: float) -> None:
        self._clock = clock
        self._ahead = timedelta(seconds=seconds)

    def now(self) -> datetime:
        """The present time, as this machine believes it."""
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        """As everywhere else."""
        return self._clock.monotonic()


@dataclass(slots=True)
class Visit:
    """One poll's page in the notebook; without a number it has not begun to read."""

    number: int = 0
    first: int = 0
    last: int = 0
    read: bool = False
    certain: bool = False

    @property
    def look(self) -> Look:
        """As the observer takes it."""
        return Look(self.number, self.first, self.last, self.certain)


class Moods(Faults):
    """Faults that can be told to rest for a while."""

    resting = False

    def meet(self, point: str, possible: Sequence[Fault]) -> Fault | None:
        """Nothing happens while they rest."""
        return None if self.resting else super().meet(point, possible)


class ForgetfulCache(MemoryCache):
    """A cache that may lose everything."""

    def forget(self) -> None:
        """As if it were new."""
        self._texts.clear()


class Nobody:
    """The Doorbell port; nobody listens."""

    def ring(self, dispatch_ids: object, delay_seconds: int = 0) -> None:
        """Nothing happens."""


class WatchedSource:
    """A BillSource that notes from where to where in the ledger's log each read reached."""

    def __init__(self, source: BillSource, visit: Visit, connector: Connector) -> None:
        self._source = source
        self._visit = visit
        self._connector = connector

    def read_waiting_and_changed(self, since: datetime | None) -> BillsRead:
        self._connector.begin_look(self._visit)
        read = self._source.read_waiting_and_changed(since)
        self._visit.read = True
        self._visit.last = self._connector.position()
        return read

    def read_by_key(self, record_numbers: Sequence[str]) -> BillsRead:
        try:
            return self._source.read_by_key(record_numbers)
        finally:
            self._visit.last = self._connector.position()


class WatchedDocuments(FaultyDocumentStore):
    """Notes when a poll comes to its end with the lease still its own: all it saw is written."""

    def __init__(self, store: DocumentStore, faults: Faults, tables: Tables, visit: Visit) -> None:
        super().__init__(store, faults)
        self._tables = tables
        self._visit = visit

    def finish(self, state: CompanyState) -> None:
        current = self._tables.companies[state.company].fence
        if not state.last_error and current == state.fence:
            self._visit.certain = True
        super().finish(state)


class Container:
    """One process: a client that is kept between polls, and when the present one has to end."""

    def __init__(self, connector: Connector, clock: Clock) -> None:
        self.clock = clock
        self._ends_at = 0.0
        office, hand = connector.office, connector.clock
        credentials = Credentials(
            SENDER_ID,
            SENDER_PASSWORD,
            office.company.id,
            USER_ID,
            USER_PASSWORD,
            utc_offset=office.utc_offset,
        )
        client = connector.parts.client(
            credentials,
            office.endpoint,
            office.trusted_host,
            connector.sessions,
            connector.cache,
            http=connector.parts.wire(connector.wire, office.endpoint),
            clock=clock,
            sleep=hand.sleep,
            random=connector.random.random,
            time_left=lambda: self._ends_at - clock.monotonic() - WRITING,
        )
        reader = IntacctReader(client, trusted_host=office.trusted_host)
        source = IntacctBillSource(reader, office.page_size)
        self.source: BillSource = connector.parts.source(source)

    def begin(self) -> datetime:
        """An invocation begins; when it has to be done."""
        self._ends_at = self.clock.monotonic() + FUNCTION
        return self.clock.now() + timedelta(seconds=FUNCTION - LAST_WORDS)


@dataclass(frozen=True, slots=True)
class _OneSource:
    """The Companies port for one poll."""

    known: BillSource

    def source(self, company: str) -> BillSource | None:
        return self.known if company == COMPANY else None


@dataclass(slots=True)
class Notebook:
    """What was noted: looks in the order they began, what was told, and how polls ended."""

    looks: list[Visit] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    event_ids: list[str] = field(default_factory=list)


class Connector:
    """The poll function, its stores, and everything that may interrupt it."""

    def __init__(
        self,
        office: Office,
        wire: Transport,
        clock: HandClock,
        faults: Faults,
        chance: random.Random,
        parts: Parts,
    ) -> None:
        self.office = office
        self.wire = wire
        self.clock = clock
        self.faults = faults
        self.random = chance
        self.parts = parts
        self.sessions = MemorySessionStore()
        self.cache = ForgetfulCache()
        self.tables = Tables(now=clock.now)
        self.notes = Notebook()
        self._flows = MemoryFlowStore(parse(FLOW, 1))
        self._approvers = MemoryApproverStore()
        for place, name in enumerate(("ann", "dee"), start=1):
            phone = f"+1555010{place:04d}"
            self._approvers.put(Approver(name, f"{name.title()} Approver", phone, f"salt {name}"))
        self._write_ids = itertools.count(1)
        self._read_until: dict[str, int] = {}
        self._states: dict[str, str] = {}
        self._running: list[Visit] = []
        self._warm: Container | None = None

    # -------------------------------------------------------------------------- polling
    @property
    def depth(self) -> int:
        """How many polls are running, one within the other."""
        return len(self._running)

    def poll(self, *, ahead: float = 0.0, again: bool = False, must: bool = False) -> str:
        """One invocation of the poll function, on a machine so many seconds ahead; its outcome.

        `again` uses the process of the last one that ended well. `must` is for a poll that nothing
        stands in the way of: it has looked, whatever became of it.
        """
        clock: Clock = Ahead(self.clock, ahead) if ahead else self.clock
        container = self._warm if again and self._warm and not ahead else Container(self, clock)
        self._warm = None
        visit = Visit(read=must, certain=must)
        if must:
            self.begin_look(visit)
        outcome = "killed"
        with self._invocation(visit):
            ports = self._ports(container, visit)
            outcome = poll_company(COMPANY, ports, container.begin()).outcome
            self._warm = container if container.clock is self.clock else None
        self.notes.outcomes[outcome] += 1
        return outcome

    @contextmanager
    def _invocation(self, visit: Visit) -> Iterator[None]:
        if self._running:
            self._collect(self._running[-1])
        self._running.append(visit)
        self.faults.deaths.append(self.clock.now() + timedelta(seconds=FUNCTION))
        try:
            yield
        except Killed:
            pass
        finally:
            self.faults.deaths.pop()
            self._collect(self._running.pop())

    def _ports(self, container: Container, visit: Visit) -> PollPorts:
        return PollPorts(
            companies=_OneSource(WatchedSource(container.source, visit, self)),
            documents=WatchedDocuments(
                MemoryDocumentStore(self.tables), self.faults, self.tables, visit
            ),
            alerts=FaultyAlertStore(MemoryAlertStore(self.tables), self.faults),
            flows=self._flows,
            approvers=self._approvers,
            doorbell=FaultyDoorbell(Nobody(), self.faults),
            clock=container.clock,
            telemetry=RecordingTelemetry(),
            timings=Timings(),
            new_id=lambda: f"write-{next(self._write_ids)}",
            sleep=self.clock.sleep,
        )

    # --------------------------------------------------------------------- the notebook
    def position(self) -> int:
        """How long the ledger's log is."""
        return len(self.office.company.log)

    def begin_look(self, visit: Visit) -> None:
        """A poll begins to read."""
        if visit.number:
            return
        company = self.office.company
        with company.lock:
            company.settle()
        self.notes.looks.append(visit)
        visit.number = len(self.notes.looks)
        visit.first = visit.last = self.position()

    def looks(self) -> list[Look]:
        """The looks whose read came to its end."""
        return [visit.look for visit in self.notes.looks if visit.read]

    def _collect(self, visit: Visit) -> None:
        """Whatever stands in the trails since the last time was written by this poll."""
        for name, chain in self.tables.chains.items():
            if not name.startswith("doc#"):
                continue
            for entry in chain[self._read_until.get(name, 0) :]:
                self._note(name, entry, visit)
            self._read_until[name] = len(chain)

    def _note(self, chain: str, entry: AuditEntry, visit: Visit) -> None:
        bill = int(chain.rsplit("#", 1)[1])
        data: Any = entry.data
        self.notes.event_ids += [event["id"] for event in data["events"]]
        state = "gone" if data["deleted"] else _label(data["state"])
        kinds = [event["kind"] for event in data["events"]]
        if not kinds and self._states.get(chain) != state:
            kinds = [f"seen {state}"]
        self._states[chain] = state
        currency, amount = data["amount"].split()
        for kind in kinds:
            level = data["level"] if kind == "bill.partially_approved" else 0
            token = Token(kind, data["round"], level, Decimal(amount), currency)
            self.notes.told.append(Told(visit.number, bill, token))


def _label(state: str) -> str:
    """`partially_approved` in the ledger's own words."""
    return state.replace("_", " ").title()
