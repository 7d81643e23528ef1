"""The provider's side of a Caller: of the fake, and of the adapters over the simulated Twilio."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from ml_connector.domain.delivery import CallRequest, CallStatus
from ml_connector.twilio.announce import AnnouncingCaller
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.http_client import ConnectorHttpClient, ReadPolicy
from ml_connector.twilio.studio import StudioCaller
from ml_connector.usecases.ports import Caller
from tests.adapters.twilio_world import ANN, TIMEOUT, TOKEN, World
from tests.support import calls
from tests.support.clock import HandClock
from tests.support.provider import Create

OURS = "+15550100000"
#: The definition that is published.
DEFINITION: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "flows" / "voice.json").read_text()
)
CALL = CallRequest(ANN, "Acme AP. A bill from Baker Steel.", "d-1")
SETTLED = 200.0
"""Seconds after which either provider has said its last word about a call."""

#: What a phone may do, and how a call to it ends: one that asks for a key, and one that does not.
BEHAVIOURS = {
    "presses 1": (CallStatus.CONFIRMED, CallStatus.ANNOUNCED),
    "presses 2": (CallStatus.DECLINED, CallStatus.ANNOUNCED),
    "presses 9": (CallStatus.WRONG_KEY, CallStatus.ANNOUNCED),
    "says nothing": (CallStatus.NO_INPUT, CallStatus.ANNOUNCED),
    "hangs up": (CallStatus.NO_INPUT, CallStatus.ANNOUNCED),
    "is voicemail": (CallStatus.MACHINE, CallStatus.ANNOUNCED),
    "is busy": (CallStatus.BUSY, CallStatus.BUSY),
    "rings": (CallStatus.NO_ANSWER, CallStatus.NO_ANSWER),
    "is unreachable": (CallStatus.FAILED, CallStatus.FAILED),
}
_LIVES = {
    "presses 1": calls.PRESSES_ONE,
    "presses 2": calls.PRESSES_TWO,
    "presses 9": calls.PRESSES_NINE,
    "says nothing": calls.SAYS_NOTHING,
    "hangs up": calls.HANGS_UP,
    "is voicemail": calls.IS_VOICEMAIL,
    "is busy": calls.IS_BUSY,
    "rings": calls.NOBODY_ANSWERS,
    "is unreachable": calls.CANNOT_BE_CONNECTED,
}
_PHONES: dict[str, tuple[str, list[str]]] = {
    "presses 1": ("on", ["1"]),
    "presses 2": ("on", ["2"]),
    "presses 9": ("on", ["9", "9"]),
    "says nothing": ("on", []),
    "hangs up": ("ends_in_a_second", []),
    "is voicemail": ("voicemail", ["1"]),
    "is busy": ("busy", []),
    "rings": ("no_answer", []),
    "is unreachable": ("unreachable_call", []),
}


class Side(Protocol):
    """The provider's side of one kind of caller, to arrange what happens there."""

    caller: Caller

    def now(self) -> datetime:
        """The provider's time."""

    def forward(self, seconds: float) -> None:
        """Time passes at the provider."""

    def placed(self) -> list[str]:
        """The ids of all calls ever accepted, oldest first."""

    def asked(self) -> int:
        """How many requests for a call arrived or were tried."""

    def phone(self, number: str, behaviour: str) -> None:
        """What this phone does from now on."""

    def refuse(self, number: str, code: int) -> None:
        """Calls to this number are refused with this code."""

    def block(self) -> None:
        """The next request meets a suspended account (20003)."""

    def be_busy(self, retry_after: int | None) -> None:
        """The next request is answered 429."""

    def lose_reply(self) -> None:
        """The next request is accepted and answered 500."""

    def lose_request(self) -> None:
        """The next request is not accepted and answered 500."""

    def go_away(self) -> None:
        """Nobody listens any more."""

    def list_late(self, seconds: float) -> None:
        """From now on calls are listed that long after they were accepted."""

    def close_lists(self) -> None:
        """From now on nothing can be read."""


