"""The provider's side of a Messenger: of the fake, and of the adapter over the simulated Twilio."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ml_connector.domain.delivery import MessageStatus
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.messages import TwilioMessenger
from ml_connector.usecases.ports import Messenger
from tests.adapters.twilio_world import OURS, TOKEN, World
from tests.support.clock import HandClock
from tests.support.phones import Turn
from tests.support.provider import Create, Provider


class Side(Protocol):
    """The provider's side of one kind of messenger, to arrange what happens there."""

    messenger: Messenger

    def now(self) -> datetime:
        """The provider's time."""

    def forward(self, seconds: float) -> None:
        """Time passes at the provider."""

    def accepted(self) -> list[str]:
        """The ids of all messages ever accepted, oldest first."""

    def asked(self) -> int:
        """How many creates arrived or were tried."""

    def refuse(self, number: str, code: int) -> None:
        """Texts to this number are refused with this code."""

    def block(self) -> None:
        """The next create meets a suspended account (20003)."""

    def be_busy(self, retry_after: int | None) -> None:
        """The next create is answered 429."""

    def lose_reply(self) -> None:
        """The next create is accepted and answered 500."""

    def lose_request(self) -> None:
        """The next create is not accepted and answered 500."""

    def go_away(self) -> None:
        """Nobody listens any more."""

    def list_late(self, seconds: float) -> None:
        """From now on messages are listed that long after they were accepted."""

    def close_lists(self) -> None:
        """From now on neither lists nor single messages can be read."""

    def fate(self, number: str, status: MessageStatus, code: int | None) -> None:
        """What texts to this number end as."""


class InMemory:
    """The fake."""

    def __init__(self) -> None:
        # Not on a whole second: the provider's stamps are.
        self._clock = HandClock(datetime(2026, 11, 23, 9, 30, 0, 640_000, tzinfo=UTC))
        self._provider = Provider(self._clock)
        self.messenger: Messenger = self._provider

    def now(self) -> datetime:
        return self._clock.now()

    def forward(self, seconds: float) -> None:
        self._clock.forward(seconds=seconds)

    def accepted(self) -> list[str]:
        return [text.sid for text in self._provider.log]

    def asked(self) -> int:
        return self._provider.requests

    def refuse(self, number: str, code: int) -> None:
        self._provider.phone(number).refuses_with = code

    def block(self) -> None:
        self._provider.answer_next(Create.BLOCKED, error_code=20003)

    def be_busy(self, retry_after: int | None) -> None:
        self._provider.answer_next(Create.BUSY, retry_after=retry_after)

    def lose_reply(self) -> None:
        self._provider.answer_next(Create.LOST_REPLY)

    def lose_request(self) -> None:
        self._provider.answer_next(Create.LOST_REQUEST)

    def go_away(self) -> None:
        self._provider.answer_next(Create.NOT_SENT)

    def list_late(self, seconds: float) -> None:
        self._provider.list_delay = timedelta(seconds=seconds)

    def close_lists(self) -> None:
        self._provider.lists_down = True

    def fate(self, number: str, status: MessageStatus, code: int | None) -> None:
        life = (Turn(0, MessageStatus.QUEUED), Turn(5, status, code))
        self._provider.phone(number).life = life


class Simulated:
    """The adapter, in front of the simulated Twilio."""

    def __init__(self, world: World, stack: ExitStack) -> None:
        self._admin = world.admin
        self._stack = stack
        self.messenger: Messenger = world.messenger()

    def now(self) -> datetime:
        now: datetime = self._admin.now()
        return now

    def forward(self, seconds: float) -> None:
        self._admin.forward(seconds)

    def accepted(self) -> list[str]:
        return [each.sid for each in self._admin.accepted()]

    def asked(self) -> int:
        return sum(each.endpoint == "messages.create" for each in self._admin.requests())

    def refuse(self, number: str, code: int) -> None:
        self._create("refuse", recipient=number, code=code, count=None)

    def block(self) -> None:
        self._create("bad_auth", code=20003)

    def be_busy(self, retry_after: int | None) -> None:
        self._create("rate_limited", retry_after=retry_after)

    def lose_reply(self) -> None:
        self._create("error_after", status=500)

    def lose_request(self) -> None:
        self._create("error_before", status=500)

    def go_away(self) -> None:
        # Bound and not listening: for as long as the test runs the port is nobody else's.
        nobody = self._stack.enter_context(socket.socket())
        nobody.bind(("127.0.0.1", 0))
        connection = TwilioConnection(
            TOKEN, Endpoints(f"http://127.0.0.1:{nobody.getsockname()[1]}")
        )
        self._stack.callback(connection.close)
        self.messenger = TwilioMessenger(connection, OURS)

    def list_late(self, seconds: float) -> None:
        self._admin.fault("list_delay", seconds=seconds, count=None)

    def close_lists(self) -> None:
        for endpoint in ("messages.list", "messages.fetch"):
            self._admin.fault("error_before", endpoint=endpoint, status=503, count=None)

    def fate(self, number: str, status: MessageStatus, code: int | None) -> None:
        self._admin.phone(number).set(sms_outcome={"status": status.value, "code": code})

    def _create(self, kind: str, **options: object) -> None:
        self._admin.fault(kind, endpoint="messages.create", **options)
