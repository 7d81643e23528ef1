"""`ml-connector audit show`, `export` and `verify`: what was told to whom, and that it is whole."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from botocore.exceptions import ClientError
from rich.console import RenderableType
from rich.text import Text

from cli.audit.export import Format, write
from cli.audit.finding import Wanted, kind_of, the_document
from cli.audit.kept_roots import KeptRoots, kept_roots
from cli.audit.period import From, To, Zone, period_of
from cli.audit.progress import bar
from cli.audit.reading import DynamoAuditReader
from cli.audit.timeline import Moment, Timeline, timeline
from cli.audit.verifying import Verified, Verifier
from cli.console.failures import FAILED, Failure, Misused
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.terminal import Printer, table
from cli.console.writing import may_write, opened
from cli.deployment import Deployment, Target
from ml_connector.domain.chains import Broken
from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.instants import to_text

ROOTS_BUCKET = "RootsBucketName"

#: What chains are called.
_CHAIN = re.compile(r"flow|(case|person)#.+|doc#[^#]+#[^#]+#.+")
#: Broken chains shown one by one; JSON has them all.
_SHOWN = 50
#: Days: a root older than this says that none is written any more.
_LATE = 1


# -------------------------------------------------------------------------------- show
def show(
    bill: Annotated[str, typer.Argument(help="Number of a bill or a payment.")],
    record: Annotated[
        str, typer.Option(help="Its record number, where several have it.", show_default=False)
    ] = "",
    company: Annotated[str, typer.Option(help="Its company's key.", show_default=False)] = "",
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Show who was told about a bill, when and how, and whether they confirmed.

    Times are the company's. Of numbers only the fingerprint is shown that the audit holds.
    """
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    with printer.working("reading the audit trail"):
        document = the_document(deployment, Wanted(bill, record, company))
        zone = _zone(deployment, document.company)
        reader = DynamoAuditReader(deployment)
        story = timeline(document, reader, Verifier(reader, KeptRoots()), zone)
        names = {person.id: person.name for person in deployment.approvers.everybody()}
    printer.result(_story(document, story, zone, names), *_shown(document, story, zone, names))
    if story.broken:
        raise typer.Exit(FAILED)


