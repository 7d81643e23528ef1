"""The provider's side of a Caller: of the fake, and of the adapters over the simulated Twilio."""

from __future__ import annotations

import json
from contextlib import ExitStack
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
from tests.adapters.provider_sides import FakeSide, ProviderSide, SimulatedSide, a_clock
from tests.adapters.twilio_world import ANN, TIMEOUT, TOKEN, World
from tests.support import calls

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


class Side(ProviderSide, Protocol):
    """The provider's side of one kind of caller."""

    caller: Caller

    def phone(self, number: str, behaviour: str) -> None:
        """What this phone does from now on."""


class InMemory(FakeSide):
    """The fake."""

    def __init__(self, *, confirms: bool) -> None:
        clock = a_clock()
        self._calls = calls.Calls(clock, confirms=confirms)
        super().__init__(clock, self._calls)
        self.caller: Caller = self._calls

    def phone(self, number: str, behaviour: str) -> None:
        self._calls.line(number).life = _LIVES[behaviour]

    def refuse(self, number: str, code: int) -> None:
        self._calls.line(number).refuses_with = code


class Simulated(SimulatedSide):
    """An adapter, in front of the simulated Twilio; with a published flow if it `confirms`."""

    caller: Caller

    def __init__(self, world: World, stack: ExitStack, *, confirms: bool) -> None:
        super().__init__(world, stack, "executions" if confirms else "calls")
        self._admin.settings(calls_per_second=0)
        self.connection = connected(world)
        self.flow = published(self.connection) if confirms else ""
        self.connect(self.connection)

    def connect(self, connection: TwilioConnection) -> None:
        ours = sender(self.flow)
        self.caller = (StudioCaller if self.flow else AnnouncingCaller)(connection, ours)

    def phone(self, number: str, behaviour: str) -> None:
        name, keys = _PHONES[behaviour]
        self._admin.phone(number).set(behaviour=name, keys=keys)


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
