"""Where the official client is pointed, and when it is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from twilio.http.response import Response

from ml_connector.errors import (
    ConfigurationError,
)
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.http_client import ConnectorHttpClient
from ml_connector.twilio.messages import TwilioMessenger
from tests.adapters.twilio_messengers import (
    NOON,
    OURS,
    TOKEN,
    Make,
    messengers,
)
from tests.adapters.twilio_raw_server import (
    ACCOUNT,
    RawServer,
    answer,
    message,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def messenger() -> Iterator[Make]:
    with messengers() as make:
        yield make


class Recorder(ConnectorHttpClient):
    """Notes the addresses asked for and answers with an empty page."""

    def __init__(self) -> None:
        super().__init__(tls=False)
        self.asked: list[str] = []

    def request(self, method: str, uri: str, *_: Any, **__: Any) -> Response:
        self.asked.append(f"{method} {uri}")
        return Response(200, '{"messages": [], "page": 0}')


@pytest.mark.parametrize(
    ("places", "host"),
    [
        (Endpoints(), "https://api.twilio.com"),
        (Endpoints(region="ie1", edge="dublin"), "https://api.dublin.ie1.twilio.com"),
        (Endpoints("https://twilio.example/"), "https://twilio.example"),
        (Endpoints(products={"api": "https://api.example"}), "https://api.example"),
        (Endpoints(products={"studio": "https://studio.example"}), "https://api.twilio.com"),
    ],
)
def test_where_requests_go(monkeypatch: pytest.MonkeyPatch, places: Endpoints, host: str) -> None:
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    http = Recorder()
    credentials = TOKEN
    sender = Sender(number="+353155501001")
    messenger = TwilioMessenger(TwilioConnection(credentials, places, http), sender)
    assert list(messenger.list_created_since(NOON)) == []
    assert http.asked == [f"GET {host}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"]


def test_a_sender_the_region_cannot_use_is_refused_at_once() -> None:
    places = Endpoints(region="ie1", edge="dublin")
    connection = TwilioConnection(TOKEN, places, Recorder())
    with pytest.raises(ConfigurationError, match="ie1"):
        TwilioMessenger(connection, OURS)


LAYER = Path(__file__).parents[2] / "layers" / "connector"
LAZY = f"""
import sys
from ml_connector.domain.delivery import SmsRequest
from ml_connector.twilio import client, credentials, endpoints, error_codes, http_client, messages
from ml_connector.twilio import error_table, errors, statuses, wire

def loaded(name):
    return any(each == name or each.startswith(name + ".") for each in sys.modules)

connection = client.TwilioConnection(
    credentials.TwilioCredentials("{ACCOUNT}", "{ACCOUNT}", "t0ken"),
    endpoints.Endpoints("http://127.0.0.1:9"),
)
messages.TwilioMessenger(connection, credentials.Sender(number="+15550100100"))
assert not loaded("twilio.rest"), "importing and wiring loads the official client"
client.preload()
before = set(sys.modules)
connection.warm_up()
assert set(sys.modules) == before, sorted(set(sys.modules) - before)
assert loaded("twilio.rest.api"), "warming up does not load what sending needs"
for heavy in ("twilio.rest.studio", "twilio.rest.verify", "aiohttp", "twilio.twiml", "boto3"):
    assert not loaded(heavy), heavy
connection.close()
print("ok")
"""


def test_nothing_of_the_official_client_is_loaded_before_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LAZY],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(LAYER)},
    )
    assert (done.stdout.strip(), done.returncode) == ("ok", 0), done.stderr


def test_warming_up_opens_no_connection() -> None:
    with RawServer([answer(201, message())]) as server:
        connection = TwilioConnection(TOKEN, Endpoints(server.url))
        connection.warm_up()
        assert server.connections == 0
        connection.close()
