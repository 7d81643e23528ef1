"""The line between a worker and the world: one question, one answer, over a socket pair."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any


@dataclass(frozen=True, slots=True)
class Ask:
    """What a worker wants, and whether it waits for the answer."""

    what: str
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception on its way to a worker: classes with keyword arguments do not pickle."""

    kind: type[BaseException]
    arguments: tuple[Any, ...]
    state: dict[str, Any]

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """The exception, taken apart."""
        return cls(type(error), error.args, dict(error.__dict__))

    def raise_again(self) -> None:
        """Raise it here."""
        error = self.kind.__new__(self.kind)
        error.args = self.arguments
        error.__dict__.update(self.state)
        raise error


def end() -> None:
    """What a worker does whose world is gone."""
    os._exit(0)


class Line:
    """The worker's end. `gone` is what happens when nobody answers any more."""

    def __init__(self, connection: Connection, gone: Callable[[], None] = end) -> None:
        self._connection = connection
        self._gone = gone

    def ask(self, what: str, *arguments: Any, **options: Any) -> Any:
        """Ask and wait."""
        try:
            self._connection.send(Ask(what, arguments, options))
            answer = self._connection.recv()
        except (EOFError, OSError):
            self._gone()
            raise
        if isinstance(answer, Failure):
            answer.raise_again()
        return answer

    def tell(self, what: str, *arguments: Any) -> None:
        """Say something and go on."""
        try:
            self._connection.send(Ask(what, arguments, waits=False))
        except OSError:
            self._gone()
            raise


class Remote:
    """A port whose every call is answered by the world."""

    def __init__(self, line: Line, port: str) -> None:
        self._line = line
        self._port = port

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            given = tuple(as_list(value) for value in arguments)
            return self._line.ask("call", self._port, method, given, options)

        return call


def as_list(value: object) -> object:
    """An iterator, which no pickle can hold, as a list; anything else as it is."""
    return list(value) if isinstance(value, Iterator) else value
