"""The simulated Twilio, and messengers that talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ml_connector.domain.delivery import SmsRequest
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.http_client import ConnectorHttpClient, ReadPolicy
from ml_connector.twilio.messages import TwilioMessenger
from sandbox.twilio.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_KEY_SECRET,
    DEFAULT_KEY_SID,
    DEFAULT_SERVICE_SID,
)
from sandbox.twilio.simulator import TwilioSimulator

OURS = Sender(number="+15550100000")
POOL = Sender(messaging_service=DEFAULT_SERVICE_SID)
ANN, BEN = "+15550100001", "+15550100002"
TIMEOUT = 20.0
OVER = 10.0
"""Simulated seconds after which a message has reached its last state."""
TOKEN = TwilioCredentials(DEFAULT_ACCOUNT_SID, DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)
API_KEY = TwilioCredentials(DEFAULT_ACCOUNT_SID, DEFAULT_KEY_SID, DEFAULT_KEY_SECRET)


@dataclass
class World:
    """The simulator, with messengers in front of it whose waits take no time."""

    simulator: TwilioSimulator
    opened: list[TwilioConnection]

    @property
    def admin(self) -> Any:
        return self.simulator.admin

    def messenger(
        self, sender: Sender = OURS, credentials: TwilioCredentials = TOKEN, **options: Any
    ) -> TwilioMessenger:
        http = ConnectorHttpClient(
            tls=False, reads=ReadPolicy(budget=TIMEOUT), sleep=lambda _: None, **options
        )
        connection = TwilioConnection(credentials, Endpoints(self.simulator.url), http)
        self.opened.append(connection)
        return TwilioMessenger(connection, sender)

    def now(self) -> datetime:
        now: datetime = self.admin.now()
        return now

    def lists(self) -> int:
        return sum(each.endpoint == "messages.list" for each in self.admin.requests())

    def close(self) -> None:
        for each in self.opened:
            each.close()


@contextmanager
def fresh(simulator: TwilioSimulator) -> Iterator[World]:
    """A world in which nothing has happened yet, and sending has no rate limit."""
    simulator.admin.reset(seed=1)
    simulator.admin.settings(segments_per_second=0)
    world = World(simulator, [])
    try:
        yield world
    finally:
        world.close()


def sms(to: str = ANN, body: str = "Acme AP: a bill is waiting. Ref K7F2") -> SmsRequest:
    return SmsRequest(to, body, 900)