class InMemory:
    """The fake."""

    def __init__(self, *, confirms: bool) -> None:
        # Not on a whole second: the provider's stamps are.
        self._clock = HandClock(datetime(2026, 11, 23, 9, 30, 0, 640_000, tzinfo=UTC))
        self._calls = calls.Calls(self._clock, confirms=confirms)
        self.caller: Caller = self._calls

    def now(self) -> datetime:
        return self._clock.now()

    def forward(self, seconds: float) -> None:
        self._clock.forward(seconds=seconds)

    def placed(self) -> list[str]:
        return [placed.sid for placed in self._calls.log]

    def asked(self) -> int:
        return self._calls.requests

    def phone(self, number: str, behaviour: str) -> None:
        self._calls.line(number).life = _LIVES[behaviour]

    def refuse(self, number: str, code: int) -> None:
        self._calls.line(number).refuses_with = code

    def block(self) -> None:
        self._calls.answer_next(Create.BLOCKED, error_code=20003)

    def be_busy(self, retry_after: int | None) -> None:
        self._calls.answer_next(Create.BUSY, retry_after=retry_after)

    def lose_reply(self) -> None:
        self._calls.answer_next(Create.LOST_REPLY)

    def lose_request(self) -> None:
        self._calls.answer_next(Create.LOST_REQUEST)

    def go_away(self) -> None:
        self._calls.answer_next(Create.NOT_SENT)

    def list_late(self, seconds: float) -> None:
        self._calls.list_delay = timedelta(seconds=seconds)

    def close_lists(self) -> None:
        self._calls.lists_down = True


class Simulated:
    """An adapter, in front of the simulated Twilio; with a published flow if it `confirms`."""

    def __init__(self, world: World, stack: ExitStack, *, confirms: bool) -> None:
        self._admin = world.admin
        self._stack = stack
        self._kind = "executions" if confirms else "calls"
        self._admin.settings(calls_per_second=0)
        self.connection = connected(world)
        self.flow = published(self.connection) if confirms else ""
        self.caller: Caller = self._over(self.connection)

    def now(self) -> datetime:
        now: datetime = self._admin.now()
        return now

    def forward(self, seconds: float) -> None:
        self._admin.forward(seconds)

    def placed(self) -> list[str]:
        return [each.sid for each in self._admin.accepted()]

    def asked(self) -> int:
        name = f"{self._kind}.create"
        return sum(each.endpoint == name for each in self._admin.requests())

    def phone(self, number: str, behaviour: str) -> None:
        name, keys = _PHONES[behaviour]
        self._admin.phone(number).set(behaviour=name, keys=keys)

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
        self.caller = self._over(connection)

    def list_late(self, seconds: float) -> None:
        self._create("list_delay", seconds=seconds, count=None)

    def close_lists(self) -> None:
        for what in ("list", "fetch", "context"):
            name = f"{self._kind}.{what}"
            self._admin.fault("error_before", endpoint=name, status=503, count=None)

    def _over(self, connection: TwilioConnection) -> Caller:
        if self.flow:
            return StudioCaller(connection, sender(self.flow))
        return AnnouncingCaller(connection, sender())

    def _create(self, kind: str, **options: object) -> None:
        self._admin.fault(kind, endpoint=f"{self._kind}.create", **options)


def sender(flow: str = "") -> Sender:
    """Our number, with a published flow or none."""
    return Sender(number=OURS, voice_from=OURS, voice_flow=flow)


def connected(world: World) -> TwilioConnection:
    """A connection to the simulator whose waits take no time."""
    http = ConnectorHttpClient(tls=False, reads=ReadPolicy(budget=TIMEOUT), sleep=lambda _: None)
    connection = TwilioConnection(TOKEN, Endpoints(world.simulator.url), http)
    world.opened.append(connection)
    return connection


def published(connection: TwilioConnection) -> str:
    """The SID of the repository's flow, published at the simulator."""
    flow = connection.product("studio").v2.flows.create(
        friendly_name="calls", status="published", definition=DEFINITION
    )
    return str(flow.sid)
