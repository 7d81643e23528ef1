"""A key that Twilio refuses is looked up once more before anybody is told that sending is over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ml_connector.errors import DeliveryBlocked
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import TwilioCredentials
from ml_connector.twilio.endpoints import Endpoints
from sandbox.twilio.settings import DEFAULT_ACCOUNT_SID
from sandbox.twilio.simulator import TwilioSimulator

OURS, ANN = "+15550100000", "+15550100001"
OLD, NEW = (
    TwilioCredentials(DEFAULT_ACCOUNT_SID, "SK" + pair * 16, f"secret {pair}")
    for pair in ("0a", "0b")
)


class Stored:
    """What the secret says, and how often it was asked."""

    def __init__(self, credentials: TwilioCredentials | None = OLD) -> None:
        self.credentials = credentials
        self.asked = 0

    def __call__(self) -> TwilioCredentials | None:
        self.asked += 1
        return self.credentials


@pytest.fixture
def stored() -> Stored:
    return Stored()


@pytest.fixture
def connection(simulator: TwilioSimulator, stored: Stored) -> Iterator[TwilioConnection]:
    simulator.admin.reset(seed=1)
    accept(simulator, OLD)
    made = TwilioConnection(OLD, Endpoints(simulator.url), renewed=stored)
    yield made
    made.close()


def accept(simulator: TwilioSimulator, credentials: TwilioCredentials) -> None:
    simulator.admin.settings(keys={credentials.username: {"secret": credentials.password}})


def text(connection: TwilioConnection) -> str:
    return str(connection.messages().create(to=ANN, from_=OURS, body="hi").sid)


def statuses(simulator: TwilioSimulator) -> list[int | None]:
    return [request.status for request in simulator.admin.requests()]


def test_nobody_looks_while_the_key_is_good(connection: TwilioConnection, stored: Stored) -> None:
    text(connection)
    assert stored.asked == 0


def test_a_create_is_made_once_more_with_the_key_that_is_stored_now(
    simulator: TwilioSimulator, connection: TwilioConnection, stored: Stored
) -> None:
    accept(simulator, NEW)
    stored.credentials = NEW
    sid = text(connection)
    assert [message.sid for message in simulator.admin.accepted()] == [sid]
    assert statuses(simulator) == [401, 201]


def test_the_new_key_stays_in_use(
    simulator: TwilioSimulator, connection: TwilioConnection, stored: Stored
) -> None:
    accept(simulator, NEW)
    stored.credentials = NEW
    text(connection)
    connection.messages().list(limit=1)
    text(connection)
    assert statuses(simulator) == [401, 201, 200, 201]
    assert stored.asked == 1


def test_a_read_is_made_once_more_as_well(
    simulator: TwilioSimulator, connection: TwilioConnection, stored: Stored
) -> None:
    accept(simulator, NEW)
    stored.credentials = NEW
    assert connection.messages().list(limit=1) == []
    assert statuses(simulator) == [401, 200]


@pytest.mark.parametrize(
    "found",
    [OLD, None, TwilioCredentials("AC" + "9" * 32, NEW.username, NEW.password)],
    ids=["the same", "none to be had", "another account's"],
)
def test_without_another_key_it_is_said_and_not_tried_again(
    simulator: TwilioSimulator,
    connection: TwilioConnection,
    stored: Stored,
    found: TwilioCredentials | None,
) -> None:
    accept(simulator, NEW)
    stored.credentials = found
    with pytest.raises(DeliveryBlocked):
        text(connection)
    assert statuses(simulator) == [401]


def test_a_new_key_that_is_wrong_too_is_tried_once(
    simulator: TwilioSimulator, connection: TwilioConnection, stored: Stored
) -> None:
    accept(simulator, TwilioCredentials(DEFAULT_ACCOUNT_SID, "SK" + "0c" * 16, "secret 0c"))
    stored.credentials = NEW
    with pytest.raises(DeliveryBlocked):
        text(connection)
    assert statuses(simulator) == [401, 401]
    assert simulator.admin.accepted() == []
