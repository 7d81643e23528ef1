"""Cases as the poll leaves them, in the stack the operator's command sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.domain import dispatches as d
from ml_connector.domain.audit import entry_after
from ml_connector.domain.bills import BillState
from ml_connector.domain.cases import Case
from ml_connector.domain.delivery import MessageStatus
from ml_connector.domain.dispatches import Dispatch, Member
from ml_connector.domain.ids import stable_id
from ml_connector.domain.money import Money
from ml_connector.domain.unit_of_work import CaseWrite, Change
from ml_connector.settings import Timings
from ml_connector.store.models import CaseItem, DispatchItem
from ml_connector.usecases.dispatch_files import Step, change_of, load
from ml_connector.usecases.poll import poll_company
from ml_connector.usecases.ports import PollPorts
from tests.adapters.cli_deployment import Stack
from tests.support.bills import a_bill
from tests.support.clock import HandClock
from tests.support.doorbell import Queue
from tests.support.polling import FakeIntacct, Sources
from tests.support.telemetry import RecordingTelemetry


@dataclass
class PolledCompany:
    """Acme, polled with the real use case into the stack's own tables."""

    stack: Stack
    baseline: bool = True
    clock: HandClock = field(default_factory=lambda: HandClock(datetime.now(UTC)))

    def __post_init__(self) -> None:
        self.intacct = FakeIntacct(self.clock)
        deployment = self.stack.deployment
        self.ports = PollPorts(
            companies=Sources(self.intacct),
            documents=deployment.documents,
            alerts=deployment.alerts,
            flows=deployment.flows,
            approvers=deployment.approvers,
            doorbell=Queue(self.clock),
            clock=self.clock,
            telemetry=RecordingTelemetry(),
            timings=Timings(),
        )
        if self.baseline:
            self.poll()

    def poll(self) -> None:
        report = poll_company("acme", self.ports, self.clock.now() + timedelta(seconds=100))
        assert report.outcome == "polled"

    def submit(self, record_no: str, number: str = "", amount: str = "12500.00") -> Case:
        """A bill is submitted and polled; the case that was opened for it."""
        bill = replace(a_bill(record_no, modified=self.clock.second()), amount=usd(amount))
        self.intacct.bills[record_no] = replace(bill, number=number or bill.number)
        known = {case.id for case in self.cases()}
        self.poll()
        return next(case for case in self.cases() if case.id not in known)

    def move(self, record_no: str, state: BillState) -> None:
        """Somebody does something to the bill in Intacct, and it is polled."""
        self.intacct.move(record_no, state)
        self.poll()

    # -------------------------------------------------------------------- what is stored
    def cases(self) -> list[Case]:
        ids = [row.id for row in CaseItem.scan(CaseItem.sk == "case")]
        files = [self.stack.deployment.alerts.case_file(case) for case in ids]
        return [file.case for file in files if file]

    def case(self, case: Case) -> Case:
        file = self.stack.deployment.alerts.case_file(case.id)
        assert file
        return file.case

    def dispatch(self, case: Case) -> Dispatch:
        """The first dispatch of a case."""
        file = self.stack.deployment.alerts.case_file(case.id)
        assert file
        found = self.stack.deployment.alerts.dispatch(file.alerts[0].dispatch)
        assert found
        return found

    def dispatches(self) -> int:
        return sum(1 for _ in DispatchItem.scan(DispatchItem.sk == "dispatch"))

    # --------------------------------------------------------------------- what is sent
    def put_off(self, case: Case, until: datetime, reason: str) -> None:
        """The send function defers it."""
        dispatch = self.dispatch(case)
        self._step(dispatch, d.defer(dispatch, until=until, look_at=until, reason=reason))

    def sent(self, case: Case, **changes: Any) -> Dispatch:
        """The send function claims it and Twilio takes it."""
        now = self.clock.now()
        before = self.dispatch(case)
        due = replace(before, due_at=now)
        claimed = d.claim(due, token="t", to="+15550100001", now=now, deadline=now)
        self._step(before, claimed)
        after = d.record_sent(
            claimed, sid="SM" + "0" * 32, status=MessageStatus.QUEUED, now=now, look_at=now
        )
        stored = self.dispatch(case)
        self._step(stored, replace(after, **changes))
        return self.dispatch(case)

    def _step(self, before: Dispatch, after: Dispatch) -> None:
        store = self.stack.deployment.alerts
        file = load(store, before.id)
        step = Step(after, f"dispatch.{after.state.value}", {})
        store.commit(change_of(file, step, write_id=f"w{before.version}", now=self.clock.now()))


def rewrite(stack: Stack, case: Case, change: Callable[[Case], Case]) -> None:
    """A function changes a case."""
    stored = stack.deployment.alerts.case_file(case.id)
    assert stored
    entry = entry_after(stored.case.head, case.chain, datetime.now(UTC), "case.stepped", {})
    write = CaseWrite(change(stored.case), entry)
    stack.deployment.alerts.commit(Change(write_id=f"w-{entry.digest}", cases=(write,)))


def bundle(stack: Stack, cases: Sequence[Case]) -> str:
    """A dispatch that carries the first alerts of several cases; its id."""
    store = stack.deployment.alerts
    files = [file for case in cases if (file := store.case_file(case.id))]
    members = tuple(Member(file.case.id, file.alerts[0].id) for file in files)
    first = store.dispatch(files[0].alerts[0].dispatch)
    assert first
    made = replace(first, id=stable_id("bundle"), members=members, version=1)
    store.commit(Change(write_id="bundle", dispatches=(made,)))
    return made.id


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")
