"""Kept connections, and those that must not be used again."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from ml_connector.errors import (
    DeliveryError,
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
)
from ml_connector.twilio.wire import Clocks
from tests.adapters.twilio_http_clients import (
    LONG,
    SHORT,
    Make,
    clients,
    post,
)
from tests.adapters.twilio_raw_server import (
    RawServer,
    answer,
    message,
    once_per_connection,
    silence,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def make() -> Iterator[Make]:
    with clients() as make:
        yield make


def test_twenty_sends_use_one_connection(make: Make) -> None:
    with RawServer([answer(201, message())]) as server:
        client = make()
        for _ in range(20):
            post(client, server.url)
        assert (server.connections, server.posts) == (1, 20)


def test_a_server_that_closes_is_reconnected_to(make: Make) -> None:
    with RawServer([answer(201, message(), keep=False)]) as server:
        client = make()
        assert [post(client, server.url).status_code for _ in range(2)] == [201, 201]
        assert server.connections == 2


def test_a_server_that_hangs_up_between_calls_is_reconnected_to(make: Make) -> None:
    def answer_and_leave(connection: socket.socket) -> bool:
        answer(201, message())(connection)
        return False

    with RawServer([answer_and_leave]) as server:
        client = make()
        for _ in range(2):
            assert post(client, server.url).status_code == 201
            server.wait_until_hung_up()
        assert server.connections == 2


@pytest.mark.parametrize(
    ("steady", "wall"),
    [(3.5, 3.5), (3.5, 0.0), (0.0, 3600.0), (0.0, -1.0)],
    ids=["idle", "wall clock stood still", "frozen: steady clock stood still", "clock set back"],
)
def test_a_connection_idle_for_too_long_is_not_used_again(
    make: Make, steady: float, wall: float
) -> None:
    now = [1000.0, 5000.0]
    client = make(max_idle=3.0, clocks=Clocks(lambda: now[0], lambda: now[1]))
    with RawServer([once_per_connection(answer(201, message()))]) as server:
        post(client, server.url)
        now[0] += steady
        now[1] += wall
        assert post(client, server.url).status_code == 201
        assert server.connections == 2


def test_used_again_it_would_have_left_the_outcome_unknown(make: Make) -> None:
    """The control of the test above: a forgotten connection, used after a short while."""
    now = [1000.0, 5000.0]
    client = make(max_idle=3.0, clocks=Clocks(lambda: now[0], lambda: now[1]))
    with RawServer([once_per_connection(answer(201, message()))]) as server:
        post(client, server.url)
        now[:] = [1002.0, 5002.0]
        with pytest.raises(DeliveryOutcomeUnknown):
            post(client, server.url)
        assert server.connections == 1


def test_threads_do_not_see_each_others_calls(make: Make) -> None:
    """One waits for an answer that never comes while others send; each gets its own outcome."""
    client = make()
    outcomes: dict[str, object] = {}

    def slow() -> None:
        try:
            post(client, silent.url, SHORT)
        except DeliveryError as error:
            outcomes["slow"] = type(error)

    def refused() -> None:
        try:
            post(client, f"http://127.0.0.1:{port}")
        except DeliveryError as error:
            outcomes["refused"] = type(error)

    def fine() -> None:
        outcomes["fine"] = post(client, server.url).status_code

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with RawServer([silence]) as silent, RawServer([answer(201, message())]) as server:
        threads = [threading.Thread(target=each) for each in (slow, refused, fine)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(LONG)
    assert outcomes == {"slow": DeliveryOutcomeUnknown, "refused": DeliveryNotSent, "fine": 201}
