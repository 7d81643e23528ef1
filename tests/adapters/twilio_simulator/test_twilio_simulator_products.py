"""Verify, Lookup, Messaging Services, numbers and the account, through the official client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from sandbox.twilio.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_KEY_SECRET,
    DEFAULT_KEY_SID,
    DEFAULT_SERVICE_SID,
    TEST_ACCOUNT_SID,
    TEST_AUTH_TOKEN,
    Settings,
)
from sandbox.twilio.simulator import TwilioSimulator, point_at
from tests.adapters.twilio_simulator.example import ANN, OURS, OVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio.rest.verify.v2.service import ServiceContext


@pytest.fixture
def sim(simulator: TwilioSimulator) -> TwilioSimulator:
    simulator.admin.settings(numbers=Settings().numbers)
    simulator.admin.reset(seed=1)
    return simulator


@pytest.fixture
def verify(client: Client) -> ServiceContext:
    service = client.verify.v2.services.create(friendly_name="Acme AP")
    return client.verify.v2.services(service.sid)


def _code(sim: TwilioSimulator) -> str:
    sim.admin.forward(OVER)
    return sim.admin.phone(ANN).expect_sms("verification code", within=0).body.split()[-1]


def _error(action: Callable[[], object]) -> tuple[int, int | None]:
    with pytest.raises(TwilioRestException) as caught:
        action()
    return caught.value.status, caught.value.code


def test_the_right_code_approves_once(sim: TwilioSimulator, verify: ServiceContext) -> None:
    started = verify.verifications.create(to=ANN, channel="sms")
    assert (started.status, started.valid) == ("pending", False)
    assert started.send_code_attempts[0]["channel"] == "SMS"
    code = _code(sim)
    wrong = "0" * 6 if code != "0" * 6 else "1" * 6
    checked = verify.verification_checks.create(to=ANN, code=wrong)
    assert (checked.status, checked.valid) == ("pending", False)
    approved = verify.verification_checks.create(to=ANN, code=code)
    assert (approved.status, approved.valid) == ("approved", True)
    again = lambda: verify.verification_checks.create(to=ANN, code=code)  # noqa: E731
    assert _error(again) == (404, 20404)
    assert verify.verifications(started.sid).fetch().status == "approved"


def test_a_code_can_be_told_by_a_call(sim: TwilioSimulator, verify: ServiceContext) -> None:
    verify.verifications.create(to=ANN, channel="call")
    sim.admin.forward(OVER)
    heard = sim.admin.phone(ANN).expect_call("Acme AP verification code", within=0)
    code = heard.heard[0].split()[-1]
    assert verify.verification_checks.create(to=ANN, code=code).valid is True


def test_what_verify_sends_is_not_on_the_accounts_lists(
    sim: TwilioSimulator, client: Client, verify: ServiceContext
) -> None:
    verify.verifications.create(to=ANN, channel="sms")
    sim.admin.forward(OVER)
    assert client.messages.list() == []
    assert sim.admin.accepted() == []


def test_a_code_dies_after_ten_minutes(sim: TwilioSimulator, verify: ServiceContext) -> None:
    verify.verifications.create(to=ANN, channel="sms")
    code = _code(sim)
    sim.admin.forward(600)
    assert _error(lambda: verify.verification_checks.create(to=ANN, code=code)) == (404, 20404)


def test_five_wrong_codes_are_enough(verify: ServiceContext) -> None:
    verify.verifications.create(to=ANN, channel="sms")
    for _ in range(5):
        assert verify.verification_checks.create(to=ANN, code="abcdef").valid is False
    assert _error(lambda: verify.verification_checks.create(to=ANN, code="abcdef")) == (429, 60202)


def test_five_sends_are_enough_and_share_one_verification(verify: ServiceContext) -> None:
    sids = {verify.verifications.create(to=ANN, channel="sms").sid for _ in range(5)}
    assert len(sids) == 1
    assert _error(lambda: verify.verifications.create(to=ANN, channel="sms")) == (429, 60203)


def test_a_verification_can_be_cancelled(verify: ServiceContext) -> None:
    verify.verifications.create(to=ANN, channel="sms")
    assert verify.verifications(ANN).update(status="canceled").status == "canceled"
    assert _error(lambda: verify.verification_checks.create(to=ANN, code="123456"))[1] == 20404


@pytest.mark.parametrize(
    ("to", "channel", "status", "code"),
    [
        ("ann", "sms", 400, 60200),
        (ANN, "pigeon", 400, 60200),
        ("+15550109002", "sms", 403, 60205),
        ("+15550109011", "sms", 403, 60410),
    ],
)
def test_a_verification_that_cannot_start_says_why(
    verify: ServiceContext, to: str, channel: str, status: int, code: int
) -> None:
    assert _error(lambda: verify.verifications.create(to=to, channel=channel)) == (status, code)


def test_a_code_of_the_wrong_form_or_for_nobody_is_refused(verify: ServiceContext) -> None:
    checks = verify.verification_checks
    assert _error(lambda: checks.create(to=ANN, code="1")) == (400, 60200)
    assert _error(lambda: checks.create(code="123456")) == (400, 60200)
    assert _error(lambda: checks.create(to=ANN, code="123456")) == (404, 20404)


def test_a_verify_service_has_a_name_and_a_length_of_code(
    sim: TwilioSimulator, client: Client
) -> None:
    services = client.verify.v2.services
    made = services.create(friendly_name="Long", code_length=8)
    client.verify.v2.services(made.sid).verifications.create(to=ANN, channel="sms")
    assert len(_code(sim)) == 8
    assert services(made.sid).fetch().code_length == 8
    assert [service.sid for service in services.list()] == [made.sid]
    assert _error(lambda: services.create(friendly_name="x", code_length=3)) == (400, 60200)
    assert _error(services("VA" + "0" * 32).fetch) == (404, 20404)


@pytest.mark.parametrize(
    ("number", "kind"),
    [(ANN, "mobile"), ("+15550109002", "landline"), ("+15005550009", "landline")],
)
def test_lookup_tells_the_type_of_line(client: Client, number: str, kind: str) -> None:
    found = client.lookups.v2.phone_numbers(number).fetch(fields="line_type_intelligence")
    assert (found.valid, found.validation_errors) == (True, [])
    assert found.line_type_intelligence["type"] == kind
    assert found.line_status is None
    assert (found.country_code, found.calling_country_code) == ("US", "1")


def test_lookup_gives_only_the_packages_asked_for(sim: TwilioSimulator, client: Client) -> None:
    sim.admin.phone(ANN).turn_off()
    plain = client.lookups.v2.phone_numbers(ANN).fetch()
    assert (plain.line_type_intelligence, plain.line_status) == (None, None)
    assert plain.national_format == "(555) 010-0001"
    both = client.lookups.v2.phone_numbers(ANN).fetch(fields="line_status,sms_pumping_risk")
    assert both.line_status["status"] == "unreachable"
    assert both.sms_pumping_risk["number_blocked"] is False


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("ann", "NOT_A_NUMBER"),
        ("+0123456789", "INVALID_COUNTRY_CODE"),
        ("+1555010", "TOO_SHORT"),
        ("+155501000011", "TOO_LONG"),
        ("+49123", "TOO_SHORT"),
        ("+15005550001", "INVALID_BUT_POSSIBLE"),
    ],
)
def test_lookup_says_what_is_wrong_with_a_number(client: Client, number: str, reason: str) -> None:
    found = client.lookups.v2.phone_numbers(number).fetch()
    assert (found.valid, found.validation_errors) == (False, [reason])


def test_the_messaging_service_of_the_sandbox_can_be_read(client: Client) -> None:
    service = client.messaging.v1.services(DEFAULT_SERVICE_SID).fetch()
    assert service.use_inbound_webhook_on_number is True
    assert service.us_app_to_person_registered is True
    pool = client.messaging.v1.services(DEFAULT_SERVICE_SID).phone_numbers.list()
    assert [number.phone_number for number in pool] == [OURS]
    campaigns = client.messaging.v1.services(DEFAULT_SERVICE_SID).us_app_to_person.list()
    assert [campaign.campaign_status for campaign in campaigns] == ["VERIFIED"]


def test_a_new_messaging_service_is_empty_deaf_and_unregistered(
    sim: TwilioSimulator, client: Client
) -> None:
    services = client.messaging.v1.services
    made = services.create(friendly_name="alerts")
    assert [service.sid for service in services.list()] == [made.sid, DEFAULT_SERVICE_SID]
    assert services(made.sid).us_app_to_person.list() == []

    def send() -> object:
        return client.messages.create(to=ANN, messaging_service_sid=made.sid, body="hi")

    assert _error(send) == (400, 21703)
    (number,) = client.incoming_phone_numbers.list(phone_number=OURS)
    services(made.sid).phone_numbers.create(phone_number_sid=number.sid)
    send()
    sim.admin.forward(OVER)
    sim.admin.phone(ANN).expect_sms("hi", within=0).reply("1")
    assert client.messages.list(to=OURS) == []
    services(made.sid).phone_numbers(number.sid).delete()
    sim.admin.phone(ANN).reply("1", to=OURS)
    assert len(client.messages.list(to=OURS)) == 1
    assert _error(services(made.sid).phone_numbers(number.sid).delete) == (404, 20404)


def test_the_numbers_of_the_account_can_be_listed_and_found(client: Client) -> None:
    numbers = client.incoming_phone_numbers.list()
    assert [number.phone_number for number in numbers] == ["+15005550006", OURS]
    (ours,) = client.incoming_phone_numbers.list(phone_number=OURS)
    assert ours.capabilities == {"voice": True, "sms": True, "mms": False, "fax": False}
    assert client.incoming_phone_numbers(ours.sid).fetch().phone_number == OURS
    assert client.incoming_phone_numbers.list(phone_number="+15550108888") == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"phone_number": "+15005550000"}, 21422),
        ({"phone_number": "+15005550001"}, 21421),
        ({"area_code": "533"}, 21452),
    ],
)
def test_published_magic_numbers_cannot_be_bought(
    client: Client, fields: dict[str, str], code: int
) -> None:
    assert _error(lambda: client.incoming_phone_numbers.create(**fields)) == (400, code)


@pytest.mark.parametrize(
    ("fields", "bought"),
    [({"phone_number": "+15005550006"}, "+15005550006"), ({"area_code": "500"}, "+15005550006")],
)
def test_the_published_number_and_area_code_can_be_bought_with_test_credentials(
    sim: TwilioSimulator, fields: dict[str, str], bought: str
) -> None:
    client = Client(TEST_ACCOUNT_SID, TEST_AUTH_TOKEN)
    point_at(client, sim.url)
    assert client.incoming_phone_numbers.create(**fields).phone_number == bought


def test_a_number_once_bought_can_send(client: Client) -> None:
    client.incoming_phone_numbers.create(phone_number="+15550100099")
    sent = client.messages.create(to=ANN, from_="+15550100099", body="hi")
    assert sent.status == "queued"


def test_the_account_opens_to_its_token_and_not_to_a_standard_key(
    sim: TwilioSimulator, client: Client
) -> None:
    account = client.api.accounts(DEFAULT_ACCOUNT_SID).fetch()
    assert (account.sid, account.status, account.type) == (DEFAULT_ACCOUNT_SID, "active", "Full")
    by_key = Client(DEFAULT_KEY_SID, DEFAULT_KEY_SECRET, DEFAULT_ACCOUNT_SID)
    point_at(by_key, sim.url)
    assert _error(by_key.api.accounts(DEFAULT_ACCOUNT_SID).fetch) == (401, 20003)
    assert _error(client.api.accounts("AC" + "0" * 32).fetch) == (404, 20404)
