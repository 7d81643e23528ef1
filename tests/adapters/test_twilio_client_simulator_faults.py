"""The messenger against the simulated Twilio's faults and long lists."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ml_connector.domain.delivery import MessageStatus
from ml_connector.domain.messages import reference_in
from ml_connector.errors import (
    DeliveryNotSent,
    DeliveryOutcomeUnknown,
    DeliveryTransient,
)
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.messages import TwilioMessenger
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.twilio_world import (
    ANN,
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
    from collections.abc import Callable, Iterator


@pytest.fixture
def world(simulator: TwilioSimulator) -> Iterator[World]:
    with fresh(simulator) as world:
        yield world


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
        lambda messenger: messenger.ours_to(ANN),
    ]
    for ask in lists:
        assert [each.sid for each in ask(pool)] == [by_pool.sid]
        assert by_number.sid in {each.sid for each in ask(ours)}
        assert all(each.to == ANN for each in ask(ours))


def test_a_message_nobody_made_is_none(world: World) -> None:
    assert world.messenger().fetch("SM" + "f" * 32) is None
