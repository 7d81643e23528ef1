"""The gateway and the admin API over HTTP, and a simulator that runs on a thread.

Connections that die by order need the socket itself: the protocol below remembers the transport of
each client, and the gateway's endpoint aborts it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .admin import dispatch
from .client import AdminClient
from .clock import SandboxClock
from .envelope import MAX_BYTES
from .gateway import Arrival, Exchange, Gateway
from .seed import Recipe
from .world import GATEWAY_PATH, World

HOST = "127.0.0.1"
Ends = tuple[object, object]
_TRANSPORTS: dict[Ends, asyncio.Transport] = {}
"""By the addresses of client and server."""


class RememberingProtocol(H11Protocol):
    """uvicorn's own HTTP/1.1, with its transports findable by the client's address."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember it."""
        super().connection_made(transport)
        _TRANSPORTS[self.client, self.server] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        _TRANSPORTS.pop((self.client, self.server), None)
        super().connection_lost(exc)


def _reset(scope: Scope) -> None:
    """End the connection of a request with a TCP reset."""
    transport = _TRANSPORTS.get((scope["client"], scope["server"]))
    if transport is not None:
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


class GatewayEndpoint:
    """The ASGI side of the gateway: takes the body, waits where ordered, breaks where ordered."""

    def __init__(self, gateway: Gateway, stopping: threading.Event) -> None:
        self._gateway = gateway
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                break
        origin = f"{request.url.scheme}://{request.headers.get('host', HOST)}"
        arrival = Arrival(origin, request.url.path)
        exchange = await run_in_threadpool(self._gateway.begin, bytes(body), arrival)
        try:
            await self._wait(exchange)
        finally:
            # Before the reply is out: who has it may ask again at once and must find a free slot.
            exchange.finish()
        await self._send(scope, send, exchange)

    async def _wait(self, exchange: Exchange) -> None:
        fault, delay = exchange.fault, exchange.reply.delay
        if fault is None or delay == 0:
            return
        left = delay
        # In small steps, so that a release or a stop is seen soon.
        while (left is None or left > 0) and not fault.released.is_set():
            if self._stopping.is_set():
                return
            step = 0.02 if left is None else min(0.02, left)
            await asyncio.sleep(step)
            left = None if left is None else left - step

    async def _send(self, scope: Scope, send: Send, exchange: Exchange) -> None:
        reply = exchange.reply
        if reply.broken == "reset":
            _reset(scope)
            return
        headers = {
            "content-type": reply.content_type,
            "content-length": str(len(reply.body)),
            **reply.headers,
        }
        start: Message = {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        await send(start)
        if reply.broken == "cut":
            half = reply.body[: len(reply.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            _reset(scope)
            return
        await send({"type": "http.response.body", "body": reply.body})


def build_app(world: World, stopping: threading.Event) -> Starlette:
    """The ASGI application: the gateway at any prefix, the admin API under /_sandbox/."""
    endpoint = GatewayEndpoint(Gateway(world), stopping)

    async def admin(request: Request) -> JSONResponse:
        status, answer = await run_in_threadpool(
            dispatch,
            world,
            request.method,
            request.path_params["rest"],
            dict(request.query_params),
            await request.body(),
        )
        return JSONResponse(answer, status)

    return Starlette(
        routes=[
            Route(GATEWAY_PATH, endpoint, methods=["POST"]),
            Route("/_sandbox/{rest:path}", admin, methods=["GET", "POST", "PATCH", "DELETE"]),
            Route("/{node:path}" + GATEWAY_PATH, endpoint, methods=["POST"]),
        ]
    )


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; another port where this one is taken or 0."""
    # With the protocol named, asyncio sends each reply at once instead of waiting for more.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError:
        sock.bind((HOST, 0))
    sock.listen(128)
    return sock


class QuietServer(uvicorn.Server):
    """uvicorn that leaves signals to its owner and says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """None of uvicorn's own handlers: it would raise the signal again after shutting down."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        self._ready()


def build_server(
    app: Starlette,
    *,
    certificate: str = "",
    key: str = "",
    ready: Callable[[], None] = lambda: None,
) -> QuietServer:
    """A quiet uvicorn for this app; with a certificate it speaks TLS."""
    return QuietServer(
        uvicorn.Config(
            app,
            http=RememberingProtocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            ssl_certfile=certificate or None,
            ssl_keyfile=key or None,
        ),
        ready,
    )


class IntacctSimulator:
    """A simulator on a thread: `with IntacctSimulator() as sim: ...`.

    `gateway` and `world` may be used without entering it: then there is no HTTP, and `sim.admin`
    talks to the world directly.
    """

    def __init__(
        self, recipe: Recipe | None = None, *, clock: SandboxClock | None = None, port: int = 0
    ) -> None:
        self.world = World(recipe, clock)
        self.gateway = Gateway(self.world)
        self.admin = AdminClient(InProcess(self.world))
        self._wanted = port
        self._stopping = threading.Event()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.port = 0

    @property
    def base_url(self) -> str:
        """Scheme, host and port; only while it runs."""
        return f"http://{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """The gateway's URL; only while it runs."""
        return f"{self.base_url}{GATEWAY_PATH}"

    def __enter__(self) -> Self:
        sock = listen(self._wanted)
        self.port = int(sock.getsockname()[1])
        server = build_server(build_app(self.world, self._stopping))
        self._server = server
        # The socket listens already: a client that comes before the loop runs waits in the backlog.
        self._thread = threading.Thread(
            target=_serve, args=(server, sock), name="intacct-sandbox", daemon=True
        )
        self._thread.start()
        self.admin = AdminClient.at(self.base_url)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=10)
        self.admin = AdminClient(InProcess(self.world))


def _serve(server: uvicorn.Server, sock: socket.socket) -> None:
    try:
        asyncio.run(server.serve(sockets=[sock]))
    finally:
        sock.close()


class InProcess:
    """Calls the admin API directly; JSON goes both ways so that it behaves as over HTTP."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(
        self, method: str, path: str, query: dict[str, str], body: bytes
    ) -> tuple[int, object]:
        """Status and JSON."""
        status, answer = dispatch(self._world, method, path, query, body)
        return status, json.loads(json.dumps(answer))
