"""A cap on what a company sends in a day: nothing dropped, payments second, one alarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.events import EventKind
from ml_connector.settings import Timings
from tests.support.mishaps import Fault
from tests.support.world import COMPANIES, COMPANY, DEFAULT_FLOW, World

CHICAGO = ZoneInfo("America/Chicago")
CAP = 10


def capped(cap: int = CAP, *, timings: Timings | None = None, **rule: Any) -> World:
    """Everybody's bills go to Ann, to Bob, or where the rule says; the day has a cap."""
    companies: Mapping[str, Any] = {COMPANY: {**COMPANIES[COMPANY], "cap_per_day": cap}}
    base = DEFAULT_FLOW["rules"][0]
    world = World(
        flow={**DEFAULT_FLOW, "companies": companies, "rules": [{**base, **rule}]}, timings=timings
    )
    world.baseline()
    return world


def submit(world: World, many: int, start: int = 5000, apart: float = 3) -> None:
    """Bills some minutes apart, so that nobody gets too many at once."""
    for bill in range(start, start + many):
        world.ledger.submit(str(bill))
        world.run(minutes=apart)


def waiting(world: World) -> list[Dispatch]:
    return [one for one in world.dispatches() if one.state is DispatchState.WAITING]


def test_what_is_over_the_cap_waits_for_the_companys_morning_and_is_then_told_in_one_text() -> None:
    world = capped(timings=Timings())
    submit(world, CAP + 3, apart=15)
    assert len(world.provider.log) == CAP
    late = waiting(world)
    assert {one.reason for one in late} == {"daily cap"}
    (morning,) = {one.due_at.astimezone(CHICAGO) for one in late}
    assert (morning.hour, morning.date()) == (
        7,
        world.clock.now().astimezone(CHICAGO).date() + timedelta(days=1),
    )
    assert world.entries(late[0])[-1].data["reason"] == "daily cap"
    world.run(seconds=(morning - world.clock.now()).total_seconds() + 300)
    (text,) = world.provider.log[CAP:]
    assert "3 bills" in text.body
    assert waiting(world) == []
    assert world.broken_chains() == []


def test_one_alarm_a_day_whatever_waits() -> None:
    world = capped()
    submit(world, CAP + 4)
    (line,) = world.telemetry.said("daily_cap_reached", "error")
    assert line.fields["company"] == COMPANY
    assert world.telemetry.metrics["SendsBlocked"] == 1


def test_nothing_is_said_or_put_off_within_the_cap() -> None:
    world = capped()
    submit(world, CAP)
    assert len(world.provider.log) == CAP
    assert world.telemetry.said("daily_cap_reached") == []


def test_a_call_counts_twice() -> None:
    world = capped(notify=[{"voice": {"to": "approver", "attempts": 1}}])
    world.change_approver("ann", channels=("voice",))
    for bill in range(6):
        world.ledger.submit(str(6000 + bill))
        world.run(minutes=20)
    assert len(world.calls.log) == CAP // 2
    assert [one.reason for one in waiting(world)] == ["daily cap"]


def test_what_was_not_sent_after_all_does_not_count() -> None:
    world = capped()
    world.faults.arrange("post", Fault.BUSY)
    submit(world, 1, apart=10)
    assert len(world.provider.log) == 1
    (used,) = [n for key, n in world.tables.counters.items() if key.startswith("cap#")]
    assert used == 1


def test_a_higher_cap_in_the_flow_lets_the_next_ones_out_today() -> None:
    world = capped()
    submit(world, CAP + 1)
    raised = capped(cap=CAP * 2).poll_ports.flows
    object.__setattr__(world.ports, "flows", raised)
    submit(world, 2, start=7000)
    assert len(world.provider.log) == CAP + 2


def test_each_day_has_a_cap_of_its_own() -> None:
    world = capped()
    submit(world, CAP + 1)
    world.run(days=1)
    before = len(world.provider.log)
    submit(world, 5, start=7000)
    assert len(world.provider.log) == before + 5


def test_the_status_check_does_not_ring_all_night_for_what_waits() -> None:
    world = capped()
    submit(world, CAP + 1)
    (late,) = waiting(world)
    rings = world.dispatch(late.id).rings
    world.run(hours=2)
    assert world.dispatch(late.id).rings == rings


@pytest.mark.parametrize("fault", [Fault.LOST_REPLY, Fault.KILLED_AFTER, Fault.KILLED_BEFORE])
def test_a_crash_while_putting_off_loses_nothing_and_raises_one_alarm_at_most(fault: Fault) -> None:
    world = capped()
    submit(world, CAP)
    world.faults.arrange("commit dispatch.deferred", fault)
    submit(world, 2, start=7000)
    world.run(minutes=10)
    assert len(world.provider.log) == CAP
    assert [one.reason for one in waiting(world)] == ["daily cap"] * 2
    assert world.telemetry.metrics["SendsBlocked"] <= 1


# ------------------------------------------------------------------------------- the halves
def about_payments(world: World, many: int, start: int = 8000) -> None:
    """Events whose cases are about payments, on which nobody has to act."""
    for each in range(start, start + many):
        dispatch = world.open(str(each))
        case = world.case(dispatch)
        world.tables.cases[case.id] = replace(case, kind=EventKind.PAYMENT_CLEARED.value)
        world.run(minutes=3)


def test_payments_take_half_of_the_cap_and_bills_the_rest() -> None:
    world = capped()
    about_payments(world, CAP)
    assert len(world.provider.log) == CAP // 2
    assert {one.reason for one in waiting(world)} == {"daily cap"}
    assert world.telemetry.metrics["SendsBlocked"] == 0
    submit(world, CAP)
    assert len(world.provider.log) == CAP
    assert world.telemetry.metrics["SendsBlocked"] == 1


def test_what_is_urgent_about_payments_may_use_all_of_it() -> None:
    world = capped(notify=[{"sms": {"to": "approver", "urgent": True}}])
    about_payments(world, CAP)
    assert len(world.provider.log) == CAP
