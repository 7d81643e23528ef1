"""Figures as cells, as CSV, and as one HTML page: no scripts, nothing loaded from elsewhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import timedelta

from cli.console.page import as_text, page
from cli.console.terminal import printable

from .figures import Row

HEADINGS = (
    "cases",
    "alerts",
    "sent",
    "delivered",
    "confirmed",
    "approved",
    "failed",
    "to sent",
    "to delivered",
    "to confirmed",
    "to approved",
    "cost",
)
EXPLANATION = (
    "Times are medians, counted from when the poll saw the bill. Sent is when Twilio accepted the "
    "first text or call of a case. Failed counts texts and calls that reached nobody, and alerts "
    "nobody could be found for. Cost is what Twilio has priced so far."
)

_STYLE = """
body { font: 15px/1.5 Georgia, serif; color: #1c2733; margin: 2rem auto; max-width: 72rem;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; }
.facts { color: #5a6876; margin: .3rem 0 1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid #c9d2db; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
tr:last-child { font-weight: bold; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } tr { break-inside: avoid; } }
"""
#: What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def cells(row: Row) -> tuple[str, ...]:
    """A row for people, under its name and `HEADINGS`."""
    counts = (row.cases, row.alerts, row.sent, row.delivered, row.confirmed, row.approved)
    times = (row.to_sent, row.to_delivered, row.to_confirmed, row.to_approved)
    return (row.name, *map(str, (*counts, row.failed)), *map(_took, times), cost(row))


def cost(row: Row) -> str:
    """What it cost, as far as it is known."""
    known = ", ".join(f"{currency} {amount:.4f}" for currency, amount in row.cost)
    open_ = f"{row.unpriced} not priced yet" if row.unpriced else ""
    return "; ".join(part for part in (known, open_) if part)


def write_csv(rows: Iterable[Row], what: str) -> str:
    """The rows as CSV; times in seconds, costs without their currency where there is only one."""
    buffer = io.StringIO()
    out = csv.writer(buffer)
    times = [f"{heading} (seconds)" for heading in HEADINGS[7:11]]
    out.writerow([what, *HEADINGS[:7], *times, "cost", "not priced yet"])
    for row in rows:
        name = printable(row.name)
        name = f"'{name}" if name.startswith(_FORMULA) else name
        priced = " + ".join(f"{currency} {amount:f}" for currency, amount in row.cost)
        out.writerow(
            [
                name,
                *(row.cases, row.alerts, row.sent, row.delivered, row.confirmed, row.approved),
                row.failed,
                *map(_seconds, (row.to_sent, row.to_delivered, row.to_confirmed, row.to_approved)),
                priced,
                row.unpriced,
            ]
        )
    return buffer.getvalue()


def write_page(rows: Sequence[Row], what: str, period: str) -> str:
    """The whole page; the last row is the one of all."""
    headings = "".join(f"<th>{as_text(heading)}</th>" for heading in (what, *HEADINGS))
    body = "\n".join(
        f"<tr>{''.join(f'<td>{as_text(cell)}</td>' for cell in cells(row))}</tr>" for row in rows
    )
    return page(
        "Alerts",
        _STYLE,
        [
            f"<h1>Alerts by {as_text(what)}</h1>",
            f'<p class="facts">{as_text(period)}</p>',
            f"<table><thead><tr>{headings}</tr></thead>",
            f"<tbody>{body}</tbody></table>",
            f'<p class="facts">{EXPLANATION}</p>',
        ],
    )


def _took(time: timedelta | None) -> str:
    """A time in its two largest units."""
    if time is None:
        return ""
    seconds = round(time.total_seconds())
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE} s"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
    return f"{seconds // _DAY} d {seconds % _DAY // _HOUR} h"


def _seconds(time: timedelta | None) -> str:
    return "" if time is None else f"{time.total_seconds():.0f}"
