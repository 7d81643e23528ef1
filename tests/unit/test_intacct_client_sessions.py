"""The client: the ordinary way, dead sessions, logins."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from ml_connector.errors import (
    ConfigurationError,
    SourceAuthError,
    SourceProtocolError,
    SourceUnavailable,
)
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.ports import HttpReply
from tests.unit.intacct_stage import (
    BILLS,
    CREDENTIALS,
    ENDPOINT,
    NODE,
    Answer,
    FakeClock,
    Request,
    ScriptedGateway,
    control_failed,
    dead,
    http,
    in_turn,
    make_client,
    session,
    sign_in_failed,
    some_rows,
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


# ------------------------------------------------------------------------- the ordinary way
def test_the_first_call_logs_in_and_goes_where_the_session_is_served() -> None:
    gateway = ScriptedGateway(some_rows)
    found = make_client(gateway).call(BILLS)
    assert found.rows == [{"RECORDNO": "1", "STATE": "Submitted"}]
    assert [request.url for request in gateway.requests] == [ENDPOINT, NODE]
    assert gateway.requests[0].name == "getAPISession"
    assert gateway.requests[1].session_id == "session-1"


def test_one_login_serves_many_calls() -> None:
    gateway = ScriptedGateway(some_rows)
    client = make_client(gateway)
    for _ in range(5):
        client.call(BILLS)
    assert gateway.logins == 1
    assert (client.usage.transactions, client.usage.requests, client.usage.logins) == (5, 6, 1)


def test_every_function_has_an_id_of_its_own() -> None:
    gateway = ScriptedGateway(some_rows)
    client = make_client(gateway)
    for _ in range(3):
        client.call(BILLS)
    ids = {request.functions[0].get("controlid") for request in gateway.requests}
    assert len(ids) == 4
    assert len({request.control_id for request in gateway.requests}) == 4


def test_the_gateways_own_time_is_known_after_a_call() -> None:
    client = make_client(ScriptedGateway(some_rows))
    client.call(BILLS)
    assert client.server_time == datetime(2026, 8, 21, 12, 0, tzinfo=UTC)


def test_only_one_request_is_in_flight() -> None:
    entered = threading.Event()

    def slow(request: Request) -> HttpReply:
        entered.wait(0.01)  # room for another request to overlap, were it allowed to
        return some_rows(request)

    gateway = ScriptedGateway(slow)
    client = make_client(gateway)
    client.call(BILLS)
    threads = [threading.Thread(target=client.call, args=(BILLS,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(gateway.asked) == 9
    assert gateway.most_in_flight == 1


# ------------------------------------------------------------------------------- dead session
def test_a_dead_session_means_one_login_and_one_replay() -> None:
    gateway = ScriptedGateway(in_turn(some_rows, dead, some_rows))
    client = make_client(gateway)
    client.call(BILLS)
    assert client.call(BILLS).rows
    assert gateway.logins == 2
    assert [request.session_id for request in gateway.asked] == [
        "session-1",
        "session-1",
        "session-2",
    ]
    assert client.usage.transactions == 2, "the one turned away is not billed"


def test_a_session_refused_right_after_its_login_is_a_credentials_problem_and_no_loop() -> None:
    gateway = ScriptedGateway(dead)
    with pytest.raises(SourceAuthError, match="right after its login"):
        make_client(gateway).call(BILLS)
    assert gateway.logins == 1
    assert len(gateway.asked) == 1


def test_two_processes_whose_session_died_log_in_once_between_them(clock: FakeClock) -> None:
    store = MemorySessionStore()
    alive = {"session-1"}

    def answer(request: Request) -> HttpReply:
        return some_rows(request) if request.session_id in alive else dead(request)

    gateway = ScriptedGateway(answer)
    one, two = (make_client(gateway, store=store, clock=clock) for _ in range(2))
    one.call(BILLS)
    two.call(BILLS)
    alive.clear()
    clock.forward(seconds=1)
    alive.add("session-2")
    one.call(BILLS)
    two.call(BILLS)
    assert gateway.logins == 2


def test_a_stored_session_that_is_dead_too_is_replaced(clock: FakeClock) -> None:
    """All sessions were ended: ours, and the one another process has stored since."""
    store = MemorySessionStore()
    alive = {"session-1", "session-2"}

    def answer(request: Request) -> HttpReply:
        return some_rows(request) if request.session_id in alive else dead(request)

    gateway = ScriptedGateway(answer)
    one, two = (make_client(gateway, store=store, clock=clock) for _ in range(2))
    one.call(BILLS)
    two.call(BILLS)
    alive.discard("session-1")
    clock.forward(seconds=1)
    two.call(BILLS)
    alive.clear()
    alive.add("session-3")
    clock.forward(seconds=1)
    assert one.call(BILLS).rows
    assert gateway.logins == 3


# ------------------------------------------------------------------------------------- login
@pytest.mark.parametrize(
    "answer",
    [
        lambda request: sign_in_failed(request, "Sign-in information is incorrect"),
        lambda request: sign_in_failed(request, "Invalid Web Services Authorization"),
        lambda _: control_failed("XL03000006", "Incorrect Intacct XML Partner ID or password."),
        lambda _: control_failed("XMLGW_JPP0002", "Sign-in information is incorrect.", 400),
        lambda _: control_failed("PL04000055", "Company expired"),
    ],
)
def test_a_refused_login_is_asked_once_and_then_held_back(answer: Answer, clock: FakeClock) -> None:
    gateway = ScriptedGateway(some_rows)
    gateway.log_in = answer
    client = make_client(gateway, clock=clock)
    for _ in range(5):
        with pytest.raises(SourceAuthError):
            client.call(BILLS)
        clock.forward(minutes=2)
    assert gateway.logins == 1
    assert clock.slept == []


def test_a_login_the_gateway_could_not_answer_is_tried_again(clock: FakeClock) -> None:
    gateway = ScriptedGateway(some_rows)
    gateway.log_in = in_turn(
        http("<html>", 503), SourceUnavailable("reset"), lambda r: session(r, "session-9")
    )
    assert make_client(gateway, clock=clock).call(BILLS).rows
    assert gateway.logins == 3


@pytest.mark.parametrize(
    "endpoint",
    ["http://api.intacct.com/x", "https://intacct.com.example.com/", "https://example.com/", "x"],
)
def test_a_session_that_leads_elsewhere_is_not_used(endpoint: str) -> None:
    gateway = ScriptedGateway(some_rows)
    gateway.log_in = lambda request: session(request, "s", endpoint)
    with pytest.raises(SourceProtocolError, match=r"outside intacct\.com"):
        make_client(gateway).call(BILLS)
    assert gateway.asked == []


def test_a_login_without_an_endpoint_stays_where_it_was() -> None:
    gateway = ScriptedGateway(some_rows)
    gateway.log_in = lambda request: session(request, "s", "")
    make_client(gateway).call(BILLS)
    assert gateway.asked[0].url == ENDPOINT


def test_a_login_without_a_session_is_refused() -> None:
    gateway = ScriptedGateway(some_rows)
    gateway.log_in = lambda request: session(request, "")
    with pytest.raises(SourceProtocolError, match="without giving a session"):
        make_client(gateway).call(BILLS)


def test_a_hostile_reply_to_a_login_is_refused() -> None:
    gateway = ScriptedGateway(some_rows)
    gateway.log_in = lambda _: http('<!DOCTYPE r [<!ENTITY e "x">]><response>&e;</response>')
    with pytest.raises(SourceProtocolError, match="document type"):
        make_client(gateway).call(BILLS)


@pytest.mark.parametrize(
    ("stamps", "minutes"),
    [
        (("2026-08-21T12:00:00+00:00", "2026-08-21T12:10:00+00:00"), 10),
        (("2026-08-21T12:00:00+00:00", "2026-08-22T12:00:00+00:00"), 50),
        (("2026-08-21T04:00:00-08:00", "2026-08-21T12:20:00+00:00"), 20),
        (("2026-08-21T12:00:00+00:00", "2026-08-21T11:00:00+00:00"), 30),
        (None, 30),
    ],
)
def test_the_lifetime_is_the_difference_of_the_gateways_stamps(
    stamps: tuple[str, str] | None, minutes: int, clock: FakeClock
) -> None:
    gateway = ScriptedGateway(some_rows)
    gateway.log_in = lambda request: session(request, f"s-{gateway.logins}", NODE, stamps)
    client = make_client(gateway, clock=clock)
    client.call(BILLS)
    clock.forward(minutes=minutes, seconds=-1)
    gateway.log_in = lambda _: http("<html>", 503)  # no renewal before its end
    client.call(BILLS)
    assert gateway.asked[-1].session_id == "s-1"
    gateway.log_in = lambda request: session(request, "new", NODE, stamps)
    clock.forward(seconds=1)
    client.call(BILLS)
    assert gateway.asked[-1].session_id == "new"


def test_an_endpoint_setting_that_is_not_trusted_is_a_configuration_error() -> None:
    for endpoint, trusted in (("http://127.0.0.1/", ""), (ENDPOINT, "127.0.0.1")):
        with pytest.raises(ConfigurationError, match="INTACCT_ENDPOINT"):
            IntacctClient(
                CREDENTIALS,
                endpoint,
                trusted,
                MemorySessionStore(),
                MemoryCache(),
                http=ScriptedGateway(),
                clock=FakeClock(),
                sleep=lambda _: None,
                random=lambda: 0.5,
            )
