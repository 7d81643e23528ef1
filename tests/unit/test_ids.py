from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.events import EventKind
from ml_connector.domain.ids import alert_id, dispatch_id, event_id, stable_id
from tests.support.properties import unhurried

PARTS = st.lists(st.text(max_size=6) | st.integers(), min_size=1, max_size=5)


@unhurried
@given(PARTS)
def test_an_id_is_26_letters_and_digits_and_the_same_on_every_run(parts: list[str | int]) -> None:
    assert re.fullmatch(r"[a-z2-7]{26}", stable_id(*parts))
    assert stable_id(*parts) == stable_id(*parts)


@unhurried
@given(PARTS, PARTS)
def test_other_parts_give_another_id(some: list[str | int], other: list[str | int]) -> None:
    assert (stable_id(*some) == stable_id(*other)) == (some == other)


def test_where_one_part_ends_and_the_next_begins_matters() -> None:
    assert stable_id("a", "bc") != stable_id("ab", "c")
    assert stable_id("a,b") != stable_id("a", "b")
    assert stable_id(1) != stable_id("1")


def test_ids_written_by_an_earlier_version_are_found_again() -> None:
    # Whoever changes how ids are made sends every open alert a second time.
    event = event_id("acme", "bill#4711", EventKind.SUBMITTED, 1, "")
    alert = alert_id(event, 1, 1, "ann")
    assert event == "soqmr2zauyjhray53cpsfrugja"
    assert alert == "2dxfopeezjmuz4jdvjhwgxnbi4"
    assert dispatch_id(alert, 1) == "sccmncnmwsdiffkrjbn5l3h2td"


def test_events_alerts_and_dispatches_never_share_an_id() -> None:
    event, alert = event_id("a", "a", "a", 1, "a"), alert_id("a", 1, 1, "a")
    assert len({event, alert, dispatch_id("a", 1)}) == 3
