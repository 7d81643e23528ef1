"""Not a byte of the request left us, and our HTTP client knows it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryNotSent,
)
from ml_connector.twilio.wire import Clocks
from tests.adapters.twilio_http_clients import (
    SHORT,
    Make,
    clients,
    post,
)
from tests.adapters.twilio_raw_server import (
    RawServer,
    answer,
    message,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def make() -> Iterator[Make]:
    with clients() as make:
        yield make


def test_a_refused_connection_is_not_sent(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(DeliveryNotSent):
        post(make(), f"http://127.0.0.1:{port}")


def test_a_name_that_does_not_resolve_is_not_sent(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(DeliveryNotSent, match="NewConnectionError"):
        post(make(), "http://api.twilio.invalid")


def test_a_connection_that_never_opens_is_not_sent(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(8)]
        try:
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(full.getsockname())
            with pytest.raises(DeliveryNotSent):
                post(make(), f"http://127.0.0.1:{full.getsockname()[1]}", SHORT)
        finally:
            for each in waiting:
                each.close()


def test_the_next_address_of_a_host_is_tried(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        refusing = free.getsockname()
    with RawServer([answer(201, message())]) as server:
        live = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", at) for at in (refusing, live)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
        assert post(make(), "http://api.twilio.invalid").status_code == 201


@pytest.mark.parametrize("budget", [0.0, -1.0])
def test_no_time_at_all_is_not_sent(make: Make, budget: float) -> None:
    with RawServer([answer(201, message())]) as server:
        with pytest.raises(DeliveryNotSent):
            post(make(), server.url, budget)
        assert server.requests == []


def test_time_used_up_before_connecting_is_not_sent(make: Make) -> None:
    ticks = iter(range(0, 100_000, 100))
    client = make(clocks=Clocks(monotonic=lambda: float(next(ticks))))
    with RawServer([answer(201, message())]) as server:
        with pytest.raises(DeliveryNotSent):
            post(client, server.url)
        assert server.requests == []


def test_connected_too_late_is_not_sent(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The handshake took all of the time there was for connecting: half of the budget."""
    now = [0.0]
    client = make(clocks=Clocks(monotonic=lambda: now[0]))
    connect = socket.socket.connect

    def slowly(self: socket.socket, address: Any) -> None:
        connect(self, address)
        now[0] += 6.0

    with RawServer([answer(201, message())]) as server:
        monkeypatch.setattr(socket.socket, "connect", slowly)
        with pytest.raises(DeliveryNotSent):
            post(client, server.url, 10.0)
        assert server.requests == []


def test_a_request_that_cannot_be_written_is_a_matter_of_settings(make: Make) -> None:
    with pytest.raises(DeliveryBlocked, match="TWILIO_BASE_URL"):
        post(make(), "http://")
