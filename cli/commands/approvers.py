"""`ml-connector approvers`: the people who are told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console.asking import confirm
from cli.console.failures import FAILED
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.terminal import Printer, table
from cli.deployment import Deployment, Target
from cli.files.flow_file import unreached
from cli.files.people_file import read_people, write_people
from cli.people_store import Change, Effect, changes, store
from ml_connector.domain.phone import mask

#: For its owner alone: the file holds phone numbers.
PRIVATE = 0o600


def import_people(
    file: Annotated[
        Path,
        typer.Argument(help="CSV: id,name,phone,active.", dir_okay=False, show_default=False),
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Only check the file; needs no AWS.")
    ] = False,
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Add people from a CSV file, and change those who are there already.

    Phones are E.164, such as +15550100001; empty where none is known yet. Nothing is imported if
    one row is bad. Whoever is not in the file stays as they are, and an opt-out stays.
    """
    printer = Printer(as_json=as_json)
    rows = read_people(file)
    if check:
        without = sum(not row.phone for row in rows)
        document = {"ok": True, "file": str(file), "people": len(rows), "without_phone": without}
        printer.result(document, f"{file}: {len(rows)} people, {without} without a phone.")
        return
    deployment = Deployment(Target(stage, stack, profile, region))
    planned = changes(rows, deployment.approvers.everyone())
    changed = [change for change in planned if change.effect is Effect.CHANGED]
    if changed and not yes:
        printer.show(_table(planned))
    if changed and not confirm(f"Change {len(changed)} who are there already?", yes=yes):
        printer.result({"ok": False, "imported": 0}, "Nothing was imported.")
        raise typer.Exit(FAILED)
    for change in planned:
        if change.effect is not Effect.UNCHANGED:
            store(change.row)
    warnings = [f"{c.row.id} cannot be texted: {c.obstacle}" for c in planned if c.obstacle]
    flow = deployment.flows.current()
    if flow is not None:
        everyone = deployment.approvers.everyone()
        warnings += [f"the flow in force names {one}" for one in unreached(flow, everyone)]
    counts = {e.value: sum(change.effect is e for change in planned) for e in Effect}
    printer.result(
        {"ok": True, **counts, "people": [_document(c) for c in planned], "warnings": warnings},
        _table(planned),
        ", ".join(f"{count} {word}" for word, count in counts.items()) + ".",
    )
    for warning in warnings:
        printer.note(f"warning: {warning}")


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
    people = Deployment(Target(stage, stack, profile, region)).approvers.everyone()
    document: dict[str, Any] = {"ok": True, "people": len(people)}
    if output is None:
        entries = [
            {
                "id": person.id,
                "name": person.name,
                "phone": person.phone,
                "active": person.active,
                "opted_out": person.opted_out,
            }
            for person in people
        ]
        if as_json:
            printer.result({**document, "people": entries})
        else:
            typer.echo(write_people(people), nl=False)
        return
    if output.exists() and not confirm(f"{output} is there already; write over it?", yes=yes):
        printer.result({"ok": False, "people": 0}, "Nothing was written.")
        raise typer.Exit(FAILED)
    write_private(output, write_people(people))
    printer.result({**document, "file": str(output)}, f"{output}: {len(people)} people.")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123
            file.write(text)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _table(planned: list[Change]) -> Any:  # noqa: ANN401 - a rich table
    rows = [
        (
            change.row.id,
            change.row.name,
            mask(change.row.phone),
            change.effect.value + (f": {', '.join(change.what)}" if change.what else ""),
            change.obstacle,
        )
        for change in planned
    ]
    return table("Approvers", ("id", "name", "phone", "", "not told because"), rows)


def _document(change: Change) -> dict[str, Any]:
    return {
        "id": change.row.id,
        "effect": change.effect.value,
        "changes": list(change.what),
        "obstacle": change.obstacle,
    }
