"""`ml-connector flow`: read the rules in plain words, and put them in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from botocore.exceptions import ClientError

from cli.console.asking import ask, confirm
from cli.console.failures import FAILED, Failure
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.terminal import Printer
from cli.deployment import Deployment, Target
from cli.files.flow_file import FlowFile, numbered, read_flow, unreached
from ml_connector.domain.flows import Flow

File: TypeAlias = Annotated[
    Path, typer.Argument(help="The flow: YAML or JSON.", dir_okay=False, show_default=False)
]


def explain(file: File, as_json: AsJson = False) -> None:
    """Check a flow and say it as numbered English sentences. Needs no AWS."""
    flow = read_flow(file)
    Printer(as_json=as_json).result({"ok": True, **_document(flow)}, *_shown(flow))


def push(
    file: File,
    reason: Annotated[
        str, typer.Option(help="Why, for the record; asked for if not given.", show_default=False)
    ] = "",
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Show what a flow says, and put it in force once you agree.

    Refused where the flow names somebody who is not among the approvers. A version once published
    never changes; who published it and why is kept with it.
    """
    printer = Printer(as_json=as_json)
    read = read_flow(file)
    deployment = Deployment(Target(stage, stack, profile, region))
    before = deployment.flows.current()
    trouble = unreached(read.flow, deployment.approvers.everyone())
    unknown = [one for one in trouble if one.unknown]
    if unknown:
        raise Failure(
            f"{file}: names {len(unknown)} approver(s) nobody has imported; "
            "correct the id, or run `ml-connector approvers import`",
            [str(one) for one in unknown],
        )
    warnings = [*map(str, trouble), *_without_credentials(read.flow, deployment)]
    document = {**_document(read), "warnings": warnings}
    if before is not None and replace(read.flow, version=before.version) == before:
        said = f"Version {before.version} says the same and is in force; nothing was published."
        printer.result(
            {"ok": True, "version": before.version, "published": False, **document}, said
        )
        return
    if not as_json or not yes:
        printer.show(*_shown(read), *_difference(before, read.flow))
    for warning in warnings:
        printer.note(f"warning: {warning}")
    question = f"Put this in force for {deployment.target.stack_name}?"
    if not confirm(question, yes=yes):
        printer.result({"ok": False, "published": False, **document}, "Nothing was published.")
        raise typer.Exit(FAILED)
    why = reason or (ask("Reason", "") if not yes else "")
    published = deployment.flows.publish(
        read.body, now=datetime.now(UTC), by=deployment.caller(), reason=why
    )
    printer.result(
        {"ok": True, "version": published.version, "published": True, **document},
        f"Version {published.version} is in force. Functions use it from their next run on.",
    )


def _without_credentials(flow: Flow, deployment: Deployment) -> list[str]:
    """Companies of a flow that cannot be read; none where the caller may not see the secret."""
    try:
        stored = deployment.secret("IntacctSecretId").get("companies")
    except ClientError:
        return []
    known = stored if isinstance(stored, dict) else {}
    return [
        f"{company.key}: no credentials are stored; run `ml-connector secrets set intacct`"
        for company in flow.companies
        if company.key not in known
    ]


def _document(read: FlowFile) -> dict[str, Any]:
    return {
        "file": read.name,
        "digest": read.digest,
        "companies": read.companies,
        "sentences": read.sentences,
    }


def _shown(read: FlowFile) -> list[str]:
    return [*read.companies, "", *read.sentences, "", f"Digest {read.digest}"]


def _difference(before: Flow | None, flow: Flow) -> list[str]:
    """What is said now and was not, and the other way, against the version in force."""
    if before is None:
        return ["", "This is the first flow."]
    old, new = numbered(before), numbered(flow)
    lines = [f"- {line}" for line in old if line not in new]
    lines += [f"+ {line}" for line in new if line not in old]
    return ["", f"Against version {before.version}, which is in force:", *(lines or ["  no rule"])]
