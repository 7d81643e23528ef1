"""`ml-connector approvers import` and `export`: the people who are told, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console.asking import confirm
from cli.console.failures import FAILED, Failure
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.reasons import Reason, asked_for
from cli.console.terminal import Printer, table
from cli.console.writing import may_write, write_private
from cli.deployment import Deployment, Target
from cli.files.people_file import read_people, write_people
from cli.people_damaged import damaged
from cli.people_flow import published, unreached
from cli.people_numbers import look_up
from cli.people_plan import Effect, Planned, plan, remaining
from cli.people_store import PeopleStore
from cli.welcoming import Welcome, welcome
from ml_connector.domain.approvers import Approver
from ml_connector.domain.phone import mask


def import_people(
    file: Annotated[
        Path,
        typer.Argument(help="CSV as `export` writes it.", dir_okay=False, show_default=False),
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Only check the file; needs no AWS.")
    ] = False,
    keep_others: Annotated[
        bool, typer.Option("--keep-others", help="Whoever is not in the file stays as they are.")
    ] = False,
    lookup: Annotated[
        bool,
        typer.Option(
            "--lookup", help="Ask Twilio what kind of line each number is. Twilio charges for it."
        ),
    ] = False,
    welcome_them: Welcome = None,
    reason: Reason = "",
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Make the people those of a CSV file: shows who is new, changes and leaves, then asks.

    Phones have + and country code; empty where none is known yet. Nothing is imported if one row is
    bad, or if the flow in force would name somebody who can no longer be told. Who leaves is kept
    and told nothing. A changed number is unverified again. New numbers are looked up at Twilio.
    """
    printer = Printer(as_json=as_json)
    if check:
        _check(file, printer)
        return
    deployment = Deployment(Target(stage, stack, profile, region))
    store = PeopleStore(deployment, reason=reason)
    people = store.everybody()
    rows = read_people(file, people if keep_others else ())
    _refuse_forgotten([row.id for row in rows], store)
    _refuse_damaged([row.id for row in rows], deployment)
    planned = plan(rows, people, keep_others=keep_others)
    with printer.working("looking the numbers up"):
        planned, unasked = look_up(planned, deployment, line_types=lookup)
    warnings = _refused_by_the_flow(people, planned) + _warnings(planned)
    changed = [one for one in planned if one.effect is not Effect.UNCHANGED]
    shown = [_table(changed), _counted(planned)]
    if changed and (not as_json or not yes):
        printer.show(*shown)
    for line in [f"warning: {warning}" for warning in warnings] + [unasked] * bool(unasked):
        printer.note(line)
    if changed:
        if not confirm(f"Import into {deployment.target.stack_name}?", yes=yes):
            printer.result({"ok": False, "imported": 0}, "Nothing was imported.")
            raise typer.Exit(FAILED)
        if not reason and not yes:
            store = PeopleStore(deployment, reason=asked_for(default=""))
        with printer.working(f"writing {len(changed)} people"):
            store.apply(planned)
    after = [one.after for one in planned]
    told = welcome(after, store, deployment, welcome_them, asks=not yes)
    if told.note:
        printer.note(told.note)
    printer.result(
        {
            "ok": True,
            **{effect.value: _count(planned, effect) for effect in Effect},
            "welcomed": list(told.ids),
            "people": [_document(one) for one in planned],
            "warnings": [*warnings, *([unasked] if unasked else [])],
        },
        " ".join(
            [
                "Imported." if changed else "Everybody is there already; nothing was changed.",
                *([f"{len(told.ids)} get their welcome text."] if told.ids else []),
            ]
        ),
    )


def _refuse_forgotten(ids: list[str], store: PeopleStore) -> None:
    """An id whose person was erased stays theirs: its trail would become somebody else's."""
    forgotten = store.forgotten()
    refused = [f"{one}: forgotten on {forgotten[one]:%Y-%m-%d}" for one in ids if one in forgotten]
    if refused:
        raise Failure(
            "these ids were people's who are forgotten; nothing was imported. Whoever it is now "
            "gets an id of their own",
            refused,
        )


def _refuse_damaged(ids: list[str], deployment: Deployment) -> None:
    """Their trail goes on in the row there is: it is mended, not written anew."""
    refused = [str(one) for one in damaged(deployment) if one.id in ids]
    if refused:
        raise Failure("these rows cannot be read; nothing was imported", refused)


