"""A case may have more alerts than a transaction has room for: it ends, goes on and comes back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cli.alerts.stopping import cancelled
from cli.alerts.writing import act
from ml_connector.domain.cases import CaseState, StopReason, stop_of
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.unit_of_work import Change
from ml_connector.usecases.catching_up import catch_up
from tests.support.faults import Killed
from tests.support.memory_store import MOST_ITEMS, MemoryAlertStore, Tables
from tests.support.world import COMPANIES, World, number

#: More than any transaction takes.
MANY = MOST_ITEMS + 50
FLOW = {
    "schema": 1,
    "companies": COMPANIES,
    "default_approver": "bob",
    "rules": [
        {
            "name": "all",
            "on": ["bill.submitted"],
            "approver": "ann",
            "notify": [{"sms": {"to": "approver", "repeat": 3600, "at_most": 100}}],
        }
    ],
}


def with_many_alerts(**changes: object) -> tuple[World, Dispatch]:
    """A case that was told so often; `changes` of each of its alerts."""
    world = World(flow=FLOW)
    world.approver("bob", number(2))
    dispatch = world.open()
    world.run(minutes=3)
    row = world.tables.alerts[world.case(dispatch).id]
    first = world.alert(dispatch)
    for occurrence in range(1000, 1000 + MANY):
        alert = replace(first, id=f"alert{occurrence}", occurrence=occurrence, **changes)
        row[alert.id] = alert
    return world, dispatch


def approved(world: World, _: Dispatch) -> None:
    world.ledger.approve("4711")
    world.run(minutes=5)


def expired(world: World, _: Dispatch) -> None:
    world.clock.forward(days=9)
    world.run(minutes=5)


def stopped(world: World, dispatch: Dispatch) -> None:
    act(
        world.ports.alerts,
        world.case(dispatch).id,
        lambda file, at: cancelled(file, "an operator", "", at),
        clock=world.clock,
    )


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (approved, CaseState.HANDLED),
        (expired, CaseState.EXPIRED),
        (stopped, CaseState.CANCELLED),
    ],
)
def test_it_ends_however_often_it_was_told(
    end: Callable[[World, Dispatch], None], state: CaseState
) -> None:
    world, dispatch = with_many_alerts()
    end(world, dispatch)
    case = world.case(dispatch)
    assert (case.state, case.look_at) == (state, None)
    alerts = world.tables.alerts[case.id].values()
    assert {stop_of(case, alert) for alert in alerts} == {StopReason(state.value)}
    world.ledger.submit("4712")
    world.run(minutes=5)
    assert any("4712" in text.body for text in world.ann.texts), "and the company is polled on"
    assert world.broken_chains() == []


def test_an_hourly_reminder_of_four_days_ends_with_the_bill() -> None:
    world = World(flow=FLOW)
    dispatch = world.open()
    world.run(hours=101)
    assert len(world.tables.alerts[world.case(dispatch).id]) == 100
    approved(world, dispatch)
    assert world.case(dispatch).state is CaseState.HANDLED
    assert len(world.provider.log) == 100


def test_what_waits_when_a_case_ends_is_suppressed_for_the_cases_own_reason() -> None:
    world = World(flow=FLOW)
    dispatch = world.open()
    stopped(world, dispatch)
    world.run(minutes=5)
    assert world.dispatch(dispatch.id).state is DispatchState.NOT_SENT
    assert world.dispatch(dispatch.id).reason == "cancelled"
    assert world.alert(dispatch).stop_reason is StopReason.CANCELLED


def test_more_than_fit_are_passed_on_a_few_at_a_time_and_none_is_forgotten() -> None:
    world, dispatch = with_many_alerts(stop_reason=StopReason.UNREACHABLE)
    case = world.case(dispatch)
    world.tables.cases[case.id] = replace(case, look_at=world.clock.now())
    world.run(minutes=30)
    alerts = world.tables.alerts[case.id].values()
    failed = [alert for alert in alerts if alert.stop_reason]
    assert len(failed) == MANY
    assert all(alert.passed_on for alert in failed)
    passed = {alert.occurrence for alert in alerts if alert.recipient == "bob"}
    assert passed == {alert.occurrence for alert in failed}
    assert world.broken_chains() == []


def test_it_comes_back_after_its_table_was_restored_wherever_that_breaks_off() -> None:
    world = World(flow=FLOW)
    dispatch = world.open()
    before = taken(world)
    world.run(hours=101)
    case, told = world.case(dispatch), world.tables.alerts[world.case(dispatch).id]
    assert len(told) == 100
    after = taken(world)
    until = world.clock.now() + timedelta(minutes=1)
    writes = breaks_off_after = 0
    while writes == breaks_off_after:
        breaks_off_after += 1
        chain = list(world.tables.chains[case.chain])
        put_back(world, before)
        breaks_off = BreaksOff(world.tables, breaks_off_after)
        with suppress(Killed):
            catch_up(case.id, replace(world.ports, alerts=breaks_off), until)
        writes = breaks_off.writes
        catch_up(case.id, replace(world.ports, alerts=MemoryAlertStore(world.tables)), until)
        back, alerts = world.case(dispatch), world.tables.alerts[case.id]
        assert {name: one.dispatch for name, one in alerts.items()} == {
            name: one.dispatch for name, one in told.items()
        }
        assert (back.position, back.repeats, back.agenda) == (
            case.position,
            case.repeats,
            case.agenda,
        )
        assert world.broken_chains() == []
        put_back(world, after)
        world.tables.chains[case.chain] = chain
    assert writes > 5, "and it broke off after every one of them"


class BreaksOff(MemoryAlertStore):
    """A store whose user dies at the write after so many."""

    def __init__(self, tables: Tables, most: int) -> None:
        super().__init__(tables)
        self.most = most
        self.writes = 0

    def commit(self, change: Change) -> None:
        if self.writes == self.most:
            raise Killed
        self.writes += 1
        super().commit(change)


PARTS = ("dispatches", "cases", "alerts", "sids", "references", "due")


def taken(world: World) -> dict[str, Any]:
    """A copy of the alerts table."""
    return {name: deepcopy(getattr(world.tables, name)) for name in PARTS}


def put_back(world: World, parts: dict[str, Any]) -> None:
    for name, value in parts.items():
        setattr(world.tables, name, deepcopy(value))
    world.tables.forget_tokens()
