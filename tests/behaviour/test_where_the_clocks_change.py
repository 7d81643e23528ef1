"""Quiet hours, deferral and expiry over the nights in which the clocks change, in three zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ml_connector.domain.cases import CaseState
from tests.support.world import COMPANIES, COMPANY, World, number

CHICAGO, LONDON, SYDNEY = "America/Chicago", "Europe/London", "Australia/Sydney"
NIGHT = "20:00-08:00"
TEXT = {"sms": {"to": "approver"}}

#: A zone, the evening before its clocks change, and the hours its UTC offset moves by.
CHANGES = [
    (CHICAGO, "2027-03-13T22:00", "-06:00", "-05:00"),
    (CHICAGO, "2027-11-06T22:00", "-05:00", "-06:00"),
    (LONDON, "2027-03-27T22:00", "+00:00", "+01:00"),
    (LONDON, "2027-10-30T22:00", "+01:00", "+00:00"),
    (SYDNEY, "2027-04-03T22:00", "+11:00", "+10:00"),
    (SYDNEY, "2027-10-02T22:00", "+10:00", "+11:00"),
]


def world_in(zone: str, evening: str, *steps: dict[str, Any], **ann: Any) -> World:
    """A company of this zone at this hour of its wall, and Ann."""
    notify = list(steps) or [TEXT]
    world = World(
        flow={
            "schema": 1,
            "companies": {COMPANY: {**COMPANIES[COMPANY], "zone": zone}},
            "default_approver": "ann",
            "rules": [{"name": "all", "on": ["bill.submitted"], "notify": notify}],
        }
    )
    start = datetime.fromisoformat(evening).replace(tzinfo=ZoneInfo(zone))
    world.clock.forward_to(start.astimezone(UTC))
    world.change_approver("ann", **ann)
    return world


def on_the_wall(world: World, zone: str) -> list[str]:
    """When Ann's texts were accepted, as the wall of the zone shows it."""
    texts = world.provider.phone(number(1)).texts
    return [
        text.accepted_at.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes") for text in texts
    ]


def test_these_are_the_nights() -> None:
    for zone, evening, before, after in CHANGES:
        at = datetime.fromisoformat(evening).replace(tzinfo=ZoneInfo(zone))
        morning = datetime.fromisoformat(f"{evening[:11]}12:00") + timedelta(days=1)
        assert at.isoformat()[-6:] == before
        assert morning.replace(tzinfo=ZoneInfo(zone)).isoformat()[-6:] == after


@pytest.mark.parametrize(("zone", "evening", "before", "after"), CHANGES)
def test_a_bill_of_that_night_is_texted_at_eight_by_the_new_time(
    zone: str, evening: str, before: str, after: str
) -> None:
    world = world_in(zone, evening, quiet_hours=NIGHT)
    world.open()
    world.run(hours=13)
    (at,) = on_the_wall(world, zone)
    assert at[11:] == f"08:00{after}"
    assert before != after


@pytest.mark.parametrize(("zone", "evening", "before", "after"), CHANGES)
def test_hours_that_end_in_the_changed_hour_lose_nothing(
    zone: str, evening: str, before: str, after: str
) -> None:
    world = world_in(zone, evening, quiet_hours="21:00-02:30")
    world.open()
    world.run(hours=7)
    (at,) = on_the_wall(world, zone)
    # Where 02:30 is left out, the hour after it begins; where it comes twice, the first one counts.
    assert at[11:16] in ("02:30", "03:00")
    wall = ZoneInfo(zone)
    person = world.approvers.people["ann"]
    text = world.provider.phone(number(1)).texts[0]
    assert person.hours.obstacle_at(text.accepted_at, wall) == ""
    assert {before, after} & {at[16:]}


@pytest.mark.parametrize(("zone", "evening", "before", "after"), CHANGES)
def test_a_step_a_day_later_counts_a_day_and_not_the_wall(
    zone: str, evening: str, before: str, after: str
) -> None:
    later = {"sms": {"to": "approver", "after": 86_400}}
    world = world_in(zone, evening, TEXT, later)
    world.open()
    world.run(hours=27)
    first, second = (text.accepted_at for text in world.provider.phone(number(1)).texts)
    assert timedelta(hours=24) <= second - first <= timedelta(hours=24, minutes=4)
    shown = on_the_wall(world, zone)
    assert (shown[0][16:], shown[1][16:]) == (before, after)


@pytest.mark.parametrize(("zone", "evening", "before", "after"), CHANGES)
@pytest.mark.parametrize(("days", "told"), [(5, 2), (7, 1)])
def test_a_plan_expires_after_five_business_days_of_the_companys_wall(
    zone: str, evening: str, before: str, after: str, days: int, told: int
) -> None:
    later = {"sms": {"to": "approver", "after": days * 86_400}}
    world = world_in(zone, evening, TEXT, later)
    saturday = world.clock.now().astimezone(ZoneInfo(zone))
    dispatch = world.open()
    expires = world.case(dispatch).expires_at.astimezone(ZoneInfo(zone))
    # Counted from Monday's midnight, which is by the new time; five days end with Friday.
    assert (saturday.weekday(), saturday.isoformat()[-6:]) == (5, before)
    assert expires.isoformat(timespec="minutes")[11:] == f"00:00{after}"
    assert (expires.date() - saturday.date()).days == 7
    world.run(minutes=5)
    world.clock.forward(days=days)
    world.run(minutes=10)
    assert len(on_the_wall(world, zone)) == told
    expired = world.case(dispatch).state is CaseState.EXPIRED
    assert expired == ("case.expired" in world.kinds(dispatch)) == (told == 1)
