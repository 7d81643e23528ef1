"""What a poll with nothing new costs in API transactions, which is what Sage bills for.

The sources that ship read bills and payments of simulated companies of several sizes, in process.
The first read also learns the company's fields and its user's zone, which holds for a day; the
second one, with the watermark of the first, is the idle poll. The simulator's own count is what is
shown. Once an hour the sweep of cleared payments adds one.
"""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.report import keep, table, verdict
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.payments import IntacctPaymentSource
from ml_connector.intacct.ports import HttpReply
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.settings import Timings
from sandbox.intacct import (
    COMPANY_ID,
    SENDER_ID,
    SENDER_PASSWORD,
    USER_ID,
    USER_PASSWORD,
    Arrival,
    IntacctSimulator,
    Recipe,
)

if TYPE_CHECKING:
    from bench.layers import Interpreter

ENDPOINT = "https://api.intacct.com/ia/xml/xmlgw.phtml"
#: Bills in the company, and how many of them wait for approval.
COMPANIES = ((10, 2), (2_000, 2_000), (100_000, 2_000))
#: How far the first poll looks back for payments.
FIRST_LOOK_BACK = timedelta(days=60)
#: The most an idle poll may cost with up to 2,000 open bills; each further 2,000 add one.
TARGET = 2


@dataclass(frozen=True, slots=True)
class Cost:
    """One company: its size, the transactions of the two polls, and what the idle one brought."""

    bills: int
    waiting: int
    first: int
    idle: int
    kibibytes: float
    read: int

    @property
    def met(self) -> bool:
        """Whether the idle poll keeps to the target."""
        return self.idle <= TARGET


class RealClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds."""
        return time.monotonic()


class InProcess:
    """A transport that hands requests to the simulator's gateway and counts bytes of replies."""

    def __init__(self, simulator: IntacctSimulator) -> None:
        self._gateway = simulator.gateway
        self.received = 0

    def post(self, _url: str, body: bytes, *, seconds: float, limit: int) -> HttpReply:
        """One exchange; nothing is slow or large here."""
        del seconds, limit
        reply = self._gateway.handle(body, Arrival())
        self.received += len(reply.body)
        return HttpReply(reply.status, {}, reply.body)


def _client(http: InProcess) -> IntacctClient:
    """As the poll function makes it, without AWS."""
    return IntacctClient(
        Credentials(SENDER_ID, SENDER_PASSWORD, COMPANY_ID, USER_ID, USER_PASSWORD),
        ENDPOINT,
        "",
        MemorySessionStore(),
        MemoryCache(),
        http=http,
        clock=RealClock(),
        sleep=time.sleep,
        random=lambda: 0.5,
    )


def measure(bills: int, waiting: int) -> Cost:
    """Poll a company of this size twice. Raises ValueError where a poll is not complete."""
    simulator = IntacctSimulator(Recipe(bills=bills, waiting=waiting))
    http = InProcess(simulator)
    reader = IntacctReader(_client(http))
    source, payments = IntacctBillSource(reader), IntacctPaymentSource(reader)
    first = source.read_waiting_and_changed(None)
    payments.read_payments_changed(datetime.now(UTC) - FIRST_LOOK_BACK)
    first_cost = simulator.admin.tally()["transactions"]
    simulator.admin.reset_tally()
    http.received = 0
    mark = max(bill.modified for bill in first.bills if bill.modified)
    overlap = timedelta(seconds=Timings().watermark_overlap)
    idle = source.read_waiting_and_changed(mark - overlap)
    paid = payments.read_payments_changed(datetime.now(UTC) - overlap)
    cost = simulator.admin.tally()["transactions"]
    counted = idle.transactions + paid.transactions
    if not (first.complete and idle.complete and paid.complete) or cost != counted:
        raise ValueError("a poll was incomplete, or the client counts otherwise than the gateway")
    return Cost(bills, waiting, first_cost, cost, http.received / 1024, len(idle.bills))


def run(_python: Interpreter, _rounds: int) -> None:
    """Poll every company, print the table and keep the figures."""
    costs = [measure(bills, waiting) for bills, waiting in COMPANIES]
    print("API transactions of one poll: the first of a day, and an idle one")
    heads = ["company", "open bills", "first", "idle", "target", "", "bills read", "KiB received"]
    print(
        table(
            heads,
            [
                [
                    f"{cost.bills:,} bills",
                    f"{cost.waiting:,}",
                    cost.first,
                    cost.idle,
                    f"≤ {TARGET}",
                    verdict(cost.met),
                    f"{cost.read:,}",
                    f"{cost.kibibytes:.0f}",
                ]
                for cost in costs
            ],
        )
    )
    figures = [
        {
            "bills": cost.bills,
            "open": cost.waiting,
            "first_poll": cost.first,
            "idle_poll": cost.idle,
            "target": TARGET,
            "met": cost.met,
            "bills_read": cost.read,
            "kib_received": round(cost.kibibytes, 1),
        }
        for cost in costs
    ]
    keep("idle_poll", platform.python_version(), {"transactions": figures})
