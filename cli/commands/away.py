"""`ml-connector approvers away`: who is out of office, and who stands in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from cli.console.asking import confirm
from cli.console.failures import FAILED, Failure, Misused
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.reasons import Reason, asked_for
from cli.console.terminal import Printer
from cli.deployment import Deployment, Target
from cli.files.people_ties import Person, ties
from cli.people_plan import unusable
from cli.people_store import PeopleStore
from ml_connector.domain.approvers import Approver

_DAYS = ["%Y-%m-%d"]


def away(
    approver: Annotated[str, typer.Argument(help="The person's id.", show_default=False)],
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=_DAYS, help="First day away; by default today."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option(
            "--until",
            formats=_DAYS,
            help="Last day away; by default until further notice.",
            show_default=False,
        ),
    ] = None,
    substitute: Annotated[
        str,
        typer.Option(
            help="Who stands in, by id; by default whoever did before.", show_default=False
        ),
    ] = "",
    clear: Annotated[bool, typer.Option("--clear", help="They are back, or never leave.")] = False,
    reason: Reason = "",
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Say that somebody is out of office, and who is told in their place; or that they are back.

    Says what that means, then asks. Refused where the chain of substitutes would be a circle. Texts
    already under way stay theirs.
    """
    if clear and (first or last or substitute):
        raise Misused("--clear takes none of --from, --until, --substitute")
    printer = Printer(as_json=as_json)
    store = PeopleStore(Deployment(Target(stage, stack, profile, region)), reason=reason)
    person = store.person(approver)
    if clear:
        _back(person)  # refused before anything is asked
        store = _agreed(printer, store, f"Is {approver} told again from now on?", reason, yes=yes)
        after = store.amend(approver, "person.back", {}, _back)
        printer.result(_document(after, []), f"{approver} is told again.")
        return
    begin = first.date() if first else _today(person)
    end = last.date() if last else None
    if end and end < begin:
        raise Misused(f"--until {end} is before --from {begin}")
    absent = _Absence(begin, end, substitute or person.substitute)
    warnings = absent.check(person, store.everybody())
    for warning in warnings:
        printer.note(f"warning: {warning}")
    question = f"Say that {approver} is away {absent.words}?"
    store = _agreed(printer, store, question, reason, yes=yes)
    after = store.amend(approver, "person.away", absent.data, absent.of)
    printer.result(_document(after, warnings), f"{approver} is away {absent.words}.")


def _agreed(
    printer: Printer, store: PeopleStore, question: str, reason: str, *, yes: bool
) -> PeopleStore:
    """Where to write it, with the reason; ends the command where nobody agrees."""
    if not confirm(question, yes=yes):
        printer.result({"ok": False, "done": False}, "Nothing was changed.")
        raise typer.Exit(FAILED)
    if reason or yes:
        return store
    return PeopleStore(store.deployment, reason=asked_for(default=""))


class _Absence:
    """The days, both of them included, and who stands in."""

    def __init__(self, begin: date, end: date | None, substitute: str) -> None:
        self.begin = begin
        self.end = end
        self.substitute = substitute

    @property
    def data(self) -> dict[str, str]:
        """For the audit: days and ids."""
        return {
            "away_from": self.begin.isoformat(),
            "away_until": self.end.isoformat() if self.end else "",
            "substitute": self.substitute,
        }

    @property
    def words(self) -> str:
        """When, and who instead."""
        until = f"until {self.end}" if self.end else "until further notice"
        who = f"{self.substitute} is told instead" if self.substitute else "nobody stands in"
        return f"from {self.begin} {until}; {who}"

    def of(self, person: Approver) -> Approver:
        """The person with this absence."""
        return replace(
            person, away_from=self.begin, away_until=self.end, substitute=self.substitute
        )

    def check(self, person: Approver, people: list[Approver]) -> list[str]:
        """What to warn of. Raises Failure where nobody can stand in like that."""
        known = {one.id: one for one in people} | {person.id: self.of(person)}
        wrong = [
            str(tie)
            for tie in ties(map(Person.of, known.values()))
            if tie.column == "substitute" and (tie.at == person.id or person.id in tie.found)
        ]
        if wrong:
            raise Failure("nobody can stand in like that; nothing was changed", wrong)
        if not self.substitute:
            return ["nobody stands in: they are told all the same; give --substitute"]
        other = known[self.substitute]
        lines = [f"{other.id} is told nothing: {why}"] if (why := unusable(other)) else []
        if other.away_from and self._meets(other.away_from, other.away_until):
            lines.append(f"{other.id} is away then too; next comes {other.substitute or 'nobody'}")
        return lines

    def _meets(self, begin: date, end: date | None) -> bool:
        return (end is None or end >= self.begin) and (self.end is None or begin <= self.end)


def _back(person: Approver) -> Approver:
    if person.away_from is None:
        raise Failure(f"{person.id} is not away; nothing was changed")
    return replace(person, away_from=None, away_until=None)


def _today(person: Approver) -> date:
    """The day it is where the person is."""
    return datetime.now(ZoneInfo(person.zone) if person.zone else UTC).date()


def _document(person: Approver, warnings: list[str]) -> dict[str, Any]:
    return {
        "ok": True,
        "id": person.id,
        "away_from": person.away_from.isoformat() if person.away_from else None,
        "away_until": person.away_until.isoformat() if person.away_until else None,
        "substitute": person.substitute,
        "warnings": warnings,
    }
