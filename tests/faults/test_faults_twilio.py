"""The campaign with real processes, small enough for every run of the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.twilio.cells import CELLS, LEGEND, Channel, Step, Trouble, possible
from tests.faults.twilio.controls import CONTROLS
from tests.faults.twilio.planning import Planner, plan_for, table

ROOT = Path(__file__).parents[2]
SEED = "7"


@pytest.fixture(scope="module")
def printed() -> list[str]:
    """What the command prints, once it said that everything is as it should be."""
    command = [sys.executable, "-m", "tests.faults.twilio", "--seed", SEED]
    sizes = ["--dispatches", "20", "--control-runs", "5", "--minutes", "5"]
    path = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "connector")])
    done = subprocess.run(
        [*command, *sizes],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_nothing_is_lost_and_nobody_is_told_twice(printed: list[str]) -> None:
    assert printed[-1] == "runs=20 missing=0 twice=0 controls=ok"


@pytest.mark.parametrize("name", sorted(CONTROLS))
def test_every_control_was_lived_through(printed: list[str], name: str) -> None:
    (line,) = [line for line in printed if line.startswith(f"{name} ")]
    assert re.search(r"(missing|twice)=[1-9][0-9]*.*; with it missing=0 twice=0", line)


@pytest.mark.parametrize("channel", list(Channel))
def test_it_says_how_often_each_step_met_each_trouble(printed: list[str], channel: Channel) -> None:
    (top,) = [place for place, line in enumerate(printed) if line.startswith(f"{channel}s ")]
    rows = printed[top : printed.index("", top)]
    named = {step for step in Step for row in rows if row.startswith(step)}
    assert named == {step for one, step, _ in CELLS if one is channel}


def test_processes_were_killed_for_it(printed: list[str]) -> None:
    (line,) = [line for line in printed if line.startswith("alerts=")]
    killed = re.search(r"processes killed=(\d+)", line)
    assert killed
    assert int(killed[1]) > 30


# ------------------------------------------------------------------------------- the planning
def test_every_cell_is_planned_for_about_as_often_as_any_other() -> None:
    planner = Planner(1)
    planned = [
        (plan.channel, step, plan.trouble)
        for plan in planner.plans(2000)
        for step in plan.steps or {Step.NOWHERE}
    ]
    for cell in CELLS:
        assert planned.count(cell) >= 5, cell


def test_a_quarter_of_the_plans_are_calls() -> None:
    plans = list(Planner(2).plans(1000))
    assert 200 < sum(plan.channel is Channel.CALL for plan in plans) < 300


def test_what_only_one_channel_lacks_is_planned_for_that_one() -> None:
    planner = Planner(3, floor=5)
    planner.settle(5 * [cell for cell in CELLS if cell[0] is Channel.TEXT])
    assert {cell[0] for cell in planner.rare()} == {Channel.CALL}
    assert {plan.channel for plan in planner.plans(50)} == {Channel.CALL}


def test_a_plan_holds_what_leads_to_its_steps() -> None:
    plan = plan_for(Channel.TEXT, Trouble.ERROR_AFTER, {Step.AFTER_NOT_SENT, Step.AFTER_RECORD})
    assert Step.AFTER_CLAIM in plan.steps
    assert plan.fails_first
    assert not plan.goes_on
    assert plan_for(Channel.TEXT, Trouble.NONE, {Step.RUNG_STEP}).goes_on


def test_what_cannot_happen_is_no_cell() -> None:
    assert not possible(Channel.TEXT, Step.AFTER_RETURN, Trouble.ERROR_AFTER)
    assert not possible(Channel.TEXT, Step.BEFORE_CLAIM, Trouble.SHORT)
    assert possible(Channel.CALL, Step.WHOLE_POST, Trouble.SHORT)
    assert "·" in table(Planner(4).met, Channel.CALL)


def test_every_trouble_is_explained() -> None:
    assert set(LEGEND) == set(Trouble) - {Trouble.NONE}
