"""Our client beside a simulated gateway: what tests over real HTTP have in hand."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ml_connector.domain.bills import BillsRead
from ml_connector.intacct.client import ClientOptions, IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.ports import Cache, SessionStore
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.intacct.transport import RequestsTransport
from sandbox.intacct import (
    SENDER_ID,
    SENDER_PASSWORD,
    USER_ID,
    USER_PASSWORD,
    AdminClient,
    IntacctSimulator,
)

BILLS, WAITING = 60, 25


class RunningClock:
    """Real time, moved on by what is slept, so that no test really waits.

    With `waits` sleeping takes its time: for callers that wait for one another.
    """

    def __init__(self, *, waits: bool = False) -> None:
        self.waits = waits
        self.slept: list[float] = []
        self._ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def forward(self, seconds: float) -> None:
        self._ahead += seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.waits:
            time.sleep(seconds)
        else:
            self.forward(seconds)


@dataclass
class World:
    """A simulator and ways to reach it."""

    sim: IntacctSimulator
    http: RequestsTransport
    clock: RunningClock = field(default_factory=RunningClock)
    store: SessionStore = field(default_factory=MemorySessionStore)
    cache: Cache = field(default_factory=MemoryCache)

    @property
    def admin(self) -> AdminClient:
        return self.sim.admin

    def client(
        self,
        *,
        password: str = USER_PASSWORD,
        entity: str = "",
        utc_offset: str = "",
        options: ClientOptions | None = None,
        http: RequestsTransport | None = None,
    ) -> IntacctClient:
        credentials = Credentials(
            SENDER_ID,
            SENDER_PASSWORD,
            "acme-sandbox",
            USER_ID,
            password,
            entity_id=entity,
            utc_offset=utc_offset,
        )
        return IntacctClient(
            credentials,
            self.sim.url,
            "127.0.0.1",
            self.store,
            self.cache,
            http=http or self.http,
            clock=self.clock,
            sleep=self.clock.sleep,
            random=lambda: 0.5,
            options=options,
        )

    def reader(self, client: IntacctClient | None = None) -> IntacctReader:
        return IntacctReader(client or self.client(), trusted_host="127.0.0.1")

    def source(
        self, client: IntacctClient | None = None, page_size: int | None = None
    ) -> IntacctBillSource:
        return IntacctBillSource(self.reader(client), page_size)

    def submitted(self) -> int:
        """The number of some submitted bill."""
        return min(bill.recordno for bill in self.admin.bills(STATE="Submitted"))

    def waiting(self) -> set[str]:
        states = ("Submitted", "Partially Approved")
        return {str(bill.recordno) for state in states for bill in self.admin.bills(STATE=state)}


def numbers(read: BillsRead) -> set[str]:
    return {bill.record_no for bill in read.bills}
