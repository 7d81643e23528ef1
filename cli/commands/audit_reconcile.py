"""`ml-connector audit reconcile`: is anything missing that Intacct had?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.audit.period import From, Period, To, Zone, period_of
from cli.audit.reconciling import Reconciled, reconcile
from cli.console.failures import FAILED, Failure
from cli.console.options import AsJson, Profile, Region, Stack, Stage
from cli.console.terminal import Printer, table
from cli.deployment import Deployment, Target
from ml_connector.domain.explaining import Explained

#: API transactions a company may cost: two, and one for each further page of 2,000 rows, with what
#: fields and zone cost once.
TRANSACTIONS = 50

#: Rows shown; JSON has them all.
_SHOWN = 50


def reconciled(
    begin: From,
    end: To = "",
    zone: Zone = "UTC",
    company: Annotated[
        str, typer.Option(help="Only this company, by its key.", show_default=False)
    ] = "",
    most: Annotated[
        int, typer.Option(min=1, help="API transactions each company may cost.")
    ] = TRANSACTIONS,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Tie every bill and payment Intacct had to its case, or to the reason nobody was told.

    Reads what waits now or was modified since the first day, and was entered by the last. Ends
    with 1 where anything is unexplained.
    """
    printer = Printer(as_json=as_json)
    period = period_of(begin, end, zone)
    deployment = Deployment(Target(stage, stack, profile, region))
    found = []
    for key in _companies(deployment, company):
        with printer.working(f"{key}: asking Intacct and the audit trail"):
            found.append(reconcile(deployment, key, period, most))
    ok = not any(one.unexplained or one.unreadable for one in found)
    document = {
        "ok": ok,
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "zone": period.zone.key,
        "companies": [_as_json(one) for one in found],
    }
    printer.result(document, *(part for one in found for part in _about(one, period)))
    if not ok:
        raise typer.Exit(FAILED)


def _companies(deployment: Deployment, wanted: str) -> Sequence[str]:
    """The companies of the flow; all of them need credentials, for none is left out in silence."""
    flow = deployment.flows.current()
    keys = [one.key for one in flow.companies] if flow else []
    if not keys:
        raise Failure("no flow is published, so no company is watched: `ml-connector flow push`")
    if wanted and wanted not in keys:
        raise Failure(f"no company {wanted!r} in the flow; there are: {', '.join(keys)}")
    return [wanted] if wanted else keys


def _as_json(one: Reconciled) -> dict[str, Any]:
    return {
        "company": one.company,
        "rows": len(one.rows),
        "explained": dict(sorted(one.counts.items())),
        "unexplained": [
            {
                "kind": row.kind,
                "number": row.row.number,
                "record": row.row.record_no,
                "vendor": row.row.vendor_name,
                "amount": row.row.amount.canonical(),
                "state": row.row.state_text,
                "why": row.why,
            }
            for row in one.unexplained
        ],
        "unreadable": list(one.unreadable),
        "payments_read": one.payments_read,
        "transactions": one.transactions,
    }


def _about(one: Reconciled, period: Period) -> list[RenderableType]:
    parts: list[RenderableType] = [
        table(
            f"{one.company}: {len(one.rows)} bills and payments, {period.text}",
            ("what explains it", "count"),
            ((why, str(count)) for why, count in sorted(one.counts.items())),
        )
    ]
    if not one.payments_read:
        parts.append(Text("Payments may not be read by the API user.", style="yellow"))
    lost = one.unexplained
    if lost:
        shown = table(
            "Unexplained",
            ("", "number", "record", "vendor", "amount", "state", "why"),
            map(_row, lost[:_SHOWN]),
        )
        parts.append(shown)
        if len(lost) > _SHOWN:
            parts.append(f"and {len(lost) - _SHOWN} more: --json lists them")
    parts += [Text.assemble(("unreadable: ", "bold red"), what) for what in one.unreadable]
    used = f"explained={len(one.explained)} unexplained={len(lost)} transactions={one.transactions}"
    style = "bold red" if lost or one.unreadable else "green"
    return [*parts, Text(f"{one.company}: {used}", style=style)]


def _row(one: Explained) -> tuple[str, ...]:
    row = one.row
    return (
        one.kind,
        row.number,
        row.record_no,
        row.vendor_name,
        str(row.amount),
        row.state_text,
        one.why,
    )
