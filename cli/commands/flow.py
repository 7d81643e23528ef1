"""`ml-connector flow`: check the rules, read them in plain words, and see what was published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from cli.console.failures import FAILED, Failure
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.terminal import Printer, table
from cli.console.writing import may_write
from cli.deployment import Deployment, Target
from cli.files.flow_file import FlowFile, read_flow
from cli.files.people_file import read_people
from cli.flow.problems import Wrong
from cli.flow.published import InForce, Version
from cli.flow.showing import page, said, shelf_of, shown, warn
from cli.people_flow import unreached
from cli.people_plan import newcomer

File: TypeAlias = Annotated[
    Path, typer.Argument(help="The flow: YAML or JSON.", dir_okay=False, show_default=False)
]
Approvers: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        help="A CSV file of approvers: whoever the flow names has to be in it.",
        dir_okay=False,
        show_default=False,
    ),
]

_DIGITS = 12


def validate(file: File, approvers: Approvers = None, as_json: AsJson = False) -> None:
    """Check a flow, and say everything that is wrong with it at once. Needs no AWS.

    Each line names the file, the line, the place, what was found and what was expected.
    """
    printer = Printer(as_json=as_json)
    try:
        read = _read(file, approvers)
    except Wrong as wrong:
        if not as_json:
            raise
        problems = [problem.as_json() for problem in wrong.problems]
        printer.result({"ok": False, "file": str(file), "problems": problems, "warnings": []})
        raise typer.Exit(FAILED) from wrong
    document = {
        "ok": True,
        "problems": [],
        "warnings": list(read.warnings),
        "file": read.name,
        **said(read.flow, read.digest),
    }
    rules = len(read.flow.rules)
    printer.result(document, f"{file}: {rules} rule(s), nothing wrong. Digest {read.digest}")
    warn(printer, read.warnings)


def explain(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The flow: YAML or JSON. Without it, the one in force.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            help="Write it as one page to print and sign.", dir_okay=False, show_default=False
        ),
    ] = None,
    approvers: Approvers = None,
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Say a flow as numbered English sentences: a file's, or those in force.

    A file needs no AWS.
    """
    printer = Printer(as_json=as_json)
    if file is not None:
        read = _read(file, approvers)
        flow, digest, version = read.flow, read.digest, None
        standing, warnings = (
            f"The rules of {file.name}, not in force by being printed.",
            read.warnings,
        )
    else:
        deployment = Deployment(Target(stage, stack, profile, region))
        shelf = shelf_of(deployment)
        now = shelf.in_force()
        if not now.version:
            raise Failure("no flow is published; name a file, or run `ml-connector flow push`")
        found = shelf.version(now.version)
        flow, digest, version, warnings = found.flow(), found.digest, now.version, ()
        standing = (
            f"Version {now.version} of {deployment.target.stack_name}, in force{_since(now, found)}"
        )
    document = {"ok": True, "version": version, **said(flow, digest), "warnings": list(warnings)}
    if html is not None:
        if not may_write(html, yes=yes):
            printer.result({"ok": False}, "Nothing was written.")
            raise typer.Exit(FAILED)
        html.write_text(page(flow, digest, standing), encoding="utf-8")
        document["html"] = str(html)
    printer.result(
        document,
        *([standing, ""] if version else []),
        *shown(flow, digest),
        *([f"Written: {html}"] if html else []),
    )
    warn(printer, warnings)


def _read(file: Path, approvers: Path | None) -> FlowFile:
    if approvers is None:
        return read_flow(file)
    if not approvers.exists():
        raise Failure(f"{approvers}: there is no such file; name the CSV file of your approvers")
    people = [newcomer(row) for row in read_people(approvers)]
    read = read_flow(file, [person.id for person in people], str(approvers))
    trouble = map(str, unreached(read.body, people))
    return replace(read, warnings=(*read.warnings, *trouble))


def _since(now: InForce, version: Version | None) -> str:
    """` since 2026-11-23T08:00:00Z, by ann: new limits`, as far as it is known.

    Without the command nothing is left with the pointer of who put it there. Then what is told is
    the version's own: when it was published, by whom and why.
    """
    if now.at or version is None:
        when, by, why = f" since {now.at}" if now.at else "", now.by, now.reason
    else:
        when, by, why = f", published {version.at}", version.by, version.reason
    return f"{when}, by {by or 'nobody known'}: {why or 'no reason given'}"


def history(
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """List the published versions: when, by whom and why, and which one is in force."""
    printer = Printer(as_json=as_json)
    shelf = shelf_of(Deployment(Target(stage, stack, profile, region)))
    now, versions = shelf.in_force(), shelf.versions()
    entries = [
        {
            "version": version.number,
            "in_force": version.number == now.version,
            "published_at": version.at,
            "published_by": version.by,
            "reason": version.reason,
            "digest": version.digest,
        }
        for version in versions
    ]
    rows = [
        (
            str(version.number),
            "in force" if version.number == now.version else "",
            version.at,
            version.by,
            version.reason,
            version.digest[:_DIGITS],
        )
        for version in versions
    ]
    since = {"at": now.at, "by": now.by, "reason": now.reason} if now.version else None
    shown = table("Flows", ("version", "", "published", "by", "reason", "digest"), rows)
    there = next((version for version in versions if version.number == now.version), None)
    moved = f"Version {now.version} is in force{_since(now, there)}"
    printer.result(
        {"ok": True, "in_force": now.version or None, "since": since, "versions": entries},
        *([shown, moved] if versions else ["No flow is published."]),
    )
