"""What every request to Twilio's API passes: log, credentials, faults."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl

from starlette.responses import JSONResponse, Response

from sandbox.twilio.errors import ApiError
from sandbox.twilio.faults import Target
from sandbox.twilio.settings import TEST_ACCOUNT_SID, TEST_AUTH_TOKEN
from sandbox.twilio.wire import ApiRequest, ApiResponse
from sandbox.twilio.world import LoggedRequest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from sandbox.twilio.endpoints import Endpoint
    from sandbox.twilio.faults import Fault, Phase
    from sandbox.twilio.server import Connections, Peer
    from sandbox.twilio.settings import ApiKey
    from sandbox.twilio.world import World

FORM = "application/x-www-form-urlencoded"
# Twilio's test credentials open these creates and refuse everything else (20008).
TEST_ENDPOINTS = frozenset({"messages.create", "calls.create", "numbers.create"})
RESET_KINDS = frozenset({"reset_before", "reset_after", "close_idle"})


class Dropped(Response):
    """No answer: the connection is reset."""

    def __init__(self, connections: Connections, peer: Peer) -> None:
        super().__init__()
        self._connections, self._peer = connections, peer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Reset, and wait until the server has noticed, or it would answer 500 for us."""
        self._connections.reset(self._peer)
        while (await receive())["type"] != "http.disconnect":
            pass


class Gate:
    """Wraps the handlers of one world."""

    def __init__(self, world: World, connections: Connections, stopping: asyncio.Event) -> None:
        self._world = world
        self._connections = connections
        self._stopping = stopping

    def wrap(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """Return the ASGI endpoint for one operation."""

        async def handle(request: Request) -> Response:
            return await _Passage(self, endpoint, request, await _read(request)).run()

        return handle

    async def pause(self, seconds: float) -> None:
        """Wait in real time, but not beyond the simulator's own end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


class _Passage:
    """One request on its way through the gate."""

    def __init__(self, gate: Gate, endpoint: Endpoint, request: Request, call: ApiRequest) -> None:
        self._gate, self._world = gate, gate._world
        self._connections = gate._connections
        self._endpoint, self._call = endpoint, call
        self._authorization = request.headers.get("authorization", "")
        self._peer: Peer = (request.client.host, request.client.port) if request.client else ("", 0)
        recipient = call.get("To") or call.param("To")
        self._target = Target(call.method, endpoint.name, recipient)
        self._struck: list[Fault] = []

    async def run(self) -> Response:
        now = self._world.advance()
        connection = self._connections.get(self._peer)
        if connection is not None and connection.last_used is not None:
            idle = (now - connection.last_used).total_seconds()
            if self._strike("connection", idle=idle):
                return self._finish(None)
        try:
            answer = await self._answer()
        except ApiError as error:
            answer = ApiResponse(error.status, error.body())
        if self._dropped():
            return self._finish(None)
        return self._finish(answer)

    async def _answer(self) -> ApiResponse:
        self._authenticate()
        early = self._strike("before")
        if early is not None and early.kind == "accept_late":
            await self._gate.pause(early.seconds)
            self._world.advance()
        elif early is not None:
            return _failure(early)
        answer = self._endpoint.handler(self._world, self._call)
        late = self._strike("after")
        if late is not None and late.kind == "hold":
            await self._gate.pause(late.seconds)
        elif late is not None:
            return _failure(late)
        return answer

    def _authenticate(self) -> None:
        user, secret = _basic(self._authorization)
        settings = self._world.settings
        account = settings.account_sid
        if key := settings.keys.get(user):
            self._open_with_key(key, secret)
        elif _same(user, TEST_ACCOUNT_SID) and _same(secret, TEST_AUTH_TOKEN):
            account = TEST_ACCOUNT_SID
            if self._endpoint.name not in TEST_ENDPOINTS:
                raise ApiError(20008)
        elif not (_same(user, account) and _same(secret, settings.auth_token)):
            raise ApiError(20003)
        if self._call.args.get("account", account) != account:
            raise ApiError(20003)
        fault = self._strike("auth")
        if fault is not None:
            raise ApiError(fault.code)

    def _open_with_key(self, key: ApiKey, secret: str) -> None:
        name = self._endpoint.name
        if not _same(secret, key.secret):
            raise ApiError(20003)
        if not key.may(name):
            raise ApiError(20403, name)
        # Only the auth token or a main key opens the account resource itself.
        if name == "accounts.fetch" and key.kind != "main":
            raise ApiError(20003)

    def _strike(self, phase: Phase, *, idle: float | None = None) -> Fault | None:
        fault = self._world.faults.strike(phase, self._target, self._world.clock.now(), idle=idle)
        if fault is not None:
            self._struck.append(fault)
        return fault

    def _dropped(self) -> bool:
        return any(fault.kind in RESET_KINDS for fault in self._struck)

    def _finish(self, answer: ApiResponse | None) -> Response:
        now = self._world.clock.now()
        self._world.log(
            LoggedRequest(
                next(self._world.order),
                now,
                self._call.method,
                self._call.path,
                self._endpoint.name,
                self._target.recipient,
                answer.status if answer else None,
                tuple(fault.id for fault in self._struck),
            ),
        )
        if answer is None:
            return Dropped(self._connections, self._peer)
        if connection := self._connections.get(self._peer):
            connection.last_used = now
        headers = {"Twilio-Concurrent-Requests": "1", **answer.headers}
        if answer.body is None:
            return Response(status_code=answer.status, headers=headers)
        return JSONResponse(answer.body, answer.status, headers)


def _failure(fault: Fault) -> ApiResponse:
    """Return what a fault answers instead of the truth."""
    if fault.kind == "rate_limited":
        error = ApiError(20429)
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return ApiResponse(error.status, error.body(), headers)
    if fault.kind == "refuse":
        error = ApiError(fault.code)
        return ApiResponse(error.status, error.body())
    code = 20503 if fault.status == HTTPStatus.SERVICE_UNAVAILABLE else 20500
    return ApiResponse(fault.status, ApiError(code, status=fault.status).body())


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise ApiError(20003)
    try:
        user, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise ApiError(20003) from None
    return user, secret


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


async def _read(request: Request) -> ApiRequest:
    body = await request.body()
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # Twilio reads forms only; what comes as JSON has no parameters.
    text = body.decode("utf-8", errors="replace") if content_type == FORM else ""
    return ApiRequest(
        method=request.method,
        path=request.url.path,
        base=f"{request.url.scheme}://{request.url.netloc}",
        args={key: str(value) for key, value in request.path_params.items()},
        query=parse_qsl(request.url.query, keep_blank_values=True),
        form=parse_qs(text, keep_blank_values=True),
    )
