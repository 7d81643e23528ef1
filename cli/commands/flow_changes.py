"""`ml-connector flow push` and `rollback`: what changes which rules are in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from cli.commands.flow import File
from cli.console.asking import confirm
from cli.console.failures import FAILED, Failure, Misused
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.reasons import Reason, asked_for
from cli.console.terminal import Printer
from cli.deployment import Deployment, Target
from cli.files.flow_file import FlowFile, digest_of, read_flow
from cli.flow.differences import changed_lines, changed_places
from cli.flow.published import InForce, Shelf, Version
from cli.flow.showing import said, shelf_of, warn
from cli.people_flow import mentions, unreached
from ml_connector.domain.approvers import Approver
from ml_connector.domain.flows import Flow


def push(
    file: File,
    reason: Reason = "",
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Show which sentences of a flow are new, and put it in force once you agree.

    Refused where the flow names somebody who is not among the approvers. A version once published
    never changes; who published it and why is kept with it and in the audit.
    """
    printer = Printer(as_json=as_json)
    _check_reason(reason, yes=yes)
    read_flow(file)  # what is wrong with the file itself needs no AWS to be said
    deployment = Deployment(Target(stage, stack, profile, region))
    people = deployment.approvers.everybody()
    known = [person.id for person in people]
    read = read_flow(file, known, f"the approvers of {deployment.target.stack_name}")
    shelf = shelf_of(deployment)
    before = _Before.of(shelf)
    trouble = map(str, unreached(read.body, people))
    warnings = [*read.warnings, *trouble, *_without_credentials(read.flow, deployment)]
    document = {"file": read.name, **said(read.flow, read.digest), "warnings": warnings}
    if before.says(read):
        number = before.seen.version
        printer.result(
            {"ok": True, "version": number, "published": False, **document},
            f"Version {number} says the same and is in force; nothing was published.",
        )
        return
    changes = before.against(read.flow, read.body)
    if not as_json or not yes:
        printer.show(*changes, f"Digest {read.digest}")
    warn(printer, warnings)
    question = f"Put this in force for {deployment.target.stack_name}?"
    why = _agreed(printer, document, question, reason, yes=yes)
    published = shelf.publish(read.body, seen=before.seen, now=datetime.now(UTC), reason=why)
    number = published.version
    printer.result(
        {"ok": True, "version": number, "published": True, "changes": changes, **document},
        f"Version {number} is in force. Functions use it from their next run on.",
    )


def rollback(
    version: Annotated[int, typer.Argument(help="The version to put in force.", min=1)],
    reason: Reason = "",
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Put an older version in force again, once you agree to what that changes.

    Refused where this release does not understand it, or where it names somebody who is no longer
    among the approvers.
    """
    printer = Printer(as_json=as_json)
    _check_reason(reason, yes=yes)
    deployment = Deployment(Target(stage, stack, profile, region))
    shelf = shelf_of(deployment)
    before = _Before.of(shelf)
    found = shelf.version(version)
    if version == before.seen.version:
        raise Failure(f"version {version} is in force already")
    flow = found.flow()
    people = deployment.approvers.everybody()
    _refuse_unknown(found, people)
    trouble = map(str, unreached(found.body(), people))
    warnings = [*trouble, *_without_credentials(flow, deployment)]
    changes = before.against(flow, found.body())
    document = {**said(flow, found.digest), "changes": changes, "warnings": warnings}
    if not as_json or not yes:
        printer.show(*changes, f"Digest {found.digest}")
    warn(printer, warnings)
    question = f"Put version {version} in force again for {deployment.target.stack_name}?"
    why = _agreed(printer, document, question, reason, yes=yes)
    shelf.roll_back(found, seen=before.seen, now=datetime.now(UTC), reason=why)
    printer.result(
        {"ok": True, "version": version, "before": before.seen.version, **document},
        f"Version {version} is in force again. Functions use it from their next run on.",
    )


# ------------------------------------------------------------------------------------- parts
@dataclass(frozen=True, slots=True)
class _Before:
    """What is in force now; without a flow where there is none, or none that can be read."""

    seen: InForce
    version: Version | None = None
    flow: Flow | None = None

    @classmethod
    def of(cls, shelf: Shelf) -> _Before:
        seen = shelf.in_force()
        if not seen.version:
            return cls(seen)
        try:
            version = shelf.version(seen.version)
            return cls(seen, version, version.flow())
        except Failure:
            return cls(seen)

    def says(self, read: FlowFile) -> bool:
        """Whether the file says what is in force already."""
        return self.version is not None and digest_of(self.version.body()) == read.digest

    def against(self, flow: Flow, body: Mapping[str, Any]) -> list[str]:
        """What putting a flow in force changes, in sentences."""
        if self.version is None:
            number = self.seen.version
            said = f"Version {number} cannot be read." if number else "This is the first flow."
            return [said, *changed_lines(None, flow)]
        changes = changed_lines(self.flow, flow)
        if not changes:
            places = ", ".join(changed_places(self.version.body(), body))
            changes = [f"  no sentence changes; what does is {places or 'nothing'}"]
        return [f"Against version {self.version.number}, which is in force:", *changes]


def _check_reason(reason: str, *, yes: bool) -> None:
    if yes and not reason.strip():
        raise Misused("say why with --reason: it is kept in the audit")


def _agreed(
    printer: Printer, document: dict[str, Any], question: str, reason: str, *, yes: bool
) -> str:
    """The reason, once somebody agreed; ends the command where nobody does."""
    if not confirm(question, yes=yes):
        printer.result({"ok": False, "published": False, **document}, "Nothing was published.")
        raise typer.Exit(FAILED)
    return reason.strip() or asked_for()


def _refuse_unknown(version: Version, people: Sequence[Approver]) -> None:
    known = {person.id for person in people}
    unknown = [one for one in mentions(version.body()) if one.who not in known]
    if unknown:
        raise Failure(
            f"version {version.number} names approvers nobody has imported; import them, or "
            "publish a flow without them",
            [f"{one.where} names {one.who}: nobody has this id" for one in unknown],
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
