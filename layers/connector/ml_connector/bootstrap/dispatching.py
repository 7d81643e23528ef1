"""Wiring for the functions that talk to Twilio: send and status check."""

from __future__ import annotations

from functools import cached_property

from ml_connector.aws.queue import SqsDoorbell
from ml_connector.aws.secrets import Secrets
from ml_connector.errors import ConfigurationError
from ml_connector.twilio.client import TwilioConnection, preload
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.messages import TwilioMessenger
from ml_connector.usecases.steps import DispatchPorts

from .container import Container


class DispatchContainer(Container):
    """What send and status check need."""

    def __init__(self) -> None:
        super().__init__()
        self._messenger: tuple[str, TwilioMessenger] | None = None
        self._connection: TwilioConnection | None = None

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

    @property
    def messenger(self) -> TwilioMessenger:
        """Twilio, connected once for as long as its secret stays the same.

        Raises ConfigurationError while the secret holds no credentials, or holds wrong ones.
        """
        secret = self.secrets.read(self.settings.twilio_secret)
        if not secret:
            raise ConfigurationError(
                f"secret {self.settings.twilio_secret} is empty; store the Twilio credentials in it"
            )
        known = repr(sorted(secret.items()))
        if self._messenger is None or self._messenger[0] != known:
            connection = TwilioConnection(
                TwilioCredentials.from_secret(secret),
                Endpoints(base_url=self.settings.twilio_base_url),
            )
            messenger = TwilioMessenger(
                connection, Sender.from_secret(secret), time_left=self.time_left
            )
            if self._connection:
                self._connection.close()
            self._connection, self._messenger = connection, (known, messenger)
        return self._messenger[1]

    @property
    def dispatch_ports(self) -> DispatchPorts:
        """The ports of the use cases."""
        return DispatchPorts(
            alerts=self.alerts,
            approvers=self.approvers,
            messenger=self.messenger,
            doorbell=self.doorbell,
            clock=self.clock,
            telemetry=self.telemetry,
            timings=self.settings.timings,
            send_timeout=self.settings.send_timeout,
        )
