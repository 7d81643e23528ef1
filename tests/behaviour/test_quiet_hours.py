"""Nobody is woken without reason, and nothing is forgotten over night."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.domain.dispatches import Dispatch, DispatchState
from tests.support.calls import PRESSES_ONE
from tests.support.world import COMPANIES, World, number

CHICAGO = ZoneInfo("America/Chicago")
NIGHT = "20:00-08:00"


def flow(*notify: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "schema": 1,
        "companies": COMPANIES,
        "default_approver": "ann",
        "rules": [{"name": "all", "on": ["bill.submitted"], "notify": list(notify)}],
    }


TEXT = {"sms": {"to": "approver"}}
URGENT = {"voice": {"to": "approver", "confirm": True, "urgent": True}}


def world_at(text: str, published: Mapping[str, Any] | None = None, **ann: Any) -> World:
    """A world whose clock on the wall in Chicago shows that."""
    world = World(flow=published or flow(TEXT))
    start = datetime.fromisoformat(text).replace(tzinfo=CHICAGO).astimezone(UTC)
    world.clock.forward_to(max(start, world.clock.now()))
    world.change_approver("ann", **ann)
    return world


def got_at(world: World, dispatch: Dispatch) -> str:
    """When Ann's text was accepted, on the wall in Chicago."""
    texts = [x for x in world.provider.log if x.body.endswith(dispatch.reference)]
    assert len(texts) == 1
    return texts[0].accepted_at.astimezone(CHICAGO).isoformat(timespec="minutes")


def test_a_bill_of_the_night_is_texted_in_the_morning() -> None:
    world = world_at("2026-11-24T22:00", quiet_hours=NIGHT)
    dispatch = world.open()
    world.run(hours=9)
    assert world.dispatch(dispatch.id).reason == "quiet hours"
    assert world.provider.log == []
    world.run(hours=2)
    assert got_at(world, dispatch) == "2026-11-25T08:00-06:00"


def test_the_audit_says_until_when_and_why() -> None:
    world = world_at("2026-11-24T22:00", quiet_hours=NIGHT)
    dispatch = world.open()
    world.run(minutes=2)
    entry = world.entries(dispatch)[-1]
    assert entry.kind == "dispatch.deferred"
    assert entry.data["reason"] == "quiet hours"
    assert entry.data["due_at"] == "2026-11-25T14:00:00.000000Z"


def test_the_zone_of_the_person_counts_before_the_companys() -> None:
    world = world_at("2026-11-24T22:00", quiet_hours=NIGHT, zone="Asia/Tokyo")
    dispatch = world.open()
    world.run(minutes=3)
    assert world.dispatch(dispatch.id).state is not DispatchState.WAITING


def test_over_a_weekend_and_a_holiday_it_waits_for_the_first_working_day() -> None:
    world = world_at(
        "2026-11-27T21:00",
        quiet_hours=NIGHT,
        working_days=("mon", "tue", "wed", "thu", "fri"),
        holidays=(date(2026, 11, 30),),
    )
    dispatch = world.open()
    world.run(days=3, hours=12)
    assert got_at(world, dispatch) == "2026-12-01T08:00-06:00"


def test_what_is_urgent_may_pass() -> None:
    world = world_at("2026-11-24T23:30", flow(URGENT), quiet_hours=NIGHT, channels=("voice",))
    world.calls.line(number(1)).life = PRESSES_ONE
    world.open()
    world.run(minutes=5)
    assert len(world.calls.log) == 1


def test_a_bill_approved_over_night_is_never_texted() -> None:
    world = world_at("2026-11-24T22:00", quiet_hours=NIGHT)
    world.open()
    world.run(hours=2)
    world.ledger.approve("4711")
    world.run(hours=12)
    assert world.provider.log == []


def test_the_next_step_counts_from_the_morning_when_the_first_went_out() -> None:
    later = {"sms": {"to": "bob", "after": 3600}}
    world = world_at("2026-11-24T22:00", flow(TEXT, later), quiet_hours=NIGHT)
    world.approver("bob", number(2))
    world.open()
    world.run(hours=10, minutes=30)
    assert world.provider.phone(number(2)).texts == []
    world.run(hours=1)
    first, second = world.provider.log
    assert second.accepted_at - first.accepted_at >= timedelta(hours=1)


def test_a_plan_expires_after_five_business_days() -> None:
    world = world_at("2026-11-25T12:00")
    dispatch = world.open()
    expires = world.case(dispatch).expires_at.astimezone(CHICAGO)
    assert expires.date() == date(2026, 12, 2), "a weekend does not count"


@settings(max_examples=60, deadline=None)
@given(
    start=st.integers(0, 7 * 24 * 60),
    quiet=st.sampled_from(("20:00-08:00", "22:30-06:15", "00:00-21:00", "12:00-13:00", "")),
    days=st.sampled_from(((), ("mon", "tue", "wed", "thu", "fri"), ("tue",))),
    zone=st.sampled_from(("America/Chicago", "Europe/London", "Australia/Sydney", "")),
    amounts=st.lists(st.integers(0, 3000), min_size=1, max_size=4),
)
def test_in_random_weeks_nobody_is_texted_in_quiet_hours_and_everything_arrives(
    start: int, quiet: str, days: tuple[str, ...], zone: str, amounts: list[int]
) -> None:
    world = World(flow=flow(TEXT))
    world.clock.forward(minutes=start)
    world.change_approver("ann", quiet_hours=quiet, working_days=days, zone=zone)
    world.baseline()
    for number_, wait in enumerate(amounts):
        world.clock.forward(minutes=wait)
        world.ledger.submit(f"B{number_}")
        world.poll()
        world.drain()
    for _ in range(8 * 24):
        world.clock.forward(minutes=59)
        world.tick()
        world.clock.forward(minutes=1)
        world.tick()
    person = world.approvers.people["ann"]
    wall = ZoneInfo(zone) if zone else CHICAGO
    assert [x for x in world.provider.log if person.hours.obstacle_at(x.accepted_at, wall)] == []
    told = {text.body.split("bill ")[1].split(",")[0] for text in world.provider.log}
    expired = any(case.state.ended for case in world.tables.cases.values())
    assert expired or told == {f"B{number_}" for number_ in range(len(amounts))}
