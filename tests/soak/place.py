"""Where a history takes place: a simulator of its own, in this process or behind loopback HTTP."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal

from ml_connector.intacct.client import ENDPOINT
from ml_connector.intacct.ports import Transport
from ml_connector.intacct.transport import RequestsTransport
from sandbox.intacct import IntacctSimulator, LogEntry, Recipe, SandboxClock, World
from sandbox.intacct.catalog import OBJECTS
from sandbox.intacct.company import Company, Event
from tests.support.clock import HandClock

from .model import Change, Row
from .wires import Straight

_FIELDS = ("STATE", "TRX_TOTALENTERED", "CURRENCY", "VENDORID")
_AT = tuple(OBJECTS["APBILL"].position(name) for name in _FIELDS)


@dataclass(frozen=True, slots=True)
class Logged:
    """One entry of the ledger's log about a bill: what the observer needs, and what was done."""

    change: Change
    kind: str
    late: bool
    """Whether it became visible later than it was made."""


class Place:
    """A simulated company, the way to its gateway, and its log. The clock is the history's own."""

    def __init__(self, clock: HandClock, *, real: bool) -> None:
        self._stack = ExitStack()
        self._sim = IntacctSimulator(
            Recipe(bills=0), clock=SandboxClock(source=lambda: clock.now().timestamp())
        )
        self._real = real
        self.endpoint, self.trusted_host = ENDPOINT, ""
        self.transport: Transport = Straight(self._sim.gateway, clock)
        if real:
            self._stack.enter_context(self._sim)
            self.endpoint, self.trusted_host = self._sim.url, "127.0.0.1"
            self.transport = self._stack.enter_context(RequestsTransport())

    @property
    def world(self) -> World:
        """The simulator's state."""
        return self._sim.world

    @property
    def company(self) -> Company:
        """The one company there is."""
        (company,) = self.world.companies.values()
        return company

    def close(self) -> None:
        """End it."""
        self._stack.close()

    def log(self) -> list[Logged]:
        """The log of bills, oldest first: over HTTP where there is HTTP."""
        if not self._real:
            return [_stored(entry) for entry in self.company.log if entry.object == "APBILL"]
        entries: list[LogEntry] = []
        while more := self._sim.admin.events(after=len(entries)):
            entries += more
        return [_shown(entry) for entry in entries if entry.object == "APBILL"]


def _stored(entry: Event) -> Logged:
    before, after = (_row(row and [row[at] for at in _AT]) for row in (entry.before, entry.after))
    change = Change(entry.seq, entry.recordno, before, after)
    return Logged(change, entry.kind, entry.at > entry.made_at)


def _shown(entry: LogEntry) -> Logged:
    before, after = (
        _row(fields and [fields[name] for name in _FIELDS])
        for fields in (entry.before, entry.after)
    )
    change = Change(entry.seq, entry.recordno, before, after)
    return Logged(change, entry.kind, entry.at > entry.made_at)


def _row(values: object) -> Row | None:
    if not isinstance(values, list):
        return None
    state, amount, currency, vendor = (str(value) for value in values)
    return Row(state, Decimal(amount), currency, vendor)
