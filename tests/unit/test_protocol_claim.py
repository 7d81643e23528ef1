"""A dispatch is claimed by one, and a claim is written once."""

from __future__ import annotations

import pytest

from ml_connector.domain.dispatches import DispatchState
from ml_connector.errors import OutOfTime, StoreConflict
from ml_connector.usecases.posting import SendOutcome
from tests.support.faults import Fault
from tests.support.world import World


@pytest.fixture
def world() -> World:
    return World()


def test_a_bill_becomes_one_text_that_names_vendor_amount_and_number(world: World) -> None:
    dispatch = world.open("4711", vendor="Baker Steel", amount="12500.00")
    world.drain()
    world.run(minutes=2)
    (text,) = world.ann.inbox(world.clock.now())
    assert "Baker Steel" in text
    assert "USD 12,500.00" in text
    assert "bill 4711" in text
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED


def test_the_whole_way_is_in_the_audit_and_its_chain_verifies(world: World) -> None:
    dispatch = world.open()
    world.drain()
    world.run(minutes=2)
    assert world.kinds(dispatch) == [
        "case.opened",
        "dispatch.claimed",
        "dispatch.sent",
        "dispatch.delivered",
    ]
    assert world.broken_chains() == []


def test_the_audit_holds_no_number_and_no_text(world: World) -> None:
    dispatch = world.open(vendor="Baker Steel")
    world.drain()
    world.run(minutes=2)
    said = str([entry.data for entry in world.entries(dispatch)])
    assert world.ann.number not in said
    assert "Baker" not in said


def test_a_message_delivered_twice_sends_once(world: World) -> None:
    dispatch = world.open()
    world.ring(dispatch)
    world.drain()
    assert len(world.provider.log) == 1


def test_two_senders_at_the_same_moment_send_once(world: World) -> None:
    dispatch = world.open()
    outcomes: list[SendOutcome | None] = []
    world.faults.race = lambda: outcomes.append(world.send(dispatch.id))
    world.faults.arrange("commit dispatch.claimed", Fault.RACE)
    outcomes.append(world.send(dispatch.id))
    assert outcomes == [SendOutcome.SENT, SendOutcome.DROPPED]
    assert len(world.provider.log) == 1


def test_a_lost_reply_to_our_own_claim_is_a_claim(world: World) -> None:
    dispatch = world.open()
    world.faults.arrange("commit dispatch.claimed", Fault.LOST_REPLY)
    assert world.send(dispatch.id) is SendOutcome.SENT
    assert world.kinds(dispatch).count("dispatch.claimed") == 1


def test_a_lost_reply_is_recognised_even_when_the_store_forgot_the_token(world: World) -> None:
    dispatch = world.open()
    world.faults.arrange("commit dispatch.claimed", Fault.LOST_REPLY, Fault.RACE)
    world.faults.race = world.tables.forget_tokens
    assert world.send(dispatch.id) is SendOutcome.SENT
    assert len(world.provider.log) == 1
    assert world.kinds(dispatch).count("dispatch.claimed") == 1


def test_reading_back_after_a_lost_reply_is_tried_again_when_throttled(world: World) -> None:
    dispatch = world.open()
    claiming = "commit dispatch.claimed"
    world.faults.arrange(claiming, Fault.LOST_REPLY, Fault.RACE)

    def forget_and_throttle() -> None:
        world.tables.forget_tokens()
        world.faults.arrange("read", Fault.THROTTLED)

    world.faults.race = forget_and_throttle
    assert world.send(dispatch.id) is SendOutcome.SENT
    assert world.faults.counts["read", Fault.THROTTLED] == 1


def test_conflicts_and_throttles_at_the_claim_are_tried_again(world: World) -> None:
    dispatch = world.open()
    world.faults.arrange("commit dispatch.claimed", Fault.CONFLICT, Fault.THROTTLED)
    assert world.send(dispatch.id) is SendOutcome.SENT
    assert len(world.provider.log) == 1


