"""The campaign between functions and AWS, small enough for every run of the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.deployed

ROOT = Path(__file__).resolve().parents[2]
FAULTS = ("reply lost", "nothing recorded", "key denied", "queue down")


@pytest.fixture(scope="module")
def printed() -> list[str]:
    """What the command prints, once it said that everything is as it should be."""
    command = [sys.executable, "-m", "tests.faults.aws", "--seed", "7", "--hold", "5"]
    chosen = [word for name in FAULTS for word in ("--fault", name)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "connector")])
    done = subprocess.run(
        [*command, "--bills", "3", *chosen, "--control", "without the sweep"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_everybody_is_told_once(printed: list[str]) -> None:
    told = re.match(
        r"alerts=(\d+) missing=0 twice=0 astray=0 broken=0 faults=4 controls=ok", printed[-1]
    )
    assert told, printed[-1]
    assert int(told[1]) > 3 * len(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_struck(printed: list[str], name: str) -> None:
    struck = [re.match(rf"{name} +struck=(\d+)", line) for line in printed]
    assert [int(found[1]) > 0 for found in struck if found] == [True]


def test_without_the_sweep_somebody_is_not_told(printed: list[str]) -> None:
    (line,) = [line for line in printed if line.startswith("without the sweep")]
    assert re.search(r"queue down: missing=[1-9]", line)
