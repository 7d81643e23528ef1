"""Our client against the simulated gateway, over real HTTP: sessions and logins."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from ml_connector.errors import SourceAuthError, SourceError
from ml_connector.intacct.functions import Query
from ml_connector.intacct.source import IntacctBillSource
from ml_connector.intacct.transport import RequestsTransport
from sandbox.intacct import (
    USER_ID,
)
from tests.support.gateway import WAITING, World


# --------------------------------------------------------------------------------- sessions
def test_the_session_is_used_where_it_is_served(world: World) -> None:
    world.admin.settings(node="na12")
    client = world.client()
    assert world.source(client).read_waiting_and_changed(None).complete
    assert world.admin.call("GET", "sessions")["sessions"] != []
    paths = {entry["path"] for entry in world.admin.call("GET", "sessions")["sessions"]}  # type: ignore[attr-defined]
    assert paths == {"/na12/ia/xml/xmlgw.phtml"}
    assert client.usage.logins == 1


def test_an_endpoint_elsewhere_is_refused(world: World) -> None:
    world.admin.settings(endpoint="https://gateway.example/ia/xml/xmlgw.phtml")
    with pytest.raises(SourceError, match=r"outside intacct\.com"):
        world.client().call(Query("APBILL", ("RECORDNO",)))


def test_killed_sessions_cost_one_login_for_everybody(world: World) -> None:
    sources = [world.source() for _ in range(3)]
    for source in sources:
        source.read_waiting_and_changed(None)
    assert world.admin.kill_sessions() == 1
    for source in sources:
        assert source.read_waiting_and_changed(None).complete
    assert world.admin.tally()["logins"] == 2


POLLERS = 50


@pytest.fixture
def crowd(world: World) -> Iterator[list[IntacctBillSource]]:
    """Fifty pollers, each with a connection of its own."""
    world.admin.settings(per_company=POLLERS, per_sender=POLLERS)
    world.clock.waits = True
    with ExitStack() as stack:
        wires = [stack.enter_context(RequestsTransport()) for _ in range(POLLERS)]
        yield [world.source(world.client(http=wire)) for wire in wires]


def poll_at_once(sources: list[IntacctBillSource]) -> None:
    with ThreadPoolExecutor(POLLERS) as pool:
        reads = list(pool.map(lambda source: source.read_waiting_and_changed(None), sources))
    assert all(read.complete and len(read.bills) == WAITING for read in reads)


def test_fifty_pollers_without_a_session_make_one_login(
    world: World, crowd: list[IntacctBillSource]
) -> None:
    poll_at_once(crowd)
    assert world.admin.tally()["logins"] == 1


def test_fifty_pollers_with_an_expiring_session_make_one_more(
    world: World, crowd: list[IntacctBillSource]
) -> None:
    poll_at_once(crowd)
    world.clock.forward(45 * 60)
    poll_at_once(crowd)
    assert world.admin.tally()["logins"] == 2


def test_a_wrong_password_is_tried_once(world: World) -> None:
    source = world.source(world.client(password="wrong"))
    for _ in range(5):
        with pytest.raises(SourceAuthError):
            source.read_waiting_and_changed(None)
        world.clock.forward(120)
    assert world.admin.tally()["logins_failed"] == 1


def test_a_locked_user_is_an_authentication_problem(world: World) -> None:
    world.admin.user(USER_ID, status="lockedout")
    with pytest.raises(SourceAuthError):
        world.source().read_waiting_and_changed(None)


def test_one_request_is_in_flight_per_client(world: World) -> None:
    client = world.client()
    client.call(Query("APBILL", ("RECORDNO",)))
    world.admin.reset_tally()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.call(Query("APBILL", ("RECORDNO",))), range(24)))
    assert world.admin.tally()["max_in_flight"] == 1
