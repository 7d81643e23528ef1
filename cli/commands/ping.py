"""`ml-connector ping`: is the way into Intacct open, and what to fix where it is not."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text

from cli import gateway
from cli.checks import Check, Verdict, examine
from cli.console.failures import FAILED, Failure, Misused
from cli.console.options import AsJson, Profile, Region, Stack, Stage
from cli.console.terminal import Printer, table
from cli.deployment import Deployment, Target
from ml_connector.intacct.credentials import credentials_of

_STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "bold red"}


def ping(
    company: Annotated[
        str, typer.Option(help="Only this company, by its key in the secret.", show_default=False)
    ] = "",
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Sign in to Intacct with the stored secret and say what to fix.

    Signs in to each company, reads one row of every object, and looks at zone, clocks and speed:
    some twenty API transactions per company. Ends with 1 if something that polling needs fails.
    """
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    secret = deployment.secret("IntacctSecretId")
    entries = secret.get("companies")
    companies = list(entries) if isinstance(entries, dict) else []
    if not companies:
        raise Failure(
            f"secret {deployment.output('IntacctSecretId')} names no company; "
            "run `ml-connector secrets set intacct`"
        )
    if company and company not in companies:
        raise Misused(f"no company {company!r} in the secret; there are: {', '.join(companies)}")
    wanted = [company] if company else companies
    documents = [_one(key, secret, deployment, printer) for key in wanted]
    ok = all(document["ok"] for document in documents)
    if as_json:
        printer.result({"ok": ok, "companies": documents})
    if not ok:
        raise typer.Exit(FAILED)


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
    failed = [check for check in checks if check.verdict is Verdict.FAILED]
    warnings = [check for check in checks if check.verdict is Verdict.WARNING]
    if not printer.as_json:
        used = client.usage.transactions
        title = f"{key}: {len(failed)} failed, {len(warnings)} warnings, {used} API transactions"
        printer.result({}, table(title, ("check", "", "found", "what to do"), map(_row, checks)))
    return {
        "company": key,
        "ok": not failed,
        "checks": [check.as_json() for check in checks],
        "transactions": client.usage.transactions,
    }


def _row(check: Check) -> tuple[str | Text, ...]:
    verdict = Text(check.verdict.value, style=_STYLES[check.verdict])
    return check.name, verdict, check.found, check.fix
