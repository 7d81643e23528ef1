"""Reads are repeated within limits; nothing private gets out, nothing foreign gets in."""

from __future__ import annotations

import logging
import socket
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryError,
    DeliveryNotSent,
    DeliveryTransient,
)
from ml_connector.twilio.http_client import ConnectorHttpClient, ReadPolicy
from ml_connector.twilio.wire import Clocks
from tests.adapters.twilio_http_clients import (
    NUMBER,
    PATH,
    SECRET,
    SHORT,
    TEXT,
    Make,
    clients,
    get,
    post,
)
from tests.adapters.twilio_raw_server import (
    RawServer,
    answer,
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


class Naps:
    """Stands in for time: sleeping is noted and moves the clock."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)
        self.now += seconds

    def clocks(self) -> Clocks:
        return Clocks(monotonic=lambda: self.now)


POLICY = ReadPolicy(attempts=4, attempt=8.0, budget=20.0, base=0.5, cap=4.0)


def reader(make: Make, naps: Naps, policy: ReadPolicy = POLICY) -> ConnectorHttpClient:
    return make(
        reads=policy, clocks=naps.clocks(), sleep=naps.sleep, draw=lambda _, longest: longest
    )


def test_a_read_is_repeated_with_growing_waits(make: Make) -> None:
    naps = Naps()
    with RawServer([answer(503), answer(429), reset, answer(200, {})]) as server:
        assert get(reader(make, naps), server.url).status_code == 200
        assert len(server.requests) == 4
    # The 429 asks for nothing, so the table's one second stands in for the same drawn wait.
    assert naps.taken == [0.5, 1.0, 2.0]


def test_waits_have_full_jitter_and_a_cap(make: Make) -> None:
    naps, drawn = Naps(), []

    def draw(shortest: float, longest: float) -> float:
        drawn.append((shortest, longest))
        return 0.0

    client = make(
        reads=replace(POLICY, attempts=6), clocks=naps.clocks(), sleep=naps.sleep, draw=draw
    )
    with RawServer([answer(503)]) as server, pytest.raises(DeliveryTransient):
        get(client, server.url)
    assert drawn == [(0.0, 0.5), (0.0, 1.0), (0.0, 2.0), (0.0, 4.0), (0.0, 4.0), (0.0, 4.0)]


def test_a_read_waits_as_long_as_it_is_told(make: Make) -> None:
    naps = Naps()
    with RawServer([answer(429, headers=("Retry-After: 7",)), answer(200, {})]) as server:
        get(reader(make, naps), server.url)
    assert naps.taken == [7.0]


def test_a_read_ends_when_it_is_told_to_wait_beyond_its_budget(make: Make) -> None:
    naps = Naps()
    with RawServer([answer(429, headers=("Retry-After: 30",))]) as server:
        with pytest.raises(DeliveryTransient) as refused:
            get(reader(make, naps), server.url)
        assert len(server.requests) == 1
    assert refused.value.retry_after == 30
    assert naps.taken == []


def test_a_read_is_given_up_after_its_attempts(make: Make) -> None:
    naps = Naps()
    with RawServer([answer(500)]) as server:
        with pytest.raises(DeliveryTransient, match="500"):
            get(reader(make, naps), server.url)
        assert len(server.requests) == 4


def test_a_read_ends_with_the_budget_the_caller_gives(make: Make) -> None:
    naps = Naps()
    with RawServer([answer(503)]) as server:
        with pytest.raises(DeliveryTransient):
            get(reader(make, naps), server.url, budget=1.0)
        assert len(server.requests) == 2
    assert naps.taken == [0.5]


def test_a_read_with_no_answer_is_tried_again(make: Make) -> None:
    naps = Naps()
    policy = replace(POLICY, attempt=SHORT)
    with RawServer([silence, answer(200, {})]) as server:
        client = make(reads=policy, sleep=naps.sleep, draw=lambda *_: 0.0)
        assert get(client, server.url).status_code == 200
        assert len(server.requests) == 2


def test_a_refused_connection_is_tried_again_by_reads(make: Make) -> None:
    naps = Naps()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(DeliveryNotSent):
        get(reader(make, naps), f"http://127.0.0.1:{port}")
    assert len(naps.taken) == 3


@pytest.mark.parametrize(
    ("status", "code", "kind"), [(404, 20404, DeliveryBlocked), (401, 20003, DeliveryBlocked)]
)
def test_a_refused_read_is_not_repeated(
    make: Make, status: int, code: int, kind: type[DeliveryError]
) -> None:
    with RawServer([answer(status, {"code": code})]) as server:
        with pytest.raises(kind) as refused:
            get(make(), server.url)
        assert refused.value.provider_code == code
        assert len(server.requests) == 1


# ----------------------------------------------------------------- nothing leaks, nothing in
def test_no_log_and_no_traceback_names_a_number_a_text_or_a_secret(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # What ships keeps it quiet, for a whole process.
    caplog.set_level(logging.DEBUG, logger="urllib3")
    naps = Naps()
    half = send(b"HTTP/1.1 200 OK\r\nContent-Le")
    refused = answer(400, {"code": 21211, "message": f"not {NUMBER}"})
    with RawServer([answer(201, message()), answer(503), half, reset, refused]) as s:
        client = reader(make, naps)
        post(client, s.url)
        for ask in (get, post, post):
            try:
                ask(client, s.url)
            except DeliveryError:
                logging.getLogger("caller").exception("it failed")
    shown = "\n".join(
        record.getMessage() + "".join(traceback.format_exception(*record.exc_info))
        if record.exc_info
        else record.getMessage()
        for record in caplog.records
    )
    assert "POST" in shown  # urllib3 did log at this level,
    assert "Failed to parse headers" in shown  # and about a read with a query
    for private in (NUMBER.strip("+"), TEXT, SECRET):
        assert private not in shown


def test_environment_proxies_and_netrc_are_not_used(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login stranger password stranger\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with RawServer([answer(200, {})]) as proxy, RawServer([answer(200, {})]) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        make().request("GET", server.url + PATH)
        assert proxy.connections == 0
        assert b"Authorization" not in server.requests[0]


def test_cookies_are_not_kept(make: Make) -> None:
    with RawServer([answer(201, message(), headers=("Set-Cookie: a=b; Path=/",))]) as server:
        client = make()
        post(client, server.url)
        post(client, server.url)
        assert b"Cookie" not in server.requests[1]
