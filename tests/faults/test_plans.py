"""Random plans through storms: a short run, and what has to be noticed when a piece is missing."""

from __future__ import annotations

from unittest.mock import patch

from ml_connector.domain.cases import Alert, Case
from ml_connector.usecases import call_outcomes, stepping
from tests.support.calls import PRESSES_TWO

from . import plan_history
from .plan_history import campaign

SEEDS = range(30)
FEW = range(6)


def test_no_step_is_dropped_no_call_is_placed_twice_and_confirmed_is_true() -> None:
    verdict = campaign(SEEDS)
    assert verdict.clean, verdict
    assert verdict.calls > 100
    assert verdict.texts > 100


def test_it_is_noticed_when_nothing_of_a_plan_ever_goes_on() -> None:
    def stand_still(*_: object) -> bool:
        return False

    with patch.object(stepping, "go_on", stand_still):
        assert campaign(FEW).dropped


def test_it_is_noticed_when_a_key_press_confirms_nothing() -> None:
    def unheard(case: Case, _: Alert) -> Case:
        return case

    with patch.object(call_outcomes, "_confirmed", unheard):
        assert campaign(FEW).untrue


def test_where_nobody_takes_a_bill_on_everybody_hears_of_it_or_an_operator_does() -> None:
    with patch.object(plan_history, "LIVES", (PRESSES_TWO,)):
        assert campaign(range(12)).clean


def test_it_is_noticed_when_nobody_hears_of_what_somebody_handed_back() -> None:
    with (
        patch.object(plan_history, "LIVES", (PRESSES_TWO,)),
        patch("ml_connector.usecases.passing_on.passing", lambda _: []),
    ):
        assert campaign(FEW).unheard


def test_it_is_noticed_when_a_call_is_placed_while_another_may_go_on() -> None:
    def guess(*_: object) -> list[object]:
        return []

    with patch("ml_connector.usecases.matching.Lists.of", guess):
        assert campaign(range(12)).twice
