from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.errors import ConfigurationError, SourceRejected
from ml_connector.intacct.zone import (
    UserZone,
    configured_zone,
    parse_date,
    parse_offset,
    zone_error,
    zone_of,
)

NOW = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
offsets = st.integers(-28, 28).map(lambda halves: timedelta(minutes=30 * halves))


@given(moments, offsets)
def test_what_a_filter_is_told_reads_back_as_the_same_moment(
    moment: datetime, offset: timedelta
) -> None:
    zone = UserZone(offset)
    assert zone.to_utc(zone.to_text(moment)) == moment


def test_times_are_taken_in_the_users_zone() -> None:
    zone = UserZone(timedelta(hours=-7))
    assert zone.to_utc("09/16/2013 15:50:21") == datetime(2013, 9, 16, 22, 50, 21, tzinfo=UTC)
    assert zone.to_text(datetime(2013, 9, 16, 22, 50, 21, 999, tzinfo=UTC)) == "09/16/2013 15:50:21"


def test_a_time_that_is_only_a_date_is_midnight() -> None:
    assert UserZone().to_utc("08/21/2026") == datetime(2026, 8, 21, tzinfo=UTC)


def test_iso_times_with_an_offset_need_no_zone() -> None:
    zone = UserZone(timedelta(hours=9))
    assert zone.to_utc("2020-06-11T17:52:00Z") == datetime(2020, 6, 11, 17, 52, tzinfo=UTC)
    assert zone.to_utc("2020-06-11T17:52:00") == datetime(2020, 6, 11, 8, 52, tzinfo=UTC)


def test_empty_times_and_dates_are_null() -> None:
    assert UserZone().to_utc(" ") is None
    assert parse_date("") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("08/21/2026", date(2026, 8, 21)),
        ("8/1/2026", date(2026, 8, 1)),
        (" 08/21/2026 13:05:00 ", date(2026, 8, 21)),
        ("2026-08-21", date(2026, 8, 21)),
    ],
)
def test_dates_are_read_month_first(text: str, expected: date) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "21/08/2026",
        "02/30/2026",
        "08/21/26",
        "08/21/2026 25:00:00",
        "soon",
        "08/21/2026T10:00:00",
        "+8/21/2026",
        "08/ 1/2026",
        "0\u0668/21/2026",
        "08/21/2026 13:05:00 PM",
        "00/00/0000",
    ],
)
def test_dates_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError: callers look at nothing else
        parse_date(text)
    with pytest.raises(ValueError):  # noqa: PT011
        UserZone().to_utc(text)


def test_a_time_outside_the_calendar_is_refused_and_not_an_overflow() -> None:
    with pytest.raises(ValueError, match="calendar"):
        UserZone(timedelta(hours=14)).to_utc("01/01/0001 00:00:00")


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        found = UserZone(timedelta(hours=5)).to_utc(text)
    except ValueError:
        return
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("+0000", 0),
        ("-0700", -420),
        ("+09:30", 570),
        ("+ 9:30", 570),
        ("-00:30", -30),
        ("+14:00", 840),
    ],
)
def test_offsets_come_in_several_spellings(text: str, minutes: int) -> None:
    assert parse_offset(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "0000", "UTC", "+24:00", "+1", "+07:60", "+15:00"])
def test_offsets_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_offset(text)


def test_a_bad_setting_is_named() -> None:
    with pytest.raises(ConfigurationError, match="utc_offset"):
        configured_zone("CET")
    assert configured_zone("-0330") == UserZone(timedelta(hours=-3, minutes=-30))


def test_the_users_preferences_give_the_zone() -> None:
    row = {"DATEFORMAT": "/mdY", "CLOCK": "24", "GMTOFFSET": "+0930", "LOCALE": "en_US"}
    assert zone_of(row) == UserZone(timedelta(hours=9, minutes=30))


@pytest.mark.parametrize(
    ("name", "value"), [("DATEFORMAT", ".ymd"), ("DATEFORMAT", "/dmY"), ("CLOCK", "12")]
)
def test_preferences_that_make_dates_ambiguous_are_refused_with_what_to_do(
    name: str, value: str
) -> None:
    row = {"DATEFORMAT": "/mdY", "CLOCK": "24", "GMTOFFSET": "+0000", name: value}
    with pytest.raises(SourceRejected, match="utc_offset"):
        zone_of(row)


@pytest.mark.parametrize("row", [{}, {"GMTOFFSET": ""}, {"GMTOFFSET": "Central"}])
def test_an_offset_that_cannot_be_read_leaves_the_zone_unverified(row: dict[str, str]) -> None:
    assert zone_of(row) == UserZone(timedelta(0), verified=False)


def test_times_of_the_past_and_small_differences_of_clocks_are_no_zone_error() -> None:
    assert zone_error(None, NOW) is None
    assert zone_error(NOW - timedelta(days=3), NOW) is None
    assert zone_error(NOW + timedelta(minutes=5), NOW) is None


@given(st.integers(1, 28), st.integers(0, 29 * 60))
def test_a_wrong_zone_shows_as_the_half_hours_it_is_wrong_by(halves: int, age: int) -> None:
    """Somebody changed a bill `age` seconds ago and our zone is wrong by so many half-hours."""
    wrong = timedelta(minutes=30 * halves)
    latest = NOW - timedelta(seconds=age) + wrong
    found = zone_error(latest, NOW)
    if latest - NOW <= timedelta(minutes=5):
        assert found is None
    else:
        assert found == wrong
