"""Whatever breaks while texts are joined, each bill is told once; and what joining costs."""

from __future__ import annotations

import pytest

from ml_connector.domain.dispatches import DispatchState
from ml_connector.settings import Timings
from ml_connector.usecases import bundling
from tests.support.bundling import TEXT, flow, submit, texts, world_of
from tests.support.faults import Fault
from tests.support.world import World


# -------------------------------------------------------------------------------- bad weather
@pytest.mark.parametrize(
    "fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.LOST_REPLY, Fault.CONFLICT]
)
def test_wherever_it_dies_while_joining_each_bill_is_told_once(fault: Fault) -> None:
    world = world_of()
    submit(world, 1, 2, 3, 4)
    world.run(minutes=5)
    world.faults.arrange("commit dispatch.bundled", fault)
    world.run(minutes=30)
    assert [len(one.members) for one in world.dispatches() if one.sid] == [1, 3]
    assert world.broken_chains() == []


def test_a_dispatch_that_was_claimed_meanwhile_drops_out_of_the_group() -> None:
    world = world_of()
    submit(world, 1, 2, 3, 4)
    world.run(minutes=5)
    waiting = [one for one in world.dispatches() if one.state is DispatchState.WAITING]
    world.faults.race = lambda: world.send(waiting[0].id)
    world.faults.arrange("commit dispatch.bundled", Fault.RACE)
    world.run(minutes=10)
    told = sorted(len(one.members) for one in world.dispatches() if one.sid)
    assert told == [1, 1, 2]


def test_two_functions_at_the_same_moment_send_one_first_text() -> None:
    world = world_of()
    submit(world, 1, 2)
    world.clock.forward(minutes=2)
    world.poll()
    one, two = (dispatch.id for dispatch in world.dispatches())
    world.faults.race = lambda: world.send(two)
    world.faults.arrange("commit dispatch.claimed", Fault.RACE)
    world.send(one)
    assert len(world.provider.log) == 1
    world.run(minutes=15)
    assert len(world.provider.log) == 2


def test_when_joining_does_not_work_each_goes_out_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = world_of()
    submit(world, 1, 2, 3)
    world.run(minutes=5)

    def broken(*_: object) -> object:
        raise RuntimeError

    monkeypatch.setattr(bundling, "_joining", broken)
    world.run(minutes=10)
    assert len(texts(world)) == 3


def test_a_bundle_whose_documents_are_gone_counts_them_and_names_no_sum() -> None:
    world = world_of()
    submit(world, 1, 2, 3)
    world.run(minutes=5)
    world.tables.documents.pop(("acme", "bill#2"))
    world.clock.forward(minutes=8)
    world.check()
    world.clock.forward(seconds=2)
    world.drain()
    world.clock.forward(minutes=1)
    assert texts(world)[1] == (
        "Acme AP: 2 bills waiting for approval in Intacct: 3 and 1 more. Open Intacct."
    )


# -------------------------------------------------------------------------------------- cost
def test_to_know_that_nobody_was_texted_lately_takes_one_read_and_one_counter() -> None:
    reads: dict[float, int] = {}
    for window in (600.0, 0.5):
        world = World(timings=Timings(bundle_window=window), flow=flow(TEXT))
        dispatch = world.open("4711")
        world.faults.passed.clear()
        world.send(dispatch.id)
        assert len(world.provider.log) == 1
        reads[window] = world.faults.passed["read"]
    assert reads[600.0] == reads[0.5] + 1


def test_a_status_check_with_nothing_held_reads_nothing_more() -> None:
    world = world_of()
    world.open("4711")
    world.run(minutes=3)
    world.faults.passed.clear()
    world.check()
    assert world.faults.passed["look_due"] == 1
