"""STOP and START that reach us in another order than they were said in: the last word counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ml_connector.usecases.replies import Effect
from tests.support.faults import Fault
from tests.support.replying import ANN, read, texted
from tests.support.world import World


@pytest.fixture
def world() -> World:
    """Ann has a text to reply to."""
    world = World()
    texted(world)
    return world


def says(world: World, word: str, *, listed_late: bool = False) -> None:
    world.inbox.list_delay = timedelta(seconds=100 if listed_late else 0)
    world.inbox.receive(ANN, word)
    world.clock.forward(seconds=5)


def looked(world: World, times: int = 3) -> bool:
    """Whether Ann is out of texts once everything she said was read."""
    for _ in range(times):
        read(world)
    assert world.broken_chains() == []
    return world.approvers.people["ann"].opted_out


def test_a_stop_that_dynamodb_held_up_does_not_undo_the_start_after_it(world: World) -> None:
    says(world, "STOP")
    says(world, "START")
    world.faults.arrange("commit person.opted_out", *[Fault.THROTTLED] * 200)
    assert read(world).effects == {Effect.UNKNOWN: 1}
    world.faults.calm()
    assert not looked(world)


def test_a_stop_that_is_listed_late_does_not_undo_the_start_after_it(world: World) -> None:
    says(world, "STOP", listed_late=True)
    says(world, "START")
    assert not looked(world)
    assert list(world.audit.chain("person#ann")) == []


def test_a_second_stop_that_is_listed_late_does_not_undo_the_start_after_it(world: World) -> None:
    says(world, "STOP")
    assert looked(world, times=1)
    says(world, "STOP", listed_late=True)
    says(world, "START")
    assert not looked(world)


def test_a_start_that_is_listed_late_does_not_undo_the_stop_after_it(world: World) -> None:
    says(world, "STOP")
    assert looked(world, times=1)
    says(world, "START", listed_late=True)
    says(world, "STOP")
    assert looked(world)


def test_a_start_between_two_stops_is_passed_over_when_it_comes_last(world: World) -> None:
    says(world, "START", listed_late=True)
    says(world, "STOP")
    effects = [read(world).effects for _ in range(3)]
    assert effects == [{Effect.OPTED_OUT: 1}, {Effect.OUTDATED: 1}, {}]
    assert world.approvers.people["ann"].opted_out


def test_what_is_late_and_still_the_last_word_counts(world: World) -> None:
    says(world, "STOP")
    says(world, "START", listed_late=True)
    assert not looked(world)
    says(world, "STOP", listed_late=True)
    assert looked(world)


def test_other_replies_in_between_make_no_difference(world: World) -> None:
    says(world, "STOP", listed_late=True)
    says(world, "START")
    says(world, "1")
    says(world, "what is this")
    assert not looked(world)
