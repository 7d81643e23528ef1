"""Printing: a document for programs or tables for people, and progress beside either.

What a command found goes to standard output, everything else to standard error, so that `--json`
gives exactly one JSON document whatever happens.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from .tables import Rows

#: Columns where the output is no terminal: a pipe has no width, and rows should stay whole.
PIPE_WIDTH = 160


def harmless(text: str) -> str:
    """A text of others with a blank for each character that shows nothing and does something.

    Control characters, what turns the direction of writing, and what has no width: none is
    printable, so approvers may not have one in their names. Ends of lines stay.
    """
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def printable(text: str) -> str:
    """A text of others on one line, and harmless."""
    return harmless(text).replace("\n", " ").strip()


def table(title: str, headings: Iterable[str], rows: Iterable[Iterable[str | Text]]) -> Rows:
    """Rows whose cells are plain text: nothing in them is markup."""
    cells = [[c if isinstance(c, Text) else Text(printable(c)) for c in row] for row in rows]
    return Rows(printable(title), list(headings), cells)


class Printer:
    """Where a command says what it found. `as_json` chooses for whom."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._out = _console(sys.stdout)
        self._err = _console(sys.stderr)

    def result(self, document: Mapping[str, Any], *shown: RenderableType) -> None:
        """Say it: the document as JSON, or what is shown of it, a renderable after another."""
        if self.as_json:
            print_json(document)
            return
        for part in shown:
            _print(self._out, part)

    def note(self, text: str) -> None:
        """Something beside the result."""
        self._err.print(_shown(text))

    def show(self, *parts: RenderableType) -> None:
        """Show something before a question; beside the result where that is JSON."""
        console = self._err if self.as_json else self._out
        for part in parts:
            _print(console, part)

    @contextmanager
    def working(self, text: str) -> Iterator[None]:
        """A sign of life while something takes its time; nothing where nobody watches."""
        if self._err.is_terminal:
            with self._err.status(Text(text)):
                yield
        else:
            yield


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document on standard output; what is not harmless in it is escaped."""
    sys.stdout.write(escaped(json.dumps(document, indent=2, ensure_ascii=False)) + "\n")


def escaped(document: str) -> str:
    """The same JSON with an escape for each character that `harmless` leaves out: those stand in
    texts only, and programs read the same."""
    if document.isprintable():
        return document
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in document)


def _print(console: Console, part: RenderableType) -> None:
    shown = _shown(part)
    # What is there to be copied must hold no line break of ours.
    console.print(shown, soft_wrap=isinstance(shown, Text) and bool(shown.no_wrap))


def _shown(part: RenderableType) -> RenderableType:
    """What the console is given: no text of others moves what stands around it."""
    if isinstance(part, str):
        return Text(harmless(part))
    if isinstance(part, Text):
        part = part.copy()
        part.plain = harmless(part.plain)
    return part


def complain(line: str, details: Iterable[str] = ()) -> None:
    """Say what went wrong, on standard error."""
    console = _console(sys.stderr)
    console.print(Text.assemble(("error: ", "bold red"), printable(line)), soft_wrap=True)
    for detail in details:
        console.print(Text(f"  {printable(detail)}"), soft_wrap=True)


def _console(stream: Any) -> Console:  # noqa: ANN401 - rich takes any text stream
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, emoji=False, markup=False)
