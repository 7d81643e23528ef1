"""Quiet hours and business time, on days when clocks change too."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.hours import Hours, after_business_time

CHICAGO, LONDON, SYDNEY = (
    ZoneInfo(name) for name in ("America/Chicago", "Europe/London", "Australia/Sydney")
)
NIGHT = Hours(quiet_from=20 * 60, quiet_to=8 * 60)
WEEKDAYS = frozenset(range(5))


def at(text: str, zone: ZoneInfo) -> datetime:
    """A local time that exists once, as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def local(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).isoformat(timespec="minutes")


def test_without_hours_a_person_may_always_be_disturbed() -> None:
    now = at("2026-11-23T03:00", CHICAGO)
    assert Hours().next_allowed(now, CHICAGO) == now


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        ("2026-11-23T12:00", "2026-11-23T12:00-06:00"),
        ("2026-11-23T19:59", "2026-11-23T19:59-06:00"),
        ("2026-11-23T20:00", "2026-11-24T08:00-06:00"),
        ("2026-11-23T23:30", "2026-11-24T08:00-06:00"),
        ("2026-11-24T07:59", "2026-11-24T08:00-06:00"),
    ],
)
def test_quiet_hours_go_over_midnight(now: str, allowed: str) -> None:
    assert local(NIGHT.next_allowed(at(now, CHICAGO), CHICAGO), CHICAGO) == allowed


def test_quiet_hours_within_a_day() -> None:
    lunch = Hours(quiet_from=12 * 60, quiet_to=13 * 60 + 15)
    now = at("2026-11-23T12:30", LONDON)
    assert local(lunch.next_allowed(now, LONDON), LONDON) == "2026-11-23T13:15+00:00"


def test_days_off_and_holidays_are_waited_for_together() -> None:
    hours = Hours(20 * 60, 8 * 60, WEEKDAYS, frozenset({date(2026, 11, 30)}))
    friday_night = at("2026-11-27T21:00", CHICAGO)
    assert hours.obstacle_at(at("2026-11-30T12:00", CHICAGO), CHICAGO) == "holiday"
    assert hours.obstacle_at(at("2026-11-28T12:00", CHICAGO), CHICAGO) == "day off"
    allowed = hours.next_allowed(friday_night, CHICAGO)
    assert local(allowed, CHICAGO) == "2026-12-01T08:00-06:00"


def test_an_end_that_the_clocks_leave_out_comes_with_the_hour_after_it() -> None:
    until_half_past_two = Hours(quiet_from=22 * 60, quiet_to=2 * 60 + 30)
    for zone, evening, allowed in (
        (CHICAGO, "2027-03-13T23:00", "2027-03-14T03:00-05:00"),
        (SYDNEY, "2027-10-02T23:00", "2027-10-03T03:00+11:00"),
    ):
        found = until_half_past_two.next_allowed(at(evening, zone), zone)
        assert local(found, zone) == allowed
    until_half_past_one = Hours(quiet_from=22 * 60, quiet_to=60 + 30)
    found = until_half_past_one.next_allowed(at("2027-03-27T23:00", LONDON), LONDON)
    assert local(found, LONDON) == "2027-03-28T02:00+01:00"


def test_an_hour_that_comes_twice_is_over_the_first_time() -> None:
    until_half_past_one = Hours(quiet_from=22 * 60, quiet_to=60 + 30)
    for zone, evening, allowed in (
        (CHICAGO, "2026-10-31T23:00", "2026-11-01T01:30-05:00"),
        (LONDON, "2026-10-24T23:00", "2026-10-25T01:30+01:00"),
    ):
        found = until_half_past_one.next_allowed(at(evening, zone), zone)
        assert local(found, zone) == allowed
    again_quiet = until_half_past_one.next_allowed(
        datetime(2026, 11, 1, 7, 15, tzinfo=UTC), CHICAGO
    )
    assert local(again_quiet, CHICAGO) == "2026-11-01T01:30-06:00", "the second time as well"


INSTANTS = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2028, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
HOURS = st.builds(
    Hours,
    quiet_from=st.integers(0, 1439),
    quiet_to=st.integers(0, 1439),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    holidays=st.frozensets(st.dates(date(2026, 1, 1), date(2028, 1, 1)), max_size=5),
)
ZONES = st.sampled_from((CHICAGO, LONDON, SYDNEY, ZoneInfo("Asia/Kolkata")))


@given(INSTANTS, HOURS, ZONES)
def test_the_next_allowed_instant_is_allowed_and_the_minute_before_it_was_not(
    now: datetime, hours: Hours, zone: ZoneInfo
) -> None:
    found = hours.next_allowed(now, zone)
    assert found >= now
    assert hours.obstacle_at(found, zone) == ""
    if found > now:
        assert hours.obstacle_at(max(now, found - timedelta(minutes=1)), zone)


def test_five_business_days_skip_the_weekend_and_holidays() -> None:
    friday = at("2026-11-27T12:00", CHICAGO)
    five = timedelta(days=5)
    end = after_business_time(friday, five, CHICAGO, WEEKDAYS, ())
    assert local(end, CHICAGO) == "2026-12-04T12:00-06:00"
    later = after_business_time(friday, five, CHICAGO, WEEKDAYS, {date(2026, 12, 1)})
    assert local(later, CHICAGO) == "2026-12-07T12:00-06:00"


def test_business_time_that_begins_on_a_day_off_counts_from_the_next_morning() -> None:
    saturday = at("2026-11-28T15:00", CHICAGO)
    end = after_business_time(saturday, timedelta(hours=6), CHICAGO, WEEKDAYS, ())
    assert local(end, CHICAGO) == "2026-11-30T06:00-06:00"


def test_a_day_of_25_hours_is_one_day() -> None:
    saturday = at("2026-10-31T12:00", CHICAGO)
    end = after_business_time(saturday, timedelta(days=2), CHICAGO, frozenset(range(7)), ())
    assert local(end, CHICAGO) == "2026-11-02T12:00-06:00"


def test_the_last_seconds_of_a_friday_are_friday() -> None:
    friday = at("2026-11-27T23:59:30", CHICAGO)
    end = after_business_time(friday, timedelta(days=1), CHICAGO, WEEKDAYS, ())
    assert end == at("2026-11-30T23:59:30", CHICAGO)


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=10)), ZONES)
def test_business_time_never_ends_before_it_has_passed(
    now: datetime, length: timedelta, zone: ZoneInfo
) -> None:
    assert after_business_time(now, length, zone, WEEKDAYS, ()) >= now + length - timedelta(hours=2)
