"""`ml-connector audit report`: how long it took, how much failed, and what it cost."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.alerts.words import count
from cli.audit.costs import prices_since, vendors_of
from cli.audit.figures import Price, Row, rows_by_approver, rows_by_vendor, stories, total
from cli.audit.figures_page import EXPLANATION, HEADINGS, cells, write_csv, write_page
from cli.audit.period import From, To, Zone, period_of
from cli.audit.progress import bar
from cli.audit.reading import DynamoAuditReader
from cli.console.failures import FAILED
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.terminal import Printer, table
from cli.console.writing import may_write, opened
from cli.deployment import Deployment, Target
from ml_connector.domain.instants import to_text

#: What happened to a case after the days asked for counts as well.
_NO_END = to_text(datetime.max.replace(tzinfo=UTC))


#: Damaged cases named on the terminal; JSON has them all.
_NAMED = 5


class By(StrEnum):
    """What a row is about."""

    APPROVER = "approver"
    VENDOR = "vendor"


def report(
    begin: From,
    end: To = "",
    zone: Zone = "UTC",
    by: Annotated[By, typer.Option(help="What each row is about.")] = By.APPROVER,
    csv: Annotated[
        Path | None, typer.Option(help="Write CSV there too.", dir_okay=False, show_default=False)
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(help="Write one HTML page there too.", dir_okay=False, show_default=False),
    ] = None,
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Show alerts per approver or vendor, how long each stage took, failures and cost.

    About cases opened on the days given, with what happened to them since. Times are medians.
    Files that are there already are written over once you agree.
    """
    printer = Printer(as_json=as_json)
    period = period_of(begin, end, zone)
    if not may_write(csv, html, yes=yes):
        printer.result({"ok": False}, "Nothing was written.")
        raise typer.Exit(FAILED)
    deployment = Deployment(Target(stage, stack, profile, region))
    reader = DynamoAuditReader(deployment)
    with bar("reading entries") as looked_at:
        links = reader.between(to_text(period.start), _NO_END, looked_at)
        found, damaged = stories(links, reader.chain, period.start, period.end)
    prices: dict[str, Price] = prices_since(deployment, period.start)
    rows = (
        rows_by_vendor(found, prices, vendors_of(deployment, found))
        if by is By.VENDOR
        else rows_by_approver(found, prices)
    )
    rows = [*rows, total(found, prices)]
    written = {csv: write_csv(rows, by.value), html: write_page(rows, by.value, period.text)}
    for path, text in written.items():
        if path:
            with opened(path) as stream:
                stream.write(text)
    document = {
        "ok": True,
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "zone": period.zone.key,
        "by": by.value,
        "rows": [_as_json(row) for row in rows],
        "damaged": damaged,
    }
    title = f"Alerts by {by.value}, {period.text}"
    shown = table(title, (by.value, *HEADINGS), map(cells, rows))
    files = [f"Written: {path}" for path in (csv, html) if path]
    printer.result(document, shown, EXPLANATION, *files)
    if damaged:
        printer.note(
            f"warning: {count(len(damaged), 'case')} counted nowhere, for the entry that opened it "
            f"is gone or one is not readable: {', '.join(damaged[:_NAMED])}"
            f"{' and more' if len(damaged) > _NAMED else ''}; `ml-connector audit verify` says what"
            " was done to it"
        )


def _as_json(row: Row) -> dict[str, Any]:
    medians = {
        name: None if took is None else took.total_seconds()
        for name, took in (
            ("to_sent", row.to_sent),
            ("to_delivered", row.to_delivered),
            ("to_confirmed", row.to_confirmed),
            ("to_approved", row.to_approved),
        )
    }
    return {
        "name": row.name,
        "cases": row.cases,
        "alerts": row.alerts,
        "sent": row.sent,
        "delivered": row.delivered,
        "confirmed": row.confirmed,
        "approved": row.approved,
        "failed": row.failed,
        "median_seconds": medians,
        "cost": {currency: _plain(amount) for currency, amount in row.cost},
        "unpriced": row.unpriced,
    }


def _plain(amount: Decimal) -> str:
    return f"{amount:f}"
