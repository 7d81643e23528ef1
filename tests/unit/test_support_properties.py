"""How properties are tried: nothing is timed, and a second run tries what the first did."""

from __future__ import annotations

import time

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

#: Hypothesis allows an example 0.2 s unless told otherwise.
SLOW = 0.25


@settings(max_examples=2, phases=[Phase.generate])
@given(st.booleans())
def test_a_slow_example_is_no_failure(which: bool) -> None:
    time.sleep(SLOW)
    assert which in (True, False)


def test_two_runs_try_the_same() -> None:
    def tried() -> list[int]:
        numbers: list[int] = []

        @settings(settings.get_profile("same"), max_examples=20, database=None)
        @given(st.integers())
        def note(number: int) -> None:
            numbers.append(number)

        note()
        return numbers

    first = tried()
    assert len(set(first)) > 1
    assert tried() == first
