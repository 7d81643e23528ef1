"""The end of the story: every alert, and the audit trail of one bill."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from ml_connector.domain.audit import check
from ml_connector.domain.phone import mask
from ml_connector.store.models import CaseItem, DispatchItem
from sandbox.intacct.client import Record
from sandbox.world import LocalWorld


def show_alerts(world: LocalWorld, console: Console) -> None:
    """One row per dispatch."""
    table = Table(title="Dispatches, in the order they were made", title_justify="left")
    for heading in ("bill", "case", "for", "number", "try", "state", "Twilio id"):
        table.add_column(heading, no_wrap=True)
    cases = {str(row.id): row for row in CaseItem.scan(CaseItem.sk == "case")}
    rows = world.alerts.dispatches(
        [str(row.id) for row in DispatchItem.scan(DispatchItem.sk == "dispatch")]
    )
    for dispatch in sorted(rows, key=lambda row: row.created_at):
        case = cases[dispatch.members[0].case_id]
        document = world.documents.documents(case.company, [case.document])[case.document]
        table.add_row(
            document.number,
            str(case.state),
            dispatch.recipient,
            mask(dispatch.to) if dispatch.to else "",
            str(dispatch.attempt),
            dispatch.state.value,
            dispatch.sid[:8],
        )
    console.print()
    console.print(table)


def show_audit(world: LocalWorld, bill: Record, console: Console) -> None:
    """The audit trail of one bill's cases, and whether its chains hold."""
    table = Table(title=f"Audit trail of {bill['RECORDID']}", title_justify="left")
    for heading in ("seq", "at (UTC)", "entry", "what"):
        table.add_column(heading)
    broken = None
    for case in world.cases(bill):
        entries = list(world.audit.chain(case.chain))
        broken = broken or check(entries, case.head)
        for entry in entries:
            what = ", ".join(f"{k}={v}" for k, v in entry.data.items() if isinstance(v, str | int))
            table.add_row(str(entry.seq), f"{entry.at:%H:%M:%S.%f}"[:-3], entry.kind, what)
    console.print(table)
    console.print("Every chain holds." if broken is None else f"[red]Broken: {broken}")
