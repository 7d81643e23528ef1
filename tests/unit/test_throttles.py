from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.throttles import SMS_PER_PERSON, counters, wait_until
from tests.support.properties import unhurried

INSTANTS = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis takes naive bounds
    datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)

NOON = datetime(2026, 11, 23, 12, 7, 30, tzinfo=UTC)
QUARTER, HOUR, DAY = range(3)


def refused(now: datetime, *windows: int, recipient: str = "ann") -> tuple[str, ...]:
    """The names the store gives to refused counters."""
    made = counters(recipient, "sms", now)
    return tuple(f"counter:{made[window].key}" for window in windows)


@unhurried
@given(INSTANTS)
def test_a_message_counts_once_in_every_window(now: datetime) -> None:
    made = counters("ann", "sms", now)
    assert len({counter.key for counter in made}) == len(SMS_PER_PERSON)
    assert [counter.limit for counter in made] == [window.limit for window in SMS_PER_PERSON]


@unhurried
@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=2)))
def test_two_messages_share_a_counter_only_within_one_length_of_its_window(
    now: datetime, apart: timedelta
) -> None:
    pairs = zip(counters("ann", "sms", now), counters("ann", "sms", now + apart), strict=True)
    for window, (one, other) in zip(SMS_PER_PERSON, pairs, strict=True):
        if one.key == other.key:
            assert apart < window.length
        if apart == timedelta(0):
            assert one.key == other.key


@unhurried
@given(INSTANTS)
def test_a_counter_outlives_its_window(now: datetime) -> None:
    for window, counter in zip(SMS_PER_PERSON, counters("ann", "sms", now), strict=True):
        assert now + window.length < counter.expires_at <= now + 2 * window.length


def test_people_and_channels_do_not_share_counters() -> None:
    keys = [
        counter.key
        for person, channel in (("ann", "sms"), ("bob", "sms"), ("ann", "voice"))
        for counter in counters(person, channel, NOON)
    ]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("full", "end"),
    [
        ((QUARTER,), datetime(2026, 11, 23, 12, 15, tzinfo=UTC)),
        ((HOUR,), datetime(2026, 11, 23, 13, 0, tzinfo=UTC)),
        ((DAY,), datetime(2026, 11, 24, 0, 0, tzinfo=UTC)),
        ((QUARTER, DAY, HOUR), datetime(2026, 11, 24, 0, 0, tzinfo=UTC)),
    ],
)
def test_the_wait_is_for_the_last_full_window_to_end(full: tuple[int, ...], end: datetime) -> None:
    assert wait_until(refused(NOON, *full), NOON) == end


def test_other_refused_parts_of_the_change_are_not_waited_for() -> None:
    names = ("case:x", "dispatch:y", *refused(NOON, QUARTER))
    assert wait_until(names, NOON) == datetime(2026, 11, 23, 12, 15, tzinfo=UTC)


def test_a_name_with_the_separator_in_it_changes_nothing() -> None:
    end = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
    assert wait_until(refused(NOON, HOUR, recipient="ann#1#2"), NOON) == end


@unhurried
@given(INSTANTS, st.sets(st.sampled_from([QUARTER, HOUR, DAY]), min_size=1))
def test_after_the_wait_every_window_that_was_full_is_a_new_one(
    now: datetime, full: set[int]
) -> None:
    end = wait_until(refused(now, *full), now)
    before, after = counters("ann", "sms", now), counters("ann", "sms", end)
    assert end > now
    assert all(before[window].key != after[window].key for window in full)


@unhurried
@given(st.lists(st.integers(0, 90), max_size=300))
def test_no_window_ever_holds_more_than_its_limit(gaps: list[int]) -> None:
    """A person is sent whatever is not refused; refused messages come again when told to."""
    used: Counter[str] = Counter()
    sent: list[datetime] = []
    now = NOON
    for gap in gaps:
        now += timedelta(seconds=gap)
        made = counters("ann", "sms", now)
        full = [f"counter:{c.key}" for c in made if used[c.key] >= c.limit]
        while full:
            now = wait_until(tuple(full), now)
            made = counters("ann", "sms", now)
            full = [f"counter:{c.key}" for c in made if used[c.key] >= c.limit]
        used.update(counter.key for counter in made)
        sent.append(now)
    assert all(one <= other for one, other in pairwise(sent))
    for window in SMS_PER_PERSON:
        length = int(window.length.total_seconds())
        spread = Counter(int(at.timestamp()) // length for at in sent)
        assert max(spread.values(), default=0) <= window.limit
