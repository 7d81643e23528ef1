"""`ml-connector status`: is it running, and what wants a look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from rich.console import RenderableType
from rich.text import Text

from cli.alerts.companies import CompanyStanding
from cli.alerts.lately import MOST_READ, Lately
from cli.alerts.progress import bar
from cli.alerts.words import ago, count, local
from cli.console.options import AsJson, Profile, Region, Stack, Stage
from cli.console.terminal import Printer, table
from cli.deployment import Deployment, Target
from cli.fit.allowance import TIER_1
from cli.standing import Standing, gather


def status(
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Show the last poll of each company, what waits, what is on its way, failed, and costs."""
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    now = datetime.now(UTC)
    with bar("asking AWS") as advance:
        standing = gather(deployment, now, advance)
    document = {"ok": not standing.look_at, "stack": deployment.target.stack_name}
    printer.result({**document, **standing.as_json(now)}, *_shown(standing, now))


def _shown(standing: Standing, now: datetime) -> Iterator[RenderableType]:
    yield table(
        f"Companies (flow version {standing.flow_version or 'none'})",
        ("company", "last read", "polls", "next", "bills waiting", "sum", "longest", "API / month"),
        (_row(company, now) for company in standing.companies),
    )
    flight = ", ".join(f"{n} {state}" for state, n in sorted(standing.in_flight.items()))
    queues = ", ".join(f"{name} {depth}" for name, depth in standing.queues.items())
    yield f"On their way: {flight or 'nothing'}. Failed in 24 hours: {standing.lately.failed}."
    yield _cost(standing.lately)
    yield f"Messages in queues: {queues}."
    if not standing.lately.whole:
        yield f"Failures and cost are of the first {MOST_READ:,} items of the history only."
    for line in standing.look_at:
        yield Text.assemble(("look: ", "bold yellow"), line)
    if not standing.look_at:
        yield Text("Nothing wants a look.", style="green")


def _row(company: CompanyStanding, now: datetime) -> tuple[str | Text, ...]:
    read, due = company.state.poll_succeeded_at, company.next_due(now)
    return (
        company.key,
        f"{ago(read, now)} ago" if read else "never",
        company.health(now),
        local(due, now, company.zone) if due > now else "now",
        str(company.waiting),
        Text("\n".join(map(str, company.sums))),
        ago(company.oldest, now) if company.oldest else "",
        f"{company.transactions:,} ({company.share:.0%} of {TIER_1:,})",
    )


def _cost(lately: Lately) -> str:
    known = ", ".join(f"{unit} {_price(amount)}" for unit, amount in sorted(lately.costs.items()))
    billed = known or "nothing billed yet"
    if known and lately.unpriced:
        billed += f", and {lately.unpriced:,} not billed yet"
    return f"Today: {count(lately.sent, 'text or call', 'texts and calls')}; {billed}."


def _price(amount: Decimal) -> str:
    """Prices are fractions of a cent: none is rounded away."""
    return f"{amount.normalize():f}"
