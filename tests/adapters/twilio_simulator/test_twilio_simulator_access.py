"""Who may open the simulated account: its token, keys of each kind, test credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from sandbox.twilio.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_KEY_SECRET,
    DEFAULT_KEY_SID,
    TEST_ACCOUNT_SID,
    TEST_AUTH_TOKEN,
)
from sandbox.twilio.simulator import TwilioSimulator, point_at
from tests.adapters.twilio_simulator.example import ANN, OURS

if TYPE_CHECKING:
    pass


def official_client(
    url: str,
    username: str = DEFAULT_ACCOUNT_SID,
    password: str = DEFAULT_AUTH_TOKEN,
    account_sid: str = DEFAULT_ACCOUNT_SID,
) -> Client:
    client = Client(username, password, account_sid)
    point_at(client, url)
    return client


def _refusal(client: Client) -> TwilioRestException:
    with pytest.raises(TwilioRestException) as caught:
        client.messages.create(to=ANN, from_=OURS, body="hi")
    return caught.value


def test_an_api_key_opens_the_account_and_a_wrong_secret_does_not(sim: TwilioSimulator) -> None:
    by_key = official_client(sim.url, DEFAULT_KEY_SID, DEFAULT_KEY_SECRET)
    assert by_key.messages.create(to=ANN, from_=OURS, body="hi").status == "queued"
    for wrong in (
        official_client(sim.url, DEFAULT_KEY_SID, "wrong"),
        official_client(sim.url, password="wrong"),  # pragma: allowlist secret
        official_client(sim.url, account_sid="AC" + "0" * 32),
    ):
        error = _refusal(wrong)
        assert (error.status, error.code) == (401, 20003)
    assert len(sim.admin.accepted()) == 1


def test_a_request_without_credentials_gets_twilios_error_body(sim: TwilioSimulator) -> None:
    address = f"{sim.url}/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
    answer = requests.get(address, timeout=5)
    assert answer.status_code == 401
    assert answer.json() == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }


def test_test_credentials_open_creates_only(sim: TwilioSimulator) -> None:
    client = official_client(sim.url, TEST_ACCOUNT_SID, TEST_AUTH_TOKEN, TEST_ACCOUNT_SID)
    created = client.messages.create(to=ANN, from_="+15005550006", body="hi")
    with pytest.raises(TwilioRestException) as caught:
        client.messages(created.sid).fetch()
    assert (caught.value.status, caught.value.code) == (403, 20008)


def test_a_restricted_key_opens_what_it_lists(sim: TwilioSimulator) -> None:
    restricted = "SK" + "1" * 32
    sim.admin.settings(
        keys={
            restricted: {"secret": "s", "kind": "restricted", "permissions": ["messages.create"]},
            DEFAULT_KEY_SID: {"secret": DEFAULT_KEY_SECRET},
        },
    )
    client = official_client(sim.url, restricted, "s")
    sid = client.messages.create(to=ANN, from_=OURS, body="hi").sid
    with pytest.raises(TwilioRestException) as caught:
        client.messages(sid).fetch()
    assert caught.value.status == 403
