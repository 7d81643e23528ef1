"""A simulated Twilio for each file, reset for each test, and the official client in front of it."""

from __future__ import annotations

import pytest
from twilio.rest import Client

from sandbox.twilio.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from sandbox.twilio.simulator import TwilioSimulator, point_at
from tests.adapters.twilio_simulator.example import FLOW


@pytest.fixture
def sim(simulator: TwilioSimulator) -> TwilioSimulator:
    simulator.admin.reset(seed=1)
    return simulator


@pytest.fixture
def client(sim: TwilioSimulator) -> Client:
    made = Client(DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)
    point_at(made, sim.url)
    return made


@pytest.fixture
def flow(client: Client) -> str:
    """The id of the published flow."""
    made = client.studio.v2.flows.create(
        friendly_name="alerts", status="published", definition=FLOW
    )
    assert made.sid is not None
    return made.sid
