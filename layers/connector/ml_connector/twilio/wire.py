"""HTTP connections that keep to a budget and know whether a byte of the request left us.

requests and urllib3 cannot be asked either. Their exception types mislead: a TLS handshake that
times out is reported as a *read* timeout, one that is reset as `ProtocolError`, the same as a reset
after the whole request; `SSLError` may be the handshake or the fortieth record; a timeout is
counted per socket operation and per address of the host, not per call. So the connection classes
used here say it themselves: every byte of a request passes `send`, which notes it first.

A `Call` travels in a context variable from the client to the connection that serves it.
"""

# ruff: noqa: ANN401 - signatures of the classes overridden here

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from ml_connector.domain.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Connecting may take this share of a call's budget, so that an answer still has time to come: a
#: connection that opens in the last second ends in "outcome unknown" more often than not.
_CONNECT_SHARE = 0.5
_READ_SIZE = 65_536


@frozen
class Clocks:
    """Seconds since some moment, and since 1970. Two, because a frozen function may stop either."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


class Call:
    """One request on its way: its budget in seconds, and what became of it."""

    __slots__ = ("_answer_by", "_clocks", "_connect_by", "_max_idle", "sent")

    def __init__(self, budget: float, max_idle: float, clocks: Clocks) -> None:
        now = clocks.monotonic()
        self._clocks = clocks
        self._connect_by = now + budget * _CONNECT_SHARE
        self._answer_by = now + budget
        self._max_idle = max_idle
        self.sent = False
        """Whether a byte of the request was handed to the network. Never false by mistake."""

    def left_to_connect(self) -> float:
        """Seconds left to connect; raises TimeoutError when there are none."""
        return self._left(self._connect_by)

    def left(self) -> float:
        """Seconds left in all; raises TimeoutError when there are none."""
        return self._left(self._answer_by)

    def instant(self) -> tuple[float, float]:
        """Now, on both clocks."""
        return self._clocks.monotonic(), self._clocks.wall()

    def idle_too_long(self, last_used: tuple[float, float]) -> bool:
        """Whether a connection last used then may have been dropped without our being told."""
        steady, wall = (now - then for now, then in zip(self.instant(), last_used, strict=True))
        return steady > self._max_idle or wall > self._max_idle or wall < 0

    def _left(self, deadline: float) -> float:
        left = deadline - self._clocks.monotonic()
        if left <= 0:
            raise TimeoutError("the call's budget is used up")
        return left


_CALL: ContextVar[Call] = ContextVar("ml_connector_twilio_call")


@contextmanager
def on_the_wire(call: Call) -> Iterator[Call]:
    """Connections used inside the block serve `call`."""
    token = _CALL.set(call)
    try:
        yield call
    finally:
        _CALL.reset(token)


class _Answer(http.client.HTTPResponse):
    """A response whose every read is bounded by the call's budget, not by one of its own."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Bounded(sock, raw, _CALL.get()), _READ_SIZE)


class _Bounded(io.RawIOBase):
    """Reads from `raw`, the file of `sock`, while the call has time left."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, call: Call) -> None:
        self._sock, self._raw, self._call = sock, raw, call

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._call.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Connection(HTTPConnection):
    """A connection that serves the current call."""

    response_class = _Answer
    _last_used = (0.0, 0.0)

    @property
    def is_connected(self) -> bool:
        """Asked by the pool before it hands out a kept connection; a no makes it open a new one.

        A peer, or a NAT gateway on the way, may have forgotten an idle connection without our
        hearing of it, above all while the function was frozen. A POST written into such a
        connection is lost or not, nobody can say; a new connection costs a millisecond of CPU.
        """
        return super().is_connected and not _CALL.get().idle_too_long(self._last_used)

    def _new_conn(self) -> socket.socket:
        """One TCP connection: each address of the host gets its share of the time to connect.

        Name resolution itself cannot be bounded from Python; it happens before anything is sent.
        """
        call = _CALL.get()
        try:
            found = socket.getaddrinfo(self._dns_host.strip("[]"), self.port, 0, socket.SOCK_STREAM)
            last: OSError = OSError("the name has no address")
            for tried, (family, kind, protocol, _, address) in enumerate(found):
                share = call.left_to_connect() / (len(found) - tried)
                try:
                    return self._connected(family, kind, protocol, address, share)
                except OSError as error:
                    last = error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "no time left to connect") from error
        except OSError as error:
            raise NewConnectionError(self, "the name cannot be resolved") from error
        raise NewConnectionError(self, "no address accepts connections") from last

    def _connected(
        self, family: int, kind: int, protocol: int, address: Any, timeout: float
    ) -> socket.socket:
        sock = socket.socket(family, kind, protocol)
        try:
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(timeout)
            sock.connect(address)
            # The TLS handshake goes on with this timeout.
            sock.settimeout(_CALL.get().left_to_connect())
        except BaseException:
            sock.close()
            raise
        return sock

    def send(self, data: Any) -> None:
        """Every byte of a request, headers and body, leaves through here."""
        call = _CALL.get()
        if self.sock is None:
            self.connect()
        if not call.sent:
            try:
                call.left_to_connect()
            except TimeoutError as error:
                raise ConnectTimeoutError(self, "connected too late to send") from error
        call.sent = True
        self._last_used = call.instant()
        self.sock.settimeout(call.left())
        super().send(data)

    def getresponse(self) -> Any:
        """The answer's status and headers; its body follows under the same budget."""
        answer = super().getresponse()
        self._last_used = _CALL.get().instant()
        return answer


class _TlsConnection(_Connection, HTTPSConnection):
    """The same over TLS."""

    def connect(self) -> None:
        """TCP, then the handshake.

        Where the peer is gone before the handshake begins, Python's ssl skips it and hands back a
        bare socket. Nothing may be written to that.
        """
        super().connect()
        if not isinstance(self.sock, ssl.SSLSocket) or self.sock.version() is None:
            raise NewConnectionError(self, "closed before the TLS handshake")


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class WireAdapter(HTTPAdapter):
    """requests' adapter over these connections. It never retries.

    `tls` is one context for all connections. requests would read the root certificates again for
    every new one, 16 ms of CPU, and a function that sends now and then opens a new one each time.
    """

    def __init__(self, *, tls: ssl.SSLContext | None, connections: int) -> None:
        self._tls = tls
        super().__init__(pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Called by requests to make the pools."""
        if self._tls is not None:
            kwargs["ssl_context"] = self._tls
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Called by requests before each request: nothing to do, the context verifies."""


def tls_context(ca_file: str = "") -> ssl.SSLContext:
    """Verifies peer and host name; TLS 1.2 or newer; roots from `ca_file`, or requests' own."""
    context = ssl.create_default_context(cafile=ca_file or DEFAULT_CA_BUNDLE_PATH)
    context.set_alpn_protocols(["http/1.1"])
    return context
