"""Replies without end, over loopback HTTP: the client stops reading at its size limit."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from ml_connector.errors import SourceUnavailable
from ml_connector.intacct.client import ClientOptions
from ml_connector.intacct.parser import parse
from ml_connector.intacct.transport import RequestsTransport

PIECE = b"<a>" * (1024 * 1024)
PIECES = 1024**3 // len(PIECE)


def plain() -> Iterator[bytes]:
    """A gibibyte of nesting."""
    for _ in range(PIECES):
        yield PIECE


def packed() -> Iterator[bytes]:
    """The same, as gzip packs it: a megabyte. Members of such a stream simply follow each other."""
    member = gzip.compress(PIECE, 9)
    for _ in range(PIECES):
        yield member


#: Name → content encoding, and what is sent.
STREAMS: Mapping[str, tuple[str, Callable[[], Iterator[bytes]]]] = {
    "a gibibyte of nesting": ("identity", plain),
    "a gibibyte of nesting, packed": ("gzip", packed),
}


def receive(stream: tuple[str, Callable[[], Iterator[bytes]]]) -> None:
    """Read and parse it as the client does. Raises SourceProtocolError where that refuses it.

    Raises ConnectionError where the stream broke off, for then nothing was tried.
    """
    with _serving(stream) as url, RequestsTransport() as transport:
        try:
            reply = transport.post(url, b"", seconds=60, limit=ClientOptions().size_limit)
        except SourceUnavailable as error:
            raise ConnectionError("the stream broke off") from error
    parse(reply.body)


@contextmanager
def _serving(stream: tuple[str, Callable[[], Iterator[bytes]]]) -> Iterator[str]:
    encoding, pieces = stream

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Encoding", encoding)
            self.end_headers()
            # The client hangs up when it has had enough.
            with suppress(OSError):
                for piece in pieces():
                    self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.handle_request, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        thread.join(10)
