"""Telling people of what waited before going live: one digest each, or an alert for every bill.

Both are written as a poll writes them: under the company's lease, by the same recorder, with the
same ids. A run that breaks off leaves nothing half done, and the next one finds what was written.
Bills get an entry in their own audit chain, cases one in theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta

from cli.deployment import Deployment
from cli.flow.trying import event_for
from cli.leasing import LEASE, lease_length, leased
from ml_connector.aws.clock import SystemClock
from ml_connector.aws.queue import SqsDoorbell
from ml_connector.domain.audit import Json
from ml_connector.domain.books import Books
from ml_connector.domain.digests import waiting_kind
from ml_connector.domain.documents import CompanyState, Document
from ml_connector.domain.events import Sighting
from ml_connector.domain.flows import Flow, FlowCompany
from ml_connector.domain.hours import zone_named
from ml_connector.domain.unit_of_work import Fence
from ml_connector.errors import ConnectorError
from ml_connector.settings import Timings
from ml_connector.usecases.digests import open_digest, planned_digests
from ml_connector.usecases.ports import PollPorts
from ml_connector.usecases.recording import Recorder

from .waiting import untold_of

#: Bills written under one lease when each gets alerts of its own; polls wait that long.
TOGETHER = 50
Done = Callable[[int, int], None]


@dataclass(slots=True)
class Told:
    """What was brought about."""

    bills: int = 0
    alerts: int = 0
    digests: int = 0
    no_rule: int = 0
    """Bills no rule speaks of: nobody is told of them."""
    unreachable: int = 0
    """Alerts for which nobody could be told."""

    def add(self, other: Told) -> None:
        """Count another company's in."""
        self.bills += other.bills
        self.alerts += other.alerts
        self.digests += other.digests
        self.no_rule += other.no_rule
        self.unreachable += other.unreachable


