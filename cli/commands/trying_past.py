"""`ml-connector flow test --history`: a flow tried on what happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cli.alerts.progress import bar
from cli.console.failures import Failure
from cli.console.terminal import Printer
from cli.deployment import Deployment
from cli.files.flow_file import FlowFile
from cli.flow.at_hand import books_of, credentials_for, open_gateway, remembered_books
from cli.flow.history import Tally, replay
from cli.flow.history_words import compared
from cli.flow.older import read_older
from cli.flow.pace import timings_of
from cli.flow.past import Happening, Record, happenings, read_documents, read_record
from ml_connector.domain.approvers import Approver
from ml_connector.domain.books import Books
from ml_connector.domain.events import EventKind
from ml_connector.domain.flows import Flow
from ml_connector.domain.instants import to_text
from ml_connector.errors import SourceError


def try_on_the_past(
    deployment: Deployment,
    tried: FlowFile,
    people: Sequence[Approver],
    company: str,
    days: int,
    transactions: int,
    printer: Printer,
) -> None:
    """Replay so many days through the file and through the flow in force, and compare."""
    now = datetime.now(UTC)
    since = now - timedelta(days=days)
    present = deployment.flows.current()
    keys = [one.key for one in tried.flow.companies]
    if company and company not in keys:
        raise Failure(f"the flow has no company {company!r}; it has {', '.join(keys)}")
    past = _Past(deployment, [company] if company else keys, since, now, transactions, printer)
    flows = [flow for flow in (present, tried.flow) if flow]
    past.read(flows)
    tallies = _replayed(past, flows, people, now)
    before, after = (tallies[0] if present else None), tallies[-1]
    approximate = sum(each.approximate for each in past.happened)
    said = (
        f"{len(past.happened):,} events in {days} days"
        f"{f', {approximate:,} of them approximate' if approximate else ''}; as if nobody had "
        "replied or pressed a key, until Intacct showed the bill handled. Texts that would be "
        "joined into one count one by one. Nothing was sent."
    )
    document = {
        "ok": True,
        "days": days,
        "since": to_text(since),
        "companies": past.companies,
        "events": len(past.happened),
        "approximate": approximate,
        "transactions": past.transactions,
        "present": {"version": present.version, **before.as_json()} if present and before else None,
        "tried": {"file": tried.name, **after.as_json()},
        "notes": past.notes,
    }
    printer.result(document, *compared(before, after), said)
    for note in past.notes:
        printer.note(f"note: {note}")


def _replayed(
    past: _Past, flows: Sequence[Flow], people: Sequence[Approver], now: datetime
) -> list[Tally]:
    total, count = len(past.happened) * len(flows), 0
    with bar("replaying") as advance:

        def done() -> None:
            nonlocal count
            count += 1
            advance(count, total)

        timings = timings_of(past.deployment)
        return [
            replay(past.happened, flow, past.books, people, now, timings, done) for flow in flows
        ]


@dataclass(slots=True)
class _Past:
    """What happened to the companies, with the books to decide about it."""

    deployment: Deployment
    companies: list[str]
    since: datetime
    now: datetime
    most: int
    printer: Printer
    happened: list[Happening] = field(default_factory=list)
    books: dict[str, Books] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    transactions: int = 0

    def read(self, flows: Sequence[Flow]) -> None:
        """Read the audit, and Intacct for the days before it begins."""
        with bar("reading the audit") as advance:
            record = read_record(self.deployment, self.since, lambda n: advance(n, n))
        documents = read_documents(self.deployment, record, self.since)
        own = [
            each
            for each in happenings(record, documents, self.since)
            if each.document.company in self.companies
        ]
        for company in self.companies:
            mine = [each for each in own if each.document.company == company]
            self._one(company, record, mine, flows)
        self.happened.sort(key=lambda each: each.at)

    def _one(
        self, company: str, record: Record, own: list[Happening], flows: Sequence[Flow]
    ) -> None:
        watched = record.watched_since.get(company, self.now)
        older: Sequence[Happening] = ()
        if watched > self.since:
            older = self._older(company, watched, own, flows)
        self.happened += [*older, *own]
        if company not in self.books:
            found = remembered_books(
                self.deployment, company, flows, [each.document for each in own]
            )
            self.books[company] = found.books
            self.notes += found.notes

    def _older(
        self,
        company: str,
        watched: datetime,
        own: Sequence[Happening],
        flows: Iterable[Flow],
    ) -> Sequence[Happening]:
        left = self.most - self.transactions
        credentials = credentials_for(self.deployment, company)
        since = f"{company} is watched since {watched:%Y-%m-%d %H:%M} UTC"
        if watched >= self.now:
            since = f"{company} was never read"
        if left <= 0 or credentials is None:
            why = "no credentials are stored" if left > 0 else "no API transactions are left for it"
            self.notes.append(f"{since}; what was before is not counted, for {why}")
            return ()
        client = open_gateway(self.deployment, credentials, left)
        try:
            with self.printer.working(f"{company}: asking Intacct for older bills"):
                older = read_older(client, company, self.since, watched, left)
                # Of what was submitted since, the audit itself knows when.
                told_of = {each.document.id for each in own if each.kind is EventKind.SUBMITTED}
                before = [each for each in older.happenings if each.document.id not in told_of]
                documents = [each.document for each in (*own, *before)]
                found = books_of(client, flows, documents)
        except SourceError as error:
            self.notes.append(f"{since}; what was before is not counted: {error.safe_message}")
            return ()
        finally:
            self.transactions += client.usage.transactions
        self.books[company] = found.books
        self.notes += [*older.notes, *found.notes]
        self.notes.append(
            f"{since}; {len(before):,} older bills count from when they were entered, "
            f"for {client.usage.transactions} API transactions"
        )
        return before
