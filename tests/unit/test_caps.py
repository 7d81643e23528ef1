"""The cap of one company's day: counted on its own wall, halved for payments, over by morning."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.caps import LEAST_CAP, DayCap, refused, spent
from tests.support.properties import unhurried

CHICAGO = ZoneInfo("America/Chicago")
ACME = DayCap("acme", 20, CHICAGO, timedelta(hours=7))
INSTANTS = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis takes naive bounds
    datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
ZONES = st.sampled_from(
    ["America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Beirut", "America/Havana"]
)


def day_of(key: str) -> date:
    return date.fromisoformat(key.split("#")[2])


@unhurried
@given(INSTANTS, ZONES)
def test_a_message_counts_on_the_day_of_the_companys_wall_until_that_is_over(
    now: datetime, zone: str
) -> None:
    cap = DayCap("acme", 20, ZoneInfo(zone), timedelta(hours=7))
    (counter,) = cap.counters(1, now, minor=False)
    assert day_of(counter.key) == now.astimezone(ZoneInfo(zone)).date()
    assert counter.expires_at - now > timedelta(hours=23)
    assert cap.next_start(now) > now
    (later,) = cap.counters(1, cap.next_start(now), minor=False)
    assert day_of(later.key) == day_of(counter.key) + timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "start"),
    [
        ("2026-11-23T18:00+00:00", "2026-11-24T07:00-06:00"),
        ("2026-03-07T18:00+00:00", "2026-03-08T07:00-05:00"),
        ("2026-10-31T18:00+00:00", "2026-11-01T07:00-06:00"),
        # It is still the evening of the 23rd on the company's wall.
        ("2026-11-24T03:00+00:00", "2026-11-24T07:00-06:00"),
    ],
)
def test_the_next_day_begins_when_the_company_opens_whatever_the_clocks_did(
    now: str, start: str
) -> None:
    found = ACME.next_start(datetime.fromisoformat(now))
    assert found == datetime.fromisoformat(start)


@unhurried
@given(
    st.integers(LEAST_CAP, 60),
    st.lists(st.tuples(st.integers(1, 2), st.booleans()), max_size=120),
)
def test_no_day_holds_more_than_its_cap_and_payments_leave_half_to_the_rest(
    limit: int, messages: list[tuple[int, bool]]
) -> None:
    cap, now = DayCap("acme", limit, UTC, timedelta(0)), datetime(2026, 11, 23, tzinfo=UTC)
    used: Tally[str] = Tally()
    sent: Tally[bool] = Tally()
    for weight, minor in messages:
        counters = cap.counters(weight, now, minor=minor)
        if all(used[one.key] + one.amount <= one.limit for one in counters):
            used.update({one.key: one.amount for one in counters})
            sent[minor] += weight
        elif not minor:
            # Only ever refused once the half that is theirs is used up, but for the last segment.
            assert sent[False] + weight > limit - limit // 2
    assert sum(sent.values()) <= limit
    assert sent[True] <= limit // 2


def test_companies_and_days_have_counters_of_their_own() -> None:
    now = datetime(2026, 11, 23, 18, tzinfo=UTC)
    other = DayCap("beta", 20, CHICAGO, timedelta(hours=7))
    keys = {
        counter.key
        for cap in (ACME, other)
        for at in (now, now + timedelta(days=1))
        for counter in (*cap.counters(1, at, minor=True), cap.alarm(at))
    }
    assert len(keys) == 12


def test_a_refused_cap_is_told_from_throttles_and_its_half_from_the_whole() -> None:
    now = datetime(2026, 11, 23, 18, tzinfo=UTC)
    whole, half = (f"counter:{one.key}" for one in ACME.counters(1, now, minor=True))
    others = ("counter:sms#ann#900#1795000000", "case:x", f"counter:{ACME.alarm(now).key}")
    assert refused((*others, whole, half)) == (whole, half)
    assert refused(others) == ()
    assert spent((whole,))
    assert not spent((half, *others))
