"""Rows in terminals of every width: words and numbers stay whole, or each row becomes a block."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from cli.console.terminal import table

HEADINGS = ("company", "last read", "bills waiting", "sum", "longest", "API / month")
ROWS = [
    ("acme", "3 min ago", "12", "USD 1,250,000.00, EUR 20.00", "3 h", "1,234 (1% of 100,000)"),
    ("apex", "never", "0", "", "", "0 (0% of 100,000)"),
]
WORDS = {word for row in ROWS for cell in row for word in cell.split()}


def shown(width: int, *rows: tuple[str | Text, ...], headings: tuple[str, ...] = HEADINGS) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    console.print(table("Companies", headings, rows or ROWS))
    return out.getvalue()


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 160])
def test_no_word_and_no_number_is_broken_at_any_width(width: int) -> None:
    text = shown(width)
    assert set(text.split()) >= WORDS
    assert all(len(line) <= width for line in text.splitlines())


def test_a_wide_terminal_gets_a_table_and_a_narrow_one_a_block_for_each_row() -> None:
    assert "company   last read" in shown(160)
    assert [line.rstrip() for line in shown(40).splitlines()] == [
        "Companies",
        "",
        "company: acme",
        "  last read: 3 min ago",
        "  bills waiting: 12",
        "  sum: USD 1,250,000.00, EUR 20.00",
        "  longest: 3 h",
        "  API / month: 1,234 (1% of 100,000)",
        "",
        "company: apex",
        "  last read: never",
        "  bills waiting: 0",
        "  API / month: 0 (0% of 100,000)",
        "",
    ]


def test_a_sum_stays_on_one_line_as_long_as_there_is_a_table() -> None:
    rows = [("acme", "bills that wait for somebody to approve them " * 3, "USD 12,500.00")]
    for width in range(40, 120):
        text = shown(width, *rows, headings=("company", "what", "sum"))
        assert "USD 12,500.00" in text


def test_a_long_id_may_break_for_the_sake_of_a_table() -> None:
    text = shown(40, ("delivered", "SM" + "0" * 32), headings=("state", "id"))
    assert "state" in text.splitlines()[2]
    assert "SM" + "0" * 32 not in text
    assert "SM" + "0" * 32 in shown(80, ("delivered", "SM" + "0" * 32), headings=("state", "id"))


def test_lines_of_a_cell_stay_lines() -> None:
    row = ("acme", Text("EUR 2,530.92\nUSD 175,546.47"), "12")
    for width in (24, 80):
        lines = shown(width, row, headings=("company", "sum", "bills")).splitlines()
        assert sum("EUR 2,530.92" in line for line in lines) == 1
        assert sum("USD 175,546.47" in line for line in lines) == 1


def test_rows_that_say_nothing_are_headings_alone() -> None:
    assert "company   last read" in shown(160, ("",) * 6)
