"""A way to Twilio from this process, with what the deployment's secret says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ml_connector.errors import ConfigurationError
from ml_connector.twilio.announce import AnnouncingCaller
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from ml_connector.twilio.endpoints import CONFIRMED_VOICE, Endpoints
from ml_connector.twilio.messages import TwilioMessenger
from ml_connector.twilio.studio import StudioCaller
from ml_connector.twilio.verify import TwilioVerify

from .deployment import Deployment

SECRET = "TwilioSecretId"  # nosec B105 # noqa: S105 - the name of an output
VERIFY_SERVICE = "verify_service"


class NoTwilio(ConfigurationError):
    """The deployment has no Twilio credentials yet."""

    code = "no_twilio"


@dataclass(frozen=True, slots=True)
class Twilio:
    """One account, as the functions reach it."""

    deployment: Deployment
    connection: TwilioConnection
    secret: dict[str, object]

    @property
    def messenger(self) -> TwilioMessenger:
        """What sends texts: the adapter of the functions. Raises ConfigurationError."""
        return TwilioMessenger(self.connection, self._sender)

    @property
    def caller(self) -> StudioCaller | AnnouncingCaller:
        """What calls: confirmed where a flow is published, as the functions do it."""
        if self._sender.voice_flow and self.connection.endpoints.has(CONFIRMED_VOICE):
            return StudioCaller(self.connection, self._sender)
        return AnnouncingCaller(self.connection, self._sender)

    @property
    def _sender(self) -> Sender:
        return Sender.from_secret(self.secret)

    def verify_service(self, verify: TwilioVerify) -> str:
        """The SID of the account's Verify service; made, and kept in the secret, on first use."""
        known = self.secret.get(VERIFY_SERVICE)
        if known:
            return str(known)
        made = verify.create_service(f"ml-connector {self.deployment.target.stage}")
        self.secret[VERIFY_SERVICE] = made
        # Read again: what somebody stored since then is not to be undone.
        self.deployment.put_secret(SECRET, {**self.deployment.secret(SECRET), VERIFY_SERVICE: made})
        return made


@contextmanager
def twilio(deployment: Deployment) -> Iterator[Twilio]:
    """Twilio for as long as the block lasts. Raises NoTwilio, and other ConfigurationErrors."""
    secret = deployment.secret(SECRET)
    if not secret:
        raise NoTwilio("no Twilio credentials are stored; run `ml-connector secrets set twilio`")
    connection = TwilioConnection(
        TwilioCredentials.from_secret(secret),
        Endpoints.from_secret(secret, deployment.parameter("TwilioBaseUrl")),
    )
    try:
        yield Twilio(deployment, connection, secret)
    finally:
        connection.close()
