"""The findings as one HTML page to show and to print: no scripts, nothing loaded from elsewhere.

Telephone numbers are masked; whole ones are in approvers.csv alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from cli.console.page import as_text, page
from ml_connector.domain.money import Money
from ml_connector.domain.phone import mask

from .allowance import TIER_1
from .findings import NOBODY, Findings, Volume
from .people import Person
from .reading import TRANSACTIONS, WINDOW

#: Rows of a table of volume; what is beyond is summed up.
MOST_ROWS = 15

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1c2733; margin: 2rem auto;
  max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; border-bottom: 1px solid #c9d2db; }
.when { color: #5a6876; margin-top: .2rem; }
.cards { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0; }
.card { border: 1px solid #c9d2db; border-radius: .4rem; padding: .7rem 1rem; min-width: 11rem; }
.card b { display: block; font-size: 1.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; vertical-align: top;
  border-bottom: 1px solid #e6ebf0; }
td.n, th.n { text-align: right; white-space: nowrap; }
td.bar { width: 9rem; }
td.bar div { background: #7aa6d1; height: .8rem; }
li { margin-bottom: .3rem; }
footer { margin-top: 2rem; color: #5a6876; font-size: .85rem; }
@media print {
  body { margin: 0; max-width: none; font-size: 11px; }
  h2 { break-after: avoid; }
  tr, .card { break-inside: avoid; }
  td.bar div { print-color-adjust: exact; }
}
"""


def write_page(
    findings: Findings, *, name: str, sentences: Sequence[str], told: Counter[str]
) -> str:
    """The whole page. `sentences` are the suggested flow's, `told` the alerts it leads to."""
    title = f"{name}: bills waiting for approval"
    body = [
        _tag("h1", title),
        _tag("p", f"Read from Sage Intacct on {findings.at:%Y-%m-%d %H:%M} UTC", "when"),
        _cards(findings, told),
        _tag("h2", f"Bills of the last {WINDOW.days} days, by vendor"),
        _volumes("vendor", "bill approver in Intacct", findings.vendors),
        _tag("h2", f"Bills of the last {WINDOW.days} days, by department"),
        _volumes("department", "supervisor", findings.departments),
        _tag("h2", "Who approves, and how often they would be told"),
        _people(findings.people.found, told),
        _tag("h2", "The rules this suggests"),
        _list(sentences),
        _tag("h2", "What is missing"),
        _list(findings.gaps or ("Nothing that could be seen.",)),
        _tag("h2", "What it takes of the Intacct API"),
        _allowance(findings),
        _footer(findings),
    ]
    return page(title, _STYLE, body)


def _cards(findings: Findings, told: Counter[str]) -> str:
    waiting = findings.waiting
    oldest = f"{waiting.oldest_days} days" if waiting.oldest else "-"
    cards = (
        (f"{waiting.bills:,}", "bills wait for approval now"),
        (_sums(waiting.sums) or "-", "is what they are over"),
        (oldest, "since the oldest of them was entered"),
        (f"{waiting.overdue:,}", "of them are past their due date"),
        (f"{told.total():,}", f"alerts in {WINDOW.days} days, one for each bill submitted"),
        (f"{findings.allowance.share:.0%}", f"of {TIER_1:,} API transactions a month"),
    )
    inner = "".join(
        f'<div class="card"><b>{as_text(figure)}</b>{as_text(meaning)}</div>'
        for figure, meaning in cards
    )
    return f'<div class="cards">{inner}</div>'


def _volumes(what: str, answers: str, volumes: Sequence[Volume]) -> str:
    if not volumes:
        return _tag("p", "None.")
    most = max(volume.bills for volume in volumes)
    rows = [
        f"<tr><td>{as_text(volume.name)}</td>{_bar(volume.bills, most)}"
        f'<td class="n">{volume.bills:,}</td><td class="n">{as_text(_sums(volume.sums))}</td>'
        f"<td>{as_text(volume.answers or '-')}</td></tr>"
        for volume in volumes[:MOST_ROWS]
    ]
    rest = volumes[MOST_ROWS:]
    if rest:
        bills = sum(volume.bills for volume in rest)
        rows.append(
            f'<tr><td>{len(rest)} more</td><td></td><td class="n">{bills:,}</td><td></td>'
            "<td></td></tr>"
        )
    head = (
        f'<tr><th>{what}</th><th></th><th class="n">bills</th><th class="n">sum</th>'
        f"<th>{answers}</th></tr>"
    )
    return _table(head, rows)


def _people(people: Sequence[Person], told: Counter[str]) -> str:
    rows = [_person(person, told[person.id]) for person in people]
    if told[NOBODY]:
        rows.append(
            "<tr><td>nobody</td><td>no phone is known</td><td></td><td></td>"
            f'<td class="n">{told[NOBODY]:,}</td></tr>'
        )
    head = (
        "<tr><th>name</th><th>in Intacct</th><th>phone</th>"
        '<th class="n">bills of their vendors</th>'
        '<th class="n">alerts by the rules below</th></tr>'
    )
    return _table(head, rows) if rows else _tag("p", "Intacct names nobody.")


def _person(person: Person, alerts: int) -> str:
    cells = (
        f"{person.name} ({person.id})",
        "; ".join(person.roles) or "-",
        mask(person.phone.value) if person.phone else "none",
    )
    words = "".join(f"<td>{as_text(cell)}</td>" for cell in cells)
    figures = f'<td class="n">{person.bills:,}</td><td class="n">{alerts:,}</td>'
    return f"<tr>{words}{figures}</tr>"


def _allowance(findings: Findings) -> str:
    allowance = findings.allowance
    rows = [
        f'<tr><td>{as_text(item.what)}</td><td class="n">{item.transactions:,}</td></tr>'
        for item in allowance.items
    ]
    total = f"all of {findings.at:%B %Y}: {allowance.share:.1%} of tier 1, {TIER_1:,} a month"
    rows.append(f'<tr><td><b>{total}</b></td><td class="n"><b>{allowance.total:,}</b></td></tr>')
    return _table('<tr><th>what</th><th class="n">API transactions</th></tr>', rows)


def _footer(findings: Findings) -> str:
    return _tag(
        "footer",
        f"Read with {findings.transactions} of at most {TRANSACTIONS} API transactions; nothing "
        "was written to Intacct. Alerts count first submissions; each further level of approval "
        "that a bill passes adds one. Who approves is inferred from vendors and departments: "
        "Intacct does not say whose turn it is.",
    )


# ------------------------------------------------------------------------------------ parts
def _bar(value: int, most: int) -> str:
    return f'<td class="bar"><div style="width:{100 * value // most}%"></div></td>'


def _table(head: str, rows: Iterable[str]) -> str:
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(_tag('li', line) for line in lines)}</ul>"


def _tag(name: str, text: str, css_class: str = "") -> str:
    attribute = f' class="{css_class}"' if css_class else ""
    return f"<{name}{attribute}>{as_text(text)}</{name}>"


def _sums(sums: Iterable[Money]) -> str:
    return ", ".join(map(str, sums))
