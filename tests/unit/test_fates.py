"""What the chain of a case says of whether anybody was told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ml_connector.domain.fates import LONGEST_PLAN, PATIENCE, Fate, Said, fate_of, said_at
from ml_connector.domain.instants import to_text
from tests.support.bills import MORNING

D1, D2 = "a" * 26, "b" * 26
HOUR = timedelta(hours=1)


def said(kind: str, hours: float = 0, **data: Any) -> Said:
    return Said(MORNING + hours * HOUR, kind, data)


def opened(*, dispatch: str = D1, stopped: str = "", later: int = 0) -> Said:
    alert = {"alert": "c" * 26, "dispatch": dispatch, "stopped": stopped}
    return said("case.opened", alerts=[alert], later_steps=later)


def step(kind: str, state: str, hours: float = 0, **data: Any) -> Said:
    return said(f"dispatch.{kind}", hours, **{"dispatch": D1, "state": state, **data})


DEFERRED = step("deferred", "waiting", reason="quiet hours", due_at=to_text(MORNING + 9 * HOUR))


@pytest.mark.parametrize(
    "entries",
    [
        [opened(), step("claimed", "sending"), step("sent", "sent", sid="SM1")],
        [opened(), step("unknown", "unknown"), step("adopted", "sent", sid="SM1")],
        [opened(), step("sent", "sent", sid="SM1"), said("case.handled")],
        [opened(), step("sent", "sent", sid="SM1"), step("failed", "failed", next="stopped")],
    ],
    ids=["sent", "found", "handled since", "failed since"],
)
def test_somebody_was_told_once_the_provider_took_it(entries: list[Said]) -> None:
    assert fate_of(entries) == Fate(told=True)


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        (
            [opened(dispatch="", stopped="no_channel")],
            "whoever it was for has no usable number",
        ),
        (
            [opened(), step("refused", "failed", reason="the number is not valid")],
            "the number is not valid",
        ),
        (
            [opened(), step("suppressed", "not_sent", reason="opted_out")],
            "whoever it was for asked for no texts",
        ),
        ([opened(), said("case.handled")], "it was handled before"),
        ([opened(), said("case.cancelled")], "an operator stopped it"),
        ([opened(), said("case.expired")], "its time was over before"),
        ([opened(), DEFERRED, said("case.handled")], "put off (quiet hours); then it was handled"),
        (
            [opened(dispatch="", stopped="no_channel"), said("case.expired")],
            "whoever it was for has no usable number",
        ),
    ],
)
def test_why_nobody_was_told_is_said_for_good(entries: list[Said], why: str) -> None:
    fate = fate_of(entries)
    assert fate.why.startswith(why)
    assert fate.accounted(MORNING + timedelta(days=1000))


@pytest.mark.parametrize(
    ("entries", "why", "due"),
    [
        ([opened()], "it is on its way", 0),
        ([opened(), step("claimed", "sending", 1)], "it is on its way", 1),
        ([opened(), step("unknown", "unknown", 2)], "it is on its way", 2),
        ([opened(), DEFERRED], "put off (quiet hours)", 9),
        (
            [opened(), step("not_sent", "not_sent", 1, next=D2)],
            "it is on its way",
            1,
        ),
        (
            [
                opened(),
                step("undelivered", "undelivered", next=D2, next_due_at=to_text(MORNING + HOUR)),
            ],
            "it is on its way",
            1,
        ),
        (
            [
                opened(),
                DEFERRED,
                step("bundled", "waiting", 3, dispatch=D2, instead_of=[D1]),
            ],
            "put off (quiet hours)",
            3,
        ),
    ],
    ids=["begun", "claimed", "unknown", "put off", "not listed", "tried again", "bundled"],
)
def test_what_is_still_to_come_is_reason_enough_for_a_while(
    entries: list[Said], why: str, due: float
) -> None:
    until = MORNING + due * HOUR + PATIENCE
    assert fate_of(entries) == Fate(why=why, until=until)
    assert fate_of(entries).accounted(until)
    assert not fate_of(entries).accounted(until + HOUR)
    assert fate_of(entries).accounted(None)


def test_a_case_whose_first_step_comes_later_has_until_the_end_of_its_plan() -> None:
    fate = fate_of([said("case.opened", alerts=[], later_steps=1)])
    assert fate == Fate(why="its first step is still to come", until=MORNING + LONGEST_PLAN)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [said("case.opened", alerts=[], later_steps=0)],
        [said("case.opened", alerts=["damaged"])],
        [opened(), step("suppressed", "not_sent")],
        [opened(dispatch=""), step("deferred", "odd", dispatch="", due_at="no time")],
    ],
    ids=["no chain", "nobody", "damaged", "no reason", "odd words"],
)
def test_a_chain_that_says_nothing_accounts_for_nothing(entries: list[Said]) -> None:
    assert not fate_of(entries).accounted(MORNING + LONGEST_PLAN)


@pytest.mark.parametrize("alerts", [5, "x", [5, "x", None], {"a": 1}])
def test_an_entry_in_no_shape_of_ours_says_nothing(alerts: object) -> None:
    odd = said("case.opened", alerts=alerts)
    assert fate_of([odd]) == Fate()
    assert fate_of([odd, step("sent", "sent", sid="SM1")]).told
    assert not fate_of([opened(), step("sent", "sent", instead_of=5)]).told


@pytest.mark.parametrize("at", ["yesterday", "", None, 5])
def test_what_was_written_at_no_time_is_long_overdue(at: object) -> None:
    begun = opened()
    assert not fate_of([said_at(at, begun.kind, begun.data)]).accounted(MORNING)
    assert fate_of([said_at(to_text(begun.at), begun.kind, begun.data)]).accounted(MORNING)
