"""What is due is listed the oldest first, and nobody goes short."""

from __future__ import annotations

from datetime import timedelta

from ml_connector.domain.dispatches import DispatchState
from ml_connector.usecases.ports import AlertStore
from tests.support import samples
from tests.support.clock import START
from tests.support.samples import change


def test_what_is_due_comes_oldest_first_and_no_more_than_asked_for(alerts: AlertStore) -> None:
    for name, wait in (("late", 30), ("early", 10), ("middle", 20), ("later", 40)):
        look_at = START + timedelta(seconds=wait)
        alerts.commit(change(dispatches=(samples.dispatch(name, look_at=look_at),)))
    assert alerts.look_due(START + timedelta(seconds=30), 10) == ["early", "middle", "late"]
    assert alerts.look_due(START + timedelta(seconds=40), 2) == ["early", "middle"]
    assert alerts.look_due(START, 10) == []


def test_what_is_to_be_blanked_comes_oldest_first_and_apart_from_what_is_looked_at(
    alerts: AlertStore,
) -> None:
    rested = {"state": DispatchState.DELIVERED, "look_at": None}
    for name, wait in (("late", 30), ("early", 10), ("middle", 20)):
        at = START + timedelta(seconds=wait)
        alerts.commit(change(dispatches=(samples.dispatch(name, blank_at=at, **rested),)))
    watched = samples.dispatch("watched", blank_at=START, look_at=START)
    alerts.commit(change(dispatches=(watched,)))
    soon = START + timedelta(seconds=25)
    assert alerts.blank_due(soon, 10) == ["early", "middle"]
    assert alerts.blank_due(soon, 1) == ["early"]
    assert alerts.look_due(soon, 10) == ["watched"]
    blanked = samples.dispatch("early", blanked_at=soon, version=2, **rested)
    alerts.commit(change(dispatches=(blanked,)))
    assert alerts.blank_due(soon, 10) == ["middle"]
    stored = alerts.dispatch("early")
    assert stored is not None
    assert (stored.blank_at, stored.blanked_at) == (None, soon)


def test_where_more_is_due_than_asked_for_companies_and_people_take_turns(
    alerts: AlertStore,
) -> None:
    whose = [*[("acme", "ann")] * 4, ("acme", "bob"), ("beta", "bea")]
    for place, (company, who) in enumerate(whose):
        look_at = START + timedelta(seconds=place)
        one = samples.dispatch(f"d{place}", company=company, recipient=who, look_at=look_at)
        alerts.commit(change(dispatches=(one,)))
    until = START + timedelta(minutes=1)
    assert alerts.look_due(until, 3) == ["d0", "d5", "d4"]
    assert alerts.look_due(until, 6) == ["d0", "d1", "d2", "d3", "d4", "d5"]


def test_of_cases_that_are_due_companies_take_turns(alerts: AlertStore) -> None:
    for place, company in enumerate(["acme", "acme", "acme", "beta"]):
        look_at = START + timedelta(seconds=place)
        one = samples.written(samples.case(f"c{place}", company=company, look_at=look_at))
        alerts.commit(change(cases=(one,)))
    until = START + timedelta(minutes=1)
    assert alerts.cases_due(until, 2) == ["c0", "c3"]
    assert alerts.cases_due(until, 4) == ["c0", "c1", "c2", "c3"]


def test_what_moved_on_is_due_later_and_what_rests_never(alerts: AlertStore) -> None:
    alerts.commit(change(dispatches=(samples.dispatch("d1"), samples.dispatch("d2"))))
    later = START + timedelta(hours=1)
    alerts.commit(change(dispatches=(samples.dispatch("d1", look_at=later, version=2),)))
    assert alerts.look_due(START + timedelta(minutes=30), 10) == ["d2"]
    assert alerts.look_due(later, 10) == ["d2", "d1"]
    rest = samples.dispatch("d1", look_at=None, version=3, state=DispatchState.DELIVERED)
    alerts.commit(change(dispatches=(rest,)))
    assert alerts.look_due(later, 10) == ["d2"]
