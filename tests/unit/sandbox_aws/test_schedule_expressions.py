"""When schedules are due, against the rules of EventBridge Scheduler's documentation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.aws.expressions import next_occurrence

START = datetime(2026, 11, 20, 10, 0, 30, tzinfo=UTC)  # a Friday


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-11-20T10:00:30", "2026-11-20T10:05:30"),  # first due one interval after the start
        ("2026-11-20T09:00:00", "2026-11-20T10:05:30"),  # and never before it
        ("2026-11-20T10:05:29", "2026-11-20T10:05:30"),
        ("2026-11-20T10:05:30", "2026-11-20T10:10:30"),  # later than, not at
        ("2026-11-21T00:00:00", "2026-11-21T00:00:30"),
    ],
)
def test_a_rate_counts_from_the_start(after: str, expected: str) -> None:
    assert next_occurrence("rate(5 minutes)", "UTC", START, utc(after)) == utc(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(1 minute)", "2026-11-20T10:01:30"),
        ("rate(2 hours)", "2026-11-20T12:00:30"),
        ("rate(1 day)", "2026-11-21T10:00:30"),
    ],
)
def test_rates_have_three_units(expression: str, expected: str) -> None:
    assert next_occurrence(expression, "UTC", START, START) == utc(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 12 * * ? *)", "2026-11-20T12:00"),
        ("cron(0/15 8-18 ? * MON-FRI *)", "2026-11-20T10:15"),
        ("cron(0 9 ? * SUN *)", "2026-11-22T09:00"),
        ("cron(0 9 ? * 1 *)", "2026-11-22T09:00"),  # Sunday is 1
        ("cron(0 9 ? * 2 *)", "2026-11-23T09:00"),
        ("cron(30 6,22 * * ? *)", "2026-11-20T22:30"),
        ("cron(0 0 1 JAN ? *)", "2027-01-01T00:00"),
        ("cron(0 0 29 FEB ? *)", "2028-02-29T00:00"),
        ("cron(5 0 1 * ? 2030-2031)", "2030-01-01T00:05"),
    ],
)
def test_cron_fields(expression: str, expected: str) -> None:
    assert next_occurrence(expression, "UTC", START, START) == utc(expected)


def test_cron_is_read_in_its_zone() -> None:
    due = next_occurrence("cron(30 9 * * ? *)", "Asia/Kolkata", START, START)
    assert due == utc("2026-11-21T04:00")


def test_a_local_time_that_the_clock_change_skips_does_not_occur() -> None:
    after = utc("2027-03-13T12:00")  # Chicago springs forward on 14 March 2027 at 02:00
    due = next_occurrence("cron(30 2 * * ? *)", "America/Chicago", START, after)
    assert due == utc("2027-03-15T07:30")


def test_a_local_time_that_the_clock_change_repeats_occurs_once() -> None:
    after = utc("2026-11-01T05:00")  # Chicago falls back on 1 November 2026 at 02:00
    first = next_occurrence("cron(30 1 * * ? *)", "America/Chicago", START, after)
    assert first == utc("2026-11-01T06:30")
    assert next_occurrence("cron(30 1 * * ? *)", "America/Chicago", START, first) == utc(
        "2026-11-02T07:30"
    )


def test_a_single_time_occurs_once() -> None:
    at = "at(2026-11-30T09:00:00)"
    assert next_occurrence(at, "America/Chicago", START, START) == utc("2026-11-30T15:00")
    assert next_occurrence(at, "America/Chicago", START, utc("2026-11-30T15:00")) is None


def test_a_year_that_is_over_never_comes() -> None:
    assert next_occurrence("cron(0 0 1 1 ? 2020)", "UTC", START, START) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "every minute",
        "rate(1 fortnight)",
        "cron(* * * * *)",
        "cron(61 * * * ? *)",
        "cron(0 9 ? * MON#1 *)",
        "cron(0 9 L * ? *)",
        "cron(5-1 * * * ? *)",
    ],
)
def test_what_is_not_understood_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        next_occurrence(wrong, "UTC", START, START)
