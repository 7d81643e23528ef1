"""One worker: a function's container, with the real use cases and the real Twilio adapter.

Store, queue and approvers are on the other end of the line; Twilio is reached over HTTP. A worker
knows nothing of faults: the world kills it with SIGKILL while it waits for an answer, and the wire
below asks at the two places where a POST is half, and wholly, handed to the network.
"""

from __future__ import annotations

import http.client
import os
import random
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from ml_connector.aws.queue import dispatch_in
from ml_connector.domain.delivery import CallRequest, ProviderCall, ProviderMessage, SmsRequest
from ml_connector.errors import ConnectorError, DeliveryOutcomeUnknown
from ml_connector.settings import Timings
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.http_client import ConnectorHttpClient
from ml_connector.twilio.messages import TwilioMessenger
from ml_connector.twilio.studio import StudioCaller
from ml_connector.twilio.wire import Clocks
from ml_connector.usecases.check_status import check_status
from ml_connector.usecases.send import send
from ml_connector.usecases.steps import DispatchPorts
from sandbox.twilio.numbers import DEFAULT_SENDER
from sandbox.twilio.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from tests.support.world import LAST_WORDS, SEND_TIMEOUT

from .clock import SharedClock
from .line import Line, Remote

#: A message nobody ever sent: asking for it warms a connection up.
NOBODYS = "SM" + "0" * 32
NO_FLOW = "FW" + "0" * 32
#: Long enough for Twilio's side to take a connection for idle, too short for ours: it is used.
QUIET_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is to do: a batch of messages (number and body), or one status check."""

    messages: tuple[tuple[int, str], ...] = ()
    timeout: float = SEND_TIMEOUT

    @property
    def sends(self) -> bool:
        """Whether it is the send function's."""
        return bool(self.messages)


@dataclass(frozen=True, slots=True)
class Advice:
    """How one POST goes: `patience` in real seconds, `warm` after a quiet while on a connection."""

    patience: float | None = None
    warm: bool = False


@dataclass(slots=True)
class Wire:
    """The POST that is on the wire now; `parts` of it were handed to the network."""

    line: Line | None = None
    number: str = ""
    parts: int = 0

    def begin(self, number: str) -> None:
        """From here on bytes belong to the POST to this number."""
        self.number, self.parts = number, 0

    def end(self) -> None:
        """It is over."""
        self.number = ""

    def part(self) -> None:
        """One more part is about to be handed over: first the head, then the body."""
        self.parts += 1
        if self.parts == 2:
            self._at("half")

    def whole(self) -> None:
        """All of it was handed over, and the answer is waited for."""
        self._at("whole")

    def _at(self, point: str) -> None:
        if self.number and self.line:
            self.line.ask("point", point, self.number)


WIRE = Wire()


