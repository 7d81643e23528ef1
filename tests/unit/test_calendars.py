"""How often a company is polled: hours, close window, holidays, clock changes, maintenance."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.calendars import (
    Calendar,
    Maintenance,
    calendar_of,
    monthly_transactions,
    polls_in,
)

CHICAGO = ZoneInfo("America/Chicago")
MINUTE = timedelta(minutes=1)
USUAL = Calendar()
PLACE = "companies.acme.calendar"


def minutes(calendar: Calendar, zone: ZoneInfo, *at: int) -> float:
    """The interval on the zone's own clock, in minutes."""
    return calendar.interval_at(datetime(*at, tzinfo=zone), zone) / MINUTE  # type: ignore[misc,arg-type]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# ------------------------------------------------------------------------------ how often
@pytest.mark.parametrize(
    ("hour", "minute", "expected"),
    [(0, 0, 15), (6, 59, 15), (7, 0, 2), (12, 0, 2), (18, 59, 2), (19, 0, 15), (23, 59, 15)],
)
def test_a_working_day_is_polled_every_two_minutes_from_seven_to_nineteen(
    hour: int, minute: int, expected: float
) -> None:
    assert minutes(USUAL, CHICAGO, 2026, 11, 18, hour, minute) == expected


def test_hours_are_those_of_the_companys_zone() -> None:
    now = utc("2026-11-18T13:00:00")
    zones = {"America/Chicago": 2, "America/Los_Angeles": 15, "Asia/Tokyo": 15, "Europe/Berlin": 2}
    found = {name: USUAL.interval_at(now, ZoneInfo(name)) / MINUTE for name in zones}
    assert found == zones


@pytest.mark.parametrize("day", [14, 15, 21, 22])
def test_a_weekend_is_polled_every_quarter_of_an_hour(day: int) -> None:
    assert minutes(USUAL, CHICAGO, 2026, 11, day, 12, 0) == 15


def close_days(calendar: Calendar, year: int, month: int) -> list[int]:
    """The days that are polled every minute at noon."""
    noon = datetime(year, month, 1, 12, tzinfo=CHICAGO)
    days = [noon + timedelta(days=n) for n in range(31)]
    return [
        day.day
        for day in days
        if day.month == month and calendar.interval_at(day, CHICAGO) == MINUTE
    ]


def test_the_books_close_on_the_first_five_and_the_last_two_business_days() -> None:
    assert close_days(USUAL, 2026, 11) == [2, 3, 4, 5, 6, 27, 30]
    assert close_days(USUAL, 2026, 1) == [1, 2, 5, 6, 7, 29, 30]


def test_a_holiday_is_no_business_day_and_moves_the_close_window() -> None:
    holidays = frozenset({date(2026, 11, 3), date(2026, 11, 27)})
    calendar = Calendar(holidays=holidays)
    assert close_days(calendar, 2026, 11) == [2, 4, 5, 6, 9, 26, 30]
    for holiday in (3, 27):
        assert minutes(calendar, CHICAGO, 2026, 11, holiday, 12, 0) == 15


def test_in_the_close_window_too_the_night_is_polled_seldom() -> None:
    assert minutes(USUAL, CHICAGO, 2026, 11, 2, 6, 59) == 15
    assert minutes(USUAL, CHICAGO, 2026, 11, 2, 19, 0) == 15


@pytest.mark.parametrize(
    ("last", "first", "expected"),
    [
        (0, 0, []),
        (1, 0, [30]),
        (0, 1, [2]),
        (31, 31, [d for d in range(1, 31) if d % 7 not in (0, 1)]),
    ],
)
def test_the_close_window_is_as_wide_as_the_calendar_says(
    last: int, first: int, expected: list[int]
) -> None:
    assert close_days(Calendar(close_last=last, close_first=first), 2026, 11) == expected


def test_a_company_that_works_from_sunday_to_thursday_closes_on_its_own_days() -> None:
    calendar = Calendar(days=frozenset({6, 0, 1, 2, 3}))
    assert close_days(calendar, 2026, 11) == [1, 2, 3, 4, 5, 29, 30]


