"""Wiring for the functions that talk to Twilio: send and status check."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ml_connector.aws.invoke import PollInvoker
from ml_connector.aws.queue import SqsDoorbell
from ml_connector.aws.secrets import Secrets
from ml_connector.domain.frozen import frozen
from ml_connector.errors import ConfigurationError, SecretUnavailable
from ml_connector.store.recent_flows import RecentFlows
from ml_connector.twilio.client import TwilioConnection, preload
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from ml_connector.twilio.endpoints import CONFIRMED_VOICE, Endpoints
from ml_connector.twilio.messages import TwilioMessenger
from ml_connector.usecases.remembered import RememberedEnds
from ml_connector.usecases.steps import DispatchPorts

from .container import Container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ml_connector.usecases.ports import Caller


@frozen
class _Twilio:
    """Twilio as one version of its secret says it, told apart by `known`."""

    known: str
    connection: TwilioConnection
    sender: Sender
    messenger: TwilioMessenger
    caller: Caller


class DispatchContainer(Container):
    """What send and status check need."""

    def __init__(self) -> None:
        super().__init__()
        self._twilio: _Twilio | None = None
        self._ends = RememberedEnds()

    def warm_up_sending(self) -> None:
        """The official Twilio client too, which the first send would otherwise wait for."""
        self.warm_up()
        preload()

    @cached_property
    def secrets(self) -> Secrets:
        """Credentials."""
        return Secrets(self.client("secretsmanager"))

    @cached_property
    def doorbell(self) -> SqsDoorbell:
        """The alerts queue."""
        return SqsDoorbell(self.client("sqs"), self.settings.queue_url)

    @cached_property
    def recent_flows(self) -> RecentFlows:
        """The published flow as it was within the last minute."""
        return RecentFlows(lambda: self.flows, self.clock.monotonic)

    @property
    def messenger(self) -> TwilioMessenger:
        """SMS over Twilio. Raises ConfigurationError like `twilio`."""
        return self.twilio.messenger

    @property
    def caller(self) -> Caller:
        """Calls over Twilio: confirmed where a flow is published, else announced only."""
        return self.twilio.caller

    @property
    def twilio(self) -> _Twilio:
        """Twilio, connected once for as long as its secret stays the same.

        Raises ConfigurationError while the secret holds no credentials, or holds wrong ones.
        """
        secret = self.secrets.read(self.settings.twilio_secret)
        if not secret:
            raise ConfigurationError(
                f"secret {self.settings.twilio_secret} is empty; store the Twilio credentials in it"
            )
        known = repr(sorted(secret.items()))
        if self._twilio is None or self._twilio.known != known:
            sender = Sender.from_secret(secret)
            connection = TwilioConnection(
                TwilioCredentials.from_secret(secret),
                Endpoints.from_secret(secret, self.settings.twilio_base_url),
                renewed=self._renewed,
            )
            made = _Twilio(
                known,
                connection,
                sender,
                TwilioMessenger(connection, sender, time_left=self.time_left),
                _caller(connection, sender, self.time_left),
            )
            if self._twilio:
                self._twilio.connection.close()
            self._twilio = made
        return self._twilio

    def _renewed(self) -> TwilioCredentials | None:
        """The credentials as they are stored now; None where that cannot be said."""
        try:
            secret = self.secrets.read(self.settings.twilio_secret, fresh=True)
            return TwilioCredentials.from_secret(secret)
        except (ConfigurationError, SecretUnavailable):
            return None

    @property
    def dispatch_ports(self) -> DispatchPorts:
        """The ports of the use cases."""
        return DispatchPorts(
            alerts=self.alerts,
            approvers=self.approvers,
            documents=self.documents,
            messenger=self.messenger,
            caller=self.caller,
            doorbell=_LateDoorbell(self),
            clock=self.clock,
            telemetry=self.telemetry,
            timings=self.settings.timings,
            send_timeout=self.settings.send_timeout,
            ask_for_poll=self._ask_for_poll,
            inbox=self.messenger.inbox,
            flows=self.recent_flows,
            trail=self.trail,
            ends=self._ends,
        )

    def _ask_for_poll(self, company: str) -> None:
        """Start the poll of one company; only the status check may, and does so seldom."""
        PollInvoker(self.client("lambda"), self.settings.poll_function).start(company)


class _LateDoorbell:
    """The queue, connected when somebody is to be rung for: sending itself never does."""

    def __init__(self, container: DispatchContainer) -> None:
        self._container = container

    def ring(self, dispatch_ids: Iterable[str], delay_seconds: int = 0) -> None:
        """As `SqsDoorbell.ring`."""
        self._container.doorbell.ring(dispatch_ids, delay_seconds)


def _caller(connection: TwilioConnection, sender: Sender, time_left: Callable[[], float]) -> Caller:
    """The caller for what is published and where; only that one's module is loaded."""
    if sender.voice_flow and connection.endpoints.has(CONFIRMED_VOICE):
        from ml_connector.twilio.studio import StudioCaller  # noqa: PLC0415 - see above

        return StudioCaller(connection, sender, time_left=time_left)
    from ml_connector.twilio.announce import AnnouncingCaller  # noqa: PLC0415 - see above

    return AnnouncingCaller(connection, sender, time_left=time_left)
