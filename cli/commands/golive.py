"""`ml-connector go-live`: everything between a deployed stack and the first alerts.

What was chosen is in the audit chain `flow`, as `golive.done`: it is the chain that says from when
on which rules speak to people, and its head is kept with the pointer to the flow in force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from cli.alerts.progress import bar
from cli.commands import flow_changes, ping, sending, voice
from cli.console.asking import ask, confirm
from cli.console.failures import FAILED, Failure, Misused
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.reasons import Reason
from cli.console.terminal import Printer, table
from cli.deployment import Deployment, Target
from cli.files.flow_file import numbered, read_flow
from cli.flow.at_hand import books_of, credentials_for, open_gateway
from cli.flow.pace import timings_of
from cli.flow.published import Shelf
from cli.flow.showing import shelf_of
from cli.golive.steps import AGAIN, checked, said_by, step
from cli.golive.telling import Teller, Told
from cli.golive.waiting import Waiting, age, wait_for_first_reads, waiting_in
from ml_connector.domain.books import Books
from ml_connector.domain.flows import Flow, FlowCompany
from ml_connector.domain.plans import VOICE

DONE = "golive.done"
#: The most API transactions that master data of the waiting bills may cost.
TRANSACTIONS = 50


class Choice(StrEnum):
    """What to do about bills that waited before."""

    SILENT = "silent"
    """Nobody is told; whatever happens to them from now on is."""
    DIGEST = "digest"
    """Each approver gets one text: how many, since when, for what sums."""
    ALL = "all"
    """Each bill is told of as if it had been submitted just now."""


def go_live(
    flow: Annotated[
        Path | None,
        typer.Option(
            help="A flow to put in force first; by default the one that is.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    reason: Reason = "",
    to: Annotated[
        str, typer.Option(help="Send a test to this approver: you.", show_default=False)
    ] = "",
    no_test: Annotated[bool, typer.Option("--no-test", help="Send no test.")] = False,
    calling: Annotated[
        str,
        typer.Option(
            "--from", help="The number calls come from; see voice deploy.", show_default=False
        ),
    ] = "",
    no_voice: Annotated[
        bool, typer.Option("--no-voice", help="Publish no voice flow: calls only announce.")
    ] = False,
    waiting: Annotated[
        Choice | None,
        typer.Option(
            help="What to do about bills that wait already: tell nobody, send one text to each "
            "approver, or alert about every bill.",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[
        int, typer.Option(min=0, max=3600, help="Seconds to wait for the first read of Intacct.")
    ] = 240,
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Check everything, put the flow in force, send a test, and decide about what waits already.

    Each step can be repeated: what is done is found done. With --yes nothing is asked: then name
    --to or --no-test, and --waiting where it is not to be silent.
    """
    printer = Printer(as_json=as_json)
    if yes and not (to or no_test):
        raise Misused("say whom to send a test with --to, or --no-test")
    if yes and flow is not None and not reason.strip():
        raise Misused("say why the flow is put in force with --reason: it is kept in the audit")
    where = {"stage": stage, "stack": stack, "profile": profile, "region": region}
    run = _GoLive(Deployment(Target(stage, stack, profile, region)), where, printer, yes=yes)
    run.check()
    run.publish_voice(run.flow_to_be(flow), calling, wanted=not no_voice)
    run.push(flow, reason)
    run.test("" if no_test else to, ask_for=not (no_test or to))
    choice, told = run.tell(waiting, wait)
    run.note(choice, told)
    printer.result({"ok": True, **run.document}, *run.last_words(choice, told))


