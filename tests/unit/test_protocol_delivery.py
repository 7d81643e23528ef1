"""After the provider took it: receipts, failures, growing delays, and silence."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.domain.delivery import MessageStatus
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.plans import SMS_ATTEMPTS
from ml_connector.settings import Timings
from tests.support.faults import Fault
from tests.support.phones import (
    ANSWERS_LATE,
    GIVES_NO_RECEIPT,
    IS_GONE,
    IS_OFF,
    Turn,
)
from tests.support.world import World


@pytest.fixture
def world() -> World:
    return World()


# --------------------------------------------------------------------------------- failures
def test_a_phone_that_is_off_is_tried_again_and_gets_it_when_it_is_on(world: World) -> None:
    world.ann.turn_off()
    world.open()
    world.run(minutes=4)
    assert world.ann.inbox(world.clock.now()) == []
    world.ann.turn_on()
    world.run(minutes=15)
    assert len(world.ann.inbox(world.clock.now())) == 1


def test_the_waits_between_tries_grow() -> None:
    world = World(timings=Timings(hint_scale=0.0))
    world.ann.turn_off()
    world.open()
    world.run(hours=1)
    waits = [d.due_at - d.created_at for d in world.dispatches()[1:]]
    assert len(waits) == SMS_ATTEMPTS - 1
    for place, wait in enumerate(waits):
        assert 15 * 2**place <= wait.total_seconds() <= 30 * 2**place
    tries = [text.accepted_at for text in world.provider.log]
    assert all(later > earlier for earlier, later in pairwise(tries))


def test_every_try_is_a_dispatch_of_its_own_with_a_text_of_its_own(world: World) -> None:
    world.ann.turn_off()
    world.open()
    world.run(hours=1)
    assert len({text.body for text in world.provider.log}) == SMS_ATTEMPTS
    assert [d.attempt for d in world.dispatches()] == list(range(1, SMS_ATTEMPTS + 1))


def test_after_the_last_attempt_the_alert_stops_and_says_so(world: World) -> None:
    world.ann.turn_off()
    dispatch = world.open()
    world.run(hours=2)
    assert len(world.provider.log) == SMS_ATTEMPTS
    assert world.alert(dispatch).stop_reason is StopReason.EXHAUSTED
    assert world.telemetry.said("alert_failed", "error")
    assert world.telemetry.metrics["AlertsFailed"] == 1


def test_a_code_that_is_permanent_is_not_tried_again(world: World) -> None:
    world.ann.life = IS_GONE
    dispatch = world.open()
    world.run(hours=1)
    assert len(world.provider.log) == 1
    assert world.alert(dispatch).stop_reason is StopReason.UNREACHABLE
    last, handed_on = world.entries(dispatch)[-2:]
    assert last.data["error_code"] == 30005
    assert handed_on.data["alerts"] == [
        {
            "step": 1,
            "stopped": "nobody else",
            "passed_over": [
                {
                    "approver": "ann",
                    "reason": "sms failed; voice is not among the person's channels",
                }
            ],
        }
    ]


def test_a_wait_the_code_asks_for_is_kept(world: World) -> None:
    world.ann.life = (Turn(0, MessageStatus.QUEUED), Turn(3, MessageStatus.FAILED, 30022))
    world.open()
    world.run(minutes=2)
    follower = world.newest()
    assert follower.due_at - follower.created_at == timedelta(seconds=60)


def test_a_try_due_beyond_the_longest_queue_delay_is_rung_for_when_it_is_due(
    world: World,
) -> None:
    world.ann.life = (Turn(0, MessageStatus.QUEUED), Turn(3, MessageStatus.FAILED, 63038))
    world.open()
    world.run(minutes=2)
    follower = world.newest()
    assert follower.due_at - follower.created_at > timedelta(seconds=900)
    assert follower.id not in world.queue.waiting
    assert follower.look_at == follower.due_at
    world.ann.turn_on()
    world.clock.forward_to(follower.due_at)
    world.tick()
    assert len(world.provider.log) == 2


def test_the_new_try_is_rung_for_with_its_delay(world: World) -> None:
    world.ann.turn_off()
    world.open()
    world.drain()
    world.clock.forward(minutes=1)
    world.check()
    follower = world.newest()
    due = world.queue.next_visible()
    assert due is not None
    assert timedelta(0) <= due - follower.due_at <= timedelta(seconds=1)


# ---------------------------------------------------------------------------------- silence
def test_approved_while_a_retry_waits_means_silence(world: World) -> None:
    world.ann.turn_off()
    dispatch = world.open()
    world.drain()
    world.clock.forward(minutes=2)
    world.check()
    assert world.newest().state is DispatchState.WAITING
    world.ledger.approve("4711")
    world.poll()
    world.ann.turn_on()
    world.run(hours=2)
    assert len(world.provider.log) == 1
    assert world.ann.inbox(world.clock.now()) == []
    assert world.case(dispatch).state is CaseState.HANDLED
    assert world.alert(dispatch).stop_reason is StopReason.HANDLED
    assert world.kinds(dispatch)[-1] == "dispatch.suppressed"
    assert world.broken_chains() == []


@pytest.mark.parametrize("how", ["approve", "decline"])
def test_a_bill_handled_before_the_message_is_fetched_is_never_sent(world: World, how: str) -> None:
    dispatch = world.open()
    getattr(world.ledger, how)("4711")
    world.clock.forward(minutes=2)
    world.poll()
    world.drain()
    assert world.provider.log == []
    assert world.dispatch(dispatch.id).state is DispatchState.NOT_SENT
    assert world.telemetry.said("alert_silenced", "event")


def test_approved_between_reading_and_claiming_means_silence(world: World) -> None:
    dispatch = world.open()
    world.clock.forward(minutes=2)

    def approve() -> None:
        world.ledger.approve("4711")
        world.poll()

    world.faults.race = approve
    world.faults.arrange("commit dispatch.claimed", Fault.RACE)
    world.send(dispatch.id)
    assert world.provider.log == []
    assert world.dispatch(dispatch.id).state is DispatchState.NOT_SENT


def test_what_was_sent_already_is_followed_to_its_end_after_approval(world: World) -> None:
    world.ann.life = IS_OFF
    dispatch = world.open()
    world.drain()
    world.clock.forward(minutes=2)
    world.ledger.approve("4711")
    world.poll()
    world.run(minutes=10)
    assert world.dispatch(dispatch.id).state is DispatchState.UNDELIVERED
    assert world.entries(dispatch)[-1].data["next"] == "nothing: no longer wanted"
    assert len(world.provider.log) == 1


# --------------------------------------------------------------------------------- receipts
def test_without_a_receipt_it_is_unconfirmed_after_the_soft_timeout(world: World) -> None:
    world.ann.life = GIVES_NO_RECEIPT
    dispatch = world.open()
    world.run(hours=3, minutes=58)
    assert world.dispatch(dispatch.id).state is DispatchState.SENT
    world.run(hours=2)
    assert world.dispatch(dispatch.id).state is DispatchState.UNCONFIRMED
    assert world.kinds(dispatch)[-1] == "dispatch.unconfirmed"
    assert len(world.provider.log) == 1


def test_a_late_receipt_still_counts(world: World) -> None:
    world.ann.life = ANSWERS_LATE
    dispatch = world.open()
    world.run(hours=8)
    assert world.kinds(dispatch)[-2:] == ["dispatch.unconfirmed", "dispatch.delivered"]


def test_a_receipt_is_not_waited_for_without_end(world: World) -> None:
    world.ann.life = GIVES_NO_RECEIPT
    dispatch = world.open()
    world.run(hours=36)
    assert world.dispatch(dispatch.id).look_at is None
    assert world.tables.due == []


def test_the_older_a_message_the_less_often_it_is_asked_about(world: World) -> None:
    world.ann.life = GIVES_NO_RECEIPT
    world.open()
    world.run(hours=4)
    lists = world.provider.lists
    world.run(hours=12)
    assert lists < 40
    assert world.provider.lists - lists < 10


def test_a_status_never_goes_backwards(world: World) -> None:
    world.ann.life = (
        Turn(0, MessageStatus.QUEUED),
        Turn(2, MessageStatus.SENT),
        Turn(70, MessageStatus.QUEUED),
        Turn(130, MessageStatus.UNKNOWN),
    )
    dispatch = world.open()
    seen: list[MessageStatus | None] = []
    for _ in range(6):
        world.tick()
        seen.append(world.dispatch(dispatch.id).provider_status)
        world.clock.forward(minutes=1)
    assert seen[1:] == [MessageStatus.SENT] * 5


def test_a_settled_dispatch_is_left_alone_whatever_a_list_says_later(world: World) -> None:
    world.ann.life = (
        Turn(0, MessageStatus.QUEUED),
        Turn(4, MessageStatus.DELIVERED),
        Turn(600, MessageStatus.UNDELIVERED, 30003),
    )
    dispatch = world.open()
    world.run(hours=1)
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED
    assert len(world.provider.log) == 1


def test_a_list_that_cannot_be_had_is_no_missing_receipt(world: World) -> None:
    dispatch = world.open()
    world.drain()
    world.provider.lists_down = True
    world.run(hours=6)
    assert world.dispatch(dispatch.id).state is DispatchState.SENT
    world.provider.lists_down = False
    world.run(minutes=3)
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED


def test_one_list_call_tells_about_all_that_were_sent(world: World) -> None:
    for bill in range(5):
        world.open(f"48{bill:02d}")
    world.drain()
    world.clock.forward(minutes=1)
    before = world.provider.lists
    world.check()
    assert world.provider.lists == before + 1
    assert world.provider.fetches == 0
    assert {d.state for d in world.dispatches()} == {DispatchState.DELIVERED}


def test_a_message_no_list_shows_is_asked_for_by_its_id(world: World) -> None:
    dispatch = world.open()
    world.drain()
    # Other traffic of the account pushed it off the pages that are read.
    world.provider.log.clear()
    world.clock.forward(minutes=1)
    world.check()
    assert world.provider.fetches == 1
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED
