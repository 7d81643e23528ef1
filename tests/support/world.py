"""Everything between a bill and a phone, in one process and on one clock.

The use cases are the real ones; around them stand the stores in memory, a queue, a provider with
phones and a ledger. `run` lets time pass the way the deployed system sees it: a poll and a status
check every minute, the send function whenever a message becomes visible.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ml_connector.aws.queue import dispatch_in, message_body
from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import AuditEntry, BrokenLink, ChainHead, check
from ml_connector.domain.cases import Alert, Case
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.flows import parse
from ml_connector.errors import ConnectorError
from ml_connector.settings import Timings
from ml_connector.usecases.check_status import StatusReport, check_status
from ml_connector.usecases.dispatch_files import quiet_change
from ml_connector.usecases.due import companies_due
from ml_connector.usecases.poll import poll_company
from ml_connector.usecases.ports import PollPorts
from ml_connector.usecases.posting import SendOutcome
from ml_connector.usecases.send import send
from ml_connector.usecases.steps import DispatchPorts

from .calls import Calls
from .clock import HandClock
from .doorbell import Message, Queue
from .faults import (
    Fault,
    Faults,
    FaultyAlertStore,
    FaultyApproverStore,
    FaultyAuditTrail,
    FaultyCaller,
    FaultyDocumentStore,
    FaultyDoorbell,
    FaultyMessenger,
    Killed,
)
from .inbox import FaultyInbox, MemoryInbox
from .laws import LawfulAlertStore
from .ledger import Ledger, OneCompany
from .memory_store import (
    MemoryAlertStore,
    MemoryApproverStore,
    MemoryAuditTrail,
    MemoryDocumentStore,
    MemoryFlowStore,
    Tables,
)
from .phones import Phone
from .provider import Provider
from .telemetry import RecordingTelemetry

#: What the template gives the functions, seconds.
POLL_TIMEOUT, SEND_TIMEOUT, STATUS_TIMEOUT = 120.0, 30.0, 60.0
#: Kept free at the end of a function's time, as the container does.
LAST_WORDS = 0.5

#: Most stories are about one text at a time; those of bundles ask for the usual `Timings()`.
EACH_ALONE = Timings(bundle_window=0.5)

COMPANY = "acme"
#: Seconds between two polls, at any hour, so that a story may begin when it likes.
POLL_EVERY = 120
STEADY = {"intervals": dict.fromkeys(("working", "close", "otherwise"), POLL_EVERY)}
COMPANIES: Mapping[str, Any] = {
    COMPANY: {"name": "Acme AP", "zone": "America/Chicago", "calendar": STEADY}
}
DEFAULT_FLOW: Mapping[str, Any] = {
    "schema": 1,
    "companies": COMPANIES,
    "default_approver": "ann",
    "rules": [
        {"name": "everything", "on": ["bill.submitted"], "notify": [{"sms": {"to": "approver"}}]}
    ],
}


def number(place: int) -> str:
    """A fictional phone number."""
    return f"+1555010{place:04d}"


@dataclass(frozen=True, slots=True)
class QueueNature:
    """How badly the queue behaves."""

    shuffled: bool = False
    duplicate: float = 0.0
    slack: float = 0.0
    least_delay: float = 0.0


class World:
    """One company, its approvers, and the three functions."""

    def __init__(
        self,
        *,
        timings: Timings | None = None,
        seed: int = 0,
        chances: Mapping[Fault, float] | None = None,
        flow: Mapping[str, Any] = DEFAULT_FLOW,
        queue: QueueNature | None = None,
    ) -> None:
        self.clock = HandClock()
        self.faults = Faults(self.clock, seed=seed, chances=chances)
        self.tables = Tables(now=self.clock.now)
        self.audit = MemoryAuditTrail(self.tables)
        self.approvers = MemoryApproverStore(self.tables)
        self.provider = Provider(self.clock)
        self.calls = Calls(self.clock)
        self.inbox = MemoryInbox(self.clock)
        self.asked: list[str] = []
        nature = queue or QueueNature()
        self.queue = Queue(
            self.clock,
            shuffle=random.Random(seed) if nature.shuffled else None,  # noqa: S311 - a seed
            duplicate=nature.duplicate,
            slack=nature.slack,
            least_delay=nature.least_delay,
        )
        self.telemetry = RecordingTelemetry()
        self.ledger = Ledger(self.clock)
        self.timings = timings or EACH_ALONE
        self._ids = itertools.count(1)
        alerts = FaultyAlertStore(LawfulAlertStore(self.tables), self.faults)
        doorbell = FaultyDoorbell(self.queue, self.faults)
        approvers = FaultyApproverStore(self.approvers, self.faults)
        self.poll_ports = PollPorts(
            companies=OneCompany(COMPANY, self.ledger),
            documents=FaultyDocumentStore(MemoryDocumentStore(self.tables), self.faults),
            alerts=alerts,
            flows=MemoryFlowStore(parse(flow, 1)),
            approvers=approvers,
            doorbell=doorbell,
            clock=self.clock,
            telemetry=self.telemetry,
            timings=self.timings,
            new_id=self._new_id,
            sleep=self.clock.sleep,
            trail=FaultyAuditTrail(self.audit, self.faults),
        )
        self.ports = DispatchPorts(
            alerts=alerts,
            approvers=approvers,
            documents=self.poll_ports.documents,
            messenger=FaultyMessenger(self.provider, self.faults),
            caller=FaultyCaller(self.calls, self.faults),
            inbox=FaultyInbox(self.inbox, self.faults),
            flows=self.poll_ports.flows,
            doorbell=doorbell,
            ask_for_poll=self.asked.append,
            clock=self.clock,
            telemetry=self.telemetry,
            timings=self.timings,
            send_timeout=SEND_TIMEOUT,
            new_id=self._new_id,
            share=self.faults.random.random,
            sleep=self.clock.sleep,
            trail=self.poll_ports.trail,
        )
        self.ann = self.approver("ann", number(1))

    def _new_id(self) -> str:
        return f"write-{next(self._ids)}"

    # ---------------------------------------------------------------------------- people
    def approver(
        self,
        name: str,
        phone: str,
        *,
        opted_out: bool = False,
        channels: tuple[str, ...] = ("sms",),
        manager: str = "",
    ) -> Phone:
        """Someone who approves bills, and the phone in their pocket. Most take texts only."""
        self.approvers.put(
            Approver(
                name,
                name.title(),
                phone,
                salt=f"salt of {name}",
                opted_out=opted_out,
                channels=channels,
                manager=manager,
            )
        )
        return self.provider.phone(phone)

    def change_approver(self, name: str, **changes: Any) -> None:
        """An operator edits a person."""
        self.approvers.put(replace(self.approvers.people[name], **changes))

    # --------------------------------------------------------------------- the functions
    def invoke(self, timeout: float, function: Callable[[datetime], object]) -> bool:
        """Run a function the way Lambda does; false when it was killed or failed."""
        self.faults.deaths.append(self.clock.ahead(timeout))
        self.telemetry.concerning()
        try:
            function(self.clock.ahead(timeout - LAST_WORDS))
        except (Killed, ConnectorError):
            return False
        finally:
            self.faults.deaths.pop()
        return True

    def poll(self) -> bool:
        """One tick of the poll function, and the poll of the company if it is due."""
        due: list[str] = []
        if not self.invoke(POLL_TIMEOUT, lambda _: due.extend(companies_due(self.poll_ports))):
            return False
        done = [
            self.invoke(POLL_TIMEOUT, lambda end: poll_company(COMPANY, self.poll_ports, end))
            for _ in due
        ]
        return all(done)

    def check(self) -> StatusReport | None:
        """One tick of the status check; None when it was killed or failed."""
        reports: list[StatusReport] = []
        self.invoke(STATUS_TIMEOUT, lambda end: reports.append(check_status(self.ports, end)))
        return reports[0] if reports else None

    def send(self, dispatch_id: str) -> SendOutcome | None:
        """The send function with one message; None when it was killed or returned it."""
        outcomes: list[SendOutcome] = []
        self.invoke(SEND_TIMEOUT, lambda end: outcomes.append(send(dispatch_id, self.ports, end)))
        return outcomes[0] if outcomes else None

    def send_or_raise(self, dispatch_id: str) -> SendOutcome:
        """The send function's use case with nothing around it."""
        return send(dispatch_id, self.ports, self.clock.ahead(SEND_TIMEOUT - LAST_WORDS))

    def deliver(self, most: int = 10) -> int:
        """Hand one batch of visible messages to the send function; how many there were."""
        batch = self.queue.receive(most)
        if batch:
            self.invoke(SEND_TIMEOUT, lambda end: self._handle(batch, end))
        return len(batch)

    def _handle(self, batch: list[Message], end: datetime) -> None:
        """As the handler does it: what failed alone comes back; a killed batch comes back whole."""
        done: list[Message] = []
        for message in batch:
            try:
                send(dispatch_in(message.body), self.ports, end)
            except ConnectorError as error:
                self.telemetry.error("message_failed", code=error.code, reason=error.safe_message)
            else:
                done.append(message)
        for message in done:
            self.queue.delete(message)

    # ------------------------------------------------------------------------------ time
    def open(self, bill: str = "4711", **details: str) -> Dispatch:
        """A bill is submitted and the poll sees it; the dispatch that was made for it."""
        self.baseline()
        before = set(self.tables.dispatches)
        self.ledger.submit(bill, **details)
        self.clock.forward(seconds=POLL_EVERY)
        self.poll()
        new = [x for x in self.tables.dispatches if x not in before]
        return self.tables.dispatches[new[0]]

    def baseline(self) -> None:
        """The first complete poll, after which new bills are news."""
        if not self.poll_ports.documents.state(COMPANY).baseline_done:
            self.poll()

    def tick(self) -> None:
        """A minute begins: poll and status check run, then whatever is on the queue."""
        self.poll()
        while self.asked:
            company = self.asked.pop()
            self.invoke(POLL_TIMEOUT, partial(poll_company, company, self.poll_ports))
        self.check()
        self.drain()

    def drain(self) -> None:
        """Deliver until nothing is visible."""
        while self.deliver():
            pass

    def run(self, **amount: float) -> None:
        """Let time pass, with a tick every minute and deliveries in between."""
        self.run_until(self.clock.now() + timedelta(**amount))

    def run_until(self, end: datetime) -> None:
        """As `run`, until an instant."""
        while self.clock.now() < end:
            self.tick()
            minute = min(self.clock.now() + timedelta(minutes=1), end)
            while (visible := self.queue.next_visible()) and visible < minute:
                self.clock.forward_to(visible)
                if not self.deliver():
                    break
            self.clock.forward_to(minute)

    # -------------------------------------------------------------------------- what is so
    def dispatch(self, dispatch_id: str) -> Dispatch:
        """A dispatch as it is stored now."""
        return self.tables.dispatches[dispatch_id]

    def dispatches(self) -> list[Dispatch]:
        """All of them, in the order they were made."""
        return sorted(self.tables.dispatches.values(), key=lambda d: (d.created_at, d.sequence))

    def newest(self, state: DispatchState | None = None) -> Dispatch:
        """The dispatch made last, of one state where one is given."""
        return [d for d in self.dispatches() if state in (None, d.state)][-1]

    def case(self, dispatch: Dispatch) -> Case:
        """The case of a dispatch's first member."""
        return self.tables.cases[dispatch.members[0].case_id]

    def alert(self, dispatch: Dispatch) -> Alert:
        """The alert of a dispatch's first member."""
        member = dispatch.members[0]
        return self.tables.alerts[member.case_id][member.alert_id]

    def entries(self, dispatch: Dispatch) -> list[AuditEntry]:
        """The audit entries of a dispatch's case."""
        return list(self.audit.chain(self.case(dispatch).chain))

    def kinds(self, dispatch: Dispatch) -> list[str]:
        """The kinds of those entries."""
        return [entry.kind for entry in self.entries(dispatch)]

    def broken_chains(self) -> list[BrokenLink]:
        """Every chain that does not verify against its head."""
        heads: dict[str, ChainHead] = {}
        for case in self.tables.cases.values():
            heads[case.chain] = case.head
        for document in self.tables.documents.values():
            heads[document.chain] = document.head
        for person in self.tables.people.values():
            heads[person.chain] = person.head
        links = (check(self.audit.chain(name), head) for name, head in heads.items())
        return [link for link in links if link]

    def touch(self, dispatch_id: str) -> None:
        """Somebody else writes the dispatch without changing what it says."""
        stored = self.tables.dispatches[dispatch_id]
        self.tables.dispatches[dispatch_id] = replace(stored, version=stored.version + 1)

    def look_in(self, dispatch_id: str, **wait: float) -> None:
        """The status check is to look at a dispatch after so long, whatever it meant to do."""
        stored = self.tables.dispatches[dispatch_id]
        later = replace(stored, look_at=self.clock.now() + timedelta(**wait))
        change = quiet_change(stored, later, write_id=self._new_id())
        MemoryAlertStore(self.tables).commit(change)

    def ring(self, dispatch: Dispatch) -> None:
        """One more message for a dispatch: the queue delivers at least once."""
        self.queue.put(message_body(dispatch.id))
