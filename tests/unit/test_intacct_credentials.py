from __future__ import annotations

import pytest

from ml_connector.errors import ConfigurationError
from ml_connector.intacct.credentials import Credentials, credentials_of

SECRET: dict[str, object] = {
    "sender_id": "acme-sender",
    "sender_password": "sender-pass-word",
    "companies": {
        "acme": {
            "company_id": "acme-ap",
            "user_id": "ws.user",
            "user_password": "user-pass-word",
            "entity_id": "E100",
            "utc_offset": "+0000",
            "currency": "CAD",
        },
        "bare": {"company_id": "bare", "user_id": "u", "user_password": "p"},
    },
}


def test_the_secret_gives_the_credentials_of_one_company() -> None:
    assert credentials_of(SECRET, "acme", "v1") == Credentials(
        "acme-sender",
        "sender-pass-word",
        "acme-ap",
        "ws.user",
        "user-pass-word",
        entity_id="E100",
        utc_offset="+0000",
        currency="CAD",
        version="v1",
    )
    bare = credentials_of(SECRET, "bare")
    assert (bare.entity_id, bare.currency) == ("", "")


@pytest.mark.parametrize("currency", ["usd", "US", "USDX", "$", " USD"])
def test_a_currency_that_is_none_is_named(currency: str) -> None:
    with pytest.raises(ConfigurationError, match="currency in the Intacct secret"):
        Credentials("s", "p", "c", "u", "p", currency=currency)


@pytest.mark.parametrize("secret", [{}, {"companies": []}, {"companies": {"acme": "x"}}])
def test_an_unknown_company_is_named(secret: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="acme"):
        credentials_of(secret, "acme")


@pytest.mark.parametrize(
    "missing", ["sender_id", "sender_password", "company_id", "user_id", "user_password"]
)
def test_what_is_missing_is_named(missing: str) -> None:
    values = dict.fromkeys(("sender_id", "sender_password"), "x")
    values |= dict.fromkeys(("company_id", "user_id", "user_password"), "x")
    with pytest.raises(ConfigurationError, match=missing):
        Credentials(**{**values, missing: ""})


def test_a_value_that_is_no_text_is_named() -> None:
    secret = {"sender_id": 7, "sender_password": "x", "companies": {"acme": {}}}
    with pytest.raises(ConfigurationError, match=r"sender_id .* not a text"):
        credentials_of(secret, "acme")


def test_a_control_character_in_a_password_is_refused_and_not_removed() -> None:
    with pytest.raises(ConfigurationError, match="user_password") as caught:
        Credentials("s", "p", "c", "u", "pass\x08word")
    assert "pass" not in caught.value.safe_message.replace("user_password", "")


def test_nothing_shows_in_a_repr() -> None:
    shown = repr(credentials_of(SECRET, "acme"))
    for value in ("acme", "pass", "ws.user", "E100"):
        assert value not in shown
