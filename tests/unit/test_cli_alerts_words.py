"""States and times in words, and the query for the logs."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cli.alerts import words
from cli.alerts.insights import MOST_IDS, log_query
from cli.alerts.words import ago, count, local, state_of, zone_named
from ml_connector.domain import cases, dispatches
from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.domain.dispatches import DispatchState
from tests.support.samples import dispatch

CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def docstrings(module: str, enumeration: str) -> dict[str, str]:
    """What each member of an enumeration says of itself in the source, on one line."""
    tree = ast.parse(Path(module).read_text(encoding="utf-8"))
    body = next(
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == enumeration
    )
    return {
        ast.unparse(member.value).strip("'"): " ".join(ast.literal_eval(said.value).split())
        for member, said in pairwise(body)
        if isinstance(member, ast.Assign) and isinstance(said, ast.Expr)
    }


@pytest.mark.parametrize(
    ("said", "module", "enumeration"),
    [
        (words.DISPATCH, dispatches.__file__, DispatchState),
        (words.CASE, cases.__file__, CaseState),
        (words.STOP, cases.__file__, StopReason),
    ],
)
def test_people_are_told_what_the_states_say_of_themselves(
    said: Mapping[StrEnum, str], module: str, enumeration: type[StrEnum]
) -> None:
    assert {state.value: text for state, text in said.items()} == docstrings(
        module, enumeration.__name__
    )
    assert set(said) == set(enumeration)


def test_what_waits_says_until_when_on_the_companys_clock_and_why() -> None:
    waiting = dispatch(due_at=NOON + timedelta(hours=20), reason="quiet hours")
    assert state_of(waiting, NOON, CHICAGO) == "waits until Tue Nov 24, 08:00 CST: quiet hours"
    later_today = replace(waiting, due_at=NOON + timedelta(hours=2))
    assert state_of(later_today, NOON, CHICAGO) == "waits until 14:00 CST: quiet hours"


def test_what_is_due_no_longer_names_what_it_was_put_off_for() -> None:
    due = dispatch(due_at=NOON, reason="quiet hours")
    assert "quiet hours" not in state_of(due, NOON, CHICAGO)


def test_a_failure_names_twilios_code_and_reason() -> None:
    failed = dispatch(state=DispatchState.FAILED, error_code=30006, reason="a landline")
    assert state_of(failed, NOON, UTC) == (
        "Twilio refused it or could not send it (Twilio's error 30006): a landline"
    )


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 11, 23, 6, 0, tzinfo=UTC), "00:00 CST"),
        (datetime(2026, 11, 23, 5, 59, tzinfo=UTC), "Sun Nov 22, 23:59 CST"),
        (datetime(2027, 7, 1, 17, 0, tzinfo=UTC), "Thu Jul 1 2027, 12:00 CDT"),
    ],
)
def test_another_day_or_year_is_named(moment: datetime, said: str) -> None:
    assert local(moment, NOON, CHICAGO) == said


def test_an_unknown_zone_is_utc() -> None:
    assert zone_named("America/Chicago") == CHICAGO
    assert zone_named("Atlantis/Capital") is UTC
    assert zone_named("") is UTC


def test_counts_and_ages_are_said_as_people_say_them() -> None:
    assert (count(1, "bill"), count(1_800, "bill")) == ("1 bill", "1,800 bills")
    assert (count(1, "try", "tries"), count(2, "try", "tries")) == ("1 try", "2 tries")
    ages = (5, 65, 7_300, 200_000, -5)
    said = [ago(NOON - timedelta(seconds=age), NOON) for age in ages]
    assert said == ["5 s", "1 min", "2 h", "2 d", "0 s"]


def test_the_log_query_names_the_case_and_its_dispatches_once() -> None:
    found = log_query("ml-connector-dev", "case1", ["d2", "d1", "d2"])
    assert "| filter case like /case1/ or dispatch like /d2|d1/\n" in found.query
    assert found.groups == (
        "/aws/lambda/ml-connector-dev-poll",
        "/aws/lambda/ml-connector-dev-send",
        "/aws/lambda/ml-connector-dev-status-check",
    )


def test_the_log_query_stays_within_what_insights_takes() -> None:
    many = [f"{number:026d}" for number in range(2 * MOST_IDS)]
    query = log_query("s", "c" * 26, many).query
    assert len(query) < 10_000
    assert "c" * 26 in query
    assert many[0] in query
    assert "| filter case like /case1/\n" in log_query("s", "case1", []).query
