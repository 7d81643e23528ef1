"""A reminder is left to the daily list of its day where, and only where, that was told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ml_connector.domain.caps import DayCap
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.unit_of_work import Change
from tests.support.lists import (
    CHICAGO,
    TEXT,
    flow,
    list_cases,
    list_dispatches,
    lists,
    times,
    until,
    world_at,
)
from tests.support.phones import ANSWERS_LATE, IS_GONE
from tests.support.world import COMPANY, World


def test_a_daily_reminder_of_a_bill_on_the_list_is_left_to_it() -> None:
    again = {"sms": {"to": "approver", "repeat": 86_400, "at_most": 5}}
    world = world_at("2026-11-23T14:00", flow(again))
    world.ledger.submit("4711")
    world.run(hours=1, minutes=4)
    until(world, "2026-11-25T12:00")
    assert times(world) == ["Tue 11-24 08:00", "Wed 11-25 08:00"]
    assert len(world.provider.log) == 3, "the first text, and two lists"
    (case,) = (case for case in world.tables.cases.values() if case.document == "bill#4711")
    (left,) = (one for one in world.audit.chain(case.chain) if one.kind == "dispatch.suppressed")
    assert left.data["reason"] == "on the daily list"
    assert left.data["list"] == list_cases(world)[0].id
    assert case.agenda, "and the plan goes on"


AT_NOON = {"sms": {"to": "approver", "after": 7_200, "repeat": 86_400, "at_most": 5}}


def spend(world: World, messages: int) -> None:
    """Texts about other bills use up so much of the company's day."""
    cap = DayCap(COMPANY, 10, CHICAGO, timedelta(hours=7))
    counted = cap.counters(messages, world.clock.now(), minor=False)
    world.ports.alerts.commit(Change("spent elsewhere", counters=counted))


def test_a_reminder_is_not_left_to_a_list_that_the_cap_puts_off() -> None:
    world = world_at("2026-11-23T10:00", flow(TEXT, AT_NOON, cap_per_day=10))
    world.ledger.submit("4711")
    until(world, "2026-11-24T07:30")
    before = len(world.provider.log)
    spend(world, 10)
    until(world, "2026-11-25T07:59")
    assert [one.reason for one in list_dispatches(world)] == ["expired"]
    assert lists(world) == []
    (reminder,) = world.provider.log[before:]
    assert "bill 4711" in reminder.body
    assert world.telemetry.metrics["AlertsFailed"] == 1, "and somebody hears of the list"


def with_a_reminder_after_the_list() -> World:
    """Until the list goes out; the reminder of the bill on it follows a few minutes later."""
    again = {"sms": {"to": "approver", "repeat": 90_300, "at_most": 3}}
    world = world_at("2026-11-23T07:00", flow(again))
    world.ledger.submit("4711")
    until(world, "2026-11-24T07:59")
    return world


def test_a_reminder_waits_until_it_is_known_what_became_of_the_list() -> None:
    world = with_a_reminder_after_the_list()
    world.ann.life = ANSWERS_LATE
    until(world, "2026-11-24T08:40")
    (waits,) = (one for one in world.dispatches() if one.state is DispatchState.WAITING)
    assert waits.reason == "the daily list is on its way"
    until(world, "2026-11-25T07:00")
    assert len(world.provider.log) == 2, "the first text, and the list"
    assert world.dispatch(waits.id).reason == "on the daily list"


def test_where_the_list_cannot_be_told_the_reminder_goes_out() -> None:
    world = with_a_reminder_after_the_list()
    world.ann.life = IS_GONE
    until(world, "2026-11-24T08:04")
    world.ann.turn_on()
    until(world, "2026-11-24T09:00")
    assert [one.state for one in list_dispatches(world)] == [DispatchState.UNDELIVERED]
    assert "bill 4711" in world.ann.texts[-1].body


def test_a_reminder_that_comes_more_often_than_the_list_comes_all_the_same() -> None:
    again = {"sms": {"to": "approver", "repeat": 7_200, "at_most": 20}}
    world = world_at("2026-11-23T22:30", flow(again))
    world.ledger.submit("4711")
    world.run(hours=1, minutes=4)
    until(world, "2026-11-24T16:00")
    (text,) = lists(world)
    after = [one.accepted_at for one in world.provider.log if one.accepted_at > text.accepted_at]
    assert after[0] - text.accepted_at >= timedelta(hours=1, minutes=50)
    assert len(after) >= 2


@pytest.mark.parametrize(
    "step",
    [
        {"sms": {"to": "approver", "repeat": 86_400, "at_most": 5, "urgent": True}},
        {"voice": {"to": "approver", "repeat": 86_400, "at_most": 5}},
    ],
)
def test_urgent_reminders_and_calls_are_never_left_to_the_list(step: dict[str, object]) -> None:
    world = world_at("2026-11-23T14:00", flow(step), channels=("sms", "voice"))
    world.ledger.submit("4711")
    world.run(hours=1, minutes=4)
    before = len(world.provider.log) + len(world.calls.log)
    until(world, "2026-11-24T18:00")
    assert len(lists(world)) == 1
    assert len(world.provider.log) + len(world.calls.log) == before + 2
