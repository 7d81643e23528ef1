"""A clock that is wrong, or was: nothing is lost, nothing is sent twice, all is audited."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ml_connector.domain.cases import CaseState
from tests.support.mishaps import Fault
from tests.support.world import COMPANIES, World, number

TEXT = {"sms": {"to": "approver"}}
LATER = {"sms": {"to": "approver", "after": 3600}}


def world_of(*steps: dict[str, Any]) -> World:
    rules = [{"name": "all", "on": ["bill.submitted"], "notify": list(steps)}]
    flow = {"schema": 1, "companies": COMPANIES, "default_approver": "ann", "rules": rules}
    return World(flow=flow)


def jumps(world: World, **amount: float) -> None:
    """The clock of the functions is set, forwards or back."""
    world.clock._now += timedelta(**amount)


def texts(world: World) -> int:
    return len(world.provider.phone(number(1)).texts)


@pytest.mark.parametrize("minutes", [-180, -30, -5, -1, 1, 5, 30, 180])
@pytest.mark.parametrize("after", [0, 1, 3])
def test_each_step_goes_out_once_whenever_the_clock_jumps(minutes: float, after: float) -> None:
    world = world_of(TEXT, LATER)
    world.baseline()
    world.run(minutes=1)
    world.ledger.submit("1")
    world.run(minutes=after)
    jumps(world, minutes=minutes)
    world.run(hours=6)
    assert texts(world) == 2
    assert world.broken_chains() == []


def test_a_clock_set_back_between_claim_and_answer_sends_nothing_twice() -> None:
    world = world_of(TEXT)
    dispatch = world.open()
    world.faults.race = lambda: jumps(world, minutes=-20)
    world.faults.arrange("commit dispatch.sent", Fault.RACE)
    world.drain()
    assert world.faults.counts["commit dispatch.sent", Fault.RACE] == 1
    world.run(hours=2)
    assert texts(world) == 1
    assert world.dispatch(dispatch.id).state.settled


def test_a_clock_far_ahead_ends_plans_with_an_entry_and_never_in_silence() -> None:
    world = world_of(TEXT, LATER)
    dispatch = world.open()
    world.run(minutes=2)
    jumps(world, days=30)
    world.run(minutes=10)
    assert world.case(dispatch).state is CaseState.EXPIRED
    assert "case.expired" in world.kinds(dispatch)
    assert world.telemetry.said("case_expired", "error")


def test_a_bill_dated_in_the_future_moves_the_watermark_no_further_than_now() -> None:
    world = world_of(TEXT)
    world.baseline()
    jumps(world, hours=2)
    world.ledger.submit("1")
    jumps(world, hours=-2)
    world.run(minutes=5)
    world.ledger.submit("2")
    world.run(minutes=5)
    assert texts(world) == 2
