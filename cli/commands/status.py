"""`ml-connector status`: is it running, and what wants a look."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import RenderableType
from rich.text import Text

from cli.console.options import AsJson, Profile, Region, Stack, Stage
from cli.console.terminal import Printer, table
from cli.deployment import Deployment, Target
from cli.standing import CompanyStanding, Standing, ago, gather


def status(
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Show the last poll of each company, what waits, what is on its way, and what failed."""
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    now = datetime.now(UTC)
    with printer.working("asking AWS"):
        standing = gather(deployment, now)
    document = {"ok": not standing.look_at, "stack": deployment.target.stack_name}
    printer.result({**document, **standing.as_json()}, *_shown(standing, now))


def _shown(standing: Standing, now: datetime) -> list[RenderableType]:
    companies = table(
        f"Companies (flow version {standing.flow_version or 'none'})",
        ("company", "last read", "last error", "bills waiting", "sum", "longest"),
        (_row(company, now) for company in standing.companies),
    )
    flight = ", ".join(f"{count} {state}" for state, count in sorted(standing.in_flight.items()))
    queues = ", ".join(f"{name} {depth}" for name, depth in standing.queues.items())
    parts: list[RenderableType] = [
        companies,
        f"Texts on their way: {flight or 'none'}. Failed in 24 hours: {standing.failed}.",
        f"Messages in queues: {queues}.",
    ]
    parts += [Text.assemble(("look: ", "bold yellow"), line) for line in standing.look_at]
    return parts if standing.look_at else [*parts, Text("Nothing wants a look.", style="green")]


def _row(company: CompanyStanding, now: datetime) -> tuple[str, ...]:
    read = company.state.poll_succeeded_at
    return (
        company.key,
        f"{ago(read, now)} ago" if read else "never",
        company.state.last_error,
        str(company.waiting),
        ", ".join(map(str, company.sums)),
        ago(company.oldest, now) if company.oldest else "",
    )