def _check(file: Path, printer: Printer) -> None:
    rows = read_people(file)
    without = sum(not row.phone for row in rows)
    document = {"ok": True, "file": str(file), "people": len(rows), "without_phone": without}
    printer.result(document, f"{file}: {len(rows)} people, {without} without a phone.")


def _refused_by_the_flow(people: list[Approver], planned: list[Planned]) -> list[str]:
    """Warnings about the flow in force; Failure where this import is what breaks it."""
    flow = published()
    if flow is None:
        return []
    before = {(one.who, one.where) for one in unreached(flow, people)}
    after = unreached(flow, remaining(people, planned))
    broken = [one for one in after if (one.who, one.where) not in before]
    if broken:
        raise Failure(
            "the flow in force needs people whom this import takes away; nothing was imported. "
            "Keep them in the file, or publish a flow without them first",
            [str(one) for one in broken],
        )
    return [f"in the flow in force {one}" for one in after]


def _warnings(planned: list[Planned]) -> list[str]:
    """What to look at among those the import touches, and who stands in for nobody."""
    after = {one.id: one.after for one in planned}
    lines = []
    for one in planned:
        if not one.after.active or one.effect is Effect.UNCHANGED:
            continue
        lines += [f"{one.id} is told nothing: {one.obstacle}"] if one.obstacle else []
        lines += [f"{one.id}: {one.doubt}"] if one.doubt else []
        for part in ("manager", "substitute"):
            other = after.get(getattr(one.after, part))
            if other and not other.active:
                lines.append(f"{one.id}: the {part} {other.id} is not active")
    renewed = [one.id for one in planned if one.new_number and one.before and one.after.active]
    if renewed:
        who = ", ".join(renewed)
        lines.append(f"new numbers are unverified until `ml-connector approvers verify`: {who}")
    return lines


def export_people(
    output: Annotated[
        Path | None,
        typer.Option(
            help="File to write, for you alone to read; without it, to standard output.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Write all people as CSV, in the form that import takes. It holds whole phone numbers."""
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    people, left_out = PeopleStore(deployment).everybody(), damaged(deployment)
    document: dict[str, Any] = {
        "ok": True,
        "people": len(people),
        "unreadable": [one.id for one in left_out],
    }
    for one in left_out:
        printer.note(f"warning: {one}")
    if output is None:
        if as_json:
            printer.result({**document, "people": [_exported(person) for person in people]})
        else:
            typer.echo(write_people(people), nl=False)
        return
    if not may_write(output, yes=yes):
        printer.result({"ok": False, "people": 0}, "Nothing was written.")
        raise typer.Exit(FAILED)
    write_private(output, write_people(people))
    printer.result({**document, "file": str(output)}, f"{output}: {len(people)} people.")


def _exported(person: Approver) -> dict[str, Any]:
    days = ("away_from", "away_until", "consent_on", "verified_at")
    texts = (
        "id", "name", "phone", "active", "user", "language", "zone", "manager", "substitute",
        "consent_source", "calls_when_opted_out", "opted_out", "line_type", "quiet_hours",
    )  # fmt: skip
    return {
        **{name: getattr(person, name) for name in texts},
        **{
            name: list(getattr(person, name))
            for name in ("cost_centres", "channels", "working_days")
        },
        "holidays": [day.isoformat() for day in person.holidays],
        "holidays_as": person.holidays_as,
        **{name: day.isoformat() if (day := getattr(person, name)) else None for name in days},
    }


def _table(planned: list[Planned]) -> Any:  # noqa: ANN401 - a rich table
    rows = [
        (
            one.id,
            one.after.name,
            mask(one.after.phone),
            one.effect.value + (f": {', '.join(one.fields)}" if one.fields else ""),
            "; ".join(words for words in (one.obstacle, one.doubt) if words),
        )
        for one in planned
    ]
    return table("Approvers", ("id", "name", "phone", "", "to note"), rows)


def _count(planned: list[Planned], effect: Effect) -> int:
    return sum(one.effect is effect for one in planned)


def _counted(planned: list[Planned]) -> str:
    return ", ".join(f"{_count(planned, effect)} {effect.value}" for effect in Effect) + "."


def _document(one: Planned) -> dict[str, Any]:
    return {
        "id": one.id,
        "effect": one.effect.value,
        "changes": list(one.fields),
        "obstacle": one.obstacle,
        "doubt": one.doubt,
    }
