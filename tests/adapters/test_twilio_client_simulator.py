"""The messenger, through the official client, against the simulated Twilio."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.delivery import MessageStatus, SmsRequest
from ml_connector.domain.events import EventKind
from ml_connector.domain.gsm7 import segments
from ml_connector.domain.messages import Manner, notice_sms, reference_in
from ml_connector.domain.money import Money
from ml_connector.domain.wording import WORDS
from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryError,
    DeliveryRejected,
    DeliveryTransient,
)
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from ml_connector.twilio.error_codes import Action, after_create
from sandbox.twilio.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_KEY_SECRET,
    DEFAULT_KEY_SID,
    TEST_ACCOUNT_SID,
    TEST_AUTH_TOKEN,
)
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.twilio_world import (
    ANN,
    API_KEY,
    BEN,
    OURS,
    OVER,
    POOL,
    TIMEOUT,
    TOKEN,
    World,
    fresh,
    sms,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world(simulator: TwilioSimulator) -> Iterator[World]:
    with fresh(simulator) as world:
        yield world


def test_a_bill_becomes_the_text_on_a_phone(world: World) -> None:
    bill = Bill(
        record_no="12",
        number="№ 4711",
        vendor_id="V-100",
        vendor_name="“Baker’s” Steel – pay.example.com",  # noqa: RUF001
        amount=Money(Decimal(12500), "USD"),
        state=BillState.SUBMITTED,
        state_text="Submitted",
        due=date(2026, 11, 30),
    )
    text = notice_sms("Acme AP", bill, WORDS[EventKind.SUBMITTED], "K7F2", Manner(ask="one"))
    messenger = world.messenger()
    sent = messenger.send_sms(sms(body=text), TIMEOUT)
    assert sent.status is MessageStatus.QUEUED
    world.admin.forward(OVER)
    shown = world.admin.phone(ANN).expect_sms(within=0)
    assert shown.body == (
        'Acme AP: "Baker\'s" Steel - pay example com, USD 12,500.00, bill No. 4711, due Nov 30. '
        "Waiting for approval in Intacct. Reply 1 = seen. Ref K7F2"
    )
    found = messenger.fetch(sent.sid)
    assert found is not None
    assert (found.status, found.body, found.to) == (MessageStatus.DELIVERED, text, ANN)
    assert reference_in(found.body) == "K7F2"
    assert found.segments == segments(text).parts == 1
    assert found.price is not None
    assert found.price < 0
    assert found.price_unit == "USD"
    assert found.created_at.tzinfo is UTC


@pytest.mark.parametrize("body", ["x" * 161, "€" * 81, "Ж" * 71, "😀" * 67, "€" * 153, "é"])
def test_segments_are_counted_as_twilio_counts_them(world: World, body: str) -> None:
    assert world.messenger().send_sms(sms(body=body), TIMEOUT).segments == segments(body).parts


@pytest.mark.parametrize("credentials", [TOKEN, API_KEY], ids=["auth token", "api key"])
@pytest.mark.parametrize("sender", [OURS, POOL], ids=["number", "messaging service"])
def test_every_kind_of_credentials_and_sender(
    world: World, credentials: TwilioCredentials, sender: Sender
) -> None:
    messenger = world.messenger(sender, credentials)
    start = world.now()
    sent = messenger.send_sms(sms(), TIMEOUT)
    assert [each.sid for each in messenger.list_created_since(start)] == [sent.sid]
    world.admin.forward(OVER)
    assert [each.status for each in messenger.list_to(ANN, start)] == [MessageStatus.DELIVERED]


def test_an_sms_not_handed_over_in_its_validity_dies(world: World) -> None:
    world.admin.settings(segments_per_second=0.001)
    messenger = world.messenger()
    messenger.send_sms(sms(BEN), TIMEOUT)
    late = messenger.send_sms(SmsRequest(ANN, "late", 60), TIMEOUT)
    world.admin.forward(5000)
    found = messenger.fetch(late.sid)
    assert found is not None
    assert (found.status, found.error_code) == (MessageStatus.FAILED, 30036)
    assert after_create(found.error_code).action is Action.RETRY


# ---------------------------------------------------------------- refusals: magic numbers
@pytest.mark.parametrize(
    ("to", "code", "kind"),
    [
        ("+15005550001", 21211, DeliveryRejected),
        ("+15005550002", 21612, DeliveryRejected),
        ("+15005550003", 21408, DeliveryRejected),
        ("+15005550004", 21610, DeliveryRejected),
        ("+15005550009", 21614, DeliveryRejected),
    ],
)
def test_magic_recipients(world: World, to: str, code: int, kind: type[DeliveryError]) -> None:
    with pytest.raises(DeliveryError) as refused:
        world.messenger().send_sms(sms(to), TIMEOUT)
    assert type(refused.value) is kind
    assert (refused.value.provider_code, refused.value.http_status) == (code, 400)
    assert to not in str(refused.value)
    assert world.admin.accepted() == []


@pytest.mark.parametrize(
    ("number", "code", "kind"),
    [
        ("+15005550001", 21212, DeliveryBlocked),
        ("+15005550007", 21606, DeliveryBlocked),
        ("+15005550008", 21611, DeliveryTransient),
        ("+15550109999", 21606, DeliveryBlocked),
    ],
)
def test_magic_senders(world: World, number: str, code: int, kind: type[DeliveryError]) -> None:
    with pytest.raises(DeliveryError) as refused:
        world.messenger(Sender(number=number)).send_sms(sms(), TIMEOUT)
    assert type(refused.value) is kind
    assert refused.value.provider_code == code


def test_the_magic_sender_that_works(world: World) -> None:
    sent = world.messenger(Sender(number="+15005550006")).send_sms(sms(), TIMEOUT)
    assert sent.status is MessageStatus.QUEUED


def test_an_unknown_messaging_service_is_for_the_operator(world: World) -> None:
    strange = Sender(messaging_service="MG" + "f" * 32)
    with pytest.raises(DeliveryBlocked, match="21705"):
        world.messenger(strange).send_sms(sms(), TIMEOUT)


@pytest.mark.parametrize(
    ("number", "status", "code", "action"),
    [
        ("+15550109001", MessageStatus.UNDELIVERED, 30003, Action.RETRY),
        ("+15550109002", MessageStatus.UNDELIVERED, 30006, Action.PERMANENT),
        ("+15550109008", MessageStatus.UNDELIVERED, 30007, Action.PERMANENT),
        ("+15550109011", MessageStatus.UNDELIVERED, 30004, Action.PERMANENT),
        ("+15550109012", MessageStatus.UNDELIVERED, 30005, Action.PERMANENT),
        ("+15550109013", MessageStatus.UNDELIVERED, 30008, Action.RETRY),
        ("+15550109007", MessageStatus.SENT, None, None),
    ],
)
def test_phones_that_do_not_receive(
    world: World, number: str, status: MessageStatus, code: int | None, action: Action | None
) -> None:
    messenger = world.messenger()
    sent = messenger.send_sms(sms(number), TIMEOUT)
    world.admin.forward(OVER)
    found = messenger.fetch(sent.sid)
    assert found is not None
    assert (found.status, found.error_code) == (status, code)
    if action is not None:
        assert after_create(found.error_code).action is action


# ------------------------------------------------------------------------- credentials
@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        (TwilioCredentials(DEFAULT_ACCOUNT_SID, DEFAULT_ACCOUNT_SID, "wrong"), 20003),
        (TwilioCredentials(DEFAULT_ACCOUNT_SID, DEFAULT_KEY_SID, "wrong"), 20003),
        (TwilioCredentials(TEST_ACCOUNT_SID, TEST_ACCOUNT_SID, TEST_AUTH_TOKEN), 20008),
    ],
)
def test_credentials_that_do_not_open_a_list(
    world: World, credentials: TwilioCredentials, code: int
) -> None:
    with pytest.raises(DeliveryBlocked) as refused:
        list(world.messenger(credentials=credentials).list_to(ANN, world.now()))
    assert refused.value.provider_code == code
    assert world.lists() == 1


def test_a_restricted_key_without_the_permission_is_for_the_operator(world: World) -> None:
    world.admin.settings(
        keys={
            DEFAULT_KEY_SID: {
                "secret": DEFAULT_KEY_SECRET,
                "kind": "restricted",
                "permissions": ["messages.list"],
            }
        }
    )
    messenger = world.messenger(credentials=API_KEY)
    assert list(messenger.list_to(ANN, world.now())) == []
    with pytest.raises(DeliveryBlocked, match="restricted key") as refused:
        messenger.send_sms(sms(), TIMEOUT)
    assert refused.value.http_status == 403
    world.admin.settings(keys={DEFAULT_KEY_SID: {"secret": DEFAULT_KEY_SECRET}})


def test_a_suspended_account_is_for_the_operator(world: World) -> None:
    world.admin.fault("suspended", endpoint="messages.create")
    with pytest.raises(DeliveryBlocked):
        world.messenger().send_sms(sms(), TIMEOUT)
