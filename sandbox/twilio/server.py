"""The HTTP server under the simulator: loopback, resettable connections, a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.applications import Starlette

Peer = tuple[str, int]
BACKLOG = 512
KEEP_ALIVE_SECONDS = 600
"""Idle connections stay open; closing them is a fault of its own, not a habit."""


@dataclass(slots=True)
class Connection:
    """One open connection; `last_used` is when its latest answer went out."""

    transport: asyncio.Transport
    last_used: datetime | None = None


class Connections:
    """The open connections by peer address, so that one can be reset under a request."""

    def __init__(self) -> None:
        self._open: dict[Peer, Connection] = {}

    def opened(self, transport: asyncio.Transport) -> None:
        """Remember a new connection."""
        self._open[_peer(transport)] = Connection(transport)

    def closed(self, transport: asyncio.Transport) -> None:
        """Forget one that ended."""
        self._open.pop(_peer(transport), None)

    def get(self, peer: Peer) -> Connection | None:
        """Return the connection from that address, if it is still open."""
        return self._open.get(peer)

    def reset(self, peer: Peer) -> None:
        """End a connection with a TCP reset: no answer, no orderly close."""
        connection = self._open.get(peer)
        if connection is None:
            return
        raw = connection.transport.get_extra_info("socket")
        # A linger time of 0 makes the close an RST instead of a FIN.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.transport.abort()


def _peer(transport: asyncio.Transport) -> Peer:
    host, port = transport.get_extra_info("peername")[:2]
    return str(host), int(port)


def resettable_protocol(connections: Connections) -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol, reporting its connections."""

    class ResettableProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            connections.opened(transport)
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.closed(self.transport)
            super().connection_lost(exc)

    return ResettableProtocol


class Server(uvicorn.Server):
    """uvicorn without its signal handling, telling when it is ready and when it stops."""

    def __init__(
        self,
        app: Starlette,
        connections: Connections,
        *,
        on_ready: Callable[[], None],
        stopping: asyncio.Event,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=resettable_protocol(connections),
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            ),
        )
        self._on_ready = on_ready
        self._stopping = stopping

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the program: uvicorn would raise them again after a clean stop."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let go of held answers first, then close."""
        self._stopping.set()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket on `port`, or on a free one when that is 0 or taken."""
    # With the protocol named, asyncio switches Nagle's algorithm off: 40 ms less per answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            listener.bind((host, port))
            listener.listen(BACKLOG)
        except OSError:
            if port == 0:
                raise
            listener.close()
            return listen(host, 0)
    except BaseException:
        listener.close()
        raise
    return listener
