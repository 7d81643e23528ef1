"""What was judged not sent: looked for a last time before sending again, and watched for a day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ml_connector.domain.delivery import MessageStatus
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.usecases.posting import SendOutcome
from tests.support.faults import Fault
from tests.support.phones import Turn
from tests.support.provider import Create
from tests.support.uncertain import not_taken_yet, until_judged_not_sent
from tests.support.world import World


@pytest.fixture
def world() -> World:
    return World()


# ------------------------------------------------------------------------------ the last look
def test_the_last_look_finds_it_and_nothing_is_sent_again(world: World) -> None:
    dispatch = world.open()
    world.provider.list_delay = timedelta(minutes=9)
    world.provider.answer_next(Create.LOST_REPLY)
    world.drain()
    follower = until_judged_not_sent(world, dispatch)
    world.clock.forward_to(dispatch.created_at + timedelta(minutes=10))
    assert world.send(follower.id) is SendOutcome.FOUND
    assert len(world.provider.log) == 1
    assert world.dispatch(follower.id).state is DispatchState.NOT_SENT
    assert world.dispatch(dispatch.id).state is DispatchState.SENT
    assert world.alert(dispatch).dispatch == dispatch.id
    assert world.telemetry.said("duplicate_found") == []


def test_what_the_last_look_found_is_tried_again_when_it_does_not_arrive(world: World) -> None:
    dispatch = world.open()
    world.ann.turn_off()
    world.provider.list_delay = timedelta(minutes=9)
    world.provider.answer_next(Create.LOST_REPLY)
    world.drain()
    follower = until_judged_not_sent(world, dispatch)
    world.clock.forward_to(dispatch.created_at + timedelta(minutes=10))
    assert world.send(follower.id) is SendOutcome.FOUND
    world.provider.list_delay = timedelta(0)
    world.ann.turn_on()
    world.run(minutes=10)
    assert world.dispatch(dispatch.id).state is DispatchState.UNDELIVERED
    assert len(world.ann.inbox(world.clock.now())) == 1
    assert world.newest().state is DispatchState.DELIVERED
    assert world.telemetry.said("look_failed") == []


def test_the_last_look_goes_back_through_every_try_judged_not_sent(world: World) -> None:
    first = world.open()
    world.provider.list_delay = timedelta(minutes=16)
    world.provider.answer_next(Create.LOST_REPLY)
    world.drain()
    second = until_judged_not_sent(world, first)
    world.provider.answer_next(Create.LOST_REQUEST)
    assert world.send(second.id) is SendOutcome.UNKNOWN
    third = until_judged_not_sent(world, second)
    world.clock.forward_to(first.created_at + timedelta(minutes=17))
    assert world.send(third.id) is SendOutcome.FOUND
    assert len(world.provider.log) == 1
    assert world.dispatch(first.id).state is DispatchState.SENT


def test_sending_is_put_off_while_the_last_look_cannot_be_taken(world: World) -> None:
    dispatch = not_taken_yet(world)
    follower = until_judged_not_sent(world, dispatch)
    world.provider.lists_down = True
    assert world.send(follower.id) is SendOutcome.DEFERRED
    assert world.provider.requests == 1
    assert world.kinds(dispatch)[-1] == "dispatch.deferred"
    world.provider.lists_down = False
    world.run(minutes=5)
    assert len(world.ann.inbox(world.clock.now())) == 1


def test_no_last_look_is_taken_for_a_bill_nobody_waits_for_any_more(world: World) -> None:
    dispatch = not_taken_yet(world)
    follower = until_judged_not_sent(world, dispatch)
    world.ledger.approve("4711")
    world.poll()
    lists = world.provider.lists
    assert world.send(follower.id) is SendOutcome.SUPPRESSED
    assert world.provider.lists == lists


# -------------------------------------------------------------------- listed after all, too late
def test_a_message_listed_while_its_follower_waits_takes_the_follower_back(world: World) -> None:
    dispatch = world.open()
    world.provider.list_delay = timedelta(minutes=7)
    world.provider.answer_next(Create.LOST_REPLY)
    world.drain()
    follower = until_judged_not_sent(world, dispatch)
    world.clock.forward(minutes=4)
    world.check()
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED
    assert world.dispatch(follower.id).state is DispatchState.NOT_SENT
    adopted = [e for e in world.entries(dispatch) if e.kind == "dispatch.adopted"]
    assert [entry.data["twice"] for entry in adopted] == [False]
    assert world.telemetry.said("duplicate_found") == []
    world.run(minutes=30)
    assert len(world.provider.log) == 1


def test_a_message_listed_after_its_follower_was_sent_is_audited_and_alarms(world: World) -> None:
    dispatch = world.open()
    world.provider.list_delay = timedelta(minutes=20)
    world.provider.answer_next(Create.LOST_REPLY)
    world.run(minutes=40)
    assert len(world.provider.log) == 2
    (line,) = world.telemetry.said("duplicate_found", "error")
    assert line.fields["sid"] == world.provider.log[0].sid
    assert line.fields["recorded_sid"] == world.provider.log[1].sid
    assert world.telemetry.metrics["DuplicatesFound"] == 1
    adopted = [e for e in world.entries(dispatch) if e.kind == "dispatch.adopted"]
    assert [entry.data["twice"] for entry in adopted] == [True]
    assert world.dispatch(dispatch.id).sid == world.provider.log[0].sid


def test_a_first_try_found_late_and_undelivered_does_not_start_a_second_line_of_tries(
    world: World,
) -> None:
    dispatch = world.open()
    world.ann.turn_off()
    world.provider.list_delay = timedelta(minutes=8)
    world.provider.answer_next(Create.LOST_REPLY)
    world.drain()
    follower = until_judged_not_sent(world, dispatch)
    world.ann.turn_on()
    world.send(follower.id)
    world.provider.list_delay = timedelta(0)
    world.run(minutes=30)
    assert world.dispatch(dispatch.id).state is DispatchState.UNDELIVERED
    assert world.dispatch(follower.id).state is DispatchState.DELIVERED
    assert len(world.provider.log) == 2
    assert world.telemetry.said("look_failed") == []
    settled = [e for e in world.entries(dispatch) if e.kind == "dispatch.undelivered"]
    assert [entry.data["next"] for entry in settled] == [follower.id]


def test_a_follower_that_fails_is_not_followed_while_the_first_try_stands(world: World) -> None:
    dispatch = world.open()
    world.provider.list_delay = timedelta(minutes=8)
    world.provider.answer_next(Create.LOST_REPLY)
    world.drain()
    follower = until_judged_not_sent(world, dispatch)
    world.ann.turn_off()
    world.send(follower.id)
    world.run(minutes=30)
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED
    assert world.dispatch(follower.id).state is DispatchState.UNDELIVERED
    assert len(world.provider.log) == 2
    assert world.alert(dispatch).dispatch == dispatch.id


def test_a_first_try_that_failed_is_no_reason_not_to_send_its_follower(world: World) -> None:
    dispatch = world.open()
    world.ann.turn_off()
    world.provider.list_delay = timedelta(minutes=7)
    world.provider.answer_next(Create.LOST_REPLY)
    world.drain()
    follower = until_judged_not_sent(world, dispatch)
    # The follower is claimed, given back, and meanwhile the first try turns up as undelivered.
    world.provider.answer_next(Create.BUSY)
    assert world.send(follower.id) is SendOutcome.RETURNED
    world.look_in(follower.id, minutes=10)
    world.provider.list_delay = timedelta(0)
    world.ann.turn_on()
    world.run(minutes=60)
    assert len(world.ann.inbox(world.clock.now())) == 1


def test_a_first_try_found_after_a_second_one_failed_is_one_too_many_all_the_same(
    world: World,
) -> None:
    dispatch = world.open()
    world.provider.list_delay = timedelta(minutes=8)
    world.provider.answer_next(Create.LOST_REPLY)
    world.drain()
    follower = until_judged_not_sent(world, dispatch)
    world.provider.list_delay = timedelta(0)
    world.ann.turn_off()
    world.send(follower.id)
    world.clock.forward(seconds=30)
    world.look_in(follower.id, seconds=0)
    world.check()
    third = world.newest()
    assert (third.state, third.replaces) == (DispatchState.WAITING, "")
    world.clock.forward(minutes=4)
    world.check()
    assert world.dispatch(third.id).state is DispatchState.NOT_SENT
    assert len(world.telemetry.said("duplicate_found", "error")) == 1
    assert len(world.provider.log) == 2


def found_while_its_follower_is_sent(world: World) -> tuple[Dispatch, Dispatch]:
    """A first try adopted at the very moment at which its follower's request is answered 429."""
    dispatch = world.open()
    world.provider.list_delay = timedelta(minutes=7)
    world.provider.answer_next(Create.LOST_REPLY)
    world.drain()
    follower = until_judged_not_sent(world, dispatch)
    world.clock.forward_to(dispatch.created_at + timedelta(minutes=6, seconds=59))
    world.provider.answer_next(Create.BUSY)

    def listed_now() -> None:
        world.clock.forward(seconds=1)
        world.look_in(dispatch.id, seconds=0)
        world.check()

    world.faults.race = listed_now
    world.faults.arrange("post", Fault.RACE)
    assert world.send(follower.id) is SendOutcome.RETURNED
    world.faults.race = lambda: None
    assert world.dispatch(dispatch.id).sid == world.provider.log[0].sid
    assert world.dispatch(follower.id).state is DispatchState.WAITING
    return dispatch, follower


