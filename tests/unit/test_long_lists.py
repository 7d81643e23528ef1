"""People who got tens of thousands of texts: reading all of them takes longer than a send lasts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from ml_connector.domain.delivery import ProviderMessage
from ml_connector.domain.dispatches import DispatchState
from ml_connector.errors import DeliveryTransient
from tests.support.provider import Create
from tests.support.world import EACH_ALONE, World

SECONDS_A_PAGE = 1.3


class History:
    """Makes the provider's list to one number as slow as so many pages are."""

    def __init__(self, world: World, pages: int) -> None:
        self._world = world
        self._pages = pages
        self._list = world.provider.list_to
        world.provider.list_to = self.list_to  # type: ignore[method-assign]

    def list_to(self, to: str, since: datetime, *, whole: bool = True) -> Iterator[ProviderMessage]:
        end = self._world.faults.deaths[-1]
        for _ in range(self._pages if whole else 1):
            left = (end - self._world.clock.now()).total_seconds()
            if left <= SECONDS_A_PAGE:
                raise DeliveryTransient("no time left to ask Twilio")
            self._world.clock.forward(seconds=SECONDS_A_PAGE)
        yield from self._list(to, since, whole=whole)


@pytest.mark.parametrize("pages", [1, 12, 24])
def test_what_was_never_taken_is_sent_once_it_is_certain(pages: int) -> None:
    world = World()
    History(world, pages)
    world.baseline()
    world.provider.answer_next(Create.LOST_REQUEST)
    world.ledger.submit("4711")
    world.run(minutes=30)
    assert len(world.provider.log) == 1
    assert world.newest().state is DispatchState.DELIVERED


@pytest.mark.parametrize("pages", [12, 24])
def test_what_was_taken_is_found(pages: int) -> None:
    world = World()
    History(world, pages)
    world.provider.answer_next(Create.LOST_REPLY)
    world.open()
    world.run(minutes=30)
    assert len(world.provider.log) == 1
    assert world.newest().state is DispatchState.DELIVERED


def test_a_history_that_no_function_can_read_whole_is_waited_for_until_nothing_can_be_unsent() -> (
    None
):
    world = World()
    History(world, 100)
    dispatch = world.open()
    world.provider.answer_next(Create.LOST_REQUEST)
    world.run(hours=EACH_ALONE.validity / 3600)
    assert world.dispatch(dispatch.id).state is DispatchState.UNKNOWN
    world.run(minutes=30)
    assert len(world.provider.log) == 1


def test_a_look_before_sending_again_asks_once_for_all_the_tries_it_stands_for() -> None:
    world = World()
    world.provider.answer_next(Create.LOST_REQUEST, times=15)
    world.open()
    world.run(hours=3)
    assert len(world.provider.log) == 1
    assert world.newest().sequence == 16
    assert world.provider.read_whole.count(False) == 15


def test_the_watch_for_late_listings_does_not_read_everything_for_ever() -> None:
    world = World()
    world.provider.answer_next(Create.LOST_REQUEST)
    world.open()
    world.run(hours=EACH_ALONE.validity / 3600)
    whole = world.provider.read_whole.count(True)
    assert whole >= 2
    world.run(hours=12)
    assert world.provider.read_whole[-1] is False
    assert world.provider.read_whole.count(True) <= whole + 1
