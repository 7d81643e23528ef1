"""TLS: who is trusted, and which failures happen before a byte of the request leaves us."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_connector.errors import (
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
)
from ml_connector.twilio.http_client import ConnectorHttpClient
from ml_connector.twilio.wire import Clocks
from sandbox.certificate import Files
from sandbox.certificate import make as certified
from tests.adapters.twilio_http_clients import (
    LONG,
    SHORT,
    Make,
    clients,
    post,
)
from tests.adapters.twilio_raw_server import (
    RawServer,
    Step,
    answer,
    hang_up,
    message,
    reset,
    send,
    silence,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def make() -> Iterator[Make]:
    with clients() as make:
        yield make


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A certificate for this machine, and who vouches for it."""
    return certified(tmp_path_factory.mktemp("certificates"), "127.0.0.1")


def shown(files: Files) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    return context


def trusting(make: Make, files: Files) -> ConnectorHttpClient:
    return make(tls=True, ca_file=str(files.authority))


def test_a_trusted_certificate_is_accepted_and_the_connection_kept(make: Make, ours: Files) -> None:
    with RawServer([answer(201, message())], tls=shown(ours)) as server:
        client = trusting(make, ours)
        assert [post(client, server.url).status_code for _ in range(3)] == [201, 201, 201]
        assert (server.connections, server.posts) == (1, 3)


def test_root_certificates_are_read_once_for_all_connections(
    make: Make, ours: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = trusting(make, ours)

    def again(*_: object, **__: object) -> None:
        raise AssertionError("the root certificates are read again")

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", again)
    with RawServer([answer(201, message(), keep=False)], tls=shown(ours)) as s:
        assert [post(client, s.url).status_code for _ in range(2)] == [201, 201]
        assert s.connections == 2


def test_an_untrusted_certificate_is_not_sent_anything(make: Make, ours: Files) -> None:
    with RawServer([answer(201, message())], tls=shown(ours)) as server:
        with pytest.raises(DeliveryNotSent, match="CertVerification"):
            post(make(tls=True), server.url)
        assert server.requests == []


def test_a_certificate_for_another_host_is_not_sent_anything(make: Make, tmp_path: Path) -> None:
    another = certified(tmp_path, "127.0.0.2")
    with RawServer([answer(201, message())], tls=shown(another)) as server:
        with pytest.raises(DeliveryNotSent):
            post(trusting(make, another), server.url)
        assert server.requests == []


@pytest.mark.parametrize("step", [reset, hang_up, send(b"HTTP/1.1 400 Bad\r\n\r\n")])
def test_a_handshake_that_fails_is_not_sent(make: Make, ours: Files, step: Step) -> None:
    def after_the_hello(connection: socket.socket) -> bool:
        connection.recv(65_536)
        return step(connection)

    with RawServer([hang_up], on_connect=after_the_hello) as server:
        with pytest.raises(DeliveryNotSent):
            post(trusting(make, ours), server.url.replace("http:", "https:"))
        assert server.requests == []


def test_a_handshake_that_never_ends_is_not_sent(make: Make, ours: Files) -> None:
    with RawServer([hang_up], on_connect=silence) as server, pytest.raises(DeliveryNotSent):
        post(trusting(make, ours), server.url.replace("http:", "https:"), SHORT)


def test_a_peer_gone_before_the_handshake_is_not_sent_plain_text(
    make: Make, ours: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []
    left = threading.Event()

    def listen(connection: socket.socket) -> bool:
        while data := connection.recv(65_536):
            heard.append(data)
        left.set()
        return False

    def gone(*_: object) -> None:
        raise OSError(errno.ENOTCONN, "not connected")

    with RawServer([hang_up], on_connect=listen) as server:
        # What ssl asks to find out whether there is anybody to shake hands with.
        monkeypatch.setattr(ssl.SSLSocket, "getpeername", gone)
        monkeypatch.setattr(ssl.SSLSocket, "recv", gone)
        with pytest.raises(DeliveryNotSent):
            post(trusting(make, ours), server.url.replace("http:", "https:"))
        assert left.wait(LONG)
    assert heard == []


def test_a_handshake_that_takes_too_long_is_not_sent(
    make: Make, ours: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It succeeds, but leaves less than half of the budget for the answer."""
    now = [0.0]
    handshake = ssl.SSLSocket.do_handshake

    def slowly(self: ssl.SSLSocket, *, block: bool = False) -> None:
        handshake(self, block)
        now[0] += 0.0 if self.server_side else 6.0

    client = make(
        tls=True,
        ca_file=str(ours.authority),
        clocks=Clocks(monotonic=lambda: now[0]),
    )
    with RawServer([answer(201, message())], tls=shown(ours)) as server:
        monkeypatch.setattr(ssl.SSLSocket, "do_handshake", slowly)
        with pytest.raises(DeliveryNotSent):
            post(client, server.url, 10.0)
        assert server.requests == []


def test_a_reset_after_the_handshake_is_unknown(make: Make, ours: Files) -> None:
    with RawServer([reset], tls=shown(ours)) as server:
        with pytest.raises(DeliveryOutcomeUnknown):
            post(trusting(make, ours), server.url)
        assert server.posts == 1
