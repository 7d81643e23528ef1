"""What workers ask for, and what they get: store, queue and approvers behind the fault layer.

Everything here runs in the world's one thread, so a transaction is one by nature. Where a run is to
be killed is decided here too; the killing is the world's.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ml_connector.aws.queue import dispatch_in, message_body
from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import entry_after
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.flows import parse
from ml_connector.domain.unit_of_work import CaseWrite, Change
from ml_connector.usecases.poll import poll_company
from ml_connector.usecases.ports import PollPorts
from tests.support.doorbell import Queue
from tests.support.faults import (
    FaultyAlertStore,
    FaultyApproverStore,
    FaultyDocumentStore,
    FaultyDoorbell,
    label,
)
from tests.support.laws import LawBroken, LawfulAlertStore
from tests.support.ledger import Ledger, OneCompany
from tests.support.memory_store import (
    MemoryAlertStore,
    MemoryApproverStore,
    MemoryAuditTrail,
    MemoryDocumentStore,
    MemoryFlowStore,
    Tables,
)
from tests.support.telemetry import RecordingTelemetry
from tests.support.world import COMPANY, POLL_TIMEOUT

from .cells import Step, Trouble
from .clock import SharedClock
from .nature import Nature
from .points import FAILURES, RUNG, RUNG_AFTER, Caller, Kill, Late, around
from .provider import SimulatedTwilio
from .runs import NOBODYS_OWN, Run, RunFaults, flow
from .worker import Advice

#: How long the client waits where it is to give up, and how much later it is answered: real time.
PATIENCE, ANSWER_AFTER = 0.25, 0.5

#: A request still on its way when its sender gives up is accepted within this, seconds: while its
#: claim is respected, and early enough to be listed within the grace period.
LATEST_ACCEPTANCE = 30.0


class Desk:
    """One epoch's store, queue, ledger and runs."""

    def __init__(
        self,
        runs: Sequence[Run],
        clock: SharedClock,
        twilio: SimulatedTwilio,
        dice: random.Random,
        nature: Nature,
    ) -> None:
        self.runs = {run.person: run for run in runs}
        self._by_number = {run.number: run for run in runs}
        self.clock = clock
        self.dice = dice
        self.nature = nature
        self._twilio = twilio
        self.tables = Tables(now=clock.now)
        self.audit = MemoryAuditTrail(self.tables)
        self.queue = Queue(
            clock,  # type: ignore[arg-type]
            shuffle=None if nature.crowded else dice,
            duplicate=nature.duplicate,
            slack=nature.slack,
        )
        self.ledger = Ledger(clock)  # type: ignore[arg-type]
        self.faults = RunFaults(dice)
        self.said: list[tuple[str, str, dict[str, Any]]] = []
        self.metrics: Counter[str] = Counter()
        self.broken: list[str] = []
        self.late: dict[str, Late] = {}
        """POSTs that may be accepted later, by their number."""
        self.asked_for_poll = False
        self._store = LawfulAlertStore(self.tables)
        people = MemoryApproverStore(self.tables)
        people.put(Approver(NOBODYS_OWN, "Nobody", "", salt="none", active=False))
        for run in runs:
            people.put(run.approver())
        documents = MemoryDocumentStore(self.tables)
        self._ports: dict[str, Any] = {
            "alerts": FaultyAlertStore(self._store, self.faults),
            "approvers": FaultyApproverStore(people, self.faults),
            "documents": FaultyDocumentStore(documents, self.faults),
            "doorbell": FaultyDoorbell(self.queue, self.faults),
        }
        self._polling = PollPorts(
            companies=OneCompany(COMPANY, self.ledger),
            documents=documents,
            alerts=self._store,
            flows=MemoryFlowStore(parse(flow(runs), 1)),
            approvers=people,
            doorbell=self,
            clock=clock,
            telemetry=RecordingTelemetry(),
            timings=nature.timings,
        )

    # ------------------------------------------------------------------------ the poll's part
    def poll(self) -> None:
        """One poll of the company: bills become alerts, and rings."""
        self.asked_for_poll = False
        poll_company(COMPANY, self._polling, self.clock.ahead(POLL_TIMEOUT))

    def ring(self, dispatch_ids: Iterable[str], delay_seconds: int = 0) -> None:
        """The poll's way to the queue."""
        for dispatch_id in dispatch_ids:
            self.queue.ring([dispatch_id], delay_seconds)
            self._repeat([dispatch_id])

    # -------------------------------------------------------------------------- for the world
    def settled(self) -> bool:
        """Whether nothing more happens by itself."""
        tables = self.tables
        return (
            not len(self.queue)
            and all(x.state.settled for x in tables.dispatches.values())
            and all(x.state.ended or x.look_at is None for x in tables.cases.values())
        )

    def run_at(self, number: str) -> Run | None:
        """The run whose phone has this number."""
        return self._by_number.get(number)

    def owner_of(self, sid: str) -> str | None:
        """The dispatch a provider's id is recorded for."""
        return self.tables.sids.get(sid)

    # --------------------------------------------------------------------------- the requests
    def answer(self, caller: Caller, what: str, arguments: tuple[Any, ...]) -> Any:
        """The answer to one request. Raises Kill, or what the port raises."""
        if what == "call":
            return self._call(caller, *arguments)
        if what == "post":
            return self._advice(self._by_number[arguments[0]])
        if what == "point":
            return self._point(*arguments)
        if what == "poll":
            return self._ask_for_poll(caller)
        return self._done(caller, *arguments)

    def _call(
        self,
        caller: Caller,
        port: str,
        method: str,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
    ) -> Any:
        def call() -> Any:
            return getattr(self._ports[port], method)(*arguments, **options)

        self.faults.subject = run = self._subject(method, arguments)
        try:
            if method == "commit":
                return self._commit(caller, arguments[0], run, call)
            if method == "ring":
                return self._ring(caller, arguments[0], call)
            answer = call()
        finally:
            self.faults.subject = None
        return self._stale(answer) if method == "look_due" else answer

    def _subject(self, method: str, arguments: tuple[Any, ...]) -> Run | None:
        """The run that a call is about."""
        first: Any = arguments[0] if arguments else None
        match method:
            case "commit":
                return self._run_of(first)
            case "dispatch":
                return self._run_of_dispatch(first)
            case "ring":
                return self._run_of_dispatch(next(iter(first), ""))
            case "case_file":
                return self._run_of_case(first)
            case "approver":
                return self.runs.get(first)
        return None

    def _run_of(self, change: Change) -> Run | None:
        for dispatch in change.dispatches:
            return self.runs.get(dispatch.recipient)
        return self._run_of_case(change.cases[0].case.id) if change.cases else None

    def _run_of_case(self, case_id: str) -> Run | None:
        for alert in self.tables.alerts.get(case_id, {}).values():
            return self.runs.get(alert.recipient)
        return None

    def _run_of_dispatch(self, dispatch_id: str) -> Run | None:
        dispatch = self.tables.dispatches.get(dispatch_id)
        return self.runs.get(dispatch.recipient) if dispatch else None

    # ------------------------------------------------------------------------ transactions
    def _commit(
        self, caller: Caller, change: Change, run: Run | None, call: Callable[[], Any]
    ) -> None:
        if run is None:
            call()
            return
        kind = self._kind(change)
        before, after = around(kind, sends=caller.sends)
        self._kill_at(run, before)
        if change.cases and run.plan.trouble is Trouble.CONFLICTS:
            self._overtake(run, kind, change)
        try:
            call()
        except LawBroken as broken:
            self.broken.append(str(broken))
            raise Kill from broken
        finally:
            # Written it may be although the answer is lost.
            if change.write_id in self.tables.tokens:
                self._written(caller, kind, run)
        self._kill_at(run, after)

    def _written(self, caller: Caller, kind: str, run: Run) -> None:
        caller.wrote[run.person] = kind
        if kind in FAILURES:
            self._twilio.admin.phone(run.number).set(sms_outcome=None, behaviour="on")

    def _kind(self, change: Change) -> str:
        kind = label(change)
        if kind != "quiet" or not change.dispatches:
            return kind
        stored = self.tables.dispatches.get(change.dispatches[0].id)
        return RUNG if stored and change.dispatches[0].rings > stored.rings else kind

    def _overtake(self, run: Run, kind: str, change: Change) -> None:
        """Somebody else appends to the chain of the same case first."""
        if not run.spend("overtaken", kind, self.dice, 3):
            return
        for write in change.cases:
            case = self.tables.cases[write.case.id]
            entry = entry_after(case.head, case.chain, self.clock.now(), "case.looked_at", {})
            other = Change(str(uuid.uuid4()), cases=(CaseWrite(case, entry),))
            MemoryAlertStore(self.tables).commit(other)

    @staticmethod
    def _kill_at(run: Run | None, step: Step | None) -> None:
        if run and step in run.armed:
            run.armed.discard(step)
            run.killed.add(step)
            raise Kill

    # ------------------------------------------------------------------------------ the queue
    def _ring(self, caller: Caller, ids: Sequence[str], call: Callable[[], Any]) -> None:
        call()
        self._repeat(ids)
        for run in filter(None, map(self._run_of_dispatch, ids)):
            if not caller.sends:
                self._kill_at(run, RUNG_AFTER.get(caller.wrote.get(run.person, "")))

    def _repeat(self, ids: Sequence[str]) -> None:
        """Two more messages for each dispatch that is to come three times."""
        for dispatch_id in ids:
            run = self._run_of_dispatch(dispatch_id)
            thrice = run is not None and run.plan.trouble is Trouble.THRICE
            if run and thrice:
                run.struck = True
            if thrice or self.nature.crowded:
                apart = 0.0 if self.nature.crowded else 3.0
                for _ in range(2):
                    self.queue.put(message_body(dispatch_id), self.dice.uniform(0, apart))

    def _done(self, caller: Caller, handled: Sequence[int]) -> None:
        """A batch is over: what was handled is deleted."""
        taken = [caller.batch[number] for number in handled]
        for message in taken:
            dispatch = self.tables.dispatches.get(dispatch_in(message.body))
            if dispatch and dispatch.state is DispatchState.SENT:
                self._kill_at(self.runs.get(dispatch.recipient), Step.AFTER_RECORD)
        for message in taken:
            self.queue.delete(message)

    # --------------------------------------------------------------------------- the provider
    def _advice(self, run: Run) -> Advice:
        self._kill_at(run, Step.AFTER_CLAIM)
        trouble = run.plan.trouble
        if trouble is Trouble.LINE and run.posts == 0:
            # Somebody at the office tries a call out at this very moment.
            self._twilio.call(run.number)
        patience = PATIENCE if trouble is Trouble.TIMEOUT else None
        return Advice(patience, warm=trouble is Trouble.IDLE)

    def _point(self, point: str, number: str) -> None:
        run = self._by_number[number]
        if point == "half":
            self._kill_at(run, Step.HALF_POST)
            return
        run.posts += 1
        # Whoever gave up, or is dead, does not wait for Twilio: the clock does.
        if run.plan.trouble is Trouble.TIMEOUT or Step.WHOLE_POST in run.armed:
            self.late[number] = Late(self.clock.monotonic() + LATEST_ACCEPTANCE, run.posts)
        self._kill_at(run, Step.WHOLE_POST)

    def _ask_for_poll(self, caller: Caller) -> None:
        """The status check has the poll started, and does not wait for it."""
        self.asked_for_poll = True
        for person, kind in caller.wrote.items():
            if kind == "case.fresh_look_asked":
                self._kill_at(self.runs.get(person), Step.ASKED_LOOK)

    # ------------------------------------------------------------------------------ the index
    def _stale(self, found: list[str]) -> list[str]:
        """An index that lags: what is new in it is missing, what moved on is still shown."""
        shown: list[str] = []
        for dispatch_id in found:
            run = self._run_of_dispatch(dispatch_id)
            stale = run is not None and run.plan.trouble is Trouble.STALE
            if stale and run and run.spend("hidden", dispatch_id, self.dice, 3):
                continue
            shown.append(dispatch_id)
        old = [
            dispatch.id
            for dispatch in self.tables.dispatches.values()
            if self._is_stale(dispatch) and self.dice.random() < 0.1
        ]
        return list(dict.fromkeys([*old, *shown]))

    def _is_stale(self, dispatch: Dispatch) -> bool:
        run = self.runs.get(dispatch.recipient)
        return run is not None and run.plan.trouble is Trouble.STALE
