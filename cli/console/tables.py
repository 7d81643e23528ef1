"""Rows that fit the terminal: a table where it is wide enough, else a block of lines for each row.

A cell may break between words, and one long word, such as an id, in the middle; a number never
does. Where a table would need more room than there is, each row is shown as lines of label and
value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

#: The narrowest a column may get that holds longer words than this: ids break, words do not.
_LONG_WORD = 20
#: A cell up to this long stays on one line where it holds a digit: sums, times, counts.
_NUMBER = 22
#: What stands between two cells and at the edges, in a table with room to spare and in a tight one.
_ROOMY, _TIGHT = (3, 1), (2, 0)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows under headings; `rows` are as long as `headings`."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Text]]

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """As a table or as blocks, as wide as there is room."""
        columns = [
            [Text(heading), *(row[place] for row in self.rows)]
            for place, heading in enumerate(self.headings)
        ]
        for each, edges in (_ROOMY, _TIGHT):
            widths = _widths(columns, options.max_width - each * len(columns) - edges)
            if widths:
                yield self._table(widths, tight=not edges)
                return
        yield from self._blocks()

    def _table(self, widths: Sequence[int], *, tight: bool) -> Table:
        made = Table(
            title=self.title,
            title_justify="left",
            title_style="bold",
            box=SIMPLE_HEAD,
            show_edge=not tight,
            padding=(0, 1, 0, 0) if tight else (0, 1),
        )
        for heading, width in zip(self.headings, widths, strict=True):
            made.add_column(heading, overflow="fold", width=width)
        for row in self.rows:
            made.add_row(*row)
        return made

    def _blocks(self) -> Iterator[RenderableType]:
        """The title, and for each row its first cell and the others that say something."""
        yield Text(self.title, style="bold")
        for row in self.rows:
            yield Text()
            labelled = [pair for pair in zip(self.headings, row, strict=True) if pair[1].plain]
            for place, (heading, cell) in enumerate(labelled):
                label = (f"{heading}: " if heading else "", "" if place else "bold")
                line = Text.assemble(label, cell, overflow="fold")
                yield Padding(line, (0, 0, 0, 2 if place else 0), expand=False)
        yield Text()


def _widths(columns: Sequence[Sequence[Text]], room: int) -> list[int] | None:
    """How wide each column is to be; None where no widths would be readable."""
    wide = [max(_wide(cell) for cell in column) for column in columns]
    least = [min(most, _least(column)) for most, column in zip(wide, columns, strict=True)]
    if sum(wide) <= room:
        return wide
    spare = room - sum(least)
    if spare < 0:
        return None
    widths = list(least)
    while spare:  # the narrowest first: a column gets what it wants, or as much as others get
        open_ = [at for at, width in enumerate(widths) if width < wide[at]]
        for at in sorted(open_, key=lambda at: wide[at] - widths[at])[:spare]:
            widths[at] += 1
            spare -= 1
    return widths


def _least(column: Sequence[Text]) -> int:
    """The narrowest a column stays readable at."""
    cells = column[1:]
    words = [cell_len(word) for cell in column for word in cell.plain.split()]
    numbers = (_wide(cell) for cell in cells if any(map(str.isdigit, cell.plain)))
    whole = [width for width in numbers if width <= _NUMBER]
    return max([1, *(min(length, _LONG_WORD) for length in words), *whole])


def _wide(cell: Text) -> int:
    """How wide a cell is when nothing in it is broken."""
    return max([1, *map(cell_len, cell.plain.splitlines())])