# --------------------------------------------------------------------------- clock changes
def worked(zone: str, day: date, opens: str, closes: str) -> list[tuple[str, str]]:
    """The stretches of working time of one local day, in UTC."""
    calendar = calendar_of(
        {
            "working": {
                "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                "from": opens,
                "to": closes,
            },
            "close": {"last": 0, "first": 0},
        },
        PLACE,
    )
    place = ZoneInfo(zone)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    stretches: list[tuple[str, str]] = []
    begun = None
    for n in range(-36 * 60, 36 * 60):
        now = noon + n * MINUTE
        works = (
            now.astimezone(place).date() == day
            and calendar.interval_at(now, place) == calendar.working
        )
        if works and begun is None:
            begun = now
        elif begun is not None and not works:
            stretches.append((f"{begun:%d %H:%M}", f"{now:%d %H:%M}"))
            begun = None
    return stretches


@pytest.mark.parametrize(
    ("zone", "day", "hours", "stretches"),
    [
        # 02:00 to 03:00 does not exist: half an hour before the gap and half an hour after it.
        ("America/Chicago", date(2026, 3, 8), ("01:30", "03:30"), [("08 07:30", "08 08:30")]),
        # 01:00 to 02:00 comes twice and counts twice.
        ("America/Chicago", date(2026, 11, 1), ("00:30", "02:30"), [("01 05:30", "01 08:30")]),
        # Half past one comes twice: working time is interrupted when the clock is put back.
        (
            "America/Chicago",
            date(2026, 11, 1),
            ("01:30", "02:00"),
            [("01 06:30", "01 07:00"), ("01 07:30", "01 08:00")],
        ),
        # Hours that lie in the gap alone never come that day.
        ("Europe/Berlin", date(2026, 3, 29), ("02:10", "02:50"), []),
        ("Europe/Berlin", date(2026, 3, 29), ("02:30", "07:00"), [("29 01:00", "29 05:00")]),
        ("Europe/Berlin", date(2026, 10, 25), ("02:00", "03:00"), [("25 00:00", "25 02:00")]),
        # Lord Howe's clocks move by half an hour: 02:00 to 02:30 is missing, later 01:30 doubled.
        ("Australia/Lord_Howe", date(2026, 10, 4), ("01:00", "03:00"), [("03 14:30", "03 16:00")]),
        ("Australia/Lord_Howe", date(2026, 4, 5), ("01:00", "02:00"), [("04 14:00", "04 15:30")]),
        # In Santiago the day of the change begins at one.
        ("America/Santiago", date(2026, 9, 6), ("00:00", "24:00"), [("06 04:00", "07 03:00")]),
    ],
)
def test_hours_are_right_where_the_clock_is_changed(
    zone: str, day: date, hours: tuple[str, str], stretches: list[tuple[str, str]]
) -> None:
    assert worked(zone, day, *hours) == stretches


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("America/Chicago", "2026-03-06T13:00:00", "2026-03-09T12:00:00"),
        ("Europe/Berlin", "2026-10-23T05:00:00", "2026-10-26T06:00:00"),
        ("Australia/Sydney", "2026-10-01T21:00:00", "2026-10-04T20:00:00"),
    ],
)
def test_work_begins_at_seven_on_the_monday_after_the_clock_was_changed(
    zone: str, before: str, after: str
) -> None:
    calendar = Calendar(close_first=0, close_last=0)
    for begin in (utc(before), utc(after)):
        assert calendar.interval_at(begin, ZoneInfo(zone)) == calendar.working
        assert calendar.interval_at(begin - MINUTE, ZoneInfo(zone)) == calendar.otherwise


ZONES = ["America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 - made UTC below
    st.sampled_from(ZONES),
)
def test_it_is_always_one_of_three_intervals_and_shortest_when_the_books_close(
    at: datetime, name: str
) -> None:
    now, zone = at.replace(tzinfo=UTC), ZoneInfo(name)
    local = now.astimezone(zone)
    interval = USUAL.interval_at(now, zone)
    if local.weekday() >= 5 or not 7 <= local.hour < 19:
        assert interval == USUAL.otherwise
    elif local.day <= 5 or (local + timedelta(days=1)).month != local.month:
        assert interval == USUAL.in_close
    elif 10 <= local.day <= 24:  # a February may have its last two business days on 25 and 28
        assert interval == USUAL.working
    else:
        assert interval in (USUAL.working, USUAL.in_close)


# ----------------------------------------------------------------------------- maintenance
def window(start: str, end: str) -> Maintenance:
    return Maintenance(utc(start), utc(end))


NIGHT = window("2026-11-21T22:00:00", "2026-11-22T04:00:00")
LATER = window("2026-11-22T03:00:00", "2026-11-22T06:00:00")


