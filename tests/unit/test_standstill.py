"""A standstill ends by itself: after a restore, and after Twilio refused sends."""

from __future__ import annotations

from datetime import timedelta

from ml_connector.domain.standstill import Pause, Restoring, Standstill
from tests.support.clock import START

MINUTE = timedelta(minutes=1)


def test_a_standstill_is_over_by_itself_and_wariness_later() -> None:
    mark = Restoring(START + MINUTE, "a test", START - MINUTE, START + 9 * MINUTE)
    still = Standstill((), mark)
    assert still.restoring_at(START)
    assert not still.restoring_at(START + MINUTE)
    assert still.wary_since(START + 8 * MINUTE) == START - MINUTE
    assert still.wary_since(START + 9 * MINUTE) is None
    assert Standstill().wary_since(START) is None


def test_of_several_pauses_the_longest_holds() -> None:
    texts, everything = Pause(START + MINUTE, "a", "sms"), Pause(START + 2 * MINUTE, "b")
    still = Standstill((everything, texts))
    assert still.paused_at(START) == everything
    assert still.paused_at(START + MINUTE) == everything
    assert still.paused_at(START + 2 * MINUTE) is None
    assert Standstill().paused_at(START) is None


def test_a_pause_that_is_over_leaves_a_doubt_where_it_is_known_since_when() -> None:
    before, new = Pause(START, "a"), Pause(START + MINUTE, "b", "sms", START - MINUTE)
    still = Standstill((before, new))
    assert still.refused_since == START - MINUTE
    assert still.in_doubt(START) == ()
    assert still.in_doubt(START + MINUTE) == (new,)
    assert Standstill((before,)).refused_since is None
