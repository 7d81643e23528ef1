"""`ml-connector restore`: tables as they were, and everything up to its audit chain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli.console.asking import confirm
from cli.console.failures import FAILED, Misused
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.terminal import Printer
from cli.deployment import Deployment, Target
from cli.restore.copying import Copied
from cli.restore.points import EarlierTable
from cli.restore.running import TABLES, Restore, Source, summed
from ml_connector.domain.instants import to_text
from ml_connector.usecases.mending import Mended

_SESSIONS = "there is nothing to restore in sessions: the next poll logs in again"


def restore(
    at: Annotated[
        str,
        typer.Option(
            help="The moment to go back to, such as 2026-11-20T10:00Z.", show_default=False
        ),
    ] = "",
    table: Annotated[
        list[str] | None,
        typer.Option(
            help=f"{', '.join(TABLES)}, or all but the audit; may be given again.",
            show_default="alerts",
        ),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="A table that holds what was, instead of making one; still with --at.",
            show_default=False,
        ),
    ] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Put back over items that are whole, too.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the table made beside; delete it later.")
    ] = False,
    wait: Annotated[
        bool, typer.Option(help="Wait until every claim of before is reconciled.")
    ] = True,
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Put back what tables held at a moment, and bring everything up to its audit chain.

    Without --at nothing is put back: what was restored by hand is brought up. Meanwhile nothing is
    polled or sent. Whatever may have been sent since is looked for at Twilio before anything else
    is sent for it. May be run again at any point.
    """
    printer = Printer(as_json=as_json)
    moment = _moment(at)
    tables = _tables(table, moment, source)
    deployment = Deployment(Target(stage, stack, profile, region))
    work = Restore(deployment, tables if moment else (), moment, overwrite)
    question = _question(work, source)
    if not confirm(question, yes=yes):
        printer.result({"ok": False, "changed": False}, "Nothing was changed.")
        raise typer.Exit(FAILED)
    made = [work.earlier(name, moment) for name in work.tables] if moment and not source else []
    with printer.working("DynamoDB restores the tables beside; this takes twenty minutes or more"):
        for earlier in made:
            earlier.begin()
        for earlier in made:
            earlier.wait(lambda _: None)
    copied, first, version = _put_back(work, made, source, printer)
    second, left, unknown = _afterwards(work, printer, wait=wait)
    if made and not keep:
        for earlier in made:
            earlier.remove()
    mended, again = summed(first, second), work.to_forget_again()
    document = _document(copied, mended, version, left, unknown)
    document["forget_again"] = again
    said = [*_said(copied, mended, version, left, unknown), *map(_forget, again)]
    printer.result(document, *said, "Now: ml-connector audit verify, and audit reconcile.")
    if left or mended.lost:
        raise typer.Exit(FAILED)


def _put_back(
    work: Restore, made: list[EarlierTable], source: str, printer: Printer
) -> tuple[dict[str, Copied], Mended, int]:
    """All that is done while nothing else is."""
    names = [source] if source else [earlier.name for earlier in made]
    sources = [Source(name, one) for name, one in zip(work.tables, names, strict=True)]
    with _standing_still(work):
        with printer.working("waiting for whoever is sending to be done"):
            work.wait_until(work.stand_still())
        copied: dict[str, Copied] = {}
        with printer.working("putting items back"):
            # The audit first: it says of everybody else what they are.
            for one in sorted(sources, key=lambda each: each.table != "audit"):
                copied[one.table] = work.copy(one)
        with printer.working("reading the audit trail"):
            behind = work.look()
        with printer.working("bringing everything up to its chain"):
            mended = work.mend(behind, polled=False)
            version = work.mend_pointer(behind)
    return copied, mended, version


@contextmanager
def _standing_still(work: Restore) -> Iterator[None]:
    """Nothing goes on inside; and whatever happens there, everything goes on afterwards."""
    try:
        yield
    finally:
        work.go_on()


