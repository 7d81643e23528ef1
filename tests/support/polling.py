"""Polls of one company in memory: an Intacct that misbehaves on request, and what a poll leaves."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import ChainHead, check
from ml_connector.domain.bills import Bill, BillsRead, BillState
from ml_connector.domain.cases import Alert, Case
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.documents import Document, bill_document_id
from ml_connector.domain.flows import parse
from ml_connector.domain.money import Money
from ml_connector.errors import ConnectorError
from ml_connector.settings import Timings
from ml_connector.usecases.poll import PollReport, poll_company
from ml_connector.usecases.ports import PollPorts

from .bills import COMPANY, a_bill
from .clock import HandClock
from .doorbell import Queue
from .faults import Faults, FaultyAlertStore, FaultyDocumentStore, FaultyDoorbell
from .memory_store import (
    MemoryAlertStore,
    MemoryApproverStore,
    MemoryAuditTrail,
    MemoryDocumentStore,
    MemoryFlowStore,
    Tables,
)
from .telemetry import RecordingTelemetry

#: What the poll function has for one company, seconds.
POLL_SECONDS = 119.5

FLOW: Mapping[str, Any] = {
    "schema": 1,
    "companies": {COMPANY: {"name": "Acme AP", "zone": "America/Chicago"}},
    "default_approver": "dee",
    "rules": [
        {
            "name": "dollars",
            "on": ["bill.submitted", "bill.partially_approved", "bill.changed"],
            "when": {"amount": {"at_least": 0, "currency": "USD"}},
            "approver": "ann",
            "notify": [{"sms": {"to": "approver"}}],
        }
    ],
}


class FakeIntacct:
    """The BillSource port and the hands of the people who work in Intacct.

    `hidden` bills exist and are left out of the first read; `quarantined` ones have a row nobody
    can read; `incomplete` names the reads that break off (`changed`, `key`); `errors` are raised
    one after the other.
    """

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self.bills: dict[str, Bill] = {}
        self.hidden: set[str] = set()
        self.quarantined: set[str] = set()
        self.incomplete: set[str] = set()
        self.errors: deque[ConnectorError] = deque()
        self.twice = False
        self.zone_error: timedelta | None = None
        self.zone_verified = True
        self.utc_offset: timedelta | None = None
        self.since: list[datetime | None] = []
        self.by_key: list[tuple[str, ...]] = []

    # -------------------------------------------------------------------- people at work
    def submit(self, record_no: str, amount: str = "12500.00", currency: str = "USD") -> None:
        bill = a_bill(record_no, modified=self._clock.second())
        self.bills[record_no] = replace(bill, amount=Money(Decimal(amount), currency))

    def move(self, record_no: str, state: BillState) -> None:
        self._edit(record_no, state=state, state_text=state.value)

    def amend(self, record_no: str, amount: str) -> None:
        self._edit(record_no, amount=Money(Decimal(amount), "USD"))

    def delete(self, *record_numbers: str) -> None:
        for record_no in record_numbers:
            del self.bills[record_no]

    def _edit(self, record_no: str, **changes: Any) -> None:
        bill = self.bills[record_no]
        self.bills[record_no] = replace(bill, modified=self._clock.second(), **changes)

    # -------------------------------------------------------------------------- the port
    def read_waiting_and_changed(self, since: datetime | None) -> BillsRead:
        self.since.append(since)
        self._raise_next()
        since = since and since.replace(microsecond=0)
        shown = [
            bill
            for bill in self.bills.values()
            if bill.record_no not in self.hidden
            and (bill.state.waiting or (since and bill.modified and bill.modified >= since))
        ]
        return self._read(shown * 2 if self.twice else shown, "changed")

    def read_by_key(self, record_numbers: Sequence[str]) -> BillsRead:
        self.by_key.append(tuple(record_numbers))
        if not record_numbers:
            return BillsRead((), complete=True, transactions=0)
        self._raise_next()
        asked = dict.fromkeys(record_numbers)
        return self._read([self.bills[no] for no in asked if no in self.bills], "key")

    def _read(self, shown: Sequence[Bill], which: str) -> BillsRead:
        bills = tuple(bill for bill in shown if bill.record_no not in self.quarantined)
        bad = [bill.record_no for bill in shown if bill.record_no in self.quarantined]
        return BillsRead(
            bills,
            complete=which not in self.incomplete,
            transactions=1,
            quarantined=len(bad),
            problems=tuple(f"APBILL {no}: no amount" for no in sorted(bad)),
            unknown_states=tuple(
                sorted({b.state_text for b in bills if b.state is BillState.UNKNOWN})
            ),
            zone_error=self.zone_error,
            zone_verified=self.zone_verified,
            utc_offset=self.utc_offset,
        )

    def _raise_next(self) -> None:
        if self.errors:
            raise self.errors.popleft()


class Sources:
    """The Companies port: `source` may be missing, or fail."""

    def __init__(self, source: FakeIntacct) -> None:
        self.known: FakeIntacct | None = source
        self.error: ConnectorError | None = None

    def source(self, company: str) -> FakeIntacct | None:
        if self.error:
            raise self.error
        return self.known if company == COMPANY else None


class Office:
    """Everything a poll touches. `ann` approves dollars, `dee` stands in for everybody."""

    def __init__(
        self, *, faults: Faults | None = None, timings: Timings | None = None, baseline: bool = True
    ) -> None:
        self.clock = HandClock()
        self.faults = faults or Faults(self.clock)
        self.tables = Tables(now=self.clock.now)
        self.intacct = FakeIntacct(self.clock)
        self.sources = Sources(self.intacct)
        self.queue = Queue(self.clock)
        self.telemetry = RecordingTelemetry()
        self.flows = MemoryFlowStore(parse(FLOW, 1))
        self.approvers = MemoryApproverStore(self.tables)
        for place, name in enumerate(("ann", "bob", "dee"), start=1):
            self.person(name, f"+1555010{place:04d}")
        numbers = itertools.count(1)
        self.ports = PollPorts(
            companies=self.sources,
            documents=FaultyDocumentStore(MemoryDocumentStore(self.tables), self.faults),
            alerts=FaultyAlertStore(MemoryAlertStore(self.tables), self.faults),
            flows=self.flows,
            approvers=self.approvers,
            doorbell=FaultyDoorbell(self.queue, self.faults),
            clock=self.clock,
            telemetry=self.telemetry,
            timings=timings or Timings(),
            new_id=lambda: f"write-{next(numbers)}",
            sleep=self.clock.sleep,
            trail=MemoryAuditTrail(self.tables),
        )
        if baseline:
            self.poll()

    def person(self, name: str, phone: str) -> None:
        self.approvers.put(Approver(name, f"{name.title()} Approver", phone, f"salt of {name}"))

    def publish(self, **changes: Any) -> None:
        self.flows.flow = parse({**FLOW, **changes}, 2)

    # -------------------------------------------------------------------------- polling
    def poll(self, minutes: float = 2) -> PollReport:
        """Some minutes later, the company is polled."""
        self.clock.forward(minutes=minutes)
        end = self.clock.now() + timedelta(seconds=POLL_SECONDS)
        return poll_company(COMPANY, self.ports, end)

    # ------------------------------------------------------------------------ what is so
    def document(self, record_no: str) -> Document:
        return self.tables.documents[COMPANY, bill_document_id(record_no)]

    def cases(self, record_no: str) -> list[Case]:
        """The cases of a bill in the order they were opened."""
        name = bill_document_id(record_no)
        found = [case for case in self.tables.cases.values() if case.document == name]
        return sorted(found, key=lambda case: case.opened_at)

    def story(self, record_no: str) -> list[tuple[str, int, str]]:
        """Kind, round and state of each of those cases."""
        return [(case.kind, case.round, case.state.value) for case in self.cases(record_no)]

    def alerts(self, record_no: str) -> list[Alert]:
        rows = (self.tables.alerts.get(case.id, {}).values() for case in self.cases(record_no))
        return [alert for row in rows for alert in row]

    def dispatches(self, record_no: str) -> list[Dispatch]:
        return [self.tables.dispatches[a.dispatch] for a in self.alerts(record_no) if a.dispatch]

    def entry_kinds(self, chain: str) -> list[str]:
        return [entry.kind for entry in self.tables.chains.get(chain, [])]

    def all_chains_hold(self) -> bool:
        """Every chain verifies against the head that is kept outside it."""
        heads: dict[str, ChainHead] = {c.chain: c.head for c in self.tables.cases.values()}
        heads |= {d.chain: d.head for d in self.tables.documents.values()}
        links = [check(self.tables.chains[name], head, name) for name, head in heads.items()]
        return not any(links)