class Teller:
    """Tells of the bills of one deployment by its flow in force."""

    def __init__(
        self, deployment: Deployment, flow: Flow, timings: Timings, *, by: str = ""
    ) -> None:
        self._deployment = deployment
        self._flow = flow
        self._by = by or deployment.caller()
        self._clock = SystemClock()
        self._telemetry = _Notes()
        self._doorbell = SqsDoorbell(deployment.client("sqs"), deployment.output("AlertsQueueUrl"))
        self._ports = PollPorts(
            companies=_NoCompanies(),
            documents=deployment.documents,
            alerts=deployment.alerts,
            flows=deployment.flows,
            approvers=deployment.approvers,
            doorbell=self._doorbell,
            clock=self._clock,
            telemetry=self._telemetry,
            timings=timings,
        )

    @property
    def notes(self) -> list[str]:
        """What an operator should look at, each once."""
        return list(dict.fromkeys(self._telemetry.notes))

    # --------------------------------------------------------------------- alert all
    def alert_all(self, company: FlowCompany, books: Books, done: Done) -> Told:
        """Open a case for every waiting bill nobody was told of."""
        told, tried = Told(), set[str]()
        total = len(self._untold(company))
        while True:
            with self._leased(company, TOGETHER) as lease:
                # Read under the lease: nobody else writes them until it is given back.
                some = [one for one in self._untold(company) if one.id not in tried][:TOGETHER]
                recorder = self._recorder(company, lease, books, len(some))
                for document in some:
                    tried.add(document.id)
                    self._alert(document, recorder, told)
                    done(len(tried), total)
            if not some:
                return told

    def _alert(self, document: Document, recorder: Recorder, told: Told) -> None:
        kind = waiting_kind(document)
        if recorder.decision(kind, document) is None:
            told.no_rule += 1
            return
        event = event_for(document, kind, self._clock.now().date())
        sighting = Sighting(document, (event,), changed=True, remarks=self._remarks("alert all"))
        before = self._telemetry.unreachable
        recorded = recorder.record(sighting)
        self._ring(recorded.dispatches)
        told.bills += 1
        told.alerts += recorded.alerts
        told.unreachable += self._telemetry.unreachable - before

    # ----------------------------------------------------------------------- digests
    def digests(self, company: FlowCompany, books: Books, done: Done) -> Told:
        """Write one digest for everybody whom the flow would tell of one of these bills.

        Each bill is first tied to its digest; a digest that was never written after that is made
        up for by the next poll, or the next run.
        """
        told = Told()
        with self._leased(company, len(self._untold(company))) as lease:
            documents = self._untold(company)
            recorder = self._recorder(company, lease, books, len(documents))
            zone = zone_named(company.zone) or UTC
            planned = planned_digests(
                documents,
                recorder.decision,
                company,
                f"lease {lease.fence}",
                zone,
                self._ports,
            )
            digest_of = {name: digest.id for digest in planned for name in digest.documents}
            for number, document in enumerate(documents, start=1):
                if name := digest_of.get(document.id):
                    remarks = (("digest", name), *self._remarks("digest"))
                    tied = replace(document, digest=name)
                    recorder.record(Sighting(tied, (), changed=True, remarks=remarks))
                done(number, len(documents))
            fence = Fence(company.key, lease.fence)
            until = self._clock.now() + timedelta(seconds=LEASE)
            before = self._telemetry.unreachable
            for digest in planned:
                opened = open_digest(digest, self._ports, until, fence)
                self._ring(opened.dispatches)
                told.alerts += opened.alerts
            told.digests = len(planned)
            told.bills = len(digest_of)
            told.no_rule = len(documents) - len(digest_of)
            told.unreachable = self._telemetry.unreachable - before
        return told

    # ------------------------------------------------------------------------- parts
    def _untold(self, company: FlowCompany) -> list[Document]:
        return untold_of(self._ports.documents.waiting(company.key), self._deployment.alerts)

    def _remarks(self, choice: str) -> tuple[tuple[str, Json], ...]:
        return (("go_live", choice), ("by", self._by))

    def _recorder(
        self, company: FlowCompany, lease: CompanyState, books: Books, bills: int
    ) -> Recorder:
        until = self._clock.now() + timedelta(seconds=lease_length(bills))
        return Recorder(self._flow, company, lease, self._ports, until, books=lambda _: books)

    def _ring(self, dispatches: Sequence[str]) -> None:
        if not dispatches:
            return
        try:
            self._doorbell.ring(dispatches)
        except ConnectorError as error:
            # The store is the truth: the status check finds what nobody rang for.
            self._telemetry.notes.append(f"{error.safe_message}; they go out a little later")

    def _leased(self, company: FlowCompany, bills: int) -> AbstractContextManager[CompanyState]:
        return leased(self._ports.documents, company.key, self._clock, bills)


class _NoCompanies:
    """The Companies port of somebody who reads nothing of Intacct here."""

    def source(self, company: str) -> None:
        """None: nothing is read."""
        del company


@dataclass(slots=True)
class _Notes:
    """The Telemetry port: keeps what an operator should look at."""

    notes: list[str] = field(default_factory=list)
    unreachable: int = 0

    def event(self, name: str, **fields: str | float | None) -> None:
        """Nobody watches here."""
        del name, fields

    def warning(self, name: str, **fields: str | float | None) -> None:
        """Kept."""
        said = ", ".join(f"{key} {value}" for key, value in fields.items() if value is not None)
        self.notes.append(f"{name.replace('_', ' ')}: {said}")

    def error(self, name: str, **fields: str | float | None) -> None:
        """Kept; whom nobody can tell is counted."""
        if name == "approver_unreachable":
            self.unreachable += 1
            fields = {key: fields.get(key) for key in ("approver", "fix")}
        self.warning(name, **fields)

    def count(self, metric: str, amount: float = 1) -> None:
        """Metrics are the functions' business."""
        del metric, amount

    def concerning(self, **ids: str) -> None:
        """Its notes are about one thing as it is."""
        del ids