def test_a_first_try_found_while_its_follower_was_given_back_takes_the_follower_back(
    world: World,
) -> None:
    dispatch, follower = found_while_its_follower_is_sent(world)
    world.clock.forward_to(world.dispatch(follower.id).due_at)
    assert world.send(follower.id) is SendOutcome.FOUND
    assert world.dispatch(follower.id).state is DispatchState.NOT_SENT
    assert world.kinds(dispatch)[-1] == "dispatch.superseded"
    assert world.alert(dispatch).dispatch == dispatch.id
    assert len(world.provider.log) == 1


def test_a_first_try_that_fails_while_its_follower_is_taken_back_leaves_the_follower(
    world: World,
) -> None:
    world.ann.life = (
        Turn(0, MessageStatus.QUEUED),
        Turn(600, MessageStatus.UNDELIVERED, 30003),
    )
    dispatch, follower = found_while_its_follower_is_sent(world)
    world.clock.forward_to(dispatch.created_at + timedelta(seconds=595))

    def it_fails() -> None:
        world.clock.forward(seconds=5)
        world.look_in(dispatch.id, seconds=0)
        world.check()

    world.faults.race = it_fails
    world.faults.arrange("commit dispatch.superseded", Fault.RACE)
    world.send(follower.id)
    assert world.dispatch(dispatch.id).state is DispatchState.UNDELIVERED
    assert world.dispatch(follower.id).state is DispatchState.WAITING
    world.ann.turn_on()
    world.run(minutes=30)
    assert len(world.ann.inbox(world.clock.now())) == 1


def test_what_was_judged_not_sent_is_watched_for_a_day_and_then_rests(world: World) -> None:
    dispatch = not_taken_yet(world)
    world.run(hours=23)
    assert world.dispatch(dispatch.id).look_at is not None
    world.run(hours=13)
    assert world.dispatch(dispatch.id).look_at is None


def test_somebody_elses_message_is_never_taken(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.LOST_REPLY)
    world.drain()
    world.tables.sids[world.provider.log[0].sid] = "another dispatch"
    follower = until_judged_not_sent(world, dispatch)
    assert world.dispatch(dispatch.id).sid == ""
    assert follower.replaces == dispatch.id
