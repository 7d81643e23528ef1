"""A bar on standard error while something takes its time; nothing where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

#: Told how much is done so far, and how much there is in all.
Advance = Callable[[int, int], None]


@contextmanager
def bar(text: str) -> Iterator[Advance]:
    """A bar that is gone when it is done."""
    shown = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(file=sys.stderr, highlight=False, emoji=False, markup=False),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with shown:
        task = shown.add_task(text, total=None)

        def advance(done: int, total: int) -> None:
            shown.update(task, completed=done, total=max(done, total))

        yield advance
