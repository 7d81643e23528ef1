"""`ml-connector flow test`: what a flow would do, tried on one bill or on the past."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.trying_past import try_on_the_past
from cli.console.failures import Failure, Misused
from cli.console.options import AsJson, Profile, Region, Stack, Stage
from cli.console.terminal import Printer
from cli.deployment import Deployment, Target
from cli.files.flow_file import read_flow
from cli.files.people_file import read_people
from cli.flow.at_hand import books_of, credentials_for, open_gateway, remembered_books
from cli.flow.bill_file import DescribedBill, read_bill
from cli.flow.finding import TRANSACTIONS, live_bill, remembered_bill
from cli.flow.pace import timings_of
from cli.flow.tried_words import as_json as in_json
from cli.flow.tried_words import shown
from cli.flow.trying import Setting, as_in, attempt, usual_kind
from cli.people_plan import plan, remaining
from ml_connector.domain.approvers import Approver
from ml_connector.domain.books import Books
from ml_connector.domain.documents import Document, Subject
from ml_connector.domain.events import EventKind
from ml_connector.domain.flows import Flow
from ml_connector.domain.hours import zone_named
from ml_connector.domain.instants import seconds
from ml_connector.domain.silences import Silence
from ml_connector.settings import Timings

#: The most a look at older bills may cost, API transactions of Intacct.
MOST_TRANSACTIONS = 500


class Kind(StrEnum):
    """What may happen that a flow can tell somebody; the last one needs no bill."""

    SUBMITTED = "bill.submitted"
    PARTIALLY_APPROVED = "bill.partially_approved"
    CHANGED = "bill.changed"
    DECLINED = "bill.declined"
    OVERDUE = "bill.overdue"
    REMINDER = "bill.reminder"
    POSSIBLE_DUPLICATE = "bill.possible_duplicate"
    POLL_FAILING = "poll.failing"


def try_flow(
    bill: Annotated[
        str,
        typer.Argument(
            help="A bill's number, or a JSON file that describes one.", show_default=False
        ),
    ] = "",
    flow: Annotated[
        Path | None,
        typer.Option(
            help="The flow to try: YAML or JSON. Without it, the one in force.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    company: Annotated[
        str, typer.Option(help="The company, by its key in the flow.", show_default=False)
    ] = "",
    kind: Annotated[
        Kind | None,
        typer.Option(
            help="What happens to the bill; by default that it waits, as it does. With "
            "poll.failing no bill is named.",
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        str,
        typer.Option(
            help="When, such as 2026-11-27T22:15, on the company's clock; by default now.",
            show_default=False,
        ),
    ] = "",
    live: Annotated[
        bool, typer.Option("--live", help="Read the bill from Intacct: some ten API transactions.")
    ] = False,
    approvers: Annotated[
        Path | None,
        typer.Option(
            help="A CSV file of approvers, in place of those imported.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    history: Annotated[
        int,
        typer.Option(
            help="Try it on so many past days instead, beside the flow in force.",
            min=0,
            max=366,
            show_default=False,
        ),
    ] = 0,
    transactions: Annotated[
        int,
        typer.Option(
            help="API transactions that bills older than our records may cost; 0: none are read.",
            min=0,
            max=MOST_TRANSACTIONS,
        ),
    ] = MOST_TRANSACTIONS,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Say which rule matches a bill, who is told, when and in which words. Nothing is sent.

    With --history, replay what happened and count alerts per person, hour and channel. A JSON file
    with --flow and --approvers needs no AWS.
    """
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    if history:
        if bill or kind or at or live:
            raise Misused("--history tries the flow on all that happened; name no bill with it")
        if flow is None:
            raise Misused("name the flow to try with --flow")
        tried = read_flow(flow)
        people = _people(approvers, deployment)
        try_on_the_past(deployment, tried, people, company, history, transactions, printer)
        return
    trial = _Trying(deployment, flow, approvers, company, printer)
    if kind is Kind.POLL_FAILING:
        if bill or live:
            raise Misused("poll.failing is about a company and no bill; name the company alone")
        trial.silence(at)
        return
    if not bill:
        raise Misused("name a bill, or a JSON file that describes one; see --help")
    trial.run(bill, kind, at, live=live)


