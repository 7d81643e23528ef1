"""Polling Intacct: what is new, who has to be told, and what has gone quiet.

One poll holds its company's lease. Everything it writes is conditional on that lease still being
the newest and on each document still being as it was read, so a poll that was overtaken or
restarted changes nothing twice. The watermark moves last: whatever fails before is seen again by
the next poll.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from functools import cached_property

from ml_connector.domain.bills import BillsRead
from ml_connector.domain.documents import CompanyState, Document, bill_document_id, gaps_after
from ml_connector.domain.events import EventKind
from ml_connector.domain.flows import Flow, FlowCompany
from ml_connector.domain.instants import seconds
from ml_connector.errors import (
    ConnectorError,
    OutOfTime,
    SecretUnavailable,
    SourceError,
    StoreError,
)

from . import failing
from .absent import Absences
from .books import Bookkeeper
from .broken_off import failed
from .days import overdue_since_yesterday, zone_of
from .duplicates import Duplicates
from .late import LateFinds
from .looking import Looker
from .lost_cases import note_watched, polled_before, without_their_cases
from .payments import PaymentPoll
from .ports import PollPorts
from .reading import count_failed, say_failed, say_problems, say_zone
from .recording import Recorder
from .recreated import Recreations
from .sources import Sources, sources_of
from .waiting import say_waiting
from .writing import Writer

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


def poll_company(key: str, ports: PollPorts, until: datetime) -> PollReport:
    """Read one company and act on what is new. `until` is when this function has to be done.

    Whatever fails outside is reported, in the log and in the outcome; the next tick tries again.
    Raises ConfigurationError for credentials that cannot be used.
    """
    report = PollReport(key)
    flow = ports.flows.current()
    company = flow.company(key) if flow else None
    try:
        sources = sources_of(key, ports) if company else None
        if flow is None or company is None or sources is None:
            missing = "intacct secret" if company else "company in the flow" if flow else "flow"
            ports.telemetry.event("not_configured", company=key, missing=missing)
            report.outcome = "not_configured"
            return report
        if ports.alerts.standstill(key).restoring_at(ports.clock.now()):
            ports.telemetry.event("standing_still", reason="tables are being restored")
            report.outcome = "restoring"
            return report
        lease = ports.documents.lease(key, ports.clock.now(), until + seconds(LEASE_MARGIN))
    except (SecretUnavailable, StoreError) as error:
        failed(error, None, ports, report, company)
        return report
    if lease is None:
        report.outcome = "busy"
        return report
    poll = _Poll(flow, company, sources, lease, ports, until, report)
    try:
        poll.run()
    except (SourceError, StoreError, OutOfTime) as error:
        failed(error, poll.broken_off(), ports, report, company)
    return report


class _Poll:
    """One poll of one company, under its lease."""

    def __init__(
        self,
        flow: Flow,
        company: FlowCompany,
        sources: Sources,
        lease: CompanyState,
        ports: PollPorts,
        until: datetime,
        report: PollReport,
    ) -> None:
        self._flow = flow
        self._company = company
        self._sources = sources
        self._lease = lease
        self._ports = ports
        self._until = until
        self._report = report
        self._waiting: dict[str, Document] = {}
        self._bookkeeper = Bookkeeper(sources.books, flow, lease, ports)
        recorder = self._recorder = Recorder(
            flow, company, lease, ports, until, books=lambda _: self._bookkeeper.books
        )
        consult = self._bookkeeper.consult
        self._late = LateFinds(
            recorder.decision, consult, company, lease, lambda: self._zone, ports
        )
        self._writer = Writer(recorder, self._bookkeeper, self._late, ports, until, report)
        self._record = self._writer.record
        self._recreations = Recreations(lease, ports)
        self._duplicates = Duplicates(flow, lease, ports)
        keeper, writer, zone = self._bookkeeper, self._writer, lambda: self._zone
        looker = self._looker = Looker(lease, ports, sources.history, keeper, writer, zone)
        self._absences = Absences(
            source=sources.bills,
            company=company,
            lease=lease,
            ports=ports,
            looker=looker,
            bookkeeper=keeper,
            writer=writer,
            recreations=self._recreations,
            duplicates=self._duplicates,
            zone=zone,
            note=self._note,
        )

    def run(self) -> None:
        """Read, detect, record, ring; then move the watermarks."""
        try:
            read = self._run()
            after, trouble = self._payments()
        except ConnectorError:
            self._writer.ring()
            raise
        finally:
            self._report.transactions += self._bookkeeper.transactions + self._looker.transactions
        self._writer.ring()
        self._finish(read, after, self._absences.trouble or (trouble.code if trouble else ""))

    def broken_off(self) -> CompanyState:
        """The lease with what a poll that did not get to its end leaves to the next one."""
        return replace(self._lease, lines_failing_since=self._bookkeeper.failing_since)

    # ----------------------------------------------------------------------------- bills
    def _run(self) -> BillsRead:
        key = self._lease.company
        # Documents first: what a second poll writes while we wait for Intacct then has a newer
        # version, and our older view of it is refused.
        stored = self._ports.documents.waiting(key)
        lost = without_their_cases(stored, self._lease.fence, self._ports)
        if lost:
            self._record(lost)
            stored = self._ports.documents.waiting(key)
        waiting = self._waiting = {document.id: document for document in stored}
        read = self._read()
        self._looker.compare(read, waiting)
        self._report.bills = len(read.bills)
        others = [bill_document_id(b.record_no) for b in read.bills]
        known = self._ports.documents.documents(key, [x for x in others if x not in waiting])
        known.update(waiting)
        if not self._lease.baseline_done:
            new = [name for name in others if name not in known]
            self._recorder.polled_before = polled_before(key, known.values(), new, self._ports)
        # What the read shows is recorded before anything is made of what it does not show: doubts
        # about the one must not keep people from hearing of the other.
        usual = self._recreations.sort_out(read.bills, known) if self._lease.baseline_done else None
        looked = self._looker.look(read.bills if usual is None else usual, known)
        looked = self._duplicates.said(looked, known.values())
        shown = [waiting[name] for name in dict.fromkeys(others) if name in waiting]
        changed = {one.document.id for one in looked} | self._bookkeeper.held
        same = [document for document in shown if document.id not in changed]
        found = self._late.tied(looked, known, waiting.values(), same)
        self._looker.record(found, known)
        self._writer.tell_late()
        changed |= {one.document.id for one in found}
        same = [document for document in same if document.id not in changed]
        try:
            after = self._absences.settle(read, known, waiting)
        except SourceError:
            self._rest(same)
            raise
        self._rest(same)
        return after

    def _rest(self, same: list[Document]) -> None:
        self._absences.record_recreated()
        self._overdue(same)

    def _read(self) -> BillsRead:
        overlap = self._company.calendar.lookback(
            seconds(self._ports.timings.watermark_overlap),
            self._lease.poll_succeeded_at,
            self._ports.clock.now(),
        )
        mark = self._lease.watermark
        read = self._sources.bills.read_waiting_and_changed(mark - overlap if mark else None)
        self._note(read)
        # Two queries may both show a bill; what was read later counts.
        bills = {bill.record_no: bill for bill in read.bills}
        return replace(read, bills=tuple(bills.values()))

    def _note(self, read: BillsRead) -> None:
        """Count what a read cost, and say what is odd about it."""
        self._report.transactions += read.transactions
        say_problems(self._ports.telemetry, self._lease.company, read)
        say_zone(self._ports.telemetry, self._lease.company, read)

    def _overdue(self, documents: Iterable[Document]) -> None:
        """Only where a rule asks for it: the calendar alone is no news of Intacct's."""
        if self._lease.baseline_done and self._flow.speaks_of(EventKind.OVERDUE):
            now = self._ports.clock.now()
            self._record(overdue_since_yesterday(documents, now, self._zone))

    @cached_property
    def _zone(self) -> tzinfo:
        return zone_of(self._company.zone, self._company.key, self._ports.telemetry)

    # -------------------------------------------------------------------------- payments
    def _payments(self) -> tuple[CompanyState, ConnectorError | None]:
        """The lease with what the payments' part found, and what went wrong there."""
        if self._sources.payments is None:
            return self._lease, None
        calendar = self._company.calendar
        part = PaymentPoll(self._sources.payments, self._lease, self._ports, self._record, calendar)
        try:
            return part.run(), None
        except (SourceError, OutOfTime) as error:
            maintenance = calendar.maintenance_at(self._ports.clock.now())
            say_failed(
                self._ports.telemetry, "payments_failed", self._lease.company, error, maintenance
            )
            return self._lease, error
        finally:
            self._report.transactions += part.transactions

    # --------------------------------------------------------------------------- the end
    def _finish(self, read: BillsRead, after: CompanyState, trouble: str) -> None:
        # A time in the future is believed no further than it can be true.
        error = read.zone_error or timedelta(0)
        seen = [bill.modified - error for bill in read.bills if bill.modified]
        marks = [*seen, *([self._lease.watermark] if self._lease.watermark else [])]
        now = self._ports.clock.now()
        # Bills that wait for their lines are read again by the next poll, as far back as this one.
        done = read.complete and not self._bookkeeper.held
        self._report.outcome = "polled" if done else "incomplete"
        if done:
            # Before the time of the last good poll, by which its case is known, is written over.
            failing.over(self._company, self._lease.poll_succeeded_at, self._ports, self._until)
            after = replace(after, lists=self._tell_lists())
        self._ports.documents.finish(
            replace(
                after,
                lines_failing_since=self._bookkeeper.failing_since,
                watermark=max(marks) if marks and done else self._lease.watermark,
                baseline_done=self._lease.baseline_done or done,
                poll_succeeded_at=now if done else self._lease.poll_succeeded_at,
                utc_offset=read.utc_offset if done else self._lease.utc_offset,
                gaps=gaps_after(self._lease, now, self._patience) if done else self._lease.gaps,
                last_error=trouble if done else "incomplete",
            )
        )
        if done:
            note_watched(self._company.key, self._lease.poll_succeeded_at, self._ports)
            telemetry = self._ports.telemetry
            say_waiting(self._company.key, read.bills, self._waiting, now, telemetry)
        if done and not trouble:
            self._ports.telemetry.count("PollsSucceeded")
        else:
            count_failed(self._company.calendar.maintenance_at(now), self._ports.telemetry)

    @property
    def _patience(self) -> timedelta:
        """How far apart two complete polls may be before anybody has to know."""
        timings, longest = self._ports.timings, self._company.calendar.longest_interval
        return max(seconds(timings.poll_stale), 2 * longest * timings.poll_scale)

    def _tell_lists(self) -> tuple[tuple[str, str], ...]:
        """Once everything this poll found is recorded: what still waits, where it is time."""
        company, lease = self._company, self._lease
        if company.daily_list is None:
            return lease.lists
        from .daily_lists import tell_lists  # noqa: PLC0415 - most polls have no use for it

        version = self._flow.version
        return tell_lists(version, company, lease, self._zone, self._ports, self._until)
