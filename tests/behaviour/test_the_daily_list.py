"""Once a day whoever was told of bills hears in one text what of it still waits."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.gsm7 import segments
from tests.support.lists import (
    ANN,
    BOB,
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
from tests.support.world import COMPANY, World, number


def with_bills(world: World, *numbers: str, amount: str = "12500.00") -> World:
    """The bills are submitted one after another and told within the hour."""
    for one in numbers:
        world.ledger.submit(one, amount=amount)
        world.run(minutes=4)
    world.run(hours=1)
    return world


def test_at_eight_one_text_says_how_many_wait_since_when_and_which() -> None:
    world = world_at("2026-11-23T14:00")
    with_bills(world, "4711", "4712", "4713")
    until(world, "2026-11-24T12:00")
    assert times(world) == ["Tue 11-24 08:00"]
    (text,) = lists(world)
    assert text.body.startswith(
        "Acme AP: 3 bills still wait for you in Intacct, oldest Nov 23, USD 37,500.00: Baker Steel"
        " USD 12,500.00 (4711), Baker Steel USD 12,500.00 (4712), "
    )
    assert "Open Intacct. Ref " in text.body
    assert segments(text.body).parts <= 2
    assert segments(text.body).encoding == "GSM-7"


def test_without_the_word_in_the_flow_nobody_gets_one() -> None:
    published = {**flow()}
    company = {k: v for k, v in published["companies"][COMPANY].items() if k != "daily_list"}
    world = world_at("2026-11-23T14:00", {**published, "companies": {COMPANY: company}})
    with_bills(world, "4711")
    until(world, "2026-11-24T12:00")
    assert lists(world) == []
    assert not list_cases(world)


def test_it_comes_every_day_for_as_long_as_something_waits() -> None:
    world = world_at("2026-11-23T14:00")
    with_bills(world, "4711", "4712")
    until(world, "2026-11-24T12:00")
    world.ledger.approve("4711")
    until(world, "2026-11-25T12:00")
    world.ledger.approve("4712")
    until(world, "2026-11-26T12:00")
    assert times(world) == ["Tue 11-24 08:00", "Wed 11-25 08:00"]
    assert "1 bill still waits for you in Intacct, since Nov 23" in lists(world)[1].body


def test_a_bill_waits_although_its_own_alerts_have_expired() -> None:
    world = world_at("2026-11-23T14:00")
    with_bills(world, "4711")
    until(world, "2026-12-02T12:00")
    (case,) = (case for case in world.tables.cases.values() if case.document == "bill#4711")
    assert case.expires_at < world.clock.now()
    assert times(world)[-1] == "Wed 12-02 08:00"


def test_who_was_told_nothing_of_a_bill_has_it_on_no_list() -> None:
    world = world_at("2026-11-23T14:00")
    world.approver("bob", BOB)
    with_bills(world, "4711")
    until(world, "2026-11-24T12:00")
    assert lists(world, BOB) == []


def test_the_manager_who_was_told_too_has_it_on_theirs() -> None:
    later = {"sms": {"to": "manager", "after": 3600}}
    world = world_at("2026-11-23T14:00", flow(TEXT, later), manager="bob")
    world.approver("bob", BOB)
    with_bills(world, "4711")
    world.run(hours=1)
    until(world, "2026-11-24T12:00")
    assert times(world, ANN) == times(world, BOB) == ["Tue 11-24 08:00"]


# ------------------------------------------------------------------------- hours and days off
def test_it_is_at_eight_on_the_wall_of_whoever_reads_it() -> None:
    later = {"sms": {"to": "bob"}}
    world = world_at("2026-11-23T04:00", flow(TEXT, later))
    world.approver("bob", BOB)
    world.change_approver("bob", zone="Asia/Tokyo")
    with_bills(world, "4711")
    until(world, "2026-11-24T12:00")
    assert times(world, ANN) == ["Mon 11-23 08:00", "Tue 11-24 08:00"]
    assert times(world, BOB, ZoneInfo("Asia/Tokyo")) == ["Tue 11-24 08:00"]


def test_quiet_hours_that_end_later_put_it_off_to_their_end() -> None:
    world = world_at("2026-11-23T14:00", quiet_hours="20:00-09:30")
    with_bills(world, "4711")
    until(world, "2026-11-24T12:00")
    assert times(world) == ["Tue 11-24 09:30"]


def test_days_off_holidays_and_absences_have_no_list() -> None:
    world = world_at(
        "2026-11-23T14:00",
        working_days=("mon", "wed", "thu", "fri"),
        holidays=(date(2026, 11, 25),),
        away_from=date(2026, 11, 26),
        away_until=date(2026, 11, 26),
    )
    with_bills(world, "4711")
    until(world, "2026-11-28T12:00")
    assert times(world) == ["Fri 11-27 08:00"], "and none on the company's Saturday"


def test_the_companys_holidays_have_none_either() -> None:
    world = world_at("2026-11-23T14:00", flow(calendar={"holidays": ["2026-11-24"]}))
    with_bills(world, "4711")
    until(world, "2026-11-25T12:00")
    assert times(world) == ["Wed 11-25 08:00"]


def test_the_days_may_be_named() -> None:
    named = {"at": "08:00", "days": ["thu", "sat"]}
    world = world_at("2026-11-23T14:00", flow(daily_list=named))
    with_bills(world, "4711")
    until(world, "2026-11-29T12:00")
    assert times(world) == ["Thu 11-26 08:00", "Sat 11-28 08:00"]


def test_while_somebody_is_away_their_substitute_has_it() -> None:
    world = world_at("2026-11-23T14:00")
    world.approver("bob", BOB)
    with_bills(world, "4711")
    world.change_approver("ann", substitute="bob", away_from=date(2026, 11, 24))
    until(world, "2026-11-24T12:00")
    assert times(world, ANN) == []
    assert times(world, BOB) == ["Tue 11-24 08:00"]


def test_who_opted_out_gets_none() -> None:
    world = world_at("2026-11-23T14:00")
    with_bills(world, "4711")
    world.change_approver("ann", opted_out=True)
    until(world, "2026-11-24T12:00")
    assert lists(world) == []


@pytest.mark.parametrize(
    ("zone", "begin", "end", "expected"),
    [
        ("America/Chicago", "2027-03-11T20:00", "2027-03-15T12:00", "02:30"),
        ("America/Chicago", "2027-11-05T20:00", "2027-11-08T12:00", "01:30"),
        ("Europe/Berlin", "2027-03-26T20:00", "2027-03-29T12:00", "02:30"),
        ("Europe/Berlin", "2027-10-29T20:00", "2027-11-01T12:00", "02:30"),
        ("Australia/Sydney", "2027-04-02T20:00", "2027-04-05T12:00", "02:30"),
        ("Australia/Sydney", "2027-10-01T20:00", "2027-10-04T12:00", "02:30"),
    ],
)
def test_where_the_clocks_change_every_day_has_one_list(
    zone: str, begin: str, end: str, expected: str
) -> None:
    """Also at an hour that the day leaves out, or has twice."""
    wall = ZoneInfo(zone)
    every_day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    published = flow(zone=zone, daily_list={"at": expected, "days": every_day})
    world = world_at(begin, published, wall)
    with_bills(world, "4711")
    until(world, end, wall)
    found = [one.accepted_at.astimezone(wall) for one in lists(world)]
    first, last = date.fromisoformat(begin[:10]), date.fromisoformat(end[:10])
    days = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert [one.date() for one in found] == days
    late = {f"{one:%H:%M}" for one in found} - {expected}
    assert late <= {"03:00"}, "where the hour was left out, the one after it"


# --------------------------------------------------------------------- never twice, never stale
def test_what_is_handled_before_it_is_sent_is_not_on_it() -> None:
    world = world_at("2026-11-23T14:00")
    with_bills(world, "4711", "4712")
    until(world, "2026-11-24T07:57")
    # Another text just before keeps the list waiting; meanwhile one of the bills is approved.
    world.ledger.submit("4800")
    world.run(minutes=5)
    (case,) = list_cases(world)
    assert [one.document for one in case.listed] == ["bill#4711", "bill#4712", "bill#4800"]
    assert lists(world) == []
    world.ledger.approve("4711")
    world.run(minutes=10)
    (text,) = lists(world)
    assert "2 bills still wait" in text.body
    assert "4711" not in text.body
    entries = list(world.audit.chain(case.chain))
    (superseded,) = (one for one in entries if one.kind == "dispatch.superseded")
    assert superseded.data["handled"] == ["bill#4711"]
    assert not world.broken_chains()


def test_what_was_approved_in_part_before_it_is_sent_waits_for_somebody_else() -> None:
    world = world_at(
        "2026-11-23T14:00", {**flow(), "rules": [{**flow()["rules"][0], "on": ["bill.submitted"]}]}
    )
    with_bills(world, "4711", "4712")
    until(world, "2026-11-24T07:57")
    world.ledger.submit("4800")
    world.run(minutes=5)
    world.ledger.approve_partly("4711")
    world.run(minutes=10)
    (text,) = lists(world)
    assert "2 bills still wait" in text.body
    assert "4711" not in text.body


def test_a_bill_whose_own_text_has_yet_to_go_out_is_not_on_it() -> None:
    world = world_at("2026-11-23T14:00")
    with_bills(world, "4711")
    until(world, "2026-11-24T07:55")
    world.ledger.submit("4801")
    world.run(minutes=3)
    world.ledger.submit("4802")
    world.run(minutes=4)
    (case,) = list_cases(world)
    assert [one.document for one in case.listed] == ["bill#4711", "bill#4801"]
    world.run(minutes=30)
    assert any("4802" in one.body for one in world.provider.log)
    assert "4802" not in lists(world)[0].body


def test_where_everything_was_handled_nothing_is_sent_and_the_audit_says_why() -> None:
    world = world_at("2026-11-23T14:00")
    with_bills(world, "4711", "4712")
    until(world, "2026-11-24T07:57")
    world.ledger.submit("4800")
    world.run(minutes=5)
    for one in ("4711", "4712", "4800"):
        world.ledger.approve(one)
    until(world, "2026-11-24T12:00")
    assert lists(world) == []
    (case,) = list_cases(world)
    assert (case.state, case.end_reason) == (CaseState.HANDLED, "list.handled")
    (alert,) = world.tables.alerts[case.id].values()
    assert alert.stop_reason is StopReason.HANDLED
    last = list(world.audit.chain(case.chain))[-1]
    assert last.kind == "dispatch.suppressed"
    assert last.data["reason"] == "everything on it was handled"


def test_what_was_told_a_moment_ago_is_no_reason_for_a_list() -> None:
    world = world_at("2026-11-24T07:40")
    world.ledger.submit("4711")
    until(world, "2026-11-24T12:00")
    assert len(world.provider.log) == 1
    assert lists(world) == []
    (line,) = world.telemetry.said("daily_list_needless", "event")
    assert line.fields["bills"] == 1
    until(world, "2026-11-25T12:00")
    assert times(world) == ["Wed 11-25 08:00"]


def test_the_audit_says_what_was_listed() -> None:
    world = world_at("2026-11-23T14:00")
    with_bills(world, "4711", "4712")
    until(world, "2026-11-24T12:00")
    (case,) = list_cases(world)
    opened = next(iter(world.audit.chain(case.chain)))
    assert opened.kind == "case.opened"
    assert opened.data["documents"] == ["bill#4711", "bill#4712"]
    assert (opened.data["day"], opened.data["bills"]) == ("2026-11-24", 2)
    assert not world.broken_chains()


def test_a_poll_that_fails_at_eight_makes_it_later_and_after_noon_not_at_all() -> None:
    world = world_at("2026-11-23T14:00")
    with_bills(world, "4711")
    until(world, "2026-11-24T07:00")
    world.ledger.down = True
    until(world, "2026-11-24T10:00")
    world.ledger.down = False
    until(world, "2026-11-25T07:00")
    world.ledger.down = True
    until(world, "2026-11-25T12:30")
    world.ledger.down = False
    until(world, "2026-11-26T07:00")
    assert times(world) == ["Tue 11-24 10:00"]
    assert world.telemetry.said("daily_list_missed", "event")


def test_a_list_that_does_not_arrive_is_tried_again() -> None:
    world = world_at("2026-11-23T14:00")
    with_bills(world, "4711")
    until(world, "2026-11-24T07:59")
    world.ann.turn_off()
    world.run(minutes=5)
    world.ann.turn_on()
    world.run(hours=6)
    arrived = [one for one in lists(world) if one.arrived(world.clock.now())]
    assert len(arrived) == 1
    assert {x.state for x in list_dispatches(world)} <= {
        DispatchState.DELIVERED,
        DispatchState.UNDELIVERED,
        DispatchState.FAILED,
    }


def test_the_lists_of_many_people_are_each_their_own() -> None:
    published = {**flow()}
    named = [("ann", "USD"), ("bob", "USD")]
    published["rules"] = [
        {
            "name": who,
            "on": ["bill.submitted"],
            "when": {"amount": {"currency": currency, "at_least": low, "under": low + 5000}},
            "approver": who,
            "notify": [TEXT],
        }
        for low, (who, currency) in zip((0, 5000), named, strict=True)
    ]
    world = world_at("2026-11-23T14:00", published)
    world.approver("bob", number(2))
    world.ledger.submit("1", amount="10.00")
    world.ledger.submit("2", amount="6000.00")
    world.run(hours=2)
    until(world, "2026-11-24T12:00")
    assert {"(1)" in one.body for one in lists(world, ANN)} == {True}
    assert {"(2)" in one.body for one in lists(world, BOB)} == {True}
    assert all("1 bill still waits" in one.body for one in lists(world))
    assert times(world, ANN, CHICAGO) == times(world, BOB, CHICAGO) == ["Tue 11-24 08:00"]
