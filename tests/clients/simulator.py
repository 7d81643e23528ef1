"""`python -m sandbox.intacct` as a process that speaks TLS, and its own book of what happened."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.certificate import Files
from sandbox.intacct import AdminClient
from tools.tree import ROOT

#: The name the certificate is for, which every one of the clients has built in.
HOST = "api.intacct.com"
BILLS = 4500
_READY = "sandbox.intacct ready "
_SECONDS_TO_STOP = 20
_SECONDS_TO_ANSWER = 30


@dataclass(frozen=True, slots=True)
class Simulator:
    """A running simulator."""

    port: int
    admin: AdminClient


@contextmanager
def running(files: Files) -> Iterator[Simulator]:
    """A simulator with three pages of bills. Raises RuntimeError where it does not start."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "sandbox.intacct", "--port", "0", "--bills", str(BILLS)),
            *("--tls-cert", str(files.certificate), "--tls-key", str(files.key)),
        ],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith(_READY):
            raise RuntimeError("the simulator did not start")
        port = urlsplit(line.removeprefix(_READY).strip()).port or 0
        context = ssl.create_default_context(cafile=str(files.authority))
        yield Simulator(port, AdminClient(_Admin(port, context)))
    finally:
        process.terminate()
        try:
            process.communicate(timeout=_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@dataclass(frozen=True, slots=True)
class _Admin:
    """The admin API over TLS: the certificate is for HOST, the address is this machine's."""

    port: int
    context: ssl.SSLContext

    def __call__(
        self, method: str, path: str, query: dict[str, str], body: bytes
    ) -> tuple[int, Any]:
        connection = _Loopback(self.port, self.context)
        try:
            target = f"/_sandbox/{path}?{urlencode(query)}"
            connection.request(method, target, body, {"content-type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


class _Loopback(http.client.HTTPSConnection):
    """HTTPS by name to 127.0.0.1."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(HOST, port, context=context, timeout=_SECONDS_TO_ANSWER)
        self._trust = context

    def connect(self) -> None:
        """Not to where the name points."""
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)
