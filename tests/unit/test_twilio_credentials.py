from __future__ import annotations

import pytest

from ml_connector.errors import ConfigurationError
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from ml_connector.twilio.endpoints import LIMITS, Endpoints

ACCOUNT = "AC" + "0a" * 16
KEY = "SK" + "0b" * 16
SERVICE = "MG" + "0c" * 16
SECRET = "s3cret"  # pragma: allowlist secret


def test_an_account_with_its_token() -> None:
    credentials = TwilioCredentials.from_secret({"account_sid": ACCOUNT, "auth_token": "t0ken"})
    assert (credentials.account_sid, credentials.username) == (ACCOUNT, ACCOUNT)
    assert credentials.password == "t0ken"  # pragma: allowlist secret


def test_an_api_key_is_preferred_to_the_token() -> None:
    credentials = TwilioCredentials.from_secret(
        {"account_sid": ACCOUNT, "auth_token": "t0ken", "api_key": KEY, "api_secret": SECRET}
    )
    assert (credentials.username, credentials.password) == (KEY, SECRET)
    assert credentials.account_sid == ACCOUNT


def test_secrets_do_not_show() -> None:
    credentials = TwilioCredentials(ACCOUNT, KEY, "s3cret")
    assert "s3cret" not in repr(credentials) + str(credentials) + f"{credentials}"


@pytest.mark.parametrize(
    ("secret", "complaint"),
    [
        ({}, "account_sid is missing"),
        ({"account_sid": 5, "auth_token": "t"}, "account_sid is missing or not text"),
        ({"account_sid": "AC123", "auth_token": "t"}, "account_sid must be AC"),
        ({"account_sid": ACCOUNT}, "auth_token is missing"),
        ({"account_sid": ACCOUNT, "auth_token": " "}, "auth_token is missing"),
        ({"account_sid": ACCOUNT, "auth_token": "to\nken"}, "auth_token is empty or not plain"),
        ({"account_sid": ACCOUNT, "auth_token": "töken"}, "auth_token is empty or not plain"),
        ({"account_sid": ACCOUNT, "api_key": KEY}, "api_secret is missing"),
        ({"account_sid": ACCOUNT, "api_secret": "s"}, "api_key is missing"),
        ({"account_sid": ACCOUNT, "api_key": SERVICE, "api_secret": SECRET}, "api_key must be SK"),
    ],
)
def test_what_is_wrong_with_a_secret_is_named(secret: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as refused:
        TwilioCredentials.from_secret(secret)
    assert "twilio secret" in refused.value.safe_message
    assert "ken" not in refused.value.safe_message.replace("auth_token", "")


@pytest.mark.parametrize("number", ["+15550100100", "12345", "Acme AP", "ACME2"])
def test_a_sender_may_be_a_number_a_short_code_or_a_name(number: str) -> None:
    assert Sender.from_secret({"from": f" {number} "}).number == number


def test_a_sender_may_be_a_messaging_service() -> None:
    assert Sender.from_secret({"messaging_service": SERVICE}).messaging_service == SERVICE


@pytest.mark.parametrize(
    ("secret", "complaint"),
    [
        ({}, "either from or messaging_service"),
        ({"from": "+15550100100", "messaging_service": SERVICE}, "only one"),
        ({"from": "5550100100"}, "from must be E.164"),
        ({"from": "A name too long"}, "from must be E.164"),
        ({"from": 5}, "from is missing or not text"),
        ({"messaging_service": "MG1"}, "messaging_service must be MG"),
    ],
)
def test_what_is_wrong_with_a_sender_is_named(secret: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        Sender.from_secret(secret)


def test_one_address_for_all_products_or_one_for_each() -> None:
    places = Endpoints("http://127.0.0.1:9/", products={"studio": "https://studio.example"})
    assert places.url_of("api") == "http://127.0.0.1:9"
    assert places.url_of("studio") == "https://studio.example"
    assert Endpoints().url_of("api") == ""


@pytest.mark.parametrize(
    ("places", "tls"),
    [
        (Endpoints(), True),
        (Endpoints("http://127.0.0.1:9"), False),
        (Endpoints("http://localhost:9"), False),
        (Endpoints("http://[::1]:9"), False),
        (Endpoints("https://twilio.example"), True),
        (Endpoints("http://127.0.0.1:9", products={"api": "https://twilio.example"}), True),
    ],
)
def test_tls_is_prepared_where_anything_needs_it(places: Endpoints, tls: bool) -> None:
    assert places.tls is tls


@pytest.mark.parametrize(
    "url",
    [
        "http://twilio.example",
        "http://127.0.0.1.example",
        "http://10.0.0.1",
        "https://user@twilio.example",
        "http://user@127.0.0.1",
        "https://",
        "ftp://127.0.0.1",
        "twilio.example",
    ],
)
def test_credentials_travel_over_tls_or_not_at_all(url: str) -> None:
    with pytest.raises(ConfigurationError, match="TWILIO_BASE_URL must be https"):
        Endpoints(url)


def test_a_region_and_its_edge_go_together() -> None:
    assert Endpoints(region="ie1", edge="dublin").region == "ie1"
    for half in ({"region": "ie1"}, {"edge": "dublin"}):
        with pytest.raises(ConfigurationError, match="go together"):
            Endpoints(**half)


def test_a_region_and_a_base_address_exclude_each_other() -> None:
    with pytest.raises(ConfigurationError, match="exclude each other"):
        Endpoints("https://twilio.example", region="ie1", edge="dublin")


def test_what_a_region_lacks_is_named_with_the_way_out() -> None:
    assert set(LIMITS["ie1"]) == {"Verify", "confirmed voice", "SMS from +1 numbers"}
    places = Endpoints(region="ie1", edge="dublin")
    with pytest.raises(ConfigurationError, match=r"ie1 .* send from a number of another country"):
        places.check_sender(Sender(number="+15550100100"))
    places.check_sender(Sender(number="+353155501001"))
    places.check_sender(Sender(messaging_service=SERVICE))
    Endpoints().check_sender(Sender(number="+15550100100"))
