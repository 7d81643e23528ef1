"""`flow test` and the functions on the local AWS say the same; `tests.soak.agreement` asks more."""

from __future__ import annotations

import pytest

from tests.soak.agreement import compared

pytestmark = pytest.mark.deployed


def test_rule_person_moment_and_text_are_the_same_for_random_bills() -> None:
    tally = compared(seed=7, bills=60)
    assert tally.differing == []
    assert tally.channels["sms"] > 30
    assert tally.channels["voice"] > 0
    assert tally.nobody > 0
