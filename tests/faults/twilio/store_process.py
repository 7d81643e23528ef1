"""The campaign's store alone, in a process of its own, for the contract that all stores keep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from ml_connector.errors import ConnectorError
from tests.support.stores import Fresh, Stores, memory_stores

from .line import Failure, Line, Remote, as_list

FRESH = "fresh"
END_SECONDS = 10.0


def _serve(connection: Connection) -> None:
    """Answer until the other side is gone."""
    stores = memory_stores()
    while True:
        try:
            ask = connection.recv()
        except EOFError:
            return
        if ask.what == FRESH:
            stores, answer = memory_stores(), None
        else:
            port, method, arguments, options = ask.arguments
            try:
                answer = as_list(getattr(getattr(stores, port), method)(*arguments, **options))
            except (ConnectorError, ValueError) as error:
                answer = Failure.of(error)
        connection.send(answer)


class _StoreProcess:
    """The process, and its stores as a worker sees them."""

    def __init__(self) -> None:
        mine, theirs = get_context("spawn").Pipe()
        self._process: BaseProcess = get_context("spawn").Process(target=_serve, args=(theirs,))
        self._process.start()
        theirs.close()
        self._connection = mine
        self._line = Line(mine, gone=_left_alone)

    def fresh(self) -> Stores:
        """Forget everything."""
        self._line.ask(FRESH)
        remote: Any = (Remote(self._line, port.name) for port in fields(Stores))
        return Stores(*remote)

    def stop(self) -> None:
        """End it."""
        self._connection.close()
        self._process.join(END_SECONDS)
        self._process.close()


def _left_alone() -> None:
    """A test fails where a worker would end."""
    raise RuntimeError("the process of the stores is gone")


@contextmanager
def in_a_process() -> Iterator[Fresh]:
    """The stores of such a process, which ends with the context."""
    process = _StoreProcess()
    try:
        yield process.fresh
    finally:
        process.stop()