class _Trying:
    """One try, with as little of AWS as it can do with."""

    def __init__(
        self,
        deployment: Deployment,
        flow: Path | None,
        approvers: Path | None,
        company: str,
        printer: Printer,
    ) -> None:
        self._deployment = deployment
        self._flow = _flow(flow, deployment)
        self._source = str(flow) if flow else f"version {self._flow.version}"
        self._approvers = approvers
        self._company = company
        self._offline = flow is not None and approvers is not None
        self._printer = printer
        self._notes: list[str] = []

    def run(self, what: str, kind: Kind | None, at: str, *, live: bool) -> None:
        path = Path(what)
        if path.suffix.lower() in (".json", ".yaml", ".yml") or path.is_file():
            if live:
                raise Misused("--live reads a bill from Intacct; a file describes one itself")
            document, books = self._described(path, at)
        elif live:
            document, books = self._live(what)
        else:
            document, books = self._remembered(what)
        happens = EventKind(kind.value) if kind else usual_kind(document)
        document = as_in(document, happens)
        self._try(document, happens, books, self._moment(at, document.company), self._timings())

    def silence(self, at: str) -> None:
        """Nothing is read of the company for as long as it takes until that is told."""
        company = self._key("")
        found = self._flow.company(company)
        wall = zone_named(found.zone if found else "") or UTC
        now, timings = self._moment(at, company), self._timings()
        silence = Silence(company, now - seconds(timings.poll_stale), wall)
        self._try(silence, EventKind.POLL_FAILING, Books(), now, timings)

    def _timings(self) -> Timings:
        return Timings() if self._offline else timings_of(self._deployment)

    def _try(
        self, document: Subject, happens: EventKind, books: Books, now: datetime, timings: Timings
    ) -> None:
        people = _people(self._approvers, self._deployment)
        trial = attempt(document, happens, Setting(self._flow, books, people, timings), now)
        said = {"ok": True, "flow": self._source, **in_json(trial), "notes": self._notes}
        self._printer.result(said, *shown(trial))
        for note in self._notes:
            self._printer.note(f"note: {note}")

    # ------------------------------------------------------------------------- the bill
    def _described(self, path: Path, at: str) -> tuple[Document, Books]:
        if not path.is_file():
            raise Failure(f"{path}: there is no such file; name a JSON file, or a bill's number")
        described = read_bill(path)
        company = self._key(described.company)
        document = described.document(company, self._moment(at, company))
        if self._offline:
            self._notes.append(
                "no master data: departments and the like are looked at without their parents"
            )
            return document, _named(Books(), described)
        return document, _named(self._books(company, document), described)

    def _remembered(self, number: str) -> tuple[Document, Books]:
        document = remembered_bill(self._deployment, number, self._company)
        self._key(document.company)
        if not document.lines:
            self._notes.append("no lines of the bill are remembered")
        return document, self._books(document.company, document)

    def _live(self, number: str) -> tuple[Document, Books]:
        company = self._key("")
        credentials = credentials_for(self._deployment, company)
        if credentials is None:
            raise Failure(
                f"{company}: no credentials are stored; run `ml-connector secrets set intacct`"
            )
        client = open_gateway(self._deployment, credentials, TRANSACTIONS)
        with self._printer.working(f"{company}: asking Intacct"):
            now = datetime.now(UTC)
            document = live_bill(self._deployment, client, company, number, now)
            at_hand = books_of(client, [self._flow], [document])
        self._notes += at_hand.notes
        self._notes.append(f"Intacct API transactions used: {client.usage.transactions}")
        return document, at_hand.books

    def _books(self, company: str, document: Document) -> Books:
        at_hand = remembered_books(self._deployment, company, [self._flow], [document])
        self._notes += at_hand.notes
        return at_hand.books

    # ----------------------------------------------------------------- company and clock
    def _key(self, named: str) -> str:
        """The company meant. Raises Misused where that is not clear, Failure for none of it."""
        known = [company.key for company in self._flow.companies]
        meant = {each for each in (self._company, named) if each} or set(known)
        if len(meant) > 1:
            raise Misused(f"which company? name one of {', '.join(sorted(meant))} with --company")
        (key,) = meant
        if key not in known:
            raise Failure(f"the flow has no company {key!r}; it has {', '.join(known)}")
        return key

    def _moment(self, at: str, company: str) -> datetime:
        if not at:
            return datetime.now(UTC)
        try:
            moment = datetime.fromisoformat(at)
        except ValueError as error:
            raise Misused(f"--at {at!r} is no time such as 2026-11-27T22:15") from error
        found = self._flow.company(company)
        zone = zone_named(found.zone if found else "") or UTC
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _flow(path: Path | None, deployment: Deployment) -> Flow:
    if path is not None:
        return read_flow(path).flow
    flow = deployment.flows.current()
    if flow is None:
        raise Failure("no flow is published; name a file with --flow")
    return flow


def _people(path: Path | None, deployment: Deployment) -> list[Approver]:
    if path is None:
        return deployment.approvers.everybody()
    if not path.is_file():
        raise Failure(f"{path}: there is no such file; name the CSV file of your approvers")
    return remaining([], plan(read_people(path), []))


def _named(books: Books, described: DescribedBill) -> Books:
    """The books with the vendor's approver as the file names one."""
    if not described.bill_approver:
        return books
    approvers = {**books.bill_approvers, described.bill.vendor_id: described.bill_approver}
    return Books(books.parents, approvers, books.supervisors, books.names)
