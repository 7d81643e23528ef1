"""`ml-connector fit`: look at one company's Intacct, and write what one would begin with."""

from __future__ import annotations

import re
import zoneinfo
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from cli import gateway
from cli.console.asking import ask, ask_secret, confirm
from cli.console.failures import FAILED, Failure, Misused
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.terminal import Printer, table
from cli.console.writing import write_private
from cli.deployment import Deployment, Target
from cli.files.flow_file import read_flow
from cli.files.people_file import read_people, write_people
from cli.fit.allowance import TIER_1
from cli.fit.findings import NOBODY, Findings, conclude, expected_alerts
from cli.fit.findings import as_json as findings_json
from cli.fit.flow_text import placeholder, write_flow
from cli.fit.page import write_page
from cli.fit.people import Person
from cli.fit.phones import is_region
from cli.fit.reading import TRANSACTIONS, WINDOW, read_facts
from ml_connector.intacct.credentials import Credentials, credentials_of

FLOW, APPROVERS, PAGE = "flow.yaml", "approvers.csv", "fit.html"
_SHOWN = 10


def fit(
    output: Annotated[
        Path, typer.Option(help="Folder for the three files.", file_okay=False)
    ] = Path(),
    name: Annotated[
        str,
        typer.Option(help="Company name at the head of texts.", show_default="the company id"),
    ] = "",
    zone: Annotated[str, typer.Option(help="The company's IANA time zone.")] = "UTC",
    phone_region: Annotated[
        str, typer.Option(help="Region of phones without a country code, such as US or GB.")
    ] = "US",
    from_secret: Annotated[
        bool, typer.Option("--from-secret", help="Use the deployment's Intacct secret.")
    ] = False,
    company: Annotated[
        str,
        typer.Option(
            help="Company key; with --from-secret one of the secret's.", show_default=False
        ),
    ] = "",
    yes: Yes = False,
    endpoint: Annotated[str, typer.Option(envvar="INTACCT_ENDPOINT", hidden=True)] = "",
    trusted_host: Annotated[str, typer.Option(envvar="INTACCT_TRUSTED_HOST", hidden=True)] = "",
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Read one company and write flow.yaml, approvers.csv and a page for the finance lead.

    Asks for five Intacct credentials and keeps none of them. Needs neither AWS nor Twilio, writes
    nothing to Intacct, and costs at most 50 API transactions.
    """
    printer = Printer(as_json=as_json)
    _check(zone, phone_region)
    present = [path for path in (output / FLOW, output / APPROVERS, output / PAGE) if path.exists()]
    if present:
        names = ", ".join(map(str, present))
        if not confirm(f"{names} would be written over; go on?", yes=yes):
            printer.result({"ok": False, "files": []}, "Nothing was read or written.")
            raise typer.Exit(FAILED)
    if from_secret:
        deployment = Deployment(Target(stage, stack, profile, region))
        credentials, company = _stored(deployment, company)
        endpoint = endpoint or deployment.parameter("IntacctEndpoint")
        trusted_host = trusted_host or deployment.parameter("IntacctTrustedHost")
    else:
        credentials = _typed()
    client = gateway.connect(credentials, endpoint, trusted_host, most=TRANSACTIONS)
    with printer.working("reading Intacct"):
        facts = read_facts(client)
    findings = conclude(
        facts,
        company=credentials.company_id,
        phone_region=phone_region,
        transactions=client.usage.transactions,
    )
    called = name or credentials.company_id
    key = company or _key(credentials.company_id)
    files, told = _write(findings, output, key, called, zone)
    document = {"ok": True, "files": files, **findings_json(findings, told)}
    printer.result(document, *_shown(findings, told), f"Written: {', '.join(files)}")


def _check(zone: str, phone_region: str) -> None:
    known = zoneinfo.available_timezones()
    if known and zone not in known:
        raise Misused(f"--zone {zone!r} is no IANA time zone such as America/Chicago")
    if not is_region(phone_region):
        raise Misused(f"--phone-region {phone_region!r} is no region such as US or GB")


def _typed() -> Credentials:
    return Credentials(
        sender_id=ask("Sender id of your Web Services licence"),
        sender_password=ask_secret("Sender password"),
        company_id=ask("Company id"),
        user_id=ask("User id"),
        user_password=ask_secret("User password"),
    )


def _stored(deployment: Deployment, company: str) -> tuple[Credentials, str]:
    secret = deployment.secret("IntacctSecretId")
    entries = secret.get("companies")
    keys = list(entries) if isinstance(entries, dict) else []
    if not company and len(keys) == 1:
        company = str(keys[0])
    if company not in keys:
        there = f"there are: {', '.join(keys)}" if keys else "there is none"
        kind = Failure if company else Misused
        raise kind(f"name a company of the secret with --company; {there}")
    return credentials_of(secret, company), company


def _key(company_id: str) -> str:
    """A company id as a key: `ACME|Sub 1` becomes `acme-sub-1`."""
    return re.sub(r"[^a-z0-9]+", "-", company_id.lower()).strip("-") or "company"


def _write(
    findings: Findings, folder: Path, key: str, name: str, zone: str
) -> tuple[list[str], Counter[str]]:
    """Write the files and read them back as the commands that take them do; the alerts expected."""
    folder.mkdir(parents=True, exist_ok=True)
    flow, people, page = folder / FLOW, folder / APPROVERS, folder / PAGE
    rows = [person.row() for person in findings.people.found] or [placeholder().row()]
    write_private(people, write_people(rows))
    read_people(people)
    flow.write_text(write_flow(findings, key=key, name=name, zone=zone), encoding="utf-8")
    read = read_flow(flow)
    told = expected_alerts(findings, read.flow)
    text = write_page(findings, name=name, sentences=read.sentences, told=told)
    page.write_text(text, encoding="utf-8")
    return [str(flow), str(people), str(page)], told


def _shown(findings: Findings, told: Counter[str]) -> list[RenderableType]:
    waiting, allowance = findings.waiting, findings.allowance
    used = f"This reading took {findings.transactions} of {TRANSACTIONS}"
    share = f"{allowance.share:.0%} of tier 1 ({TIER_1:,})"
    now = f"Waiting for approval now: {waiting.bills} bills"
    if waiting.bills:
        now += f" over {', '.join(map(str, waiting.sums))}, {waiting.overdue} past due"
    if waiting.oldest:
        now += f"; the oldest was entered {waiting.oldest_days} days ago"
    parts: list[RenderableType] = [
        f"{now}.",
        _volumes("vendor", "bill approver", findings.vendors),
        _volumes("department", "supervisor", findings.departments),
        table(
            "Approvers found",
            ("id", "name", "in Intacct", "phone", "bills of their vendors", "alerts"),
            (_person(person, told) for person in findings.people.found),
        ),
        f"Alerts to expect: {told.total()} in {WINDOW.days} days"
        + (f", {told[NOBODY]} of them to nobody." if told[NOBODY] else "."),
        f"API transactions a month: {allowance.total:,}, {share}. {used}.",
    ]
    return parts + [f"missing: {gap}" for gap in findings.gaps]


def _person(person: Person, told: Counter[str]) -> tuple[str, ...]:
    phone = "yes" if person.phone else "no"
    roles, bills, alerts = "; ".join(person.roles), str(person.bills), str(told[person.id])
    return person.id, person.name, roles, phone, bills, alerts


def _volumes(what: str, answers: str, volumes: Any) -> RenderableType:  # noqa: ANN401 - see fit
    rows = [
        (volume.name, str(volume.bills), ", ".join(map(str, volume.sums)), volume.answers)
        for volume in volumes[:_SHOWN]
    ]
    title = f"Bills of {WINDOW.days} days by {what}"
    if len(volumes) > _SHOWN:
        title += f" (the first {_SHOWN} of {len(volumes)})"
    return table(title, (what, "bills", "sum", answers), rows)
