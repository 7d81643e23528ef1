"""A server on a loopback socket that misbehaves to the byte, for tests of the Twilio client.

It reads a request, counts it, and hands the socket to the next step of its script; the last step
repeats. A step returns whether the connection stays open.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

ACCOUNT = "AC" + "0" * 32
SID = "SM" + "1" * 32
CREATED = "Mon, 30 Nov 2026 12:00:00 +0000"

Step = Callable[[socket.socket], bool]


def message(**changes: object) -> dict[str, object]:
    """A Message resource as Twilio answers a create."""
    return {
        "sid": SID,
        "account_sid": ACCOUNT,
        "to": "+15550100123",
        "from": "+15550100100",
        "body": "Acme AP: a bill is waiting for approval in Intacct. Ref K7F2",
        "status": "queued",
        "direction": "outbound-api",
        "date_created": CREATED,
        "date_sent": None,
        "date_updated": CREATED,
        "error_code": None,
        "error_message": None,
        "num_segments": "1",
        "num_media": "0",
        "price": None,
        "price_unit": None,
        "messaging_service_sid": None,
        **changes,
    }


def answer(
    status: int = 201,
    body: bytes | object = b"",
    *,
    keep: bool = True,
    headers: tuple[str, ...] = (),
) -> Step:
    """Answer with a body; an object that is not bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(content)}"]
    if not any(line.lower().startswith("content-type") for line in headers):
        head.append("Content-Type: application/json")
    head += [] if keep else ["Connection: close"]
    return send("\r\n".join([*head, *headers, "", ""]).encode() + content, keep=keep)


def send(raw: bytes, *, keep: bool = False) -> Step:
    """Answer with exactly these bytes, then close unless `keep`."""

    def step(connection: socket.socket) -> bool:
        connection.sendall(raw)
        return keep

    return step


def reset(connection: socket.socket) -> bool:
    """End with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def hang_up(_: socket.socket) -> bool:
    """End without a word."""
    return False


def once_per_connection(step: Step) -> Step:
    """Take the step for the first request of each connection and reset at the second.

    To a client that is what a gateway looks like that has forgotten the connection in between.
    """
    served: set[socket.socket] = set()

    def forgetful(connection: socket.socket) -> bool:
        if connection in served:
            return reset(connection)
        served.add(connection)
        return step(connection)

    return forgetful


def silence(connection: socket.socket) -> bool:
    """Listen and never answer, until the client leaves."""
    with contextlib.suppress(OSError):
        while connection.recv(65_536):
            pass
    return False


def drip(raw: bytes, gap: threading.Event, seconds: float) -> Step:
    """Send one byte every `seconds` until the client leaves."""

    def step(connection: socket.socket) -> bool:
        with contextlib.suppress(OSError):
            for byte in raw:
                connection.sendall(bytes([byte]))
                if gap.wait(seconds):
                    break
        return False

    return step


@dataclass
class RawServer:
    """`with RawServer(step, step, ...) as server:`; `url`, `connections`, `requests`."""

    script: list[Step] = field(default_factory=list)
    on_connect: Step | None = None
    tls: ssl.SSLContext | None = None
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._lock, self._spawning = threading.Lock(), threading.Lock()
        scheme = "https" if self.tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            for each in (self._listener, *self._open):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
        self._join()

    def wait_until_hung_up(self) -> None:
        """Return when every connection that had an answer is closed at this end."""
        self._join(but_first=True)

    @property
    def posts(self) -> int:
        """How many creates arrived whole."""
        return sum(request.startswith(b"POST ") for request in self.requests)

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        with self._spawning:
            thread.start()
            self._threads.append(thread)

    def _join(self, *, but_first: bool = False) -> None:
        with self._spawning:
            threads = self._threads[but_first:]
        for thread in threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.append(connection)
            self.connections += 1
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self.on_connect is not None and not self.on_connect(connection):
                connection.close()
                return
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._open.append(connection)
            while (request := _read_request(connection)) is not None:
                self.requests.append(request)
                step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                if not step(connection):
                    break
        with contextlib.suppress(OSError):
            connection.close()


def _read_request(connection: socket.socket) -> bytes | None:
    raw = b""
    while b"\r\n\r\n" not in raw:
        more = connection.recv(65_536)
        if not more:
            return None
        raw += more
    head, _, body = raw.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        more = connection.recv(65_536)
        if not more:
            return None
        body += more
    return head + b"\r\n\r\n" + body
