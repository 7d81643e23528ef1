"""One bill on its way through the deployed use cases: poll, send, and the steps that follow.

Nobody reacts: texts arrive, calls are hung up at once. Each function runs at the very moment
something is due, so that times can be compared to the second.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ml_connector.domain.approvers import Approver
from ml_connector.domain.bills import Bill
from ml_connector.domain.books import Codings
from ml_connector.domain.cases import Case
from ml_connector.domain.delivery import CallStatus
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.documents import Document, bill_document_id
from ml_connector.domain.flows import parse
from ml_connector.settings import Timings
from ml_connector.usecases.poll import poll_company
from ml_connector.usecases.ports import PollPorts
from ml_connector.usecases.send import send
from ml_connector.usecases.stepping import go_on
from ml_connector.usecases.steps import DispatchPorts

from .bills import COMPANY
from .books import FakeBooks
from .calls import Calls, Life
from .clock import HandClock
from .doorbell import Queue
from .memory_store import (
    MemoryAlertStore,
    MemoryApproverStore,
    MemoryDocumentStore,
    MemoryFlowStore,
    Tables,
)
from .polling import FakeIntacct, Sources
from .provider import Provider
from .telemetry import RecordingTelemetry

#: Answered and over in the same moment: no call keeps the next from being placed.
HUNG_UP_AT_ONCE = Life(CallStatus.NO_INPUT, 0, answered_after=0, by="human")
#: Its steps need no fresh look at the bill: nothing happens to it here.
TIMINGS = replace(Timings(), step_freshness=31_000_000.0)
#: What a function has, seconds.
TIME = 100.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One text or call as it went out; `at` is None for an alert nobody was left for."""

    step: int
    occurrence: int
    recipient: str
    channel: str
    at: datetime | None
    text: str


class PlanRun:
    """A company with these people, whose first poll is done."""

    def __init__(
        self,
        flow: Mapping[str, Any],
        people: Sequence[Approver],
        books: FakeBooks,
        start: datetime,
    ) -> None:
        self.clock = HandClock(start)
        self.tables = Tables(now=self.clock.now)
        self.intacct = FakeIntacct(self.clock)
        self.books = books
        self.calls = Calls(self.clock)
        store, numbers = MemoryAlertStore(self.tables), itertools.count(1)
        approvers = MemoryApproverStore(self.tables)
        for person in people:
            approvers.put(person)
            self.calls.line(person.phone).life = HUNG_UP_AT_ONCE
        self._poll_ports = PollPorts(
            companies=Sources(self.intacct),
            documents=MemoryDocumentStore(self.tables),
            alerts=store,
            flows=MemoryFlowStore(parse(flow, 1)),
            approvers=approvers,
            doorbell=Queue(self.clock),
            clock=self.clock,
            telemetry=RecordingTelemetry(),
            timings=TIMINGS,
            books=lambda _: books,
            new_id=lambda: f"write-{next(numbers)}",
            sleep=self.clock.sleep,
        )
        self._ports = DispatchPorts(
            alerts=store,
            approvers=approvers,
            documents=self._poll_ports.documents,
            messenger=Provider(self.clock),
            caller=self.calls,
            doorbell=self._poll_ports.doorbell,
            clock=self.clock,
            telemetry=self._poll_ports.telemetry,
            timings=TIMINGS,
            send_timeout=30.0,
            ask_for_poll=lambda _: None,
            new_id=self._poll_ports.new_id,
            sleep=self.clock.sleep,
        )
        self.poll()

    def poll(self) -> None:
        poll_company(COMPANY, self._poll_ports, self.clock.ahead(TIME))

    def submit(self, bill: Bill, lines: Codings) -> None:
        """The bill waits in Intacct from now on."""
        self.intacct.bills[bill.record_no] = bill
        self.books.lines[bill.record_no] = lines

    def change(self, record_no: str, **changes: Any) -> None:
        """Somebody does something to the bill."""
        bill = self.intacct.bills[record_no]
        modified = self.clock.second()
        self.intacct.bills[record_no] = replace(bill, modified=modified, **changes)

    def document(self, record_no: str) -> Document:
        return self.tables.documents[COMPANY, bill_document_id(record_no)]

    def newest_case(self, record_no: str) -> Case | None:
        name = bill_document_id(record_no)
        cases = [case for case in self.tables.cases.values() if case.document == name]
        return max(cases, key=lambda case: case.opened_at, default=None)

    def run(self, case_id: str) -> list[Sent]:
        """Everything the case brings about, to the end of its plan; in the order it goes out."""
        while moment := self._next(case_id):
            self.clock.forward_to(moment)
            due = [
                dispatch.id
                for dispatch in self.tables.dispatches.values()
                if dispatch.state is DispatchState.WAITING
                and dispatch.due_at <= self.clock.now()
                and dispatch.members[0].case_id == case_id
            ]
            for dispatch_id in due:
                # How much one person gets in an hour is about everything else that happens.
                self.tables.counters.clear()
                send(dispatch_id, self._ports, self.clock.ahead(TIME))
            if not due:
                go_on(case_id, self._ports, self.clock.ahead(TIME))
        return self._sent(case_id)

    def _next(self, case_id: str) -> datetime | None:
        case = self.tables.cases[case_id]
        waiting = [
            dispatch.due_at
            for dispatch in self.tables.dispatches.values()
            if dispatch.state is DispatchState.WAITING and dispatch.members[0].case_id == case_id
        ]
        look = [case.look_at] if case.look_at else []
        return min([*waiting, *look], default=None)

    def _sent(self, case_id: str) -> list[Sent]:
        found = []
        for alert in self.tables.alerts[case_id].values():
            dispatch = self.tables.dispatches.get(alert.dispatch)
            found.append(
                Sent(
                    alert.step,
                    alert.occurrence,
                    alert.recipient,
                    alert.channel,
                    dispatch.sent_at if dispatch else None,
                    dispatch.text if dispatch else "",
                )
            )
        return sorted(found, key=lambda one: (one.step, one.occurrence))
