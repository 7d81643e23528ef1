from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.instants import from_text, seconds, to_millis, to_text
from tests.support.properties import unhurried

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A day away from either end of the calendar, so that every offset has a UTC instant.
INSTANTS = st.datetimes(
    datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis takes naive bounds
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.builds(timezone, st.timedeltas(timedelta(hours=-14), timedelta(hours=14))),
)


@unhurried
@given(INSTANTS)
def test_an_instant_comes_back_from_its_text(instant: datetime) -> None:
    assert from_text(to_text(instant)) == instant


@unhurried
@given(INSTANTS, INSTANTS)
def test_texts_sort_as_the_instants_do(one: datetime, other: datetime) -> None:
    assert (to_text(one) < to_text(other)) == (one < other)


@unhurried
@given(INSTANTS)
def test_every_text_has_the_same_width(instant: datetime) -> None:
    assert len(to_text(instant)) == len("2026-11-22T09:30:00.000000Z")


def test_an_instant_is_written_in_utc() -> None:
    chicago = timezone(timedelta(hours=-6))
    assert to_text(datetime(2026, 11, 22, 9, 30, tzinfo=chicago)) == "2026-11-22T15:30:00.000000Z"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        to_text(datetime(2026, 11, 22, 9, 30))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T09:30:00Z",
        "2026-11-22T09:30:00.000000",
        "20261122T093000Z",
        "2026-11-22T09:30:00.000000+01:00",
        "2026-11-22T09:30:00.000000+00:00",
        "2026-13-22T09:30:00.000000Z",
    ],
)
def test_only_what_was_written_here_is_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_text(text)


@unhurried
@given(INSTANTS)
def test_milliseconds_are_rounded_down_exactly(instant: datetime) -> None:
    millis = to_millis(instant)
    assert EPOCH + timedelta(milliseconds=millis) <= instant
    assert instant < EPOCH + timedelta(milliseconds=millis + 1)


def test_seconds_may_be_fractions() -> None:
    assert seconds(1.5) == timedelta(milliseconds=1500)
