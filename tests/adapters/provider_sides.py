"""The provider's side of a port, to arrange what happens there: of a fake, or of the simulator.

`messenger_sides` and `caller_sides` add what is of texts or of calls alone.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.endpoints import Endpoints
from tests.adapters.twilio_world import TOKEN, World
from tests.support.calls import Calls
from tests.support.clock import HandClock
from tests.support.provider import Create, Provider


class ProviderSide(Protocol):
    """What can be arranged for either port; a create is a text or a call that is asked for."""

    def now(self) -> datetime:
        """The provider's time."""

    def forward(self, seconds: float) -> None:
        """Time passes at the provider."""

    def accepted(self) -> list[str]:
        """The ids of everything ever accepted, oldest first."""

    def asked(self) -> int:
        """How many creates arrived or were tried."""

    def refuse(self, number: str, code: int) -> None:
        """Creates for this number are refused with this code."""

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
        """From now on everything is listed that long after it was accepted."""

    def close_lists(self) -> None:
        """From now on nothing can be read."""


def a_clock() -> HandClock:
    """Not on a whole second: the provider's stamps are."""
    return HandClock(datetime(2026, 11, 23, 9, 30, 0, 640_000, tzinfo=UTC))


class FakeSide:
    """In memory."""

    def __init__(self, clock: HandClock, fake: Provider | Calls) -> None:
        self._clock = clock
        self._fake = fake

    def now(self) -> datetime:
        return self._clock.now()

    def forward(self, seconds: float) -> None:
        self._clock.forward(seconds=seconds)

    def accepted(self) -> list[str]:
        return [one.sid for one in self._fake.log]

    def asked(self) -> int:
        return self._fake.requests

    def block(self) -> None:
        self._fake.answer_next(Create.BLOCKED, error_code=20003)

    def be_busy(self, retry_after: int | None) -> None:
        self._fake.answer_next(Create.BUSY, retry_after=retry_after)

    def lose_reply(self) -> None:
        self._fake.answer_next(Create.LOST_REPLY)

    def lose_request(self) -> None:
        self._fake.answer_next(Create.LOST_REQUEST)

    def go_away(self) -> None:
        self._fake.answer_next(Create.NOT_SENT)

    def list_late(self, seconds: float) -> None:
        self._fake.list_delay = timedelta(seconds=seconds)

    def close_lists(self) -> None:
        self._fake.lists_down = True


class SimulatedSide(ABC):
    """The simulated Twilio; `kind` is what is created there: messages, calls or executions."""

    def __init__(self, world: World, stack: ExitStack, kind: str) -> None:
        self._admin = world.admin
        self._stack = stack
        self._kind = kind

    @abstractmethod
    def connect(self, connection: TwilioConnection) -> None:
        """From now on the adapter goes over this connection."""

    def now(self) -> datetime:
        now: datetime = self._admin.now()
        return now

    def forward(self, seconds: float) -> None:
        self._admin.forward(seconds)

    def accepted(self) -> list[str]:
        return [each.sid for each in self._admin.accepted()]

    def asked(self) -> int:
        name = f"{self._kind}.create"
        return sum(each.endpoint == name for each in self._admin.requests())

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
        self.connect(connection)

    def list_late(self, seconds: float) -> None:
        self._create("list_delay", seconds=seconds, count=None)

    def close_lists(self) -> None:
        for what in ("list", "fetch", "context"):
            name = f"{self._kind}.{what}"
            self._admin.fault("error_before", endpoint=name, status=503, count=None)

    def _create(self, kind: str, **options: object) -> None:
        self._admin.fault(kind, endpoint=f"{self._kind}.create", **options)