def _zone(deployment: Deployment, company: str) -> ZoneInfo:
    """The company's zone; UTC for one that is in the flow no more."""
    flow = deployment.flows.current()
    found = next((one.zone for one in flow.companies if one.key == company), "") if flow else ""
    try:
        return ZoneInfo(found or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _story(
    document: AnyDocument, story: Timeline, zone: ZoneInfo, names: dict[str, str]
) -> dict[str, Any]:
    return {
        "ok": not story.broken,
        "document": {
            "kind": kind_of(document),
            "company": document.company,
            "number": document.number,
            "record": document.record_no,
            "vendor": document.vendor_name,
            "amount": document.amount.canonical(),
            "due": document.due.isoformat() if document.due else None,
            "state": document.state.value,
        },
        "zone": zone.key,
        "timeline": [
            {
                "at": to_text(one.at),
                "local": one.at.astimezone(zone).isoformat(timespec="seconds"),
                "kind": one.kind,
                "said": one.said,
                "approver": one.approver,
                "name": names.get(one.approver, ""),
                "channel": one.channel,
                "sid": one.sid,
                "number": one.number,
                "chain": one.chain,
                "seq": one.seq,
                "data": dict(one.data),
            }
            for one in story.moments
        ],
        "chains": list(story.chains),
        "broken": [_broken(one) for one in story.broken],
    }


def _shown(
    document: AnyDocument, story: Timeline, zone: ZoneInfo, names: dict[str, str]
) -> list[RenderableType]:
    due = f", due {document.due}" if document.due else ""
    lines = table(
        f"{kind_of(document).title()} {document.number} of {document.company}: "
        f"{document.vendor_name}, {document.amount}{due}, {document.state.value}",
        (f"when ({zone.key})", "what", "who", "by", "number", "Twilio id"),
        (_line(one, zone, names) for one in story.moments),
    )
    if story.broken:
        return [lines, *map(_warning, story.broken)]
    if not story.chains:
        return [lines, Text("The audit trail has no entry of it.", style="yellow")]
    whole = f"{len(story.chains)} chain(s) of the audit trail say so, and are whole."
    return [lines, Text(whole, style="green")]


def _line(one: Moment, zone: ZoneInfo, names: dict[str, str]) -> tuple[str, ...]:
    when = f"{one.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    name = names.get(one.approver)
    who = f"{one.approver} ({name})" if name else one.approver
    return when, one.said, who, one.channel, one.number, one.sid


# ------------------------------------------------------------------------------ export
def export(
    begin: From,
    end: To = "",
    zone: Zone = "UTC",
    form: Annotated[Format, typer.Option("--format", help="What is written.")] = Format.CSV,
    out: Annotated[
        Path | None, typer.Option(help="File to write.", dir_okay=False, show_default="stdout")
    ] = None,
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Write every entry of some days to a file, by chain and not by time.

    Entries hold ids and fingerprints, neither names nor numbers nor texts. A file that is there
    already is written over once you agree.
    """
    if as_json and out is None:
        raise Misused("--json tells about a file: name one with --out")
    period = period_of(begin, end, zone)
    if not may_write(out, yes=yes):
        Printer(as_json=as_json).result({"ok": False, "entries": 0}, "Nothing was written.")
        raise typer.Exit(FAILED)
    deployment = Deployment(Target(stage, stack, profile, region))
    reader = DynamoAuditReader(deployment)
    total = _entries_in(deployment)
    with bar("reading entries", total) as looked_at, opened(out) as stream:
        links = reader.between(to_text(period.start), to_text(period.end), looked_at)
        count = write(links, stream, form)
    if out:
        said = f"{count:,} entries of {period.text} are in {out}."
        document = {"ok": True, "entries": count, "file": str(out), "format": form.value}
        Printer(as_json=as_json).result(document, said)


def _entries_in(deployment: Deployment) -> int | None:
    """About how many entries there are, for the bar; AWS counts them a few times a day."""
    try:
        table_name = deployment.settings.audit_table
        found = deployment.client("dynamodb").describe_table(TableName=table_name)
    except ClientError:
        return None
    return int(found["Table"].get("ItemCount", 0)) or None


# ------------------------------------------------------------------------------ verify
def verify(
    chain: Annotated[
        str, typer.Option(help="Only this chain, such as doc#acme#bill#4711.", show_default=False)
    ] = "",
    expired_before: Annotated[
        str,
        typer.Option(
            help="Entries written before this day may be gone, as far as roots prove their age.",
            show_default=False,
        ),
    ] = "",
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Read every chain of the audit trail, and say what was done to those that are not whole.

    Each is held against its links, its head in another table, and the locked roots of earlier days.
    Ends with 1 where anything is broken.
    """
    printer = Printer(as_json=as_json)
    before = _day(expired_before)
    _check_name(chain)
    deployment = Deployment(Target(stage, stack, profile, region))
    reader = DynamoAuditReader(deployment)
    with printer.working("reading roots and heads"):
        roots = _roots(deployment)
        verifier = Verifier(reader, roots or KeptRoots(), expired_before=before)
        heads = {} if chain else dict(reader.heads())
    if chain:
        found = verifier.one(chain)
    else:
        with bar("verifying", sum(head.seq for head in heads.values())) as tick:
            found = verifier.everything(heads, tick)
    if not found.chains:
        raise Failure(
            f"there is no chain {chain!r}: no entry, nothing stored and no root names it; "
            "`ml-connector audit show BILL --json` lists the chains of a bill"
        )
    problems = roots.problems if roots else []
    ok = not found.broken and not problems
    printer.result(_verified(found, roots, ok=ok), *_about(found, roots, ok=ok))
    if not ok:
        raise typer.Exit(FAILED)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError as error:
        raise Misused(f"--expired-before {text!r} is no day such as 2026-11-01") from error


def _check_name(chain: str) -> None:
    if chain and not _CHAIN.fullmatch(chain):
        raise Misused(
            f"--chain {chain!r}: no such chain; they are called doc#COMPANY#bill#RECORD, "
            "case#ID, person#ID and flow, as `ml-connector audit show BILL --json` lists them"
        )


def _roots(deployment: Deployment) -> KeptRoots | None:
    """All roots; None for a stack from before there were any."""
    try:
        bucket = deployment.output(ROOTS_BUCKET)
    except Failure:
        return None
    return kept_roots(deployment.client("s3"), bucket)


def _verified(found: Verified, roots: KeptRoots | None, *, ok: bool) -> dict[str, Any]:
    kept = roots or KeptRoots()
    return {
        "ok": ok,
        "entries": found.entries,
        "chains": found.chains,
        "broken": [_broken(one) for one in found.broken],
        "roots": {
            "days": len(kept.days),
            "last": kept.days[-1].isoformat() if kept.days else None,
            "missing": [day.isoformat() for day in kept.missing],
            "problems": kept.problems,
        },
    }


def _about(found: Verified, roots: KeptRoots | None, *, ok: bool) -> list[RenderableType]:
    parts: list[RenderableType] = [*map(_warning, found.broken[:_SHOWN])]
    if len(found.broken) > _SHOWN:
        parts.append(f"and {len(found.broken) - _SHOWN} more: --json lists them")
    problems = roots.problems if roots else []
    parts += [Text.assemble(("root: ", "bold red"), problem) for problem in problems]
    parts.append(_about_roots(roots))
    counts = f"entries={found.entries} chains={found.chains} broken={len(found.broken)}"
    return [*parts, Text(counts, style="green" if ok else "bold red")]


def _about_roots(roots: KeptRoots | None) -> str:
    if roots is None:
        return "Roots: this stack keeps none; deploy this version of the template."
    if not roots.days:
        return "Roots: none is written yet; the first one comes within a day."
    missing = f", {len(roots.missing)} day(s) between have none" if roots.missing else ""
    late = (datetime.now(UTC).date() - roots.days[-1]).days > _LATE
    why = "; no newer one is written: search the logs for root_not_kept" if late else ""
    return f"Roots: {len(roots.days)}, {roots.days[0]} to {roots.days[-1]}{missing}{why}."


def _broken(one: Broken) -> dict[str, Any]:
    return {"chain": one.chain, "seq": one.seq, "what": one.what.value, "said": one.said}


def _warning(one: Broken) -> Text:
    what = one.what.value.replace("_", " ")
    return Text.assemble(("broken: ", "bold red"), f"{one.chain}: {what}: {one.said}")
