"""The log lines the dashboard is made of: what waits, how long it took, what it cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ml_connector.domain.bills import BillState
from tests.support.calls import PRESSES_ONE
from tests.support.polling import Office
from tests.support.provider import PRICE
from tests.support.telemetry import RecordingTelemetry
from tests.support.world import DEFAULT_FLOW, World, number


def fields(telemetry: RecordingTelemetry, name: str) -> list[dict[str, Any]]:
    return [dict(line.fields) for line in telemetry.said(name)]


# ---------------------------------------------------------------------------------- what waits
def test_after_each_complete_poll_it_is_said_what_waits_and_since_when() -> None:
    office = Office()
    office.intacct.submit("1", "100.10")
    office.intacct.submit("2", "7", "EUR")
    office.poll()
    office.intacct.submit("3", "0.05")
    office.poll(minutes=90)
    assert fields(office.telemetry, "bills_waiting")[-1] == {
        "company": "acme",
        "bills": 3,
        "sums": "EUR 7; USD 100.15",
        "oldest_hours": 1.5,
    }


def test_where_nothing_waits_that_is_said_too() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    office.intacct.move("1", BillState.POSTED)
    office.poll()
    (_, before, last) = fields(office.telemetry, "bills_waiting")
    assert before["bills"] == 1
    assert last == {"company": "acme", "bills": 0, "sums": "nothing", "oldest_hours": 0.0}


def test_of_a_poll_that_is_not_complete_it_is_not_said() -> None:
    office = Office()
    office.intacct.incomplete.add("changed")
    office.poll()
    assert len(fields(office.telemetry, "bills_waiting")) == 1


# --------------------------------------------------------------------------------- how long
def took(world: World) -> list[tuple[str, float]]:
    return [(one["stage"], one["seconds"]) for one in fields(world.telemetry, "alert_took")]


def test_from_the_bill_to_the_alert_its_delivery_and_the_approval() -> None:
    world = World()
    dispatch = world.open("4711")
    world.clock.forward(seconds=5)
    world.drain()
    assert took(world) == [("1 alert", 5.0)]
    world.run(minutes=3)
    assert [stage for stage, _ in took(world)] == ["1 alert", "2 delivery"]
    world.ledger.approve("4711")
    world.run(minutes=5)
    stages = took(world)
    assert [stage for stage, _ in stages] == ["1 alert", "2 delivery", "4 approval"]
    assert [seconds for _, seconds in stages] == sorted(seconds for _, seconds in stages)
    (line, *_) = fields(world.telemetry, "alert_took")
    assert (line["company"], line["case"]) == ("acme", dispatch.members[0].case_id)


def test_a_bill_that_is_declined_was_not_approved() -> None:
    world = World()
    world.open("4711")
    world.ledger.decline("4711")
    world.run(minutes=5)
    assert "4 approval" not in [stage for stage, _ in took(world)]


def test_reminders_come_late_because_the_rule_says_so_and_do_not_count() -> None:
    (rule, *_) = DEFAULT_FLOW["rules"]
    steps = [{"sms": {"to": "approver"}}, {"sms": {"to": "approver", "after": 600}}]
    world = World(flow={**DEFAULT_FLOW, "rules": [{**rule, "notify": steps}]})
    world.open("4711")
    world.run(minutes=30)
    assert len(world.provider.log) == 2
    assert [stage for stage, _ in took(world)] == ["1 alert", "2 delivery"]


# ------------------------------------------------------------------------------- what it cost
@pytest.mark.parametrize("wait", [timedelta(0), timedelta(hours=3)])
def test_a_price_is_said_once_when_it_is_known(wait: timedelta) -> None:
    world = World()
    world.provider.price_delay = wait
    dispatch = world.open("4711")
    world.drain()
    world.run(hours=30)
    assert fields(world.telemetry, "price_known") == [
        {
            "company": "acme",
            "dispatch": dispatch.id,
            "channel": "sms",
            "currency": "USD",
            "price": float(PRICE),
        }
    ]


def test_of_a_call_it_is_said_when_it_was_confirmed() -> None:
    (rule, *_) = DEFAULT_FLOW["rules"]
    called = {**rule, "notify": [{"voice": {"to": "approver", "confirm": True}}]}
    world = World(flow={**DEFAULT_FLOW, "rules": [called]})
    world.approver("ann", number(1), channels=("voice",))
    world.calls.line(number(1)).next_calls(PRESSES_ONE)
    world.open("4711")
    world.run(minutes=5)
    assert [stage for stage, _ in took(world)] == ["1 alert", "2 delivery", "3 confirmation"]
