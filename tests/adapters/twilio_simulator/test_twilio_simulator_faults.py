"""What goes wrong on request, seen through the official client and through plain HTTP."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from sandbox.twilio.admin import NotSeen, SandboxError
from sandbox.twilio.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
)
from sandbox.twilio.simulator import TwilioSimulator, point_at
from tests.adapters.twilio_simulator.example import ANN, BEN, OURS, OVER

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def client(sim: TwilioSimulator) -> Iterator[Client]:
    http = TwilioHttpClient(timeout=5)
    made = Client(DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, http_client=http)
    point_at(made, sim.url)
    yield made
    http.session.close()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.auth = (DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)
        yield opened


def _send(client: Client, to: str = ANN) -> str | None:
    return client.messages.create(to=to, from_=OURS, body="Bill 4711").sid


def _messages(sim: TwilioSimulator) -> str:
    return f"{sim.url}/2010-04-01/Accounts/{DEFAULT_ACCOUNT_SID}/Messages.json"


def _form(to: str = ANN) -> dict[str, str]:
    return {"To": to, "From": OURS, "Body": "Bill 4711"}


def test_429_carries_retry_after_and_accepts_nothing(
    sim: TwilioSimulator, session: requests.Session
) -> None:
    fault = sim.admin.fault("rate_limited", endpoint="messages.create", retry_after=7)
    answer = session.post(_messages(sim), data=_form(), timeout=5)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["code"] == 20429
    assert sim.admin.accepted() == []
    assert session.post(_messages(sim), data=_form(), timeout=5).status_code == 201
    assert fault.fired == 1


def test_429_may_come_without_retry_after(sim: TwilioSimulator, session: requests.Session) -> None:
    sim.admin.fault("rate_limited", retry_after=None)
    assert "Retry-After" not in session.get(_messages(sim), timeout=5).headers


def test_the_official_client_sees_429_as_its_own_exception(
    sim: TwilioSimulator, client: Client
) -> None:
    sim.admin.fault("rate_limited", retry_after=3)
    with pytest.raises(TwilioRestException) as caught:
        _send(client)
    assert (caught.value.status, caught.value.code) == (429, 20429)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_before_accepting_leaves_nothing_behind(
    sim: TwilioSimulator, client: Client, status: int
) -> None:
    sim.admin.fault("error_before", status=status)
    with pytest.raises(TwilioRestException) as caught:
        _send(client)
    assert caught.value.status == status
    assert sim.admin.accepted() == []


def test_a_server_error_after_accepting_leaves_one_message(
    sim: TwilioSimulator, client: Client
) -> None:
    sim.admin.fault("error_after", endpoint="messages.create", status=500)
    with pytest.raises(TwilioRestException) as caught:
        _send(client)
    assert (caught.value.status, caught.value.code) == (500, 20500)
    assert [each.recipient for each in sim.admin.accepted()] == [ANN]
    sim.admin.forward(OVER)
    sim.admin.phone(ANN).expect_sms("4711", within=0)
    assert [message.status for message in client.messages.list(to=ANN)] == ["delivered"]


@pytest.mark.parametrize(("kind", "accepted"), [("reset_before", 0), ("reset_after", 1)])
def test_a_reset_reaches_the_client_as_a_broken_connection(
    sim: TwilioSimulator, session: requests.Session, kind: str, accepted: int
) -> None:
    fault = sim.admin.fault(kind, method="POST")
    with pytest.raises(requests.ConnectionError):
        session.post(_messages(sim), data=_form(), timeout=5)
    assert len(sim.admin.accepted()) == accepted
    logged = sim.admin.requests()[-1]
    assert (logged.status, logged.faults) == (None, (fault.id,))


def test_a_held_request_counts_as_accepted_although_the_client_went_away(
    sim: TwilioSimulator, session: requests.Session
) -> None:
    sim.admin.fault("hold", endpoint="messages.create", seconds=30)
    with pytest.raises(requests.ReadTimeout):
        session.post(_messages(sim), data=_form(), timeout=(5, 0.05))
    assert len(sim.admin.accepted()) == 1
    sim.admin.forward(OVER)
    sim.admin.phone(ANN).expect_sms("4711", within=0)


def test_others_are_served_while_one_request_is_held(
    sim: TwilioSimulator, client: Client, session: requests.Session
) -> None:
    sim.admin.fault("hold", recipient=ANN, seconds=30)
    address = _messages(sim)

    def held() -> None:
        with pytest.raises(requests.ReadTimeout):
            session.post(address, data=_form(), timeout=(5, 0.2))

    waiting = threading.Thread(target=held)
    waiting.start()
    assert _send(client, to=BEN)
    waiting.join()
    assert {each.recipient for each in sim.admin.accepted()} == {ANN, BEN}


def test_a_request_may_be_accepted_after_the_client_gave_up(
    sim: TwilioSimulator, session: requests.Session
) -> None:
    sim.admin.fault("accept_late", seconds=0.1)
    with pytest.raises(requests.ReadTimeout):
        session.post(_messages(sim), data=_form(), timeout=(5, 0.02))
    assert sim.admin.accepted() == []
    deadline = time.monotonic() + 5
    while not sim.admin.accepted() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(sim.admin.accepted()) == 1


def test_an_accepted_message_can_be_listed_late_though_it_can_be_fetched(
    sim: TwilioSimulator, client: Client
) -> None:
    sim.admin.fault("list_delay", recipient=ANN, seconds=120)
    hidden = _send(client)
    shown = _send(client, to=BEN)
    assert [message.sid for message in client.messages.list()] == [shown]
    assert client.messages(hidden).fetch().to == ANN
    assert {each.sid for each in sim.admin.accepted()} == {hidden, shown}
    sim.admin.forward(119)
    assert client.messages.list(to=ANN) == []
    sim.admin.forward(2)
    assert [message.sid for message in client.messages.list(to=ANN)] == [hidden]


def test_an_idle_connection_is_closed_under_the_next_request(
    sim: TwilioSimulator, session: requests.Session
) -> None:
    fault = sim.admin.fault("close_idle", seconds=60)
    assert session.post(_messages(sim), data=_form(), timeout=5).status_code == 201
    sim.admin.forward(59)
    assert session.get(_messages(sim), timeout=5).status_code == 200
    sim.admin.forward(61)
    with pytest.raises(requests.ConnectionError):
        session.post(_messages(sim), data=_form(), timeout=5)
    assert len(sim.admin.accepted()) == 1
    assert fault.fired == 1


def test_a_suspended_account_is_refused_and_loses_what_was_queued(
    sim: TwilioSimulator, client: Client
) -> None:
    queued = _send(client)
    fault = sim.admin.fault("suspended", count=None)
    with pytest.raises(TwilioRestException) as caught:
        _send(client)
    assert (caught.value.status, caught.value.code) == (401, 20003)
    sim.admin.forward(OVER)
    fault.lift()
    message = client.messages(queued).fetch()
    assert (message.status, message.error_code) == ("failed", 30002)


def test_another_code_of_a_suspended_account_can_be_asked_for(
    sim: TwilioSimulator, client: Client
) -> None:
    sim.admin.fault("suspended", code=20005)
    with pytest.raises(TwilioRestException) as caught:
        _send(client)
    assert (caught.value.status, caught.value.code) == (403, 20005)


def test_credentials_can_stop_working(sim: TwilioSimulator, client: Client) -> None:
    sim.admin.fault("bad_auth")
    with pytest.raises(TwilioRestException) as caught:
        _send(client)
    assert (caught.value.status, caught.value.code) == (401, 20003)
    assert _send(client)


def test_any_code_can_be_refused_with(sim: TwilioSimulator, client: Client) -> None:
    sim.admin.fault("refuse", code=21408, recipient=ANN)
    assert _send(client, to=BEN)
    with pytest.raises(TwilioRestException) as caught:
        _send(client)
    assert (caught.value.status, caught.value.code) == (400, 21408)


def test_a_fault_strikes_as_often_as_told_and_only_what_it_matches(
    sim: TwilioSimulator, session: requests.Session
) -> None:
    fault = sim.admin.fault(
        "error_before", method="post", endpoint="messages.create", recipient=ANN, count=2, skip=1
    )
    address = _messages(sim)
    assert session.get(address, params={"To": ANN}, timeout=5).status_code == 200
    assert session.post(address, data=_form(BEN), timeout=5).status_code == 201
    statuses = [session.post(address, data=_form(), timeout=5).status_code for _ in range(4)]
    assert statuses == [201, 500, 500, 201]
    assert fault.fired == 2
    strikes = [(each["kind"], each["endpoint"], each["recipient"]) for each in sim.admin.firings()]
    assert strikes == [("error_before", "messages.create", ANN)] * 2


def test_the_dice_of_a_fault_follow_the_seed(
    sim: TwilioSimulator, session: requests.Session
) -> None:
    def run(seed: int) -> list[int]:
        sim.admin.reset(seed=seed)
        sim.admin.fault("rate_limited", probability=0.5, count=None)
        return [session.get(_messages(sim), timeout=5).status_code for _ in range(20)]

    first = run(7)
    assert set(first) == {200, 429}
    assert run(7) == first
    assert run(8) != first


def test_one_can_wait_for_a_fault_to_strike(sim: TwilioSimulator, client: Client) -> None:
    fault = sim.admin.fault("bad_auth")
    with pytest.raises(NotSeen, match="struck 0 times, not 1"):
        fault.expect_fired(within=0)
    with pytest.raises(TwilioRestException):
        _send(client)
    fault.expect_fired(within=0)


def test_faults_can_be_lifted(sim: TwilioSimulator, client: Client) -> None:
    fault = sim.admin.fault("bad_auth", count=None)
    fault.lift()
    sim.admin.fault("bad_auth", count=None)
    sim.admin.clear_faults()
    assert _send(client)


def test_what_is_refused_for_its_content_spends_no_fault_of_acceptance(
    sim: TwilioSimulator, session: requests.Session
) -> None:
    fault = sim.admin.fault("error_after")
    assert session.post(_messages(sim), data=_form("nobody"), timeout=5).status_code == 400
    assert fault.fired == 0


def test_segments_wait_for_the_rate_of_the_sender(sim: TwilioSimulator, client: Client) -> None:
    sim.admin.settings(segments_per_second=1)
    try:
        for _ in range(3):
            _send(client)
        sim.admin.forward(1.0)
        assert len(sim.admin.phone(ANN).inbox()) == 1
        sim.admin.forward(2.0)
    finally:
        sim.admin.settings(segments_per_second=0)
    assert len(sim.admin.phone(ANN).inbox()) == 3


def test_the_request_log_tells_what_came_and_holds_no_credentials(
    sim: TwilioSimulator, client: Client
) -> None:
    _send(client)
    logged = sim.admin.requests()
    assert [(each.method, each.endpoint, each.status) for each in logged] == [
        ("POST", "messages.create", 201)
    ]
    raw = requests.get(f"{sim.url}/_sandbox/requests", timeout=5).text
    assert DEFAULT_AUTH_TOKEN not in raw
    assert "Basic" not in raw
    assert sim.admin.requests(since=logged[-1].seq) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "reason"),
    [
        ("POST", "faults", {"kind": "earthquake"}, "unknown fault 'earthquake'"),
        ("POST", "faults", {"kind": "hold", "secnods": 3}, "unknown: secnods"),
        ("POST", "faults", {"kind": "hold", "probability": 2}, "between 0 and 1"),
        ("POST", "faults", {}, "kind must be a text"),
        ("PUT", f"phones/{ANN}", {"behaviour": "angry"}, "unknown behaviour 'angry'"),
        ("PUT", f"phones/{ANN}", {"keys": ["x"]}, "keys must be made of"),
        ("PUT", f"phones/{ANN}", {"sms_outcome": {"status": "eaten"}}, "sms_outcome.status"),
        ("PUT", "phones/ann", {}, "not a phone number"),
        ("POST", f"phones/{ANN}/reply", {"body": "1"}, "nobody to reply to"),
        ("POST", "clock", {"forward_seconds": -1}, "0 or more"),
        ("PUT", "settings", {"timings": {"lunch": 1}}, "unknown timing 'lunch'"),
        ("GET", "accepted?since=x", {}, "whole number"),
        ("DELETE", "faults/fault-99", {}, "no such fault"),
    ],
)
def test_the_admin_api_names_what_it_cannot_mean(
    sim: TwilioSimulator, method: str, path: str, body: dict[str, object], reason: str
) -> None:
    with pytest.raises(SandboxError, match=reason):
        sim.admin.call(method, path, body)
