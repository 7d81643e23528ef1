"""Messengers in front of a RawServer, and reading what they asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ml_connector.domain.delivery import SmsRequest
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.http_client import ConnectorHttpClient, ReadPolicy
from ml_connector.twilio.messages import TwilioMessenger
from tests.adapters.twilio_raw_server import ACCOUNT, RawServer

KEY = "SK" + "0" * 32
SERVICE = "MG" + "0" * 32
OURS = Sender(number="+15550100100")
POOL = Sender(messaging_service=SERVICE)
TOKEN = TwilioCredentials(ACCOUNT, ACCOUNT, "t0ken")
ANN = "+15550100123"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
REQUEST = SmsRequest(ANN, "Acme AP: a bill is waiting for approval in Intacct. Ref K7F2", 600)
TIMEOUT = 20.0

Make = Callable[..., TwilioMessenger]


@contextmanager
def messengers() -> Iterator[Make]:
    """Makes messengers for a server: of our number unless told otherwise, reads tried twice."""
    opened: list[TwilioConnection] = []

    def make(
        server: RawServer,
        sender: Sender = OURS,
        credentials: TwilioCredentials = TOKEN,
        **options: Any,
    ) -> TwilioMessenger:
        http = ConnectorHttpClient(
            tls=False, reads=ReadPolicy(attempts=2, budget=TIMEOUT), sleep=lambda _: None
        )
        opened.append(TwilioConnection(credentials, Endpoints(server.url), http))
        return TwilioMessenger(opened[-1], sender, **options)

    try:
        yield make
    finally:
        for each in opened:
            each.close()


def form(request: bytes) -> dict[str, str]:
    """The fields a create was sent with."""
    body = request.partition(b"\r\n\r\n")[2].decode()
    return {name: values[0] for name, values in parse_qs(body).items()}


def query(request: bytes) -> dict[str, str]:
    """The parameters a read asked with."""
    target = request.split(b" ", 2)[1].decode()
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
