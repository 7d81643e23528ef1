"""The campaign's store alone, in a process of its own, for the contract that all stores keep."""

from __future__ import annotations

from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from ml_connector.errors import ConnectorError
from tests.support.memory_store import (
    MemoryAlertStore,
    MemoryApproverStore,
    MemoryAuditTrail,
    MemoryDocumentStore,
    Tables,
)

from .line import Failure, Line, Remote, as_list

FRESH = "fresh"
END_SECONDS = 10.0


def _serve(connection: Connection) -> None:
    """Answer until the other side is gone."""
    ports: dict[str, Any] = {}
    while True:
        try:
            ask = connection.recv()
        except EOFError:
            return
        if ask.what == FRESH:
            ports, answer = _ports(), None
        else:
            port, method, arguments, options = ask.arguments
            try:
                answer = as_list(getattr(ports[port], method)(*arguments, **options))
            except (ConnectorError, ValueError) as error:
                answer = Failure.of(error)
        connection.send(answer)


def _ports() -> dict[str, Any]:
    tables = Tables()
    return {
        "alerts": MemoryAlertStore(tables),
        "documents": MemoryDocumentStore(tables),
        "approvers": MemoryApproverStore(tables),
        "audit": MemoryAuditTrail(tables),
    }


class StoreProcess:
    """The process, and its ports as a worker sees them."""

    def __init__(self) -> None:
        mine, theirs = get_context("spawn").Pipe()
        self._process: BaseProcess = get_context("spawn").Process(target=_serve, args=(theirs,))
        self._process.start()
        theirs.close()
        self._connection = mine
        self._line = Line(mine)

    def empty(self) -> None:
        """Forget everything."""
        self._line.ask(FRESH)

    def port(self, name: str) -> Any:
        """One of the ports."""
        return Remote(self._line, name)

    def stop(self) -> None:
        """End it."""
        self._connection.close()
        self._process.join(END_SECONDS)
        self._process.close()
