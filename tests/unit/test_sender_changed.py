"""An operator changes the sender while the fate of something is open: nothing is sent twice."""

from __future__ import annotations

import pytest

from ml_connector.domain.dispatches import DispatchState
from tests.support.bundling import flow
from tests.support.provider import Create
from tests.support.world import World, number

OTHER_FLOW, OTHER_NUMBER = f"FW{9:032x}", "+15550100009"
CHANGES: dict[str, dict[str, object]] = {
    "another flow": {"flow": OTHER_FLOW},
    "another number": {"number": OTHER_NUMBER},
    "a flow for the first time": {"confirms": True},
    "no flow any more": {"confirms": False},
}


def world_of(*, confirms: bool) -> World:
    """Ann is called about everything, once."""
    world = World(flow=flow({"voice": {"to": "approver", "confirm": True, "attempts": 1}}))
    world.approver("ann", number(1), channels=("voice",))
    world.calls.confirms = confirms
    return world


def change(world: World, what: str) -> None:
    for name, value in CHANGES[what].items():
        setattr(world.calls, name, value)


@pytest.mark.parametrize("confirms", [True, False])
@pytest.mark.parametrize("what", CHANGES)
def test_a_call_whose_answer_was_lost_is_found_where_it_was_placed(
    what: str, *, confirms: bool
) -> None:
    world = world_of(confirms=confirms)
    dispatch = world.open()
    world.calls.answer_next(Create.LOST_REPLY)
    world.drain()
    assert world.dispatch(dispatch.id).state is DispatchState.UNKNOWN
    change(world, what)
    world.run(minutes=30)
    assert len(world.calls.log) == 1
    assert world.dispatch(dispatch.id).sid == world.calls.log[0].sid
    assert world.broken_chains() == []


@pytest.mark.parametrize("what", ["another flow", "no flow any more"])
def test_a_key_that_was_pressed_counts_although_the_flow_was_changed_during_the_call(
    what: str,
) -> None:
    world = world_of(confirms=True)
    dispatch = world.open()
    world.drain()
    change(world, what)
    world.run(minutes=15)
    assert world.dispatch(dispatch.id).state is DispatchState.CONFIRMED
    assert len(world.calls.log) == 1
