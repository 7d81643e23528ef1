"""On Mondays whoever leads accounts payable reads how the last week went."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ml_connector.domain.cases import CaseState
from ml_connector.domain.summaries import Published
from tests.support.faults import Fault
from tests.support.lists import CHICAGO, TEXT, until
from tests.support.summaries import Mondays
from tests.support.world import COMPANIES, COMPANY, DEFAULT_FLOW, World, number

MONDAY = "2026-11-30T08:00"


def flow(zone: str = "America/Chicago", *notify: Mapping[str, Any]) -> Mapping[str, Any]:
    company = {**COMPANIES[COMPANY], "zone": zone}
    rule = {**DEFAULT_FLOW["rules"][0], "notify": list(notify or (TEXT,))}
    return {**DEFAULT_FLOW, "companies": {COMPANY: company}, "rules": [rule]}


def at(text: str, wall: ZoneInfo = CHICAGO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=wall).astimezone(UTC)


def world_on(text: str, published: Mapping[str, Any] | None = None) -> World:
    """A company in Chicago that was polled once, then."""
    world = World(flow=published or flow())
    world.clock.forward_to(at(text))
    world.baseline()
    return world


def a_week() -> tuple[World, Mondays]:
    """Three bills: one approved within the hour, one after two days, and one still waits."""
    world = world_on("2026-11-24T09:00")
    for name, amount in (("4711", "100.00"), ("4712", "200.00"), ("4713", "300.00")):
        world.ledger.submit(name, amount=amount)
        world.run(minutes=4)
    world.run(minutes=48)
    world.ledger.approve("4711")
    world.run(minutes=5)
    world.clock.forward_to(at("2026-11-26T09:30"))
    world.ledger.approve("4712")
    world.run(minutes=5)
    world.clock.forward_to(at("2026-11-30T07:50"))
    return world, Mondays(world)


def test_a_monday_morning_says_how_long_it_took_what_waits_and_who_was_told() -> None:
    world, mondays = a_week()
    assert mondays.tick() == []
    until(world, "2026-11-30T08:00")
    assert mondays.tick() == ["yes"]
    ((when, subject, text),) = mondays.topic.mails
    assert when == at(MONDAY)
    assert subject == "Acme AP: approvals in the week of Nov 23"
    assert text.startswith("Acme AP, Nov 23 to Nov 29, 2026\n")
    assert "Approved: 2 approvals, half of them within 1 d 0 h of being seen.\n" in text
    slowest = text.split("The slowest:\n")[1].split("\n\n")[0].splitlines()
    assert re.fullmatch(r"  2 d 0 h  bill 4712, Baker Steel, USD 200\.00 \(told: ann\)", slowest[0])
    assert "bill 4711, Baker Steel, USD 100.00" in slowest[1]
    assert "Still waiting: 1 bill, USD 300.00. The oldest:\n  5 d " in text
    assert "bill 4713, Baker Steel, USD 300.00, since Nov 24\n" in text
    assert "Sent: 3 texts and 0 calls.\n" in text
    assert "  ann: 3 texts, 0 calls, about 3 alerts\n" in text


def test_it_is_published_once_a_week_and_again_the_next() -> None:
    world, mondays = a_week()
    mondays.run_until(at("2026-11-30T11:00"))
    assert len(mondays.topic.mails) == 1
    world.clock.forward_to(at("2026-12-01T02:00"))
    mondays.tick()
    world.clock.forward_to(at("2026-12-07T07:55"))
    mondays.run_until(at("2026-12-07T10:00"))
    assert [subject[-6:] for _, subject, _ in mondays.topic.mails] == ["Nov 23", "Nov 30"]
    assert "Approved: nothing that anybody was told of." in mondays.topic.mails[1][2]
    assert not world.broken_chains()


def test_the_audit_says_what_was_published() -> None:
    world, mondays = a_week()
    until(world, MONDAY)
    mondays.tick()
    (case,) = mondays.cases()
    assert (case.state, case.end_reason) == (CaseState.HANDLED, "summary.published")
    opened, ended = world.audit.chain(case.chain)
    assert (opened.data["approvals"], opened.data["waiting"], opened.data["texts"]) == (2, 1, 3)
    assert ended.data["because"] == "summary.published"
    said = repr((opened.data, ended.data))
    assert "Baker" not in said
    assert number(1) not in said


def test_neither_numbers_nor_names_of_people_are_in_it() -> None:
    world, mondays = a_week()
    until(world, MONDAY)
    mondays.tick()
    ((_, _, text),) = mondays.topic.mails
    assert "+1555" not in text
    assert "Ann" not in text


def test_what_did_not_arrive_and_what_it_cost_is_in_it() -> None:
    call = {"voice": {"to": "bob", "attempts": 1}}
    world = world_on("2026-11-24T09:00", flow("America/Chicago", TEXT, call))
    world.approver("bob", number(2), channels=("voice",))
    world.ann.turn_off()
    world.provider.price_delay = timedelta(minutes=30)
    world.ledger.submit("4711")
    world.run(hours=4)
    world.clock.forward_to(at(MONDAY))
    mondays = Mondays(world)
    mondays.tick()
    ((_, _, text),) = mondays.topic.mails
    assert re.search(r"Not delivered at first: [1-9]", text)
    assert "Cost, as Twilio billed it: USD 0." in text
    assert "  bob: 0 texts, 1 call, about 1 alert\n" in text


@pytest.mark.parametrize(
    ("zone", "monday"),
    [
        ("America/Chicago", "2027-03-15"),
        ("America/Chicago", "2027-11-08"),
        ("Europe/Berlin", "2027-03-29"),
        ("Europe/Berlin", "2027-11-01"),
        ("Australia/Sydney", "2027-04-05"),
        ("Australia/Sydney", "2027-10-04"),
    ],
)
def test_it_is_at_eight_on_the_companys_wall_after_the_clocks_changed(
    zone: str, monday: str
) -> None:
    wall = ZoneInfo(zone)
    world = World(flow=flow(zone))
    eight = at(f"{monday}T08:00", wall)
    world.clock.forward_to(eight - timedelta(hours=2))
    world.baseline()
    mondays = Mondays(world)
    while world.clock.now() < eight + timedelta(hours=2):
        mondays.tick()
        world.clock.forward(minutes=1)
    assert [when for when, _, _ in mondays.topic.mails] == [eight]
    (case,) = mondays.cases()
    opened = next(iter(world.audit.chain(case.chain)))
    begin, end = (datetime.fromisoformat(str(opened.data[key])) for key in ("from", "to"))
    assert (begin.astimezone(wall).hour, end.astimezone(wall).hour) == (0, 0)
    assert abs(end - begin - timedelta(days=7)) == timedelta(hours=1)


def test_a_company_that_was_never_read_has_none() -> None:
    world = World(flow=flow())
    world.clock.forward_to(at(MONDAY))
    assert Mondays(world).tick() == []


# --------------------------------------------------------------------------- once, or not at all
def test_what_the_topic_refused_is_published_by_a_later_tick() -> None:
    world, mondays = a_week()
    until(world, MONDAY)
    mondays.topic.next.extend([Published.NO, Published.NO])
    assert mondays.tick() == ["no"]
    assert mondays.tick() == ["no"]
    assert mondays.tick() == ["yes"]
    assert mondays.tick() == []
    assert len(mondays.topic.mails) == 1
    assert [case.end_reason for case in mondays.cases()] == [
        "summary.refused",
        "summary.refused",
        "summary.published",
    ]
    assert len(world.telemetry.said("summary_not_published", "error")) == 2
    assert not world.broken_chains()


def test_a_topic_that_always_refuses_is_not_asked_for_ever() -> None:
    world, mondays = a_week()
    until(world, MONDAY)
    mondays.topic.next.extend([Published.NO] * 20)
    for _ in range(20):
        mondays.tick()
    assert len(mondays.cases()) == 5


def test_what_may_have_been_taken_is_never_published_again() -> None:
    world, mondays = a_week()
    until(world, MONDAY)
    mondays.topic.next.append(Published.UNKNOWN)
    assert mondays.tick() == ["unknown"]
    assert mondays.tick() == []
    assert len(mondays.topic.mails) == 1
    assert world.telemetry.said("summary_not_published", "error")


@pytest.mark.parametrize("dies", ["before", "after"])
def test_a_function_that_dies_while_it_publishes_sends_nothing_twice(dies: str) -> None:
    world, mondays = a_week()
    until(world, MONDAY)
    mondays.topic.dies = dies
    assert mondays.tick() == ["killed"]
    for _ in range(5):
        assert mondays.tick() == []
    assert len(mondays.topic.mails) == (1 if dies == "after" else 0)


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
@pytest.mark.parametrize("point", ["commit case.opened", "commit case.handled"])
def test_wherever_it_dies_in_writing_nobody_gets_a_week_twice(point: str, fault: Fault) -> None:
    world, mondays = a_week()
    until(world, MONDAY)
    world.faults.arrange(point, fault)
    assert mondays.tick() == ["killed"]
    for _ in range(5):
        mondays.tick()
    lost = point == "commit case.opened" and fault is Fault.KILLED_AFTER
    assert len(mondays.topic.mails) == (0 if lost else 1)
    assert not world.broken_chains()


def test_two_ticks_at_once_publish_once() -> None:
    world, mondays = a_week()
    until(world, MONDAY)

    def another() -> None:
        world.faults.race = lambda: None
        mondays.summarise(COMPANY)

    world.faults.race = another
    world.faults.arrange("commit case.opened", Fault.RACE)
    assert mondays.tick() == ["done_before"]
    assert len(mondays.topic.mails) == 1