def _afterwards(work: Restore, printer: Printer, *, wait: bool) -> tuple[Mended, list[str], int]:
    """What takes a poll of every company, and what only Twilio can tell."""
    since = work.clock.now()
    companies = work.poll()
    if not wait:
        return Mended(), companies, work.unknown()

    with printer.working("waiting for a poll of every company"):
        work.wait_for(
            lambda: len(work.not_polled(companies, since)), lambda _: None, "companies not polled"
        )
    left = work.not_polled(companies, since)
    mended = Mended()
    if not left:
        behind = work.look_on()
        with printer.working("bringing up what no poll showed"):
            mended = work.mend(behind, polled=True)
    with printer.working("waiting until Twilio's lists told what became of every claim"):
        unknown = work.wait_for(work.unknown, lambda _: None, "outcomes unknown")
    return mended, left, unknown


# ------------------------------------------------------------------------------ what was asked
def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Misused(f"--at {text!r} is no moment such as 2026-11-20T10:00Z") from error
    if moment.tzinfo is None:
        raise Misused(f"--at {text} does not say in which zone: add a Z for UTC")
    if moment >= datetime.now(UTC):
        raise Misused(f"--at {text} is not over yet")
    return moment.astimezone(UTC)


def _tables(names: list[str] | None, moment: datetime | None, source: str) -> tuple[str, ...]:
    chosen = list(dict.fromkeys(names or ["alerts"]))
    if "sessions" in chosen:
        raise Misused(_SESSIONS)
    if "all" in chosen:
        chosen = [name for name in TABLES if name != "audit" or "audit" in chosen]
    unknown = [name for name in chosen if name not in TABLES]
    if unknown:
        raise Misused(f"--table {unknown[0]}? There are {', '.join(TABLES)}, and all")
    if (names or source) and moment is None:
        raise Misused("--table and --from need --at: what may have been sent since is looked for")
    if source and len(chosen) > 1:
        raise Misused("--from names one table: name one with --table as well")
    return tuple(chosen)


def _question(work: Restore, source: str) -> str:
    if work.since is None:
        return "Stop polls and sends for a minute, and bring everything up to its audit chain?"
    from_ = f"from {source}" if source else f"as of {to_text(work.since)}"
    how = "over what is there" if work.overwrite else "what is missing or damaged"
    return f"Stop polls and sends, and put back {how} in {', '.join(work.tables)} {from_}?"


# ------------------------------------------------------------------------------- what came of it
def _document(
    copied: dict[str, Copied], mended: Mended, version: int, left: list[str], unknown: int
) -> dict[str, Any]:
    return {
        "ok": not left and not mended.lost,
        "copied": {name: asdict(one) for name, one in copied.items()},
        "mended": asdict(mended),
        "flow_version": version or None,
        "not_polled": left,
        "unknown": unknown,
    }


def _said(
    copied: dict[str, Copied], mended: Mended, version: int, left: list[str], unknown: int
) -> Iterator[str]:
    for name, one in copied.items():
        over = f", {one.over:,} over whole ones" if one.over else ""
        yield (
            f"{name}: {one.missing:,} items put back, {one.damaged:,} in the place of damaged "
            f"ones{over}; {one.kept:,} were there."
        )
    yield (
        f"Brought up to their audit chains: {mended.cases:,} cases, {mended.rebuilt:,} that were "
        f"gone, {mended.people:,} people, {mended.documents:,} documents; {mended.closed:,} chains "
        "of documents that are nowhere any more were closed."
    )
    if version:
        yield f"Version {version} of the flow is in force, as its chain says."
    if mended.lost:
        yield f"Nothing could be made of {len(mended.lost):,} cases: their chains do not begin."
    if left:
        yield (
            f"Not polled yet: {', '.join(left)}. Run `ml-connector restore` again once "
            "`ml-connector status` shows them as ok."
        )
    if unknown:
        yield (
            f"{unknown:,} outcomes are still unknown: the status check goes on asking Twilio, and "
            "nothing is sent for them before."
        )
    else:
        yield "Everything that was claimed is reconciled with Twilio."


def _forget(person: str) -> str:
    return f"What was sent to {person} may be back: ml-connector approvers forget {person}"
