"""The parts of `ml-connector restore`, in their order; each may be broken off and begun again.

Everything stands still from before the first item is put back until everything is up to its chain;
should the command die, that ends by itself after a few minutes, and the functions bring up what is
left one by one.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from cli.deployment import Deployment
from cli.flow.published import Shelf
from ml_connector.aws.clock import SystemClock
from ml_connector.aws.invoke import PollInvoker
from ml_connector.domain.approvers import forgotten
from ml_connector.domain.chains import CLOSING
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.flows import Flow
from ml_connector.domain.instants import seconds
from ml_connector.domain.standstill import Restoring
from ml_connector.errors import ConnectorError
from ml_connector.settings import Settings, Timings, read_settings
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.usecases.mending import Mended, mend
from ml_connector.usecases.ports import AlertStore, ApproverStore, Clock, DocumentStore, Telemetry

from .behind import DynamoBehind
from .copying import Copied, Copier
from .pointer import catch_up_pointer
from .points import EarlierTable

#: The tables that can be put back, by the output of the stack that names each.
TABLES = {
    "alerts": "AlertsTableName",
    "documents": "DocumentsTableName",
    "approvers": "ApproversTableName",
    "flows": "FlowsTableName",
    "audit": "AuditTableName",
}
#: For so long everything stands still should this command die; renewed as long as it lives.
STANDSTILL = timedelta(minutes=5)
#: For so long after a restore of the audit the provider is asked before anything is sent: plans
#: are over by then.
WARY = timedelta(days=15)
#: How long DynamoDB may not answer before a write gives up.
PATIENCE = timedelta(seconds=20)
#: How long companies are waited for to be polled, and unknown outcomes to be known.
LONGEST_WAIT = timedelta(minutes=20)

_OPEN_FATE = (DispatchState.SENDING, DispatchState.UNKNOWN)
_REASON = "tables are being restored"

Say = Callable[[str], None]


class Quiet:
    """Telemetry of a command: what is said is said by the command itself, in one line."""

    def concerning(self, **ids: str) -> None:
        """See Telemetry."""

    def event(self, name: str, **fields: str | float | None) -> None:
        """See Telemetry."""

    def warning(self, name: str, **fields: str | float | None) -> None:
        """See Telemetry."""

    def error(self, name: str, **fields: str | float | None) -> None:
        """See Telemetry."""

    def count(self, metric: str, amount: float = 1) -> None:
        """See Telemetry."""


@dataclass(frozen=True, slots=True)
class MendPorts:
    """What bringing up to chains works with."""

    alerts: AlertStore
    approvers: ApproverStore
    documents: DocumentStore
    timings: Timings
    trail: DynamoAuditTrail
    clock: Clock = field(default_factory=SystemClock)
    telemetry: Telemetry = field(default_factory=Quiet)
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Source:
    """One table to be put back, and the table that holds what was in it."""

    table: str
    name: str


@dataclass
class Restore:
    """One restore of a deployment. `since` is the moment that the tables go back to, if they do."""

    deployment: Deployment
    tables: Sequence[str]
    since: datetime | None
    overwrite: bool = False
    pause: float = 1.0
    clock: Clock = field(default_factory=SystemClock)
    sleep: Callable[[float], None] = field(default=time.sleep)
    _renewed: datetime | None = None

    # ------------------------------------------------------------------------ the standstill
    @property
    def wary(self) -> bool:
        """Whether the audit goes back too: then nobody wrote down what was sent since."""
        return "audit" in self.tables and self.since is not None

    def stand_still(self) -> datetime:
        """Stop polls, sends and status checks; when whoever was at work is done, and listed."""
        now = self.clock.now()
        self._hold(now + STANDSTILL)
        timings = self.timings
        wait = timings.longest_send(self.settings.send_timeout)
        if self.wary:
            wait += timings.grace + timings.empty_list_gap
        return now + seconds(wait)

    def alive(self, _: object = None) -> None:
        """Keep everything standing still a while longer."""
        now = self.clock.now()
        if self._renewed is None or now - self._renewed >= STANDSTILL / 5:
            self._hold(now + STANDSTILL)

    def go_on(self) -> datetime:
        """Let everything go on; since when it does."""
        now = self.clock.now()
        self._hold(now)
        return now

    def _hold(self, until: datetime) -> None:
        now = self.clock.now()
        before = self.deployment.alerts.standstill("").restoring
        since = self.since if self.wary else None
        wary_until = now + WARY if self.wary else None
        if since is None and before and before.wary_until and before.wary_until > now:
            # An earlier restore of the audit still counts.
            since, wary_until = before.since, before.wary_until
        self.deployment.alerts.stand_still(Restoring(until, _REASON, since, wary_until))
        self._renewed = now

    def wait_until(self, end: datetime) -> None:
        """Wait, everything standing still."""
        while self.clock.now() < end:
            self.alive()
            self.sleep(min(self.pause, max(0.0, (end - self.clock.now()).total_seconds())))

    # -------------------------------------------------------------------------- putting back
    @cached_property
    def client(self) -> Any:  # noqa: ANN401 - boto3 has no types
        """DynamoDB."""
        return self.deployment.client("dynamodb")

    def live(self, table: str) -> str:
        """The name of a live table."""
        return self.deployment.output(TABLES[table])

    def earlier(self, table: str, at: datetime) -> EarlierTable:
        """A table as it was then, beside the live one."""
        return EarlierTable(self.client, self.live(table), at, self.sleep)

    def copy(self, source: Source) -> Copied:
        """Put back what is missing or damaged."""
        copier = Copier(self.client, source.name, self.live(source.table), self.overwrite)
        return copier.run(self.alive)

    # ------------------------------------------------------------------------- up to the chains
    @cached_property
    def settings(self) -> Settings:
        """The settings the functions were deployed with, as far as times go."""
        known = self.deployment.settings
        return read_settings(
            {
                "STAGE": known.stage,
                "SESSIONS_TABLE": known.sessions_table,
                "DOCUMENTS_TABLE": known.documents_table,
                "ALERTS_TABLE": known.alerts_table,
                "FLOWS_TABLE": known.flows_table,
                "APPROVERS_TABLE": known.approvers_table,
                "AUDIT_TABLE": known.audit_table,
                "TIMINGS": self.deployment.parameter("Timings"),
            }
        )

    @property
    def timings(self) -> Timings:
        """The times of the protocol."""
        return self.settings.timings

    def look(self) -> DynamoBehind:
        """What is older than its chain."""
        self.deployment.alerts  # noqa: B018 - binds the models
        return DynamoBehind(self.deployment, self.alive)

    def look_on(self) -> DynamoBehind:
        """The same while everything goes on."""
        return DynamoBehind(self.deployment, lambda _: None)

    def mend(self, behind: DynamoBehind, *, polled: bool) -> Mended:
        """Bring everything up to its chain; people who were erased go again."""
        deployment = self.deployment
        ports = MendPorts(
            alerts=deployment.alerts,
            approvers=deployment.approvers,
            documents=deployment.documents,
            timings=self.timings,
            trail=DynamoAuditTrail(),
            clock=self.clock,
            sleep=self.sleep,
        )
        for erased in behind.erased:
            self._erase_again(erased)
        alive = (lambda: None) if polled else self.alive
        return mend(
            behind,
            ports,
            self._flow_of,
            lambda: self.clock.now() + PATIENCE,
            alive,
            polled=polled,
        )

    def _erase_again(self, approver_id: str) -> None:
        """Somebody who was erased is there again: with the table came what was to be forgotten."""
        person = self.deployment.approvers.approver(approver_id)
        if person is None:
            return
        for last in DynamoAuditTrail().chain(person.chain, person.head.seq):
            if last.kind in CLOSING:
                gone = forgotten(person, last.at)
                kept = replace(gone, head=last.head, version=person.version + 1)
                self.deployment.approvers.put(kept)

    def to_forget_again(self) -> list[str]:
        """Who was erased: what was sent to them may have come back with the alerts."""
        if "alerts" not in self.tables:
            return []
        everybody = self.deployment.approvers.everybody()
        return [person.id for person in everybody if person.forgotten_at]

    def mend_pointer(self, behind: DynamoBehind) -> int:
        """The version of the flow in force, where its pointer was behind; else 0."""
        if not behind.flow:
            return 0
        caller = self.deployment.caller()
        return catch_up_pointer(Shelf(caller), caller, self.clock.now())

    def _flow_of(self, number: int) -> Flow | None:
        self.deployment.flows  # noqa: B018 - binds the models
        try:
            return Shelf("").version(number).flow()
        except Exception:  # noqa: BLE001 - a version that is gone or unreadable plans nothing
            return None

    # ------------------------------------------------------------------------------ afterwards
    def poll(self) -> list[str]:
        """Have every company polled; those that were asked."""
        flow = self.deployment.flows.current()
        companies = [company.key for company in flow.companies] if flow else []
        invoker = PollInvoker(
            self.deployment.client("lambda"), self.deployment.output("PollFunctionName")
        )
        for company in companies:
            try:
                invoker.start(company)
            except ConnectorError:
                # The schedule polls anyhow.
                continue
        return companies

    def not_polled(self, companies: Sequence[str], since: datetime) -> list[str]:
        """Those of the companies without a good poll since then."""
        states = {key: self.deployment.documents.state(key) for key in companies}
        return [
            key
            for key, state in states.items()
            if state.poll_succeeded_at is None or state.poll_succeeded_at <= since
        ]

    def unknown(self) -> int:
        """How many dispatches may be with the provider, and nobody knows."""
        store = self.deployment.alerts
        ids = store.look_due(self.clock.now() + timedelta(days=1), 1000)
        return sum(one.state in _OPEN_FATE for one in store.dispatches(ids))

    def wait_for(self, left: Callable[[], int], say: Say, what: str) -> int:
        """Wait until nothing is left, or too long; how much is left then."""
        end = self.clock.now() + LONGEST_WAIT
        while (count := left()) and self.clock.now() < end:
            say(f"{count} {what}")
            self.sleep(max(self.pause, 0.2))
        return count


def summed(first: Mended, second: Mended) -> Mended:
    """Both together; what was left at first was looked at again."""
    return replace(
        second,
        cases=first.cases + second.cases,
        rebuilt=first.rebuilt + second.rebuilt,
        people=first.people + second.people,
    )
