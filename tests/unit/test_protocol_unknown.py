"""Nobody knows whether the provider took it: its lists decide, and nothing is sent on a guess."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ml_connector.domain.delivery import MessageStatus
from ml_connector.domain.dispatches import DispatchState
from ml_connector.usecases.posting import SendOutcome
from tests.support.faults import Fault
from tests.support.provider import Create
from tests.support.uncertain import not_taken_yet, until_judged_not_sent
from tests.support.world import World


@pytest.fixture
def world() -> World:
    return World()


# ------------------------------------------------------------------------------- it was taken
@pytest.mark.parametrize("create", [Create.LOST_REPLY, Create.ACCEPTED])
def test_an_answer_that_is_lost_after_accepting_sends_one_text(
    world: World, create: Create
) -> None:
    dispatch = world.open()
    world.provider.answer_next(create)
    world.run(minutes=15)
    assert len(world.provider.log) == 1
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED


def test_what_the_list_shows_is_adopted_at_the_next_check(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.LOST_REPLY)
    world.drain()
    world.check()
    stored = world.dispatch(dispatch.id)
    assert stored.state is DispatchState.SENT
    assert stored.sid == world.provider.log[0].sid
    assert world.kinds(dispatch)[-2:] == ["dispatch.unknown", "dispatch.adopted"]


def test_a_message_listed_as_failed_is_adopted_as_failed_and_tried_again(world: World) -> None:
    dispatch = world.open()
    world.ann.turn_off()
    world.provider.answer_next(Create.LOST_REPLY)
    world.drain()
    world.clock.forward(seconds=30)
    world.check()
    assert world.dispatch(dispatch.id).state is DispatchState.UNDELIVERED
    assert world.dispatch(dispatch.id).provider_status is MessageStatus.UNDELIVERED
    world.ann.turn_on()
    world.run(minutes=7)
    assert len(world.provider.log) == 2
    assert len(world.ann.inbox(world.clock.now())) == 1


@pytest.mark.parametrize(
    ("point", "fault"),
    [
        ("post", Fault.KILLED_AFTER),
        ("commit dispatch.sent", Fault.KILLED_BEFORE),
        ("commit dispatch.sent", Fault.KILLED_AFTER),
    ],
)
def test_a_sender_killed_after_the_provider_took_it_sends_one_text(
    world: World, point: str, fault: Fault
) -> None:
    dispatch = world.open()
    world.faults.arrange(point, fault)
    world.drain()
    world.run(minutes=15)
    assert len(world.provider.log) == 1
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED
    assert world.broken_chains() == []


def test_an_id_that_cannot_be_recorded_is_logged_and_found_again(world: World) -> None:
    dispatch = world.open()
    world.faults.arrange("commit dispatch.sent", *[Fault.THROTTLED] * 200)
    assert world.send(dispatch.id) is SendOutcome.UNKNOWN
    (line,) = world.telemetry.said("sid_not_recorded", "error")
    assert line.fields["sid"] == world.provider.log[0].sid
    world.run(minutes=10)
    assert len(world.provider.log) == 1
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED


def test_recording_the_id_goes_on_through_any_number_of_lost_races(world: World) -> None:
    dispatch = world.open()
    world.faults.race = lambda: world.touch(dispatch.id)
    world.faults.arrange("commit dispatch.sent", *[Fault.RACE] * 40)
    assert world.send(dispatch.id) is SendOutcome.SENT
    assert world.dispatch(dispatch.id).sid == world.provider.log[0].sid


def test_a_claim_is_left_alone_while_its_holder_may_be_alive(world: World) -> None:
    dispatch = world.open()
    world.faults.arrange("post", Fault.KILLED_AFTER)
    world.drain()
    world.clock.forward(seconds=44)
    # Even where the index says that it is time: the clocks of two functions differ.
    world.look_in(dispatch.id, seconds=0)
    world.check()
    assert world.dispatch(dispatch.id).state is DispatchState.SENDING
    world.clock.forward(seconds=1)
    world.check()
    assert "dispatch.adopted" in world.kinds(dispatch)


def test_a_listing_that_comes_late_but_within_the_grace_period_is_waited_for(world: World) -> None:
    dispatch = world.open()
    world.provider.list_delay = timedelta(seconds=45 + 170)
    world.provider.answer_next(Create.LOST_REPLY)
    world.run(minutes=20)
    assert len(world.provider.log) == 1
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED


def test_a_message_to_the_same_phone_about_another_bill_is_not_taken(world: World) -> None:
    first, second = world.open("4711"), world.open("4712")
    world.provider.answer_next(Create.LOST_REQUEST)
    world.provider.answer_next(Create.LOST_REPLY)
    world.send(first.id)
    world.send(second.id)
    world.check()
    assert world.dispatch(first.id).state is DispatchState.UNKNOWN
    assert world.dispatch(second.id).sid == world.provider.log[0].sid
    world.run(minutes=15)
    assert sorted("4711" in text.body for text in world.provider.log) == [False, True]


# --------------------------------------------------------------------------- it was not taken
@pytest.mark.parametrize(
    ("point", "fault"),
    [
        ("commit dispatch.claimed", Fault.KILLED_AFTER),
        ("post", Fault.KILLED_BEFORE),
        ("post", Fault.LOST_REQUEST),
    ],
)
def test_what_was_never_taken_is_sent_once_it_is_certain(
    world: World, point: str, fault: Fault
) -> None:
    dispatch = world.open()
    world.faults.arrange(point, fault)
    world.drain()
    world.run(minutes=20)
    assert len(world.provider.log) == 1
    assert world.dispatch(dispatch.id).state is DispatchState.NOT_SENT
    assert world.newest().state is DispatchState.DELIVERED
    assert world.newest().attempt == 1
    assert world.broken_chains() == []


def test_not_found_takes_two_empty_lists_a_minute_apart_after_deadline_and_grace(
    world: World,
) -> None:
    dispatch = not_taken_yet(world)
    claimed_at = world.dispatch(dispatch.id).claimed_at
    assert claimed_at
    until_judged_not_sent(world, dispatch)
    first, last = [
        entry.at
        for entry in world.entries(dispatch)
        if entry.kind in ("dispatch.not_listed", "dispatch.not_sent")
    ]
    assert first - claimed_at >= timedelta(seconds=45 + 180)
    assert last - first >= timedelta(seconds=60)


def test_a_slow_list_does_not_shorten_the_minute_between_two_empty_lists(world: World) -> None:
    dispatch = not_taken_yet(world)
    world.clock.forward(seconds=45 + 180)
    world.check()
    assert world.dispatch(dispatch.id).empty_lists == 1
    world.clock.forward(seconds=59)
    # The list is asked for 59 s after the first one and takes 5 s.
    world.look_in(dispatch.id, seconds=0)
    world.faults.race = lambda: world.clock.forward(seconds=5)
    world.faults.arrange("list", Fault.RACE)
    world.check()
    assert world.dispatch(dispatch.id).state is DispatchState.UNKNOWN


def test_the_follower_has_an_id_and_a_reference_of_its_own(world: World) -> None:
    dispatch = not_taken_yet(world)
    follower = until_judged_not_sent(world, dispatch)
    assert follower.id != dispatch.id
    assert follower.reference != dispatch.reference
    assert follower.text.endswith(f"Ref {follower.reference}")
    assert follower.replaces == dispatch.id
    assert world.alert(dispatch).dispatch == follower.id
    assert follower.id in world.queue.waiting


def test_a_list_that_cannot_be_had_is_no_empty_list(world: World) -> None:
    dispatch = not_taken_yet(world)
    world.provider.lists_down = True
    world.run(hours=2)
    stored = world.dispatch(dispatch.id)
    assert stored.state is DispatchState.UNKNOWN
    assert stored.empty_lists == 0
    world.provider.lists_down = False
    world.run(minutes=10)
    assert len(world.provider.log) == 1


def test_nothing_new_is_made_for_a_bill_that_was_approved_meanwhile(world: World) -> None:
    dispatch = not_taken_yet(world)
    world.ledger.approve("4711")
    world.run(minutes=20)
    assert world.dispatch(dispatch.id).state is DispatchState.NOT_SENT
    assert world.provider.log == []
    assert world.entries(dispatch)[-1].data["next"] == "nothing: no longer wanted"
