"""Random weeks, as `python -m tests.soak.weeks` goes through thousands of them."""

from __future__ import annotations

import pytest

from tests.soak.weeks import CONTROLS, controls, go_through


@pytest.mark.parametrize("seed", [201, 301])
def test_in_random_weeks_nothing_is_dropped_no_limit_is_exceeded_and_quiet_hours_hold(
    seed: int,
) -> None:
    found = go_through(1, seed)
    assert found.wrong == []
    assert found.counts["alerts"] > 0


def test_each_protection_that_is_taken_out_is_noticed() -> None:
    assert len(CONTROLS) == 3
    assert controls(10, seed=1) == []
