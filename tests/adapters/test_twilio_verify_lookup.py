"""Verify and Lookup against the simulated Twilio, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ml_connector.errors import (
    ConfigurationError,
    DeliveryBlocked,
    DeliveryNotSent,
    DeliveryRejected,
    DeliveryTransient,
)
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.http_client import ConnectorHttpClient, ReadPolicy
from ml_connector.twilio.lookup import LookedUp, TwilioLookup
from ml_connector.twilio.verify import Checked, TwilioVerify
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.twilio_raw_server import RawServer, answer
from tests.adapters.twilio_world import ANN, BEN, TOKEN, World, fresh

LANDLINE, BLOCKED, NOWHERE = "+15550109002", "+15550109011", "+15005550001"
TEN_MINUTES = 601.0


@pytest.fixture(scope="module")
def simulator() -> Iterator[TwilioSimulator]:
    with TwilioSimulator() as running:
        yield running


@pytest.fixture
def world(simulator: TwilioSimulator) -> Iterator[World]:
    with fresh(simulator) as made:
        yield made


def connected(url: str) -> TwilioConnection:
    http = ConnectorHttpClient(
        tls=False, reads=ReadPolicy(attempts=2, budget=20.0), sleep=lambda _: None
    )
    return TwilioConnection(TOKEN, Endpoints(url), http)


@pytest.fixture
def connection(world: World) -> Iterator[TwilioConnection]:
    made = connected(world.simulator.url)
    yield made
    made.close()


@pytest.fixture
def verify(connection: TwilioConnection) -> TwilioVerify:
    return TwilioVerify(connection)


@pytest.fixture
def service(verify: TwilioVerify) -> str:
    return verify.create_service("ml-connector dev")


def code_on(world: World, number: str) -> str:
    text = world.admin.phone(number).expect_sms("ml-connector dev").body
    (code,) = re.findall(r"\b[0-9]{6}\b", text)
    return str(code)


def another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


# -------------------------------------------------------------------------------- Verify
def test_a_code_read_back_proves_the_number(
    world: World, verify: TwilioVerify, service: str
) -> None:
    verify.start(service, ANN, "sms")
    code = code_on(world, ANN)
    assert verify.check(service, ANN, another(code)) is Checked.WRONG
    assert verify.check(service, ANN, code) is Checked.APPROVED
    assert verify.check(service, ANN, code) is Checked.GONE


def test_the_code_of_one_number_says_nothing_about_another(
    world: World, verify: TwilioVerify, service: str
) -> None:
    verify.start(service, ANN, "sms")
    assert verify.check(service, BEN, code_on(world, ANN)) is Checked.GONE


def test_a_landline_is_told_by_a_call(world: World, verify: TwilioVerify, service: str) -> None:
    with pytest.raises(DeliveryRejected, match="no code was sent: a landline takes no text"):
        verify.start(service, LANDLINE, "sms")
    verify.start(service, LANDLINE, "call")
    heard = world.admin.phone(LANDLINE).expect_call("verification code").heard
    (code,) = re.findall(r"\b[0-9]{6}\b", " ".join(heard))
    assert verify.check(service, LANDLINE, code) is Checked.APPROVED


def test_an_old_code_is_gone(world: World, verify: TwilioVerify, service: str) -> None:
    verify.start(service, ANN, "sms")
    code = code_on(world, ANN)
    world.admin.forward(TEN_MINUTES)
    assert verify.check(service, ANN, code) is Checked.GONE


def test_after_five_wrong_codes_the_right_one_is_too_late(
    world: World, verify: TwilioVerify, service: str
) -> None:
    verify.start(service, ANN, "sms")
    code = code_on(world, ANN)
    said = [verify.check(service, ANN, another(code)) for _ in range(5)]
    assert said == [Checked.WRONG] * 5
    assert verify.check(service, ANN, code) is Checked.TOO_MANY


def test_a_code_of_the_wrong_shape_uses_up_no_try(
    world: World, verify: TwilioVerify, service: str
) -> None:
    verify.start(service, ANN, "sms")
    asked = len(world.admin.requests())
    for code in ("", "123", "12345678901", "12a456", "١٢٣٤٥٦"):
        assert verify.check(service, ANN, code) is Checked.WRONG
    assert len(world.admin.requests()) == asked


@pytest.mark.parametrize(
    ("number", "times", "words"),
    [
        (ANN, 5, "five codes were sent already"),
        (BLOCKED, 0, "ask Twilio to allow it"),
        ("+0", 0, "Twilio takes no such number"),
    ],
)
def test_why_no_code_is_sent_is_said_without_the_number(
    verify: TwilioVerify, service: str, number: str, times: int, words: str
) -> None:
    for _ in range(times):
        verify.start(service, number, "sms")
    with pytest.raises(DeliveryRejected) as refused:
        verify.start(service, number, "sms")
    assert words in refused.value.safe_message
    assert number not in refused.value.safe_message


def test_a_service_that_is_gone_says_how_to_get_a_new_one(verify: TwilioVerify) -> None:
    with pytest.raises(DeliveryBlocked, match="take verify_service out of the secret"):
        verify.start("VA" + "0" * 32, ANN, "sms")


def test_a_region_without_verify_and_a_sid_of_another_shape_are_configuration(
    verify: TwilioVerify,
) -> None:
    with pytest.raises(ConfigurationError, match="ie1 has no Verify"):
        TwilioVerify(TwilioConnection(TOKEN, Endpoints(region="ie1", edge="dublin")))
    with pytest.raises(ConfigurationError, match="verify_service must be VA"):
        verify.start("MG" + "0" * 32, ANN, "sms")


# -------------------------------------------------------------------------------- Lookup
def test_lookup_tells_what_exists_and_the_line_only_when_asked(
    world: World, connection: TwilioConnection
) -> None:
    lookup = TwilioLookup(connection)
    assert lookup.look_up(ANN) == LookedUp(valid=True)
    assert lookup.look_up(LANDLINE, line_type=True) == LookedUp(valid=True, line_type="landline")
    assert lookup.look_up(ANN, line_type=True).line_type == "mobile"
    assert lookup.look_up(NOWHERE) == LookedUp(valid=False)
    assert len(world.admin.requests()) == 4
    assert lookup.look_up("15550100001") == LookedUp(valid=False)
    assert len(world.admin.requests()) == 4


@pytest.mark.parametrize("body", [b"[]", b"no JSON", {"valid": "yes"}, {}])
def test_an_answer_of_another_shape_is_no_verdict_on_a_number(body: object) -> None:
    with RawServer([answer(200, body)]) as server:
        connection = connected(server.url)
        with pytest.raises(DeliveryTransient, match="cannot be read"):
            TwilioLookup(connection).look_up(ANN)
        connection.close()


def test_an_odd_line_type_is_not_kept() -> None:
    odd = {"valid": True, "line_type_intelligence": {"type": "<b>+15550100001</b>"}}
    voip = {"valid": True, "line_type_intelligence": {"type": "nonFixedVoip"}}
    with RawServer([answer(200, odd), answer(200, voip)]) as server:
        connection = connected(server.url)
        lookup = TwilioLookup(connection)
        assert lookup.look_up(ANN, line_type=True) == LookedUp(valid=True)
        assert lookup.look_up(ANN, line_type=True).voip
        connection.close()


def test_without_a_connection_nothing_is_said_of_a_number() -> None:
    connection = connected("http://127.0.0.1:9")
    with pytest.raises(DeliveryNotSent):
        TwilioLookup(connection).look_up(ANN)
    connection.close()