def test_a_claim_that_cannot_be_written_returns_the_message(world: World) -> None:
    dispatch = world.open()
    world.faults.arrange("commit dispatch.claimed", *[Fault.THROTTLED] * 100)
    assert world.send(dispatch.id) is None
    assert world.dispatch(dispatch.id).state is DispatchState.WAITING
    assert world.provider.log == []


def test_a_claim_that_took_too_long_is_given_back_and_nothing_is_sent(world: World) -> None:
    dispatch = world.open()
    # 0.05 + 0.1 + 0.2 + 0.4 + 0.8 + 1 + … seconds of waiting: past the 5 s to the POST.
    world.faults.arrange("commit dispatch.claimed", *[Fault.CONFLICT] * 10)
    assert world.send(dispatch.id) is SendOutcome.RETURNED
    assert world.provider.requests == 0
    stored = world.dispatch(dispatch.id)
    assert stored.state is DispatchState.WAITING
    assert stored.attempt == 1
    world.run(minutes=5)
    assert len(world.ann.inbox(world.clock.now())) == 1


def test_a_dispatch_changed_by_others_all_the_time_goes_back_to_the_queue(world: World) -> None:
    dispatch = world.open()

    world.faults.race = lambda: world.touch(dispatch.id)
    world.faults.arrange("commit dispatch.claimed", *[Fault.RACE] * 8)
    with pytest.raises(StoreConflict, match="8 times in a row"):
        world.send_or_raise(dispatch.id)
    assert world.provider.log == []


def test_a_dispatch_that_is_not_due_yet_is_left_alone(world: World) -> None:
    dispatch = world.open()
    world.ann.turn_off()
    world.drain()
    world.clock.forward(seconds=60)
    world.check()
    retry = world.newest(DispatchState.WAITING)
    assert retry.id != dispatch.id
    assert world.send(retry.id) is SendOutcome.DROPPED
    assert len(world.provider.log) == 1


def test_a_message_that_names_nothing_known_ends_in_the_dead_letters(world: World) -> None:
    dispatch = world.open()
    world.queue.put('{"v": 1, "dispatch": "nobody"}')
    world.queue.put("not even JSON")
    world.run(minutes=20)
    assert sorted(world.queue.dead) == ["not even JSON", '{"v": 1, "dispatch": "nobody"}']
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED
    assert {line.fields["code"] for line in world.telemetry.said("message_failed")} == {
        "message_malformed"
    }


def test_too_little_time_returns_the_message_before_anything_is_claimed(world: World) -> None:
    dispatch = world.open()
    world.faults.race = lambda: world.clock.forward(seconds=15)
    world.faults.arrange("read", Fault.RACE)
    with pytest.raises(OutOfTime):
        world.send_or_raise(dispatch.id)
    assert world.dispatch(dispatch.id).state is DispatchState.WAITING
    assert world.kinds(dispatch) == ["case.opened"]


def test_a_batch_that_ran_out_of_time_is_delivered_again_and_nothing_is_lost(world: World) -> None:
    world.open()
    world.faults.race = lambda: world.clock.forward(seconds=15)
    world.faults.arrange("read", Fault.RACE)
    world.deliver()
    assert world.provider.log == []
    assert len(world.queue) == 1
    world.run(minutes=5)
    assert len(world.provider.log) == 1


def test_sending_one_text_takes_few_reads_and_two_writes(world: World) -> None:
    dispatch = world.open()
    world.faults.passed.clear()
    world.send(dispatch.id)
    assert world.faults.passed == {
        "read": 3,  # the dispatch, its case with the alerts, and whether the company is stopped
        "read approver": 1,
        "commit dispatch.claimed": 1,
        "post": 1,
        "commit dispatch.sent": 1,
    }


def test_an_approver_who_cannot_be_read_just_now_is_read_again(world: World) -> None:
    dispatch = world.open()
    world.faults.arrange("read approver", Fault.THROTTLED, Fault.THROTTLED)
    assert world.send(dispatch.id) is SendOutcome.SENT
