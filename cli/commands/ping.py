"""`ml-connector ping`: are the ways to Intacct and Twilio open, and what to fix where not."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.text import Text

from cli import gateway
from cli.checks import Check, Verdict, examine
from cli.console.failures import FAILED, Failure, Misused
from cli.console.options import AsJson, Profile, Region, Stack, Stage
from cli.console.terminal import Printer, table
from cli.deployment import Deployment, Target
from cli.telephony import SECRET, twilio
from cli.twilio_checks import examine_twilio
from ml_connector.intacct.credentials import credentials_of

_STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "bold red"}


class Provider(StrEnum):
    """Whom to ask."""

    INTACCT = "intacct"
    TWILIO = "twilio"


def ping(
    provider: Annotated[
        Provider | None, typer.Argument(help="Whom to ask; by default both.", show_default=False)
    ] = None,
    company: Annotated[
        str, typer.Option(help="Only this company, by its key in the secret.", show_default=False)
    ] = "",
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Sign in to Intacct and to Twilio with the stored secrets and say what to fix.

    Signs in to each company, reads one row of every object, and looks at zone, clocks and speed:
    some twenty API transactions per company. At Twilio it asks for each permission and looks at
    sender, registration, replies and flow; nothing is sent. Ends with 1 if something that is
    needed fails.
    """
    if provider is Provider.TWILIO and company:
        raise Misused("--company is about Intacct")
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    document: dict[str, Any] = {}
    parts = []
    if provider is not Provider.TWILIO:
        document["companies"] = _intacct(company, deployment, printer)
        parts += document["companies"]
    if provider is not Provider.INTACCT and not company:
        document["twilio"] = _twilio(deployment, printer, asked_for=provider is not None)
        parts.append(document["twilio"])
    ok = all(part["ok"] for part in parts)
    if as_json:
        printer.result({"ok": ok, **document})
    if not ok:
        raise typer.Exit(FAILED)


def _intacct(company: str, deployment: Deployment, printer: Printer) -> list[dict[str, Any]]:
    secret = deployment.secret("IntacctSecretId")
    entries = secret.get("companies")
    companies = list(entries) if isinstance(entries, dict) else []
    if not companies:
        raise Failure(
            f"secret {deployment.output('IntacctSecretId')} names no company; "
            "run `ml-connector secrets set intacct`"
        )
    if company and company not in companies:
        raise Failure(f"no company {company!r} in the secret; there are: {', '.join(companies)}")
    wanted = [company] if company else companies
    return [_one(key, secret, deployment, printer) for key in wanted]


def _twilio(deployment: Deployment, printer: Printer, *, asked_for: bool) -> dict[str, Any]:
    """Check Twilio; without credentials a failure only where just this was asked for."""
    if not asked_for and not deployment.secret(SECRET):
        found, fix = "no credentials yet: nobody is told", "run `ml-connector secrets set twilio`"
        checks = [Check("sign in", Verdict.WARNING, found, fix)]
    else:
        with twilio(deployment) as account, printer.working("asking Twilio"):
            checks = list(examine_twilio(account))
    return {"ok": _show("twilio", checks, printer), "checks": [each.as_json() for each in checks]}


def _one(
    key: str, secret: dict[str, Any], deployment: Deployment, printer: Printer
) -> dict[str, Any]:
    client = gateway.connect(
        credentials_of(secret, key),
        deployment.parameter("IntacctEndpoint"),
        deployment.parameter("IntacctTrustedHost"),
    )
    with printer.working(f"{key}: asking Intacct"):
        checks = list(examine(client))
    used = client.usage.transactions
    return {
        "company": key,
        "ok": _show(key, checks, printer, f", {used} API transactions"),
        "checks": [check.as_json() for check in checks],
        "transactions": used,
    }


def _show(name: str, checks: Sequence[Check], printer: Printer, cost: str = "") -> bool:
    """Show a table of the checks to people; whether none of them failed."""
    failed, warnings = (
        sum(check.verdict is verdict for check in checks)
        for verdict in (Verdict.FAILED, Verdict.WARNING)
    )
    if not printer.as_json:
        title = f"{name}: {failed} failed, {warnings} warnings{cost}"
        printer.result({}, table(title, ("check", "", "found", "what to do"), map(_row, checks)))
    return not failed


def _row(check: Check) -> tuple[str | Text, ...]:
    verdict = Text(check.verdict.value, style=_STYLES[check.verdict])
    return check.name, verdict, check.found, check.fix
