"""Texting people and reading what they text back, in a world of tests."""

from __future__ import annotations

from collections.abc import Callable

from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.usecases.replies import RepliesReport, read_replies

from .faults import Fault
from .world import World, number

ANN, BEN, STRANGER = number(1), number(2), number(9999)


def texted(world: World, bill: str = "4711") -> Dispatch:
    """A bill's text that arrived on Ann's phone."""
    dispatch = world.open(bill)
    world.drain()
    world.clock.forward(minutes=1)
    world.check()
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED
    return dispatch


def read(world: World) -> RepliesReport:
    """A look into the inbox, as soon as it is time for one."""
    world.clock.forward(seconds=world.timings.reply_interval)
    return look(world)


def look(world: World) -> RepliesReport:
    """A look into the inbox now, if it is time for one."""
    return read_replies(world.ports, world.clock.ahead(30))


def race(world: World, point: str, somebody: Callable[[], object]) -> None:
    """Somebody else runs right before that point is passed next."""
    world.faults.race = somebody
    world.faults.arrange(point, Fault.RACE)
