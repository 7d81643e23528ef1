"""What the stores promise about a company's sends that stand still."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ml_connector.domain.standstill import Pause, Standstill
from ml_connector.usecases.ports import AlertStore
from tests.support.clock import START

MINUTE = timedelta(minutes=1)


def test_a_pause_is_only_ever_made_longer(alerts: AlertStore) -> None:
    five, nine = Pause(START + 5 * MINUTE, "blocked"), Pause(START + 9 * MINUTE, "blocked again")
    alerts.pause("acme", five)
    alerts.pause("acme", Pause(START + 3 * MINUTE, "blocked"))
    assert alerts.standstill("acme").pauses == (five,)
    alerts.pause("acme", nine)
    assert alerts.standstill("acme").pauses == (nine,)
    assert alerts.standstill("another") == Standstill()


def test_each_channel_has_a_pause_of_its_own_beside_that_of_the_company(
    alerts: AlertStore,
) -> None:
    calls = Pause(START + MINUTE, "no such flow", "voice", START, "d1")
    everything = Pause(START + 2 * MINUTE, "suspended", "", START)
    alerts.pause("acme", calls)
    assert alerts.standstill("acme").pauses == alerts.standstill("acme", "sms").pauses == ()
    assert alerts.standstill("acme", "voice").pauses == (calls,)
    alerts.pause("acme", everything)
    assert alerts.standstill("acme").pauses == (everything,)
    assert alerts.standstill("acme", "sms").pauses == (everything,)
    assert alerts.standstill("acme", "voice").pauses == (everything, calls)


def test_a_pause_gives_way_only_as_it_was_read(alerts: AlertStore) -> None:
    over = Pause(START, "no such flow", "voice", START)
    first, second = (replace(over, until=START + MINUTE, probe=name) for name in ("d1", "d2"))
    assert not alerts.replace_pause("acme", over, first)
    alerts.pause("acme", over)
    assert alerts.replace_pause("acme", over, first)
    assert not alerts.replace_pause("acme", over, second)
    assert not alerts.replace_pause("acme", replace(first, probe="d2"), second)
    assert alerts.standstill("acme", "voice").pauses == (first,)
    assert alerts.replace_pause("acme", first, Pause(first.until, channel="voice"))
    assert alerts.standstill("acme", "voice").refused_since is None
