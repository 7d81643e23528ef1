"""Where a history takes place: a simulator of its own, in this process or behind loopback HTTP."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal

from ml_connector.intacct.client import ENDPOINT
from ml_connector.intacct.ports import Transport
from ml_connector.intacct.transport import RequestsTransport
from sandbox.intacct import IntacctSimulator, LogEntry, Recipe, SandboxClock, World
from sandbox.intacct.catalog import OBJECTS
from sandbox.intacct.clock import from_iso
from sandbox.intacct.company import Company, Event
from tests.support.clock import HandClock

from .model import Change, Row
from .wires import Straight

_FIELDS = (
    "STATE",
    "TRX_TOTALENTERED",
    "CURRENCY",
    "VENDORID",
    "RECORDID",
    "MODULEKEY",
    "WHENMODIFIED",
)
_AT = tuple(OBJECTS["APBILL"].position(name) for name in _FIELDS)


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
            # Connections that are reset on purpose are no news.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)

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

    def log(self) -> list[Change]:
        """The log of bills, oldest first: over HTTP where there is HTTP."""
        if not self._real:
            return [_stored(entry) for entry in self.company.log if entry.object == "APBILL"]
        entries: list[LogEntry] = []
        while more := self._sim.admin.events(after=len(entries)):
            entries += more
        return [_shown(entry) for entry in entries if entry.object == "APBILL"]


def _stored(entry: Event) -> Change:
    return Change(
        entry.seq,
        entry.recordno,
        _row(entry.before and [entry.before[at] for at in _AT]),
        _row(entry.after and [entry.after[at] for at in _AT]),
        entry.kind,
        entry.made_at,
        entry.at > entry.made_at,
    )


def _shown(entry: LogEntry) -> Change:
    return Change(
        entry.seq,
        entry.recordno,
        _row(_fields(entry.before)),
        _row(_fields(entry.after)),
        entry.kind,
        from_iso(entry.made_at),
        entry.at > entry.made_at,
    )


def _fields(record: dict[str, str | int] | None) -> list[object] | None:
    return None if record is None else [record.get(name) for name in _FIELDS]


def _row(values: Sequence[object] | None) -> Row | None:
    if values is None:
        return None
    state, amount, currency, vendor, number, module, stamp = values
    modified = from_iso(stamp) if isinstance(stamp, str) else stamp
    assert isinstance(modified, int | None)
    return Row(
        str(state),
        Decimal(str(amount)),
        str(currency),
        str(vendor),
        modified,
        str(number),
        module == "9.PO",
    )
