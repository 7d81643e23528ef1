"""What our transport makes of every way a connection to the gateway can go wrong."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
from collections.abc import Iterator

import pytest

from ml_connector.errors import SourceError, SourceProtocolError, SourceUnavailable
from ml_connector.intacct.errors import GatewayUnreachable
from ml_connector.intacct.transport import RequestsTransport
from tests.adapters.twilio_raw_server import (
    RawServer,
    Step,
    answer,
    drip,
    hang_up,
    reset,
    send,
    silence,
)

MEGABYTE = 1024 * 1024
SHORT = 0.3
"""Seconds a test waits where it waits for a time-out; none depends on finishing early."""
LONG = 20.0
REPLY = "<response>Zoë</response>".encode()
XML = ("Content-Type: application/xml",)
SECRET = b"<request>user-pass-word</request>"


@pytest.fixture
def transport() -> Iterator[RequestsTransport]:
    with RequestsTransport() as made:
        yield made


def good(body: bytes = REPLY, status: int = 200, *headers: str) -> Step:
    return answer(status, body, headers=(*XML, *headers))


def ask(transport: RequestsTransport, server: RawServer, seconds: float = LONG) -> bytes:
    url = f"{server.url}/ia/xml/xmlgw.phtml"
    return transport.post(url, SECRET, seconds=seconds, limit=MEGABYTE).body


def test_the_body_comes_back_as_bytes_whatever_the_charset(transport: RequestsTransport) -> None:
    with RawServer([answer(200, REPLY, headers=("Content-Type: text/xml",))]) as server:
        assert ask(transport, server) == REPLY
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == SECRET
    assert head.startswith(b"POST /ia/xml/xmlgw.phtml HTTP/1.1\r\n")
    assert b"content-type: application/xml" in head.lower()
    assert b"pass" not in head


def test_status_and_headers_are_handed_on(transport: RequestsTransport) -> None:
    with RawServer([good(REPLY, 429, "Retry-After: 7")]) as server:
        found = transport.post(server.url, SECRET, seconds=LONG, limit=MEGABYTE)
    assert found.status == 429
    assert found.headers["retry-after"] == "7"


def test_one_connection_serves_many_requests(transport: RequestsTransport) -> None:
    with RawServer([good()]) as server:
        for _ in range(5):
            ask(transport, server)
        assert server.connections == 1


def test_a_connection_closed_while_idle_is_replaced(transport: RequestsTransport) -> None:
    with RawServer([send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), good()]) as server:
        assert ask(transport, server) == b"ok"
        server.wait_until_hung_up()
        assert ask(transport, server) == REPLY
        assert server.connections == 2


def test_redirects_are_not_followed(transport: RequestsTransport) -> None:
    with RawServer([good()]) as elsewhere:
        location = f"Location: {elsewhere.url}/"
        for status in (301, 302, 303, 307, 308):
            with RawServer([good(b"", status, location)]) as server:
                found = transport.post(server.url, SECRET, seconds=LONG, limit=MEGABYTE)
                assert found.status == status
        assert elsewhere.requests == []


def test_cookies_are_not_sent_back(transport: RequestsTransport) -> None:
    with RawServer([good(REPLY, 200, "Set-Cookie: session=abc; Path=/")]) as server:
        ask(transport, server)
        ask(transport, server)
        assert b"cookie" not in server.requests[1].lower()


def test_the_environment_may_not_redirect_or_decorate(
    transport: RequestsTransport, monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    netrc = tmp_path / "netrc"  # type: ignore[operator]
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with RawServer([good()]) as server:
        assert ask(transport, server) == REPLY
        assert b"authorization" not in server.requests[0].lower()


def test_a_proxy_that_was_asked_for_is_used() -> None:
    with RawServer([good()]) as proxy, RequestsTransport(proxy=proxy.url) as transport:
        url = "http://gateway.example/ia"
        assert transport.post(url, SECRET, seconds=LONG, limit=MEGABYTE).body == REPLY
        assert proxy.requests[0].startswith(b"POST http://gateway.example/ia ")


# --------------------------------------------------------------------------- not even sent
def test_a_closed_port_means_nothing_was_sent(transport: RequestsTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(GatewayUnreachable, match="could not be reached"):
        transport.post(f"http://127.0.0.1:{port}/", SECRET, seconds=LONG, limit=MEGABYTE)


def test_no_tls_where_tls_was_asked_for_means_nothing_was_sent(
    transport: RequestsTransport,
) -> None:
    plain = send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    with RawServer([good()], on_connect=plain) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(GatewayUnreachable, match="could not be reached"):
            transport.post(url, SECRET, seconds=LONG, limit=MEGABYTE)
        assert server.requests == []


# ------------------------------------------------------------------------------ broken off
BROKEN: dict[str, Step] = {
    "reset at once": reset,
    "closed at once": hang_up,
    "not HTTP": send(b"SSH-2.0-OpenSSH\r\n"),
    "body cut": send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<response>"),
    "chunk cut": send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n<response>"),
    "no gzip": send(
        # Whole, so the connection would be kept, and the server ends it at a moment of its own.
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n<response>"
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_reply_that_breaks_off_can_be_asked_for_again(
    how: str, transport: RequestsTransport
) -> None:
    with RawServer([BROKEN[how], good()]) as server:
        with pytest.raises(SourceUnavailable, match="did not answer in full") as caught:
            ask(transport, server)
        assert not isinstance(caught.value, GatewayUnreachable)
        assert ask(transport, server) == REPLY


def test_silence_ends_with_the_time_given(transport: RequestsTransport) -> None:
    with (
        RawServer([silence]) as server,
        pytest.raises(SourceUnavailable, match="did not answer in full"),
    ):
        ask(transport, server, SHORT)


def test_a_reply_that_drips_in_ends_with_the_time_given(transport: RequestsTransport) -> None:
    """Every byte comes in time; together they would take hours."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    gap = threading.Event()
    with RawServer([drip(head + b"1\r\nx\r\n" * 100_000, gap, 0.002)]) as server:
        with pytest.raises(SourceUnavailable, match="took too long"):
            ask(transport, server, SHORT)
        gap.set()


