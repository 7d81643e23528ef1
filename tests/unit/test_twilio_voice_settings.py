"""What the twilio secret says about calls, which voice speaks, and what Studio's refusals say."""

from __future__ import annotations

import json

import pytest

from ml_connector.errors import ConfigurationError, DeliveryBusy, DeliveryRejected
from ml_connector.twilio.credentials import Sender
from ml_connector.twilio.endpoints import CONFIRMED_VOICE, VERIFY, Endpoints
from ml_connector.twilio.errors import Answer, DefinitionRefused, error_of
from ml_connector.twilio.voices import VOICES, voice_of

OURS, SERVICE, FLOW = "+15550100100", "MG" + "0" * 32, "FW" + "0" * 32


@pytest.mark.parametrize(
    ("secret", "calling"),
    [
        ({"from": OURS}, OURS),
        ({"from": OURS, "voice_from": "+15550100101"}, "+15550100101"),
        ({"messaging_service": SERVICE}, ""),
        ({"messaging_service": SERVICE, "voice_from": OURS}, OURS),
        ({"from": "12345"}, ""),
        ({"from": "ACME"}, ""),
    ],
)
def test_calls_come_from_the_sender_if_it_is_a_number(
    secret: dict[str, object], calling: str
) -> None:
    assert Sender.from_secret(secret).voice_from == calling


@pytest.mark.parametrize("number", ["12345", "ACME", "0155 0100", "+0", "15550100100"])
def test_what_cannot_call_is_refused_in_one_line(number: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^twilio secret: voice_from must be E\.164.*"):
        Sender.from_secret({"from": OURS, "voice_from": number})


@pytest.mark.parametrize("flow", ["FW1", "FN" + "0" * 32, "FW" + "g" * 32])
def test_what_is_no_flow_is_refused_in_one_line(flow: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^twilio secret: voice_flow .* voice deploy"):
        Sender.from_secret({"from": OURS, "voice_flow": flow})


@pytest.mark.parametrize("key", ["voice_from", "voice_flow"])
def test_what_is_not_text_is_refused(key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{key} is missing or not text"):
        Sender.from_secret({"from": OURS, key: 7})


def test_a_secret_says_where_twilio_is() -> None:
    places = Endpoints.from_secret({"region": "ie1", "edge": "dublin"})
    assert (places.region, places.edge) == ("ie1", "dublin")
    assert Endpoints.from_secret({}, "http://127.0.0.1:9").base_url == "http://127.0.0.1:9"
    assert Endpoints.from_secret({"region": "", "edge": None}) == Endpoints()


@pytest.mark.parametrize("value", ["ie1.evil.example/", "IE1", 7, ["ie1"], "a" * 21])
def test_a_place_that_would_lead_elsewhere_is_refused(value: object) -> None:
    for key in ("region", "edge"):
        with pytest.raises(ConfigurationError, match=f"twilio secret: {key} must be"):
            Endpoints.from_secret({"region": "ie1", "edge": "dublin", key: value})


def test_what_a_region_has_not_got_is_refused_with_what_takes_its_place() -> None:
    dublin = Endpoints(region="ie1", edge="dublin")
    for feature, instead in dublin.lacks.items():
        assert not dublin.has(feature)
        with pytest.raises(ConfigurationError) as refused:
            dublin.need(feature)
        assert feature in refused.value.safe_message
        assert instead in refused.value.safe_message
    for feature in (VERIFY, CONFIRMED_VOICE):
        Endpoints().need(feature)
        assert Endpoints(region="au1", edge="sydney").has(feature)


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en-US", "en-US"),
        ("EN-gb", "en-GB"),
        ("en-NZ", "en-US"),
        ("en", "en-US"),
        ("es-ES", "es-ES"),
        ("es-AR", "es-MX"),
        ("de-DE", "en-US"),
        ("", "en-US"),
    ],
)
def test_a_voice_speaks_the_language_it_is_given(tag: str, language: str) -> None:
    voice = voice_of(tag)
    assert voice.language == language
    assert voice in VOICES


def refused(status: int, body: object) -> Exception:
    return error_of("POST", Answer(status, {}, json.dumps(body).encode()), now=0.0)


def test_what_studio_finds_in_a_definition_is_kept_beside_the_message() -> None:
    errors = [
        {"message": "no such widget", "property_path": "#/states/1"},
        {"message": "x" * 1000, "property_path": "#/states/2"},
        {"message": "without a place"},
        "no finding",
    ]
    error = refused(400, {"code": 20001, "details": {"errors": errors}})
    assert isinstance(error, DefinitionRefused)
    first, second = error.findings
    assert first == "#/states/1: no such widget"
    assert len(second) == 300
    assert "no such widget" not in str(error)


@pytest.mark.parametrize("details", [None, [], {}, {"errors": "x"}, {"errors": []}])
def test_any_other_refusal_is_a_plain_one(details: object) -> None:
    error = refused(400, {"code": 21211, "details": details})
    assert type(error) is DeliveryRejected


@pytest.mark.parametrize(("code", "busy"), [(20409, True), (None, True), (21211, False)])
def test_only_a_conflict_of_calls_is_one(code: int | None, busy: bool) -> None:
    body = {} if code is None else {"code": code}
    assert isinstance(refused(409, body), DeliveryBusy) is busy