@dataclass(slots=True)
class _GoLive:
    """One run, step by step."""

    deployment: Deployment
    where: Mapping[str, str]
    printer: Printer
    yes: bool
    document: dict[str, Any] = field(default_factory=dict)
    _waiting: list[Waiting] = field(default_factory=list)

    def _say(self, name: str, said: str) -> None:
        self.printer.show(Text.assemble(("done  ", "green"), (f"{name}: ", "bold"), said))

    # ------------------------------------------------------------------------- checking
    def check(self) -> None:
        """`ping`, both ways."""
        with step("ping"):
            intacct = said_by(ping.ping, provider=ping.Provider.INTACCT, **self.where)
            twilio = said_by(ping.ping, provider=ping.Provider.TWILIO, **self.where)
            failed = [*checked(intacct), *checked(twilio)]
            if failed or not (intacct["ok"] and twilio["ok"]):
                raise Failure(f"{len(failed)} check(s) failed", failed)
        keys = [one["company"] for one in intacct["companies"]]
        self.document["ping"] = {"ok": True, "companies": keys}
        self._say("ping", f"Intacct ({', '.join(keys)}) and Twilio answer")

    def flow_to_be(self, file: Path | None) -> Flow:
        """The flow that will be in force. Raises Failure where there is none."""
        if file is not None:
            return read_flow(file).flow
        current = self.deployment.flows.current()
        if current is None:
            raise Failure(
                "no flow is published; name one with --flow, or write one with `ml-connector init`"
            )
        return current

    # -------------------------------------------------------------------------- publishing
    def publish_voice(self, flow: Flow, calling: str, *, wanted: bool) -> None:
        """`voice deploy`, where any rule calls."""
        calls = any(each.channel == VOICE for rule in flow.rules for each in rule.steps)
        if not calls or not wanted:
            self.document["voice"] = None
            why = "left out; calls only announce" if calls else "no rule calls anybody"
            self._say("voice deploy", why)
            return
        with step("voice deploy"):
            said = said_by(voice.deploy, calling=calling, **self.where)
        self.document["voice"] = {"flow": said["flow"], "changed": said["changed"]}
        self._say("voice deploy", "published" if said["changed"] else "unchanged")

    def push(self, file: Path | None, reason: str) -> None:
        """`flow push`, or the one in force."""
        if file is None:
            flow = self.flow_to_be(None)
            self.printer.show(*numbered(flow))
            self.document["flow"] = {"version": flow.version, "published": False}
            self._say("flow", f"version {flow.version} is in force")
            return
        with step("flow push"):
            said = said_by(flow_changes.push, file=file, reason=reason, yes=self.yes, **self.where)
        if not said["ok"]:
            raise Failure(f"flow push: the flow was not put in force; {AGAIN}")
        self.document["flow"] = {"version": said["version"], "published": said["published"]}
        new = "put in force" if said["published"] else "in force already"
        self._say("flow push", f"version {said['version']}, {new}")

    def test(self, to: str, *, ask_for: bool) -> None:
        """`test-send`, where somebody is named."""
        if ask_for:
            to = ask("Send a test text to which approver, by id? Empty for none", "")
        if not to:
            self.document["test"] = None
            self._say("test", "none sent")
            return
        with step("test-send"):
            said = said_by(sending.send_trial, to=to, yes=True, **self.where)
            if not said["ok"]:
                raise Failure(f"{to}: {said['said']}", [said["fix"]] if said["fix"] else [])
        self.document["test"] = {"to": to, "outcome": said["outcome"]}
        self._say("test-send", f"{to}: {said['said']} (code {said['reference']})")

    # ----------------------------------------------------------------- what waits already
    def tell(self, choice: Choice | None, patience: int) -> tuple[Choice, dict[str, Told]]:
        """Show what waits, ask, and do as answered; what was told in each company."""
        flow = self.flow_to_be(None)
        companies = self._watched(flow)
        with step("first read"), self.printer.working("waiting for the first read of Intacct"):
            wait_for_first_reads(self.deployment, companies, patience)
        self._waiting = waiting_in(self.deployment, companies)
        self.document["waiting"] = [one.as_json() for one in self._waiting]
        self.printer.show(_shown(self._waiting))
        untold = sum(len(one.untold) for one in self._waiting)
        picked = choice or self._asked(untold)
        told: dict[str, Told] = {}
        if picked is Choice.SILENT or not untold:
            return picked, told
        what = "one text to each approver" if picked is Choice.DIGEST else "alerts for every bill"
        if not confirm(f"Send {what} about {untold:,} bills now?", yes=self.yes):
            self.printer.result({"ok": False, **self.document}, f"Nobody was told; {AGAIN}.")
            raise typer.Exit(FAILED)
        with step("telling"):
            teller = Teller(self.deployment, flow, timings_of(self.deployment))
            for one in self._waiting:
                if one.untold:
                    books = self._books(flow, one)
                    told[one.company.key] = self._told(teller, one.company, books, picked)
            self.document["notes"] = teller.notes
        return picked, told

    def _watched(self, flow: Flow) -> list[FlowCompany]:
        """The companies that can be read; the others are named."""
        known = [c for c in flow.companies if credentials_for(self.deployment, c.key)]
        for company in flow.companies:
            if company not in known:
                self.printer.note(f"warning: {company.key}: no credentials are stored")
        if not known:
            raise Failure("no company of the flow has credentials; store them with `secrets set`")
        return known

    def _asked(self, untold: int) -> Choice:
        if self.yes or not untold:
            return Choice.SILENT
        words = ", ".join(choice.value for choice in Choice)
        while True:
            answer = ask(f"Tell people about these {untold:,} bills? One of {words}", Choice.SILENT)
            if answer in set(Choice):
                return Choice(answer)
            self.printer.note(f"{answer!r} is none of {words}")

    def _books(self, flow: Flow, waiting: Waiting) -> Books:
        """Master data as a poll would read it: the silent first read had no need of any."""
        key = waiting.company.key
        credentials = credentials_for(self.deployment, key)
        if credentials is None:
            raise Failure(f"{key}: no credentials are stored any more")
        client = open_gateway(self.deployment, credentials, TRANSACTIONS)
        with self.printer.working(f"{key}: asking Intacct for master data"):
            found = books_of(client, [flow], waiting.untold)
        for note in found.notes:
            self.printer.note(f"note: {key}: {note}")
        return found.books

    def _told(self, teller: Teller, company: FlowCompany, books: Books, choice: Choice) -> Told:
        with bar(f"{company.key}: writing") as done:
            if choice is Choice.DIGEST:
                return teller.digests(company, books, done)
            return teller.alert_all(company, books, done)

    # ------------------------------------------------------------------------- the end
    def note(self, choice: Choice, told: Mapping[str, Told]) -> None:
        """Write into the audit who went live, and what was chosen about what waited."""
        with step("audit"):
            shelf: Shelf = shelf_of(self.deployment)
            now = datetime.now(UTC)
            companies = {
                one.company.key: {
                    "waiting": len(one.documents),
                    "untold": len(one.untold),
                    "told": told[one.company.key].bills if one.company.key in told else 0,
                }
                for one in self._waiting
            }
            data = {"choice": choice.value, "companies": companies}
            shelf.note(DONE, data, seen=shelf.in_force(), now=now)
        self.document["choice"] = choice.value
        self.document["told"] = {
            key: {
                "bills": one.bills,
                "alerts": one.alerts,
                "digests": one.digests,
                "no_rule": one.no_rule,
                "unreachable": one.unreachable,
            }
            for key, one in told.items()
        }

    def last_words(self, choice: Choice, told: Mapping[str, Told]) -> Sequence[str]:
        """How it ended, for people."""
        total = Told()
        for one in told.values():
            total.add(one)
        lines = [f"look: {note}" for note in self.document.get("notes", ())]
        if choice is Choice.SILENT or not told:
            lines.append("Nobody is told of what waited; whatever happens from now on is.")
        else:
            lines.append(
                f"{total.bills:,} bills: {total.alerts:,} alerts written; they go out within a "
                "minute, or when people may be disturbed."
            )
        if total.no_rule:
            lines.append(f"{total.no_rule:,} bills match no rule: nobody is told of them.")
        if total.unreachable:
            lines.append(f"{total.unreachable:,} alerts reach nobody: see `ml-connector status`.")
        return [*lines, "Live. `ml-connector status` shows how it goes."]


def _shown(waiting: Sequence[Waiting]) -> Any:  # noqa: ANN401 - a rich table
    rows = (
        (
            one.company.key,
            f"{len(one.untold):,} of {len(one.documents):,}",
            ", ".join(map(str, one.sums)),
            age(one.oldest),
            f"{one.read_at:%Y-%m-%d %H:%M} UTC" if one.read_at else "never",
        )
        for one in waiting
    )
    headings = ("company", "bills nobody was told of", "sum", "oldest", "as read")
    return table("Waiting in Intacct already", headings, rows)
