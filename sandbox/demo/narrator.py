"""Telling the story in the terminal, and keeping count of what was not seen."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console

_LOOK_EVERY = 0.1


class OutcomeMissingError(Exception):
    """Something that had to be seen was not; the story ends here."""


class Narrator:
    """Prints what happens, and waits for what has to happen.

    `patience` stretches or shortens every wait.
    """

    def __init__(self, console: Console, patience: float = 1.0) -> None:
        self.console = console
        self.missing = ""
        self._patience = patience
        self._began = time.monotonic()

    def act(self, title: str) -> None:
        """Begin a part of the story."""
        self.console.print()
        self.console.rule(f"[bold]{title}", align="left")

    def say(self, text: str) -> None:
        """Say what is done, with the seconds since the beginning."""
        self.console.print(f"[dim]{self._seconds()}[/dim]  {text}", highlight=False)

    def expect(self, outcome: str, seen: Callable[[], bool], within: float) -> None:
        """Wait up to `within` real seconds for an outcome.

        Raises OutcomeMissingError when it is not seen: what follows would only say it again.
        """
        deadline = time.monotonic() + within * self._patience
        with self.console.status(f"waiting: {outcome}"):
            while not (found := seen()) and time.monotonic() < deadline:
                time.sleep(_LOOK_EVERY)
        if found:
            self.console.print(f"[dim]{self._seconds()}[/dim]  [green]✓[/green] {outcome}")
        else:
            self.console.print(f"[dim]{self._seconds()}[/dim]  [red]✗ not seen:[/red] {outcome}")
            self.missing = outcome
            raise OutcomeMissingError(outcome)

    def _seconds(self) -> str:
        return f"{time.monotonic() - self._began:6.1f} s"
