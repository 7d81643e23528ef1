"""Polling Intacct: what is new, who has to be told, and what has gone quiet.

One poll holds its company's lease. Everything it writes is conditional on that lease still being
the newest and on each document still being as it was read, so a poll that was overtaken or
restarted changes nothing twice. The watermark moves last: whatever fails before is seen again by
the next poll.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ml_connector.domain.bills import Bill
from ml_connector.domain.documents import CompanyState, Document, bill_document_id
from ml_connector.domain.events import Sighting, gone, seen_again, seen_first, too_many_gone
from ml_connector.domain.flows import Flow, FlowCompany
from ml_connector.domain.instants import seconds
from ml_connector.errors import (
    ConnectorError,
    SourceError,
    SourceProtocolError,
    StoreConflict,
)

from .ports import BillSource, BillsRead, PollPorts
from .recording import Recorder

#: The lease outlives the function by this much, seconds: a function that is killed at its timeout
#: leaves the company free for the tick after the next.
LEASE_MARGIN = 5.0


@dataclass(slots=True)
class PollReport:
    """What one poll did."""

    company: str
    outcome: str = "polled"
    bills: int = 0
    events: int = 0
    alerts: int = 0
    ended: int = 0
    transactions: int = 0


def companies_due(ports: PollPorts) -> list[str]:
    """The companies of the flow whose last poll is long enough ago. Asks Intacct nothing."""
    flow = ports.flows.current()
    if flow is None:
        ports.telemetry.event("not_configured", missing="flow", fix="publish a flow")
        return []
    now = ports.clock.now()
    interval = seconds(ports.timings.poll_interval)
    due: list[str] = []
    for company in flow.companies:
        started = ports.documents.state(company.key).poll_started_at
        if started is None or started + interval <= now:
            due.append(company.key)
    return due


def poll_company(key: str, ports: PollPorts, until: datetime) -> PollReport:
    """Read one company and act on what is new. `until` is when this function has to be done."""
    report = PollReport(key)
    flow = ports.flows.current()
    company = flow.company(key) if flow else None
    source = ports.companies.source(key)
    if flow is None or company is None or source is None:
        missing = "intacct secret" if source is None else "flow"
        ports.telemetry.event("not_configured", company=key, missing=missing)
        return replace(report, outcome="not_configured")
    lease = ports.documents.lease(key, ports.clock.now(), until + seconds(LEASE_MARGIN))
    if lease is None:
        return replace(report, outcome="busy")
    try:
        _Poll(flow, company, source, lease, ports, until, report).run()
    except SourceError as error:
        _failed(error, lease, ports, report)
    except StoreConflict as error:
        ports.telemetry.warning("poll_overtaken", company=key, reason=error.safe_message)
        report.outcome = "overtaken"
    return report


def _failed(error: SourceError, lease: CompanyState, ports: PollPorts, report: PollReport) -> None:
    """Nothing is lost: the watermark stays, and the next poll reads the same again."""
    report.outcome = error.code
    ports.telemetry.error(
        "poll_failed",
        company=lease.company,
        code=error.code,
        errorno=error.errorno,
        support_id=error.support_id,
        reason=error.safe_message,
    )
    ports.telemetry.count("PollsFailed")
    ports.documents.finish(replace(lease, last_error=error.code))


class _Poll:
    """One poll of one company, under its lease."""

    def __init__(
        self,
        flow: Flow,
        company: FlowCompany,
        source: BillSource,
        lease: CompanyState,
        ports: PollPorts,
        until: datetime,
        report: PollReport,
    ) -> None:
        self._source = source
        self._lease = lease
        self._ports = ports
        self._report = report
        self._recorder = Recorder(flow, company, lease, ports, until)

    def run(self) -> None:
        """Read, detect, record, ring; then move the watermark."""
        key = self._lease.company
        # Documents first: what a second poll writes while we wait for Intacct then has a newer
        # version, and our older view of it is refused.
        waiting = {document.id: document for document in self._ports.documents.waiting(key)}
        read = self._read()
        self._report.bills = len(read.bills)
        others = [bill_document_id(b.record_no) for b in read.bills]
        known = self._ports.documents.documents(key, [x for x in others if x not in waiting])
        known.update(waiting)
        sightings = self._look(read.bills, known) + self._missing(read, waiting)
        for sighting in sightings:
            self._record(sighting)
        self._finish(read)

    def _read(self) -> BillsRead:
        overlap = seconds(self._ports.timings.watermark_overlap)
        mark = self._lease.watermark
        read = self._source.read_waiting_and_changed(mark - overlap if mark else None)
        self._report.transactions += read.transactions
        if read.quarantined:
            self._ports.telemetry.warning(
                "rows_quarantined", company=self._lease.company, rows=read.quarantined
            )
        return read

    def _look(self, bills: Sequence[Bill], known: dict[str, Document]) -> list[Sighting]:
        now = self._ports.clock.now()
        found: list[Sighting] = []
        for bill in bills:
            stored = known.get(bill_document_id(bill.record_no))
            sighting = (
                seen_again(stored, bill, now)
                if stored
                else seen_first(self._lease.company, bill, now)
            )
            if sighting and sighting.changed:
                found.append(sighting)
        return found

    def _missing(self, read: BillsRead, waiting: dict[str, Document]) -> list[Sighting]:
        """Waiting bills that the read did not show: asked for by key before it means anything."""
        if not read.complete:
            self._ports.telemetry.warning("read_incomplete", company=self._lease.company)
            return []
        shown = {bill_document_id(bill.record_no) for bill in read.bills}
        absent = [document for name, document in waiting.items() if name not in shown]
        if not absent:
            return []
        again = self._source.read_by_key([document.record_no for document in absent])
        self._report.transactions += again.transactions
        rows = {bill_document_id(bill.record_no): bill for bill in again.bills}
        without_row = [document for document in absent if document.id not in rows]
        if too_many_gone([d.id for d in without_row], list(waiting)):
            raise SourceProtocolError(
                f"{len(without_row)} of {len(waiting)} waiting bills have no row any more; nothing"
                " is cancelled on that: check the API user's permissions and entity access"
            )
        sightings = self._look(list(again.bills), waiting)
        if again.complete:
            sightings.extend(gone(document) for document in without_row)
        return sightings

    def _record(self, sighting: Sighting) -> None:
        recorded = self._recorder.record(sighting)
        self._report.events += len(sighting.events)
        self._report.alerts += recorded.alerts
        self._report.ended += recorded.ended
        if recorded.dispatches:
            self._ring(recorded.dispatches)

    def _ring(self, dispatches: Sequence[str]) -> None:
        try:
            self._ports.doorbell.ring(dispatches)
        except ConnectorError as error:
            # The store is the truth: the status check finds what nobody rang for.
            self._ports.telemetry.warning("ring_failed", reason=error.safe_message)

    def _finish(self, read: BillsRead) -> None:
        seen = [bill.modified for bill in read.bills if bill.modified]
        marks = [*seen, *([self._lease.watermark] if self._lease.watermark else [])]
        now = self._ports.clock.now()
        done = read.complete
        self._ports.documents.finish(
            replace(
                self._lease,
                watermark=max(marks) if marks and done else self._lease.watermark,
                baseline_done=self._lease.baseline_done or done,
                poll_succeeded_at=now if done else self._lease.poll_succeeded_at,
                last_error="" if done else "incomplete",
            )
        )
        self._ports.telemetry.count("PollsSucceeded" if done else "PollsFailed")
