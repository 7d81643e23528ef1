"""Dispatches of which nobody knows whether the provider took them."""

from __future__ import annotations

from ml_connector.domain.dispatches import Dispatch, DispatchState

from .provider import Create
from .world import World


def not_taken_yet(world: World) -> Dispatch:
    """A dispatch whose first request was lost on the way."""
    dispatch = world.open()
    world.provider.answer_next(Create.LOST_REQUEST)
    world.drain()
    assert world.dispatch(dispatch.id).state is DispatchState.UNKNOWN
    return dispatch


def until_judged_not_sent(world: World, dispatch: Dispatch) -> Dispatch:
    """Status checks alone, a minute apart, until the dispatch is given up; its follower."""
    for _ in range(12):
        world.clock.forward(minutes=1)
        world.check()
        if world.dispatch(dispatch.id).state is DispatchState.NOT_SENT:
            return world.newest()
    raise AssertionError("never judged not sent")
