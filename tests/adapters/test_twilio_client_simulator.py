"""The messenger, through the official client, against the simulated Twilio."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.delivery import MessageStatus, SmsRequest
from ml_connector.domain.gsm7 import segments
from ml_connector.domain.messages import bill_waiting_sms, reference_in
from ml_connector.domain.money import Money
from ml_connector.errors import (
    DeliveryBlocked,
    DeliveryError,
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
)
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.error_codes import Action, after_create
from ml_connector.twilio.http_client import ConnectorHttpClient, ReadPolicy
from ml_connector.twilio.messages import TwilioMessenger
from sandbox.twilio.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_KEY_SECRET,
    DEFAULT_KEY_SID,
    DEFAULT_SERVICE_SID,
    TEST_ACCOUNT_SID,
    TEST_AUTH_TOKEN,
)
from sandbox.twilio.simulator import TwilioSimulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OURS = Sender(number="+15550100000")
POOL = Sender(messaging_service=DEFAULT_SERVICE_SID)
ANN, BEN = "+15550100001", "+15550100002"
TIMEOUT = 20.0
OVER = 10.0
"""Simulated seconds after which a message has reached its last state."""
TOKEN = TwilioCredentials(DEFAULT_ACCOUNT_SID, DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)
API_KEY = TwilioCredentials(DEFAULT_ACCOUNT_SID, DEFAULT_KEY_SID, DEFAULT_KEY_SECRET)


@dataclass
class World:
    """The simulator, and messengers that sleep in its time."""

    simulator: TwilioSimulator
    opened: list[TwilioConnection]

    @property
    def admin(self) -> Any:
        return self.simulator.admin

    def messenger(
        self, sender: Sender = OURS, credentials: TwilioCredentials = TOKEN, **options: Any
    ) -> TwilioMessenger:
        http = ConnectorHttpClient(
            tls=False, reads=ReadPolicy(budget=TIMEOUT), sleep=lambda _: None, **options
        )
        connection = TwilioConnection(credentials, Endpoints(self.simulator.url), http)
        self.opened.append(connection)
        return TwilioMessenger(connection, sender)

    def now(self) -> datetime:
        now: datetime = self.admin.now()
        return now

    def lists(self) -> int:
        return sum(each.endpoint == "messages.list" for each in self.admin.requests())


@pytest.fixture(scope="module")
def simulator() -> Iterator[TwilioSimulator]:
    with TwilioSimulator(clock_running=False) as running:
        yield running


@pytest.fixture
def world(simulator: TwilioSimulator) -> Iterator[World]:
    simulator.admin.reset(seed=1)
    simulator.admin.settings(segments_per_second=0)
    world = World(simulator, [])
    yield world
    for each in world.opened:
        each.close()


def sms(to: str = ANN, body: str = "Acme AP: a bill is waiting. Ref K7F2") -> SmsRequest:
    return SmsRequest(to, body, 900)


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
    text = bill_waiting_sms("Acme AP", bill, "K7F2", replies=True)
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


# ------------------------------------------------------------------------------ faults
@pytest.mark.parametrize(
    ("kind", "options", "accepted"),
    [
        ("error_before", {"status": 500}, 0),
        ("error_before", {"status": 503}, 0),
        ("error_after", {"status": 500}, 1),
        ("error_after", {"status": 502}, 1),
        ("reset_before", {}, 0),
        ("reset_after", {}, 1),
        ("close_idle", {}, 0),
    ],
)
def test_what_nobody_can_know_is_unknown_and_never_repeated(
    world: World, kind: str, options: dict[str, int], accepted: int
) -> None:
    messenger = world.messenger()
    messenger.send_sms(sms(BEN, "opens the connection"), TIMEOUT)
    before = len(world.admin.requests())
    world.admin.fault(kind, endpoint="messages.create", count=None, **options)
    with pytest.raises(DeliveryOutcomeUnknown):
        messenger.send_sms(sms(), TIMEOUT)
    assert len(world.admin.requests()) - before == 1
    assert len(world.admin.accepted()) - 1 == accepted


def test_an_answer_after_the_time_given_is_unknown_and_the_list_tells(world: World) -> None:
    messenger = world.messenger()
    start = world.now()
    world.admin.fault("hold", endpoint="messages.create", seconds=5.0)
    with pytest.raises(DeliveryOutcomeUnknown):
        messenger.send_sms(sms(), 0.5)
    (adopted,) = messenger.list_to(ANN, start)
    assert reference_in(adopted.body) == "K7F2"


def test_what_twilio_accepted_is_found_by_its_reference_once_it_is_listed(world: World) -> None:
    messenger = world.messenger()
    start = world.now()
    world.admin.fault("list_delay", seconds=90.0)
    world.admin.fault("error_after", endpoint="messages.create")
    with pytest.raises(DeliveryOutcomeUnknown):
        messenger.send_sms(sms(), TIMEOUT)
    assert list(messenger.list_to(ANN, start)) == []
    world.admin.forward(91)
    (adopted,) = messenger.list_to(ANN, start)
    assert adopted.sid == world.admin.accepted()[0].sid
    assert reference_in(adopted.body) == "K7F2"


def test_a_connection_closed_while_idle_is_not_used_for_a_create(world: World) -> None:
    messenger = world.messenger(max_idle=0.0)
    messenger.send_sms(sms(BEN), TIMEOUT)
    fault = world.admin.fault("close_idle", endpoint="messages.create", count=None)
    messenger.send_sms(sms(), TIMEOUT)
    assert fault.fired == 0


@pytest.mark.parametrize(("told", "expected"), [(7, 7.0), (None, 1.0)])
def test_429_says_when_to_come_again_and_was_never_processed(
    world: World, told: int | None, expected: float
) -> None:
    world.admin.fault("rate_limited", endpoint="messages.create", retry_after=told)
    with pytest.raises(DeliveryTransient) as refused:
        world.messenger().send_sms(sms(), TIMEOUT)
    assert type(refused.value) is DeliveryTransient
    assert (refused.value.retry_after, refused.value.provider_code) == (expected, 20429)
    assert world.admin.accepted() == []


@pytest.mark.parametrize("kind", ["error_before", "rate_limited", "reset_before", "reset_after"])
def test_lists_get_through_what_passes(world: World, kind: str) -> None:
    messenger = world.messenger()
    start = world.now()
    messenger.send_sms(sms(), TIMEOUT)
    world.admin.fault(kind, endpoint="messages.list", count=2)
    assert len(list(messenger.list_created_since(start))) == 1
    assert world.lists() == 3


def test_a_stopped_twilio_is_not_sent_anything() -> None:
    with TwilioSimulator() as simulator:
        connection = TwilioConnection(TOKEN, Endpoints(simulator.url))
        messenger = TwilioMessenger(connection, OURS)
    with pytest.raises(DeliveryNotSent):
        messenger.send_sms(sms(), TIMEOUT)
    connection.close()


# ------------------------------------------------------------------------------- lists
def test_more_than_a_page_is_read_whole_and_once(world: World) -> None:
    messenger = world.messenger()
    start = world.now()
    made = [messenger.send_sms(sms(BEN, f"number {n}"), TIMEOUT).sid for n in range(1001)]
    world.admin.forward(OVER)
    listed = [each.sid for each in messenger.list_created_since(start)]
    assert len(listed) == 1001
    assert set(listed) == set(made)
    assert world.lists() == 2
    assert [each.sid for each in messenger.list_to(BEN, start)] == listed
    assert world.lists() == 4
    assert list(messenger.list_to(ANN, start)) == []


def test_newest_first_and_nothing_older_than_asked(world: World) -> None:
    messenger = world.messenger()
    made = []
    for _ in range(4):
        made.append(messenger.send_sms(sms(), TIMEOUT).sid)
        world.admin.forward(60)
    since = world.now() - timedelta(seconds=130)
    for listed in (messenger.list_created_since(since), messenger.list_to(ANN, since)):
        assert [each.sid for each in listed] == [made[3], made[2]]


def test_messages_that_wait_in_the_queue_are_listed(world: World) -> None:
    world.admin.settings(segments_per_second=0.001)
    messenger = world.messenger()
    start = world.now()
    for _ in range(3):
        messenger.send_sms(sms(), TIMEOUT)
    world.admin.forward(5)
    statuses = [each.status for each in messenger.list_created_since(start)]
    assert len(statuses) == 3
    assert MessageStatus.QUEUED in statuses


def test_replies_and_other_senders_are_not_ours(world: World) -> None:
    ours, pool = world.messenger(OURS), world.messenger(POOL)
    magic = world.messenger(Sender(number="+15005550006"))
    start = world.now()
    by_number = ours.send_sms(sms(), TIMEOUT)
    by_pool = pool.send_sms(sms(), TIMEOUT)
    magic.send_sms(sms(), TIMEOUT)
    world.admin.forward(OVER)
    world.admin.phone(ANN).reply("1 Ref K7F2", to="+15550100000")
    lists: list[Callable[[TwilioMessenger], Any]] = [
        lambda messenger: messenger.list_created_since(start),
        lambda messenger: messenger.list_to(ANN, start),
    ]
    for ask in lists:
        assert [each.sid for each in ask(pool)] == [by_pool.sid]
        assert by_number.sid in {each.sid for each in ask(ours)}
        assert all(each.to == ANN for each in ask(ours))


def test_a_message_nobody_made_is_none(world: World) -> None:
    assert world.messenger().fetch("SM" + "f" * 32) is None