@contextmanager
def watched_wire() -> Iterator[None]:
    """Python's HTTP connections tell `WIRE` of each part they send."""
    really_send = http.client.HTTPConnection.send
    really_wait = http.client.HTTPConnection.getresponse

    def send_part(connection: http.client.HTTPConnection, data: Any) -> None:
        WIRE.part()
        really_send(connection, data)

    def wait(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
        WIRE.whole()
        return really_wait(connection)

    with (
        patch.object(http.client.HTTPConnection, "send", send_part),
        patch.object(http.client.HTTPConnection, "getresponse", wait),
    ):
        yield


class _Watched:
    """The real adapter; the world hears of each POST before it begins, and may shorten the wait.

    A timeout takes its protocol's time on the campaign's clock, and a moment of real time.
    """

    def __init__(self, adapter: Any, messenger: TwilioMessenger, line: Line) -> None:
        self._adapter = adapter
        self._messenger = messenger
        self._line = line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    def _post(self, number: str, timeout: float, create: Callable[[float], Any]) -> Any:
        advice: Advice = self._line.ask("post", number)
        if advice.warm:
            self._messenger.fetch(NOBODYS)
            self._line.ask("sleep", QUIET_SECONDS)
        WIRE.begin(number)
        try:
            return create(min(timeout, advice.patience or timeout))
        except DeliveryOutcomeUnknown:
            if advice.patience:
                self._line.ask("sleep", timeout)
            raise
        finally:
            WIRE.end()


class WatchedMessenger(_Watched):
    """Texts."""

    def send_sms(self, request: SmsRequest, timeout: float) -> ProviderMessage:
        """Create one message."""

        def create(patience: float) -> ProviderMessage:
            return self._messenger.send_sms(request, patience)

        message: ProviderMessage = self._post(request.to, timeout, create)
        return message


class WatchedCaller(_Watched):
    """Calls."""

    def place_call(self, request: CallRequest, timeout: float) -> ProviderCall:
        """Start one call."""

        def create(patience: float) -> ProviderCall:
            call: ProviderCall = self._adapter.place_call(request, patience)
            return call

        call: ProviderCall = self._post(request.to, timeout, create)
        return call


class RemoteTelemetry:
    """The Telemetry port: what matters to an operator goes over the line at once."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def event(self, name: str, **fields: str | float | None) -> None:
        """Nobody asks for these here."""

    def warning(self, name: str, **fields: str | float | None) -> None:
        self._line.tell("said", "warning", name, fields)

    def error(self, name: str, **fields: str | float | None) -> None:
        self._line.tell("said", "error", name, fields)

    def count(self, metric: str, amount: float = 1) -> None:
        self._line.tell("counted", metric, amount)

    def concerning(self, **ids: str) -> None:
        """Nobody asks for these here."""


@dataclass(frozen=True, slots=True)
class Office:
    """What every worker is born with: made once, before the first fork, so that a birth is cheap.

    `sleep` of the HTTP client is set by each worker: it sleeps on the campaign's clock.
    """

    clock: SharedClock
    url: str
    timings: Timings
    flow: str = ""
    """The SID of the published flow."""

    def connection(self, line: Line) -> TwilioConnection:
        """A connection with nothing open yet."""
        http_client = ConnectorHttpClient(
            tls=False,
            clocks=Clocks(wall=self.clock.wall),
            sleep=lambda seconds: line.ask("sleep", seconds),
        )
        credentials = TwilioCredentials(
            DEFAULT_ACCOUNT_SID, DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
        )
        return TwilioConnection(credentials, Endpoints(base_url=self.url), http_client)

    def warm_up(self) -> None:
        """Load everything a worker needs."""
        connection = self.connection(Line.__new__(Line))
        connection.warm_up()
        connection.flow(NO_FLOW)


class Worker:
    """A process that asks for work until it is killed."""

    def __init__(self, line: Line, office: Office, seed: int) -> None:
        self._line = line
        self._clock = office.clock
        self._ends_at = 0.0
        WIRE.line = line
        connection = office.connection(line)
        sender = Sender(
            number=DEFAULT_SENDER, voice_from=DEFAULT_SENDER, voice_flow=office.flow or NO_FLOW
        )
        messenger = TwilioMessenger(connection, sender, time_left=self._time_left)
        caller = StudioCaller(connection, sender, time_left=self._time_left)
        self._ports = DispatchPorts(
            alerts=Remote(line, "alerts"),
            approvers=Remote(line, "approvers"),
            documents=Remote(line, "documents"),
            messenger=WatchedMessenger(messenger, messenger, line),
            caller=WatchedCaller(caller, messenger, line),
            doorbell=Remote(line, "doorbell"),
            clock=office.clock,
            telemetry=RemoteTelemetry(line),
            timings=office.timings,
            send_timeout=SEND_TIMEOUT,
            ask_for_poll=lambda _: line.ask("poll"),
            share=random.Random(seed).random,  # noqa: S311 - a seed, not a secret
            sleep=lambda seconds: line.ask("sleep", seconds),
        )

    def _time_left(self) -> float:
        return self._ends_at - self._clock.monotonic()

    def run(self) -> None:
        """Work."""
        while True:
            job: Job = self._line.ask("next")
            self._ends_at = self._clock.monotonic() + job.timeout - LAST_WORDS
            end = self._clock.now() + timedelta(seconds=job.timeout - LAST_WORDS)
            if job.sends:
                self._line.ask("done", self._send(job, end))
            else:
                self._check(end)
                self._line.ask("done", [])

    def _send(self, job: Job, end: datetime) -> list[int]:
        """As the handler does it: what failed alone comes back."""
        handled: list[int] = []
        for number, body in job.messages:
            try:
                send(dispatch_in(body), self._ports, end)
            except ConnectorError as error:
                self._line.tell("said", "warning", "message_failed", {"code": error.code})
            else:
                handled.append(number)
        return handled

    def _check(self, end: datetime) -> None:
        try:
            check_status(self._ports, end)
        except ConnectorError as error:
            self._line.tell("said", "warning", "check_failed", {"code": error.code})


def live(line: Line, office: Office, seed: int) -> None:
    """A worker's whole life; never returns."""
    try:
        Worker(line, office, seed).run()
    except BaseException:  # noqa: BLE001 - whatever it is, the campaign has to hear of it
        line.tell("broken", traceback.format_exc())
    finally:
        sys.stderr.flush()
        os._exit(1)
