"""A company's books behind a BillSource: of the fakes, and of the adapter on the simulator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from ml_connector.domain.bills import BillState
from ml_connector.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRateLimited,
    SourceRejected,
    SourceUnavailable,
)
from ml_connector.intacct.client import ENDPOINT, IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.ports import HttpReply
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.usecases.ports import BillSource
from sandbox.intacct import (
    COMPANY_ID,
    SENDER_ID,
    SENDER_PASSWORD,
    USER_ID,
    USER_PASSWORD,
    IntacctSimulator,
    Recipe,
    SandboxClock,
)
from tests.soak.wires import Straight, shortened
from tests.support.clock import HandClock
from tests.support.ledger import Ledger
from tests.support.polling import FakeIntacct

#: Not on a whole second: Intacct's stamps are.
MORNING = datetime(2026, 11, 23, 9, 30, 0, 640_000, tzinfo=UTC)


class Books(Protocol):
    """A company's books, the people who work in them, and the way to read them."""

    source: BillSource
    clock: HandClock

    def submit(self, amount: str = "12500.00") -> str:
        """A bill in dollars is submitted; its record number."""

    def approve(self, number: str) -> None:
        """The last approver approves."""

    def decline(self, number: str) -> None:
        """An approver says no."""


class Unruly(Books, Protocol):
    """Books in which more can happen, and a gateway that fails on request."""

    def partially_approve(self, number: str) -> None:
        """One level approves, another has to."""

    def recall(self, number: str) -> None:
        """The submitter takes it back."""

    def amend(self, number: str, amount: str) -> None:
        """The amount changes while it waits."""

    def delete(self, number: str) -> None:
        """It is gone."""

    def spoil(self, number: str) -> None:
        """Its row can no longer be read."""

    def put_in_strange_state(self, number: str) -> None:
        """It gets a state nobody has heard of."""

    def cut(self) -> None:
        """From now on replies lose their ends, and do not say so."""

    def fail(self, kind: type[SourceError]) -> None:
        """Every read fails in this way."""

    def recover(self) -> None:
        """Reads succeed again."""


class InLedger:
    """The fake of the protocol's tests."""

    def __init__(self) -> None:
        self.clock = HandClock(MORNING)
        self._ledger = Ledger(self.clock)
        self.source: BillSource = self._ledger
        self._count = 0

    def submit(self, amount: str = "12500.00") -> str:
        self._count += 1
        return self._ledger.submit(str(self._count), amount).record_no

    def approve(self, number: str) -> None:
        self._ledger.approve(number)

    def decline(self, number: str) -> None:
        self._ledger.decline(number)


class InMemory:
    """The fake of the poll's tests."""

    def __init__(self) -> None:
        self.clock = HandClock(MORNING)
        self._intacct = FakeIntacct(self.clock)
        self.source: BillSource = self._intacct
        self._count = 0

    def submit(self, amount: str = "12500.00") -> str:
        self._count += 1
        self._intacct.submit(str(self._count), amount)
        return str(self._count)

    def approve(self, number: str) -> None:
        self._intacct.move(number, BillState.POSTED)

    def decline(self, number: str) -> None:
        self._intacct.move(number, BillState.DECLINED)

    def partially_approve(self, number: str) -> None:
        self._intacct.move(number, BillState.PARTIALLY_APPROVED)

    def recall(self, number: str) -> None:
        self._intacct.move(number, BillState.DRAFT)

    def amend(self, number: str, amount: str) -> None:
        self._intacct.amend(number, amount)

    def delete(self, number: str) -> None:
        self._intacct.delete(number)

    def spoil(self, number: str) -> None:
        self._intacct.quarantined.add(number)

    def put_in_strange_state(self, number: str) -> None:
        self._intacct.move(number, BillState.UNKNOWN)

    def cut(self) -> None:
        self._intacct.incomplete = {"changed", "key"}

    def fail(self, kind: type[SourceError]) -> None:
        self._intacct.errors.extend([kind("the gateway failed")] * 2)

    def recover(self) -> None:
        self._intacct.errors.clear()


class Damaging:
    """A transport whose replies may be damaged on the way."""

    def __init__(self, straight: Straight) -> None:
        self._straight = straight
        self.damage: Callable[[HttpReply], HttpReply | None] = lambda _: None

    def post(self, url: str, body: bytes, *, seconds: float, limit: int) -> HttpReply:
        reply = self._straight.post(url, body, seconds=seconds, limit=limit)
        return self.damage(reply) or reply


class Simulated:
    """The adapter, in front of the simulated gateway in this process."""

    #: What makes every read fail in one way.
    FAULTS = {  # noqa: RUF012 - read only
        SourceUnavailable: "http_503",
        SourceRateLimited: "gw_0010",
        SourceProtocolError: "two_roots",
    }

    def __init__(self) -> None:
        self.clock = HandClock(MORNING)
        sim = IntacctSimulator(
            Recipe(bills=0), clock=SandboxClock(source=lambda: self.clock.now().timestamp())
        )
        self._admin = sim.admin
        self._wire = Damaging(Straight(sim.gateway, self.clock))
        client = IntacctClient(
            Credentials(SENDER_ID, SENDER_PASSWORD, COMPANY_ID, USER_ID, USER_PASSWORD),
            ENDPOINT,
            "",
            MemorySessionStore(),
            MemoryCache(),
            http=self._wire,
            clock=self.clock,
            sleep=self.clock.sleep,
            random=lambda: 0.5,
        )
        self.source: BillSource = IntacctBillSource(IntacctReader(client))

    def submit(self, amount: str = "12500.00") -> str:
        return str(self._admin.create_bill("V-100", amount, submit=True).recordno)

    def approve(self, number: str) -> None:
        self._admin.approve(int(number))

    def decline(self, number: str) -> None:
        self._admin.decline(int(number))

    def partially_approve(self, number: str) -> None:
        self._admin.partially_approve(int(number))

    def recall(self, number: str) -> None:
        self._admin.recall(int(number))

    def amend(self, number: str, amount: str) -> None:
        self._admin.edit_bill(int(number), amount=amount)

    def delete(self, number: str) -> None:
        self._admin.delete_bill(int(number))

    def spoil(self, number: str) -> None:
        empty = dict.fromkeys(("TRX_TOTALENTERED", "TOTALENTERED"))
        self._admin.edit_record("APBILL", int(number), dict(empty))

    def put_in_strange_state(self, number: str) -> None:
        self._admin.edit_record("APBILL", int(number), {"STATE": "Awaiting Moon"})

    def cut(self) -> None:
        self._wire.damage = lambda reply: shortened(reply, counted=False)

    def fail(self, kind: type[SourceError]) -> None:
        if kind is SourceRejected:
            self._admin.settings(denied=["APBILL"])
        elif kind is SourceAuthError:
            self._admin.user(USER_ID, status="lockedout")
            self._admin.kill_sessions()
        else:
            self._admin.fault(self.FAULTS[kind], count=None)

    def recover(self) -> None:
        self._admin.settings(denied=[])
        self._admin.user(USER_ID, status="active")
        self._admin.clear_faults()
        # A refused login is not tried again at once.
        self.clock.forward(days=1)
