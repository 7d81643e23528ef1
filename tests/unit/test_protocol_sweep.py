"""The status check finds what the queue lost, and one in trouble never keeps the others waiting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from ml_connector.domain.delivery import ProviderMessage
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.usecases import asking
from ml_connector.usecases.check_status import check_status
from tests.support.faults import Fault, Faults, FaultyMessenger
from tests.support.memory_store import MemoryAlertStore
from tests.support.phones import GIVES_NO_RECEIPT
from tests.support.provider import Create
from tests.support.world import World


@pytest.fixture
def world() -> World:
    return World()


# ----------------------------------------------------------------------------------- ringing
def test_what_the_queue_lost_is_rung_for_again(world: World) -> None:
    world.open()
    world.queue.lose_everything()
    world.run(minutes=5)
    assert len(world.provider.log) == 1


def test_a_queue_that_takes_nothing_loses_nothing(world: World) -> None:
    world.queue.down = True
    world.open()
    world.run(minutes=10)
    assert world.telemetry.said("ring_failed")
    world.queue.down = False
    world.run(minutes=15)
    assert len(world.provider.log) == 1


def test_each_ring_comes_later_than_the_one_before_up_to_an_end(world: World) -> None:
    dispatch = world.open()
    rings: list[float] = []
    for _ in range(90):
        world.queue.lose_everything()
        world.clock.forward(minutes=1)
        before = len(world.queue.rung)
        world.check()
        if len(world.queue.rung) > before:
            rings.append(world.clock.monotonic())
    gaps = [later - earlier for earlier, later in pairwise(rings)]
    assert gaps[:4] == sorted(gaps[:4])
    assert 90 * 8 <= gaps[-1] <= 90 * 8 + 60
    assert world.dispatch(dispatch.id).rings == len(rings)


def test_a_poll_killed_before_it_rang_is_made_good(world: World) -> None:
    world.baseline()
    world.ledger.submit("4711")
    world.clock.forward(minutes=2)
    world.faults.arrange("ring", Fault.KILLED_BEFORE)
    world.poll()
    assert len(world.queue) == 0
    world.run(minutes=5)
    assert len(world.provider.log) == 1


def test_a_status_check_killed_before_it_rang_for_a_retry_is_made_good(world: World) -> None:
    world.ann.turn_off()
    world.open()
    world.drain()
    world.clock.forward(minutes=1)
    world.faults.arrange("ring", Fault.KILLED_BEFORE)
    world.check()
    assert len(world.queue) == 0
    world.ann.turn_on()
    world.run(minutes=10)
    assert len(world.ann.inbox(world.clock.now())) == 1


def test_ringing_for_one_that_was_claimed_meanwhile_changes_nothing(world: World) -> None:
    dispatch = world.open()
    world.clock.forward(minutes=2)
    world.faults.race = lambda: world.send(dispatch.id)
    world.faults.arrange("commit quiet", Fault.RACE)
    report = world.check()
    assert report
    assert report.rung == 0
    world.drain()
    assert len(world.provider.log) == 1


def test_a_ring_that_cannot_be_noted_is_rung_all_the_same(world: World) -> None:
    dispatch = world.open()
    world.queue.lose_everything()
    world.clock.forward(minutes=2)
    world.faults.arrange("commit quiet", Fault.THROTTLED)
    world.check()
    assert world.queue.waiting == [dispatch.id]


def test_rings_stop_when_time_does_and_go_on_at_the_next_tick(world: World) -> None:
    _many_waiting(world, 30)
    world.queue.lose_everything()
    world.clock.forward(minutes=2)
    world.faults.race = lambda: world.clock.forward(seconds=2.8)
    world.faults.arrange("commit quiet", *[Fault.RACE] * 20)
    report = world.check()
    assert report
    # Half of the run's time is for ringing, the rest for everything else there is to do.
    assert report.rung == 10
    assert len(world.queue) == 10
    world.faults.race = lambda: None
    world.check()
    assert len(world.queue) == 30


def test_a_stale_index_neither_loses_nor_repeats_anything(world: World) -> None:
    _many_waiting(world, 5)
    world.queue.lose_everything()
    world.faults.arrange("look_due", *[Fault.STALE] * 20)
    world.run(minutes=30)
    assert len(world.provider.log) == 5
    assert len(world.ann.inbox(world.clock.now())) == 5


# -------------------------------------------------------------------------- trouble stays alone
def test_a_dispatch_whose_look_breaks_keeps_nobody_from_being_looked_at(world: World) -> None:
    broken = world.open("4711")
    fine = world.open("4712")
    stored = world.dispatch(broken.id)
    world.tables.dispatches[broken.id] = replace(stored, text="no reference at its end")
    world.provider.answer_next(Create.LOST_REQUEST, times=2)
    world.drain()
    for _ in range(10):
        world.clock.forward(minutes=1)
        assert world.check()
    assert world.dispatch(fine.id).state is DispatchState.NOT_SENT
    assert world.dispatch(broken.id).state is DispatchState.UNKNOWN
    (line, *_) = world.telemetry.said("look_broken", "error")
    assert line.about["dispatch"] == broken.id
    assert line.fields["code"] == "ValueError"


def test_a_dispatch_this_version_cannot_read_is_said_and_passed_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = world.open("4711")
    fine = world.open("4712")
    world.queue.lose_everything()
    world.clock.forward(minutes=2)
    read = MemoryAlertStore.dispatches

    def without_the_strange_one(store: MemoryAlertStore, ids: Sequence[str]) -> list[Dispatch]:
        return [dispatch for dispatch in read(store, ids) if dispatch.id != strange.id]

    monkeypatch.setattr(MemoryAlertStore, "dispatches", without_the_strange_one)
    world.check()
    assert world.queue.waiting == [fine.id]
    (line,) = world.telemetry.said("dispatch_unreadable", "error")
    assert line.fields["dispatch"] == strange.id


def test_a_dispatch_in_trouble_moves_behind_the_others(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.LOST_REQUEST)
    world.drain()
    world.provider.lists_down = True
    world.clock.forward(minutes=1)
    report = world.check()
    assert report
    assert report.trouble == ["delivery_transient"]
    later = world.dispatch(dispatch.id).look_at
    assert later == world.clock.now() + timedelta(seconds=60)


def test_a_settled_dispatch_is_put_to_rest_when_its_price_does_not_come(world: World) -> None:
    dispatch = world.open()
    world.run(minutes=3)
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED
    assert world.dispatch(dispatch.id).look_at is not None, "for its price"
    world.run(hours=26)
    assert world.dispatch(dispatch.id).look_at is None


def test_one_dispatch_the_store_is_busy_with_costs_the_others_five_seconds(world: World) -> None:
    _many_waiting(world, 3)
    world.ann.turn_off()
    world.drain()
    world.clock.forward(minutes=1)
    # Settling the first one meets a throttle every time it is tried.
    world.faults.arrange("commit dispatch.undelivered", *[Fault.THROTTLED] * 9)
    before = world.clock.now()
    report = world.check()
    assert report
    assert report.settled == 2
    assert world.clock.now() - before <= timedelta(seconds=10)


def test_what_no_time_was_left_for_is_counted_and_due_at_the_next_tick(world: World) -> None:
    _many_waiting(world, 3)
    world.drain()
    world.clock.forward(minutes=1)
    report = check_status(world.ports, world.clock.now() + timedelta(seconds=5))
    assert report.left == 3
    report = check_status(world.ports, world.clock.now() + timedelta(seconds=60))
    assert report.settled == 3


def test_messages_asked_for_one_by_one_end_with_the_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _many_waiting(world, 20)
    world.drain()
    world.provider.log.clear()
    world.clock.forward(minutes=1)
    fetch = world.provider.fetch

    def slowly(sid: str) -> object:
        world.clock.forward(seconds=9)
        return fetch(sid)

    monkeypatch.setattr(world.provider, "fetch", slowly)
    assert world.check(), "killed by its timeout"
    assert 5 <= world.provider.fetches <= 8


def test_no_more_messages_are_asked_for_one_by_one_than_a_run_may(world: World) -> None:
    _many_waiting(world, 8)
    world.drain()
    world.provider.log.clear()
    world.clock.forward(minutes=1)
    assert asking.STRAGGLERS == 50
    report = world.check()
    assert report
    assert world.provider.fetches == 8


def test_other_traffic_of_the_account_is_read_for_one_page_only(world: World) -> None:
    world.ann.life = GIVES_NO_RECEIPT
    dispatch = world.open()
    world.drain()
    pages = _CountingMessenger(world, busy_with=5000)
    ports = replace(world.ports, messenger=pages)
    world.clock.forward(minutes=1)
    check_status(ports, world.clock.now() + timedelta(seconds=60))
    assert pages.read <= 2 * asking.PAGE + 1
    assert world.dispatch(dispatch.id).state is DispatchState.SENT


def test_when_what_is_due_cannot_be_read_the_check_fails_and_the_next_one_does_it(
    world: World,
) -> None:
    world.open()
    world.queue.lose_everything()
    world.clock.forward(minutes=2)
    world.faults.arrange("look_due", Fault.THROTTLED)
    assert world.check() is None
    world.run(minutes=5)
    assert len(world.provider.log) == 1


def _many_waiting(world: World, count: int) -> None:
    world.baseline()
    for bill in range(count):
        world.ledger.submit(f"6{bill:03d}")
    world.clock.forward(minutes=2)
    world.poll()


class _CountingMessenger(FaultyMessenger):
    """An account whose list is full of somebody else's messages."""

    def __init__(self, world: World, busy_with: int) -> None:
        super().__init__(world.provider, Faults(world.clock))
        self._world = world
        self._others = busy_with
        self.read = 0

    def list_created_since(self, since: datetime) -> Iterator[ProviderMessage]:
        (own,) = self._world.provider.list_created_since(since)
        for _ in range(self._others):
            self.read += 1
            yield replace(own, sid="SM of somebody else", body="something else")