# --------------------------------------------------------------------------------- too large
def test_a_reply_of_the_size_allowed_is_read_and_a_larger_one_is_not(
    transport: RequestsTransport,
) -> None:
    with RawServer([good(b"x" * MEGABYTE), good(b"x" * (MEGABYTE + 1)), good()]) as server:
        assert len(ask(transport, server)) == MEGABYTE
        with pytest.raises(SourceProtocolError, match="larger than"):
            ask(transport, server)
        assert ask(transport, server) == REPLY


def test_compressed_replies_are_read_and_measured_unpacked(transport: RequestsTransport) -> None:
    packed = "Content-Encoding: gzip"
    bomb = gzip.compress(b"\0" * (64 * MEGABYTE))
    assert len(bomb) < MEGABYTE
    with RawServer([good(gzip.compress(REPLY), 200, packed), good(bomb, 200, packed)]) as server:
        assert ask(transport, server) == REPLY
        with pytest.raises(SourceProtocolError, match="larger than"):
            ask(transport, server)


def test_nothing_of_a_request_is_logged_and_no_error_repeats_it(
    transport: RequestsTransport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # What ships keeps it quiet, for a whole process.
    caplog.set_level(logging.DEBUG, logger="urllib3")
    with RawServer([good(), reset]) as server:
        ask(transport, server)
        with pytest.raises(SourceError) as caught:
            ask(transport, server)
    assert caplog.records, "urllib3 does log"
    shown = [record.getMessage() for record in caplog.records]
    error: BaseException | None = caught.value
    while error is not None:
        shown += [str(error), repr(error)]
        error = error.__cause__
    assert not any("pass-word" in text for text in shown)
