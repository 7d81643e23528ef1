"""The connector as it is deployed, around one simulated company.

Everything of ours is the shipped code; the stores are in memory, the wire leads straight into the
simulator or over loopback, and time is moved by hand. Every text is taken for delivered at once.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ml_connector.domain.approvers import Approver
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.flows import parse
from ml_connector.intacct.books import IntacctBooksSource
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.history import IntacctHistorySource
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.ports import Transport
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.settings import Timings
from ml_connector.usecases.poll import poll_company
from ml_connector.usecases.ports import BillSource, Clock, PollPorts
from sandbox.intacct import SENDER_ID, SENDER_PASSWORD, USER_ID, USER_PASSWORD
from sandbox.intacct.company import Company
from tests.support.clock import HandClock
from tests.support.faults import FaultyAlertStore, FaultyDoorbell
from tests.support.memory_store import (
    MemoryAlertStore,
    MemoryApproverStore,
    MemoryFlowStore,
    Tables,
)
from tests.support.mishaps import Fault, Faults, Killed
from tests.support.telemetry import RecordingTelemetry

from .notebook import Notebook, Visit, WatchedDocuments, WatchedHistory, WatchedSource

COMPANY, ZONE = "acme", "America/Chicago"
FLOW = {
    "schema": 1,
    "companies": {COMPANY: {"name": "Acme AP", "zone": ZONE}},
    "default_approver": "dee",
    "rules": [
        {
            "name": "whatever waits",
            "on": ["bill.submitted", "bill.partially_approved", "bill.changed", "bill.reminder"],
            "notify": [{"sms": {"to": "approver"}}],
        }
    ],
}
#: What the template gives the poll function, what the container keeps of it for last words, and
#: what it keeps of it for writing, seconds.
FUNCTION, LAST_WORDS, WRITING = 120.0, 0.5, 20.0
#: A second poll this far ahead of the first finds its lease run out, seconds.
AHEAD = 300.0
#: Points that are passed rarely, and how many times as dangerous they are for it.
RARE = {"ring": 3}


class AuditHistory(StrEnum):
    """What the connector makes of the audit history."""

    UNUSED = "audit history unused"
    REFUSED = "audit history refused"
    READ = "audit history read"


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
    history: AuditHistory = AuditHistory.UNUSED

    def position(self) -> int:
        """How long the ledger's log is."""
        return len(self.company.log)

    def settled_position(self) -> int:
        """The same, after everything that is due has become visible."""
        with self.company.lock:
            self.company.settle()
            return len(self.company.log)


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


class Moods(Faults):
    """Faults that can be told to rest for a while."""

    resting = False

    def meet(self, point: str, possible: Sequence[Fault]) -> Fault | None:
        """Nothing happens while they rest."""
        for _ in range(0 if self.resting else RARE.get(point, 1)):
            fault = super().meet(point, possible)
            if fault:
                return fault
        return None


class ForgetfulCache(MemoryCache):
    """A cache that may lose everything."""

    def forget(self) -> None:
        """As if it were new."""
        self._texts.clear()


class Nobody:
    """The Doorbell port; nobody listens."""

    def ring(self, dispatch_ids: object, delay_seconds: int = 0) -> None:
        """Nothing happens."""


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
        self.history = IntacctHistorySource(reader)
        self.books = IntacctBooksSource(reader)
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
        self.notes = Notebook(office)
        self._flows = MemoryFlowStore(parse(FLOW, 1))
        self._approvers = MemoryApproverStore(self.tables)
        self._approvers.put(Approver("dee", "Dee Approver", "+15550100001", "salt of dee"))
        self._write_ids = itertools.count(1)
        self._running: list[Visit] = []
        self._warm: Container | None = None

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
        day = clock.now().astimezone(ZoneInfo(ZONE)).date()
        visit = Visit(day, read=must, certain=must)
        if must:
            self.notes.begin(visit)
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

    def _collect(self, visit: Visit) -> None:
        self.notes.collect(self.tables.chains, visit)
        for name, dispatch in self.tables.dispatches.items():
            if dispatch.state is DispatchState.WAITING:
                self.tables.dispatches[name] = replace(dispatch, state=DispatchState.DELIVERED)

    def _ports(self, container: Container, visit: Visit) -> PollPorts:
        history = WatchedHistory(container.history, visit, self.notes)
        used = self.office.history is not AuditHistory.UNUSED
        return PollPorts(
            companies=_OneSource(WatchedSource(container.source, visit, self.notes)),
            documents=WatchedDocuments(self.tables, self.faults, visit),
            alerts=FaultyAlertStore(MemoryAlertStore(self.tables), self.faults),
            flows=self._flows,
            approvers=self._approvers,
            doorbell=FaultyDoorbell(Nobody(), self.faults),
            clock=container.clock,
            telemetry=RecordingTelemetry(),
            timings=Timings(),
            history=lambda _company: history if used else None,
            books=lambda _company: container.books,
            new_id=lambda: f"write-{next(self._write_ids)}",
            sleep=self.clock.sleep,
        )