def test_maintenance_goes_on_from_its_start_until_just_before_its_end() -> None:
    calendar = Calendar(maintenance=(NIGHT,))
    assert calendar.maintenance_at(NIGHT.start - MINUTE) is None
    assert calendar.maintenance_at(NIGHT.start) == NIGHT
    assert calendar.maintenance_at(NIGHT.end - MINUTE) == NIGHT
    assert calendar.maintenance_at(NIGHT.end) is None


def test_of_two_maintenances_at_once_the_one_that_lasts_longer_counts() -> None:
    calendar = Calendar(maintenance=(LATER, NIGHT))
    assert calendar.maintenance_at(utc("2026-11-22T03:30:00")) == LATER


def test_silence_is_counted_from_the_end_of_a_maintenance() -> None:
    calendar = Calendar(maintenance=(NIGHT,))
    before, after = NIGHT.start - MINUTE, NIGHT.end + MINUTE
    assert calendar.silent_since(before, after) == NIGHT.end
    assert calendar.silent_since(after, after + MINUTE) == after
    assert calendar.silent_since(before, NIGHT.end - MINUTE) == before


def test_the_first_look_after_a_maintenance_goes_back_to_its_start() -> None:
    calendar = Calendar(maintenance=(NIGHT,))
    overlap = 15 * MINUTE
    during = NIGHT.end - MINUTE
    assert calendar.lookback(overlap, NIGHT.start - MINUTE, NIGHT.end) == overlap + timedelta(
        hours=6
    )
    assert calendar.lookback(overlap, during, NIGHT.end) == overlap + timedelta(hours=6)
    assert calendar.lookback(overlap, NIGHT.start, during) == overlap
    assert calendar.lookback(overlap, NIGHT.end, NIGHT.end + MINUTE) == overlap
    assert calendar.lookback(overlap, None, NIGHT.end) == overlap


def test_maintenances_that_followed_one_another_are_looked_at_as_one() -> None:
    calendar = Calendar(maintenance=(NIGHT, LATER))
    found = calendar.lookback(MINUTE, NIGHT.start, LATER.end)
    assert found == MINUTE + timedelta(hours=8)


# ----------------------------------------------------------------------------- what it costs
def counted(calendar: Calendar, year: int, month: int) -> Counter[timedelta]:
    """How many minutes of the month each interval holds, asked minute after minute."""
    now, found = datetime(year, month, 1, tzinfo=UTC), Counter[timedelta]()
    while now.month == month:
        found[calendar.interval_at(now, UTC)] += 1
        now += MINUTE
    return found


BUSY = calendar_of(
    {
        "working": {"days": ["mon", "wed", "sat"], "from": "08:30", "to": "24:00"},
        "close": {"last": 3, "first": 0},
        "intervals": {"working": 300, "close": 120, "otherwise": 7200},
        "holidays": ["2026-02-28", "2026-02-11"],
    },
    PLACE,
)


@pytest.mark.parametrize(("year", "month"), [(2026, 2), (2028, 2)])
@pytest.mark.parametrize("calendar", [USUAL, BUSY])
def test_polls_and_transactions_are_as_many_as_the_minutes_of_the_month_ask_for(
    calendar: Calendar, year: int, month: int
) -> None:
    found = counted(calendar, year, month)
    polls = sum(-(-count * MINUTE // interval) for interval, count in found.items())
    looks = sum(
        -(-count * MINUTE // max(interval, timedelta(hours=1))) for interval, count in found.items()
    )
    day = date(year, month, 17)
    assert polls_in(calendar, day) == polls
    assert monthly_transactions(calendar, day) == 2 * polls + 2 * looks


def test_intervals_of_the_same_length_are_counted_together() -> None:
    day = timedelta(days=1)
    calendar = Calendar(working=day, in_close=day, otherwise=day)
    assert polls_in(calendar, date(2026, 11, 5)) == 30
    assert monthly_transactions(calendar, date(2026, 11, 5)) == 120


def test_holidays_make_a_month_cheaper() -> None:
    day = date(2026, 11, 26)
    fewer = polls_in(USUAL, day) - polls_in(Calendar(holidays=frozenset({day})), day)
    # The 26th was an ordinary business day and is a holiday: 12 hours at 15 minutes instead of 2.
    assert fewer == 12 * 60 // 2 - 12 * 60 // 15
