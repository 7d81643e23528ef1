from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.backoff import retry_delay
from tests.support.properties import unhurried

BASE, CAP = timedelta(seconds=30), timedelta(hours=1)
NOTHING = timedelta(0)

ATTEMPTS = st.integers(1, 10_000)
SHARES = st.floats(0, 1)
LENGTHS = st.timedeltas(timedelta(milliseconds=1), timedelta(days=365))


@pytest.mark.parametrize(
    ("attempt", "shortest", "longest"),
    [(1, 15, 30), (2, 30, 60), (3, 60, 120), (4, 120, 240), (8, 1800, 3600), (99, 1800, 3600)],
)
def test_the_wait_doubles_with_every_failure_up_to_the_cap(
    attempt: int, shortest: float, longest: float
) -> None:
    waits = [
        retry_delay(attempt, BASE, CAP, share, NOTHING).total_seconds() for share in (0.0, 1.0)
    ]
    assert waits == [shortest, longest]


@unhurried
@given(ATTEMPTS, LENGTHS, LENGTHS, SHARES)
def test_the_wait_lies_in_the_upper_half_under_its_ceiling(
    attempt: int, base: timedelta, cap: timedelta, share: float
) -> None:
    wait = retry_delay(attempt, base, cap, share, NOTHING)
    assert NOTHING < wait <= cap
    assert wait >= min(cap, base) / 2 - timedelta(microseconds=1)


@unhurried
@given(ATTEMPTS, SHARES, SHARES)
def test_no_later_attempt_waits_less_than_the_shortest_wait_of_an_earlier_one(
    attempt: int, share: float, later: float
) -> None:
    shortest = retry_delay(attempt, BASE, CAP, 0.0, NOTHING)
    assert retry_delay(attempt + 1, BASE, CAP, later, NOTHING) >= shortest
    assert retry_delay(attempt, BASE, CAP, share, NOTHING) >= shortest


@unhurried
@given(ATTEMPTS, SHARES, LENGTHS)
def test_what_the_provider_asks_for_is_always_granted(
    attempt: int, share: float, asked: timedelta
) -> None:
    wait = retry_delay(attempt, BASE, CAP, share, asked)
    assert wait == max(asked, retry_delay(attempt, BASE, CAP, share, NOTHING))


@pytest.mark.parametrize(("attempt", "share"), [(0, 0.5), (-1, 0.5), (1, -0.1), (1, 1.1)])
def test_nonsense_is_refused(attempt: int, share: float) -> None:
    with pytest.raises(ValueError, match=r"attempt is number 1|between 0 and 1"):
        retry_delay(attempt, BASE, CAP, share, NOTHING)
