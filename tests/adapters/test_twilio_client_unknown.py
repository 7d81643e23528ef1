"""Something left us: what our HTTP client makes of half an answer, or none, or any."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryError,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
)
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
    drip,
    hang_up,
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


HALVES = {
    "reset after reading": reset,
    "hung up without a word": hang_up,
    "half a status line": send(b"HTTP/1.1 20"),
    "no status line": send(b"hello\r\n\r\n"),
    "too many headers": send(b"HTTP/1.1 201 Created\r\n" + b"A: b\r\n" * 200 + b"\r\n"),
    "an endless header": send(b"HTTP/1.1 201 Created\r\nA: " + b"b" * 70_000 + b"\r\n\r\n"),
    "half a body": send(b'HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{"sid": "S'),
    "a broken chunk": send(
        b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"sid\r\nzz\r\n'
    ),
    "a missing last chunk": send(
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
    ),
    "gzip that is none": answer(201, b"{}", headers=("Content-Encoding: gzip",)),
    "text that is not UTF-8": answer(201, b'{"sid": "\xff\xfe"}'),
}


@pytest.mark.parametrize("step", HALVES.values(), ids=HALVES.keys())
def test_a_create_without_a_whole_answer_is_unknown(make: Make, step: Step) -> None:
    with RawServer([step]) as server:
        with pytest.raises(DeliveryOutcomeUnknown) as failed:
            post(make(), server.url)
        assert server.posts == 1
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None


def test_a_reset_before_the_request_is_read_is_unknown(make: Make) -> None:
    """Bytes were handed to the network: who knows where they ended."""

    def reset_unread(connection: socket.socket) -> bool:
        connection.recv(1, socket.MSG_PEEK)
        return reset(connection)

    with RawServer([hang_up], on_connect=reset_unread) as server:
        with pytest.raises(DeliveryOutcomeUnknown):
            post(make(), server.url)
        assert server.requests == []


def test_a_request_cut_off_in_the_middle_is_unknown(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(self: socket.socket, data: bytes) -> None:
        self.send(data[:10])
        self.shutdown(socket.SHUT_WR)
        raise BrokenPipeError

    with RawServer([hang_up]) as server:
        monkeypatch.setattr(socket.socket, "sendall", cut_off)
        with pytest.raises(DeliveryOutcomeUnknown):
            post(make(), server.url)
        assert server.requests == []


def test_no_answer_in_time_is_unknown(make: Make) -> None:
    with RawServer([silence]) as server:
        with pytest.raises(DeliveryOutcomeUnknown, match="Timeout"):
            post(make(), server.url, SHORT)
        assert server.posts == 1


@pytest.mark.parametrize("headers_first", [True, False])
def test_the_budget_bounds_the_whole_call_not_each_byte(
    make: Make,
    headers_first: bool,
) -> None:
    raw = b"HTTP/1.1 201 Created\r\nContent-Length: 2000\r\n\r\n" + b" " * 2000
    split = raw.index(b"\r\n\r\n") + 4 if headers_first else 0
    leave = threading.Event()

    def dripping(connection: socket.socket) -> bool:
        connection.sendall(raw[:split])
        return drip(raw[split:], leave, 0.02)(connection)

    with RawServer([dripping]) as server:
        started = time.monotonic()
        with pytest.raises(DeliveryOutcomeUnknown):
            post(make(), server.url, SHORT)
        # All of it would take 40 seconds, and no two bytes are as far apart as the budget.
        assert time.monotonic() - started < LONG
        leave.set()


# ----------------------------------------------------------------------- whole answers
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(make: Make, status: int) -> None:
    with RawServer([answer(status, headers=("Location: /elsewhere",))]) as server:
        with pytest.raises(DeliveryOutcomeUnknown):
            post(make(), server.url)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"code": 21211}, DeliveryRejected),
        (401, {"code": 20003}, DeliveryBlocked),
        (429, {"code": 20429}, DeliveryTransient),
        (500, {"code": 20500}, DeliveryOutcomeUnknown),
        (503, b"<html>", DeliveryOutcomeUnknown),
    ],
)
def test_a_create_is_tried_once_whatever_the_answer(
    make: Make, status: int, body: object, kind: type[DeliveryError]
) -> None:
    with RawServer([answer(status, body, headers=("Retry-After: 7",))]) as server:
        with pytest.raises(DeliveryError) as refused:
            post(make(), server.url)
        assert type(refused.value) is kind
        assert refused.value.retry_after == 7
        assert refused.value.http_status == status
        assert len(server.requests) == 1
