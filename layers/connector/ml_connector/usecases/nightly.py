"""Every night: is there a bill or a payment in Intacct that nothing here accounts for?

What a company had in the last three days is tied to its case, or to the reason nobody was told; so
is whatever waits for approval, however old. It is done under the company's lease, so that Intacct
is asked by one of us at a time, and costs two API transactions and one for each further 2,000 rows.

Three ticks of a night start it. One that comes to its end leaves nothing to the next; one that runs
out of time leaves a mark, and the next goes on behind it. A night on which none of them came to an
end is counted like something that was found: that nothing is missing is then not known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from ml_connector.domain.documents import CompanyState
from ml_connector.domain.explaining import Explained, Row, name_of
from ml_connector.domain.flows import FlowCompany
from ml_connector.domain.frozen import frozen
from ml_connector.domain.instants import seconds, to_text
from ml_connector.errors import OutOfTime, SecretUnavailable, SourceError, StoreError

from .explaining import Evidence, explained
from .ports import PollPorts
from .reading import say_failed

#: How far back a night looks, so that one night that is missed, or two, leave nothing out.
LOOK_BACK = timedelta(days=3)
#: Done as lately as this, it is not done again by the next tick of the same night.
DONE_LATELY = timedelta(hours=12)
#: When the last tick of a night comes, UTC, and how long after the first: the template's schedule.
LAST_TICK, NIGHT = time(10, 37), timedelta(hours=2)
#: Rows explained between two looks at the clock.
AT_ONCE = 100
#: Kept of the function's time for writing down how far it came, seconds.
RESERVE = 10.0
#: A poll that is going on is waited for: how often it is looked, and seconds in between.
LEASE_LOOKS, LEASE_WAIT = 20, 2.0
#: The lease outlives the function by this much, seconds; as that of a poll.
LEASE_MARGIN = 5.0
#: Findings that get a line of their own in one night; all of them are counted.
MOST_LINES = 20

RUNBOOK = "docs/runbooks/unexplained.md"

#: Outcomes that leave nothing open, or that others speak of.
_FINE = frozenset({"reconciled", "maintenance", "not_configured", "not_polled_yet"})


@frozen
class NightPorts:
    """What it works with."""

    poll: PollPorts
    evidence: Evidence


@dataclass(slots=True)
class NightReport:
    """What became of it."""

    company: str
    outcome: str = "reconciled"
    rows: int = 0
    unexplained: int = 0
    unreadable: int = 0
    transactions: int = 0


def companies_to_reconcile(ports: PollPorts) -> list[str]:
    """The companies of the flow for which it was not done this night. Asks Intacct nothing."""
    flow = ports.flows.current()
    if flow is None:
        ports.telemetry.event("not_configured", missing="flow", fix="publish a flow")
        return []
    now = ports.clock.now()
    keys = [company.key for company in flow.companies]
    return [key for key in keys if not _done_lately(ports.documents.state(key), now)]


def _done_lately(state: CompanyState, now: datetime) -> bool:
    return bool(state.reconciled_at and now - state.reconciled_at < DONE_LATELY)


def reconcile_company(key: str, ports: NightPorts, until: datetime) -> NightReport:
    """Hold what Intacct had against the audit trail. `until` is when this function has to be done.

    Raises ConfigurationError for credentials that cannot be used; everything else that fails is
    said, and is the next tick's to try again.
    """
    report, outside = NightReport(key), ports.poll
    flow = outside.flows.current()
    company = flow.company(key) if flow else None
    if company is None:
        report.outcome = "not_configured"
        return report
    maintenance = company.calendar.maintenance_at(outside.clock.now())
    if maintenance:
        outside.telemetry.event(
            "reconcile_put_off", company=key, maintenance_until=to_text(maintenance.end)
        )
        outside.telemetry.count("DocumentsUnexplained", 0)
        report.outcome = "maintenance"
        return report
    night = _Night(company, ports, until, report)
    try:
        night.run()
    except (SourceError, StoreError, SecretUnavailable, OutOfTime) as error:
        report.outcome = error.code
        say_failed(outside.telemetry, "reconcile_failed", key, error)
    finally:
        # Whatever it ended with, polls do not wait until the lease runs out.
        night.give_back()
    night.say()
    return report


class _Night:
    """One company's, one invocation's."""

    def __init__(
        self, company: FlowCompany, ports: NightPorts, until: datetime, report: NightReport
    ) -> None:
        self._company = company
        self._evidence = ports.evidence
        self._ports = ports.poll
        self._until = until
        self._report = report
        self._before = CompanyState(company.key)
        self._lease: CompanyState | None = None

    def run(self) -> None:
        """Read, explain, say what is not explained, and note how far it came."""
        self._before = self._ports.documents.state(self._company.key)
        if not self._before.baseline_done:
            # Nobody is told of anything yet: there is nothing to hold it against.
            self._report.outcome = "not_polled_yet"
            return
        self._lease = self._take_lease()
        if self._lease is None:
            self._report.outcome = "busy"
            return
        rows = self._read()
        if rows is None:
            return
        self._explain(sorted(rows, key=name_of), self._lease)

    def _take_lease(self) -> CompanyState | None:
        """The company's lease; a poll that is going on is waited for, but not for ever."""
        clock = self._ports.clock
        for look in range(LEASE_LOOKS):
            if look:
                self._ports.sleep(LEASE_WAIT)
            if clock.now() + seconds(RESERVE) >= self._until:
                return None
            self._before = self._ports.documents.state(self._company.key)
            end = self._until + seconds(LEASE_MARGIN)
            lease = self._ports.documents.lease(self._company.key, clock.now(), end)
            if lease:
                return lease
        return None

    # --------------------------------------------------------------------------- Intacct
    def _read(self) -> list[Row] | None:
        """What waits and what was modified lately; None where not all of it could be read."""
        key, since = self._company.key, self._ports.clock.now() - LOOK_BACK
        source, paid = self._ports.companies.source(key), self._ports.payments(key)
        if source is None:
            self._report.outcome = "not_configured"
            return None
        bills = source.read_waiting_and_changed(since)
        self._report.transactions += bills.transactions
        payments = paid.read_payments_changed(since) if paid else None
        if payments:
            self._report.transactions += payments.transactions
        # What cannot be read, the polls say and count: a row nobody can read stays one.
        self._report.unreadable = bills.quarantined + (payments.quarantined if payments else 0)
        if not bills.complete or (payments and not payments.complete):
            self._report.outcome = "incomplete"
            return None
        return [*bills.bills, *(payments.payments if payments else ())]

    # -------------------------------------------------------------------------- the trail
    def _explain(self, rows: list[Row], lease: CompanyState) -> None:
        """Explain rows behind the mark while there is time, and note how far that came."""
        clock = self._ports.clock
        today = clock.now().date().isoformat()
        night, _, upto = lease.reconciled_upto.partition(" ")
        # A mark of another night says nothing of what Intacct had since.
        left = [row for row in rows if night != today or name_of(row) > upto]
        while left and clock.now() + seconds(RESERVE) < self._until:
            batch, left = left[:AT_ONCE], left[AT_ONCE:]
            for one in explained(batch, lease, self._ports.documents, self._evidence):
                if one.unexplained:
                    self._found(one)
            self._report.rows += len(batch)
            lease = replace(lease, reconciled_upto=f"{today} {name_of(batch[-1])}")
        if left:
            self._report.outcome = "out_of_time"
        else:
            lease = replace(lease, reconciled_at=clock.now(), reconciled_upto="")
        self._finish(lease)

    def _found(self, one: Explained) -> None:
        self._report.unexplained += 1
        if self._report.unexplained <= MOST_LINES:
            self._ports.telemetry.error(
                "document_unexplained",
                company=self._company.key,
                document=name_of(one.row),
                reason=one.why,
                fix=f"see {RUNBOOK}",
            )

    # ---------------------------------------------------------------------------- the end
    def give_back(self) -> None:
        """Give the lease back, with nothing noted. One that cannot be given back runs out."""
        if self._lease:
            try:
                self._finish(self._lease)
            except StoreError as error:
                self._ports.telemetry.warning(
                    "lease_not_given_back", company=self._company.key, reason=error.safe_message
                )

    def _finish(self, state: CompanyState) -> None:
        # Polls go on when they would have: this was none.
        self._lease = None
        started = self._before.poll_started_at
        self._ports.documents.finish(replace(state, poll_started_at=started))

    def say(self) -> None:
        """Count what was found, or that it could not be found out."""
        report, telemetry = self._report, self._ports.telemetry
        if report.outcome == "reconciled" or report.unexplained:
            # 0 as well: an alarm knows by it that there was a night.
            telemetry.count("DocumentsUnexplained", report.unexplained)
        if report.outcome not in _FINE and self._in_vain():
            telemetry.error(
                "reconcile_given_up",
                company=self._company.key,
                reason=report.outcome,
                since=to_text(self._before.reconciled_at) if self._before.reconciled_at else None,
                fix=f"see {RUNBOOK}",
            )
            telemetry.count("DocumentsUnexplained")

    def _in_vain(self) -> bool:
        """Whether this was the last tick of a night in which none came to its end.

        A maintenance that lasted into the night left it fewer than three: then the next one counts.
        """
        now, done = self._ports.clock.now(), self._before.reconciled_at
        if now.time() < LAST_TICK or _done_lately(self._before, now):
            return False
        return done is None or now - self._company.calendar.silent_since(done, now) >= NIGHT
