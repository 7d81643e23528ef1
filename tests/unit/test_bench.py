"""The benchmarks' arithmetic, on figures made up here."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from bench.cold_start import EMPTY, MEASURE, TARGETS, candidates, measure, summary
from bench.layer_sizes import sizes
from bench.layers import interpreter
from bench.report import keep, table

if TYPE_CHECKING:
    from pathlib import Path


def test_a_cold_start_is_the_median_over_the_empty_interpreter() -> None:
    rows = summary(
        {
            EMPTY: [10, 12, 90],
            MEASURE: [112, 110, 999],
            "send": [162, 159, 999],
        }
    )
    assert [row.name for row in rows] == [MEASURE, "send"]
    assert [row.cpu for row in rows] == [100, 150]
    assert [row.ratio for row in rows] == [1.0, 1.5]
    assert [row.target for row in rows] == [None, 1.5]


def test_a_machine_that_slows_down_between_two_rounds_changes_no_ratio() -> None:
    rows = summary(
        {
            EMPTY: [10, 10, 10],
            MEASURE: [110, 210, 310],
            "poll": [140, 270, 400],
        }
    )
    assert [row.ratio for row in rows] == [1.0, 1.3]


def test_every_function_is_measured_and_those_that_call_people_with_a_call_too() -> None:
    made = candidates([])
    assert made.keys() >= TARGETS.keys()
    called = {name for name in made if name.endswith(", with a call")}
    assert called == {"send, with a call", "status_check, with a call"}
    for name, program in made.items():
        compile(program, name, "exec")


def test_every_candidate_runs_once_a_round_and_the_first_round_does_not_count() -> None:
    samples = measure({"a": "", "b": "x = 1"}, sys.executable, {}, rounds=2)
    assert {name: len(taken) for name, taken in samples.items()} == {"a": 2, "b": 2}
    assert all(cpu > 0 for taken in samples.values() for cpu in taken)


def test_a_candidate_that_fails_ends_the_run_with_its_error() -> None:
    with pytest.raises(SystemExit, match=r"(?s)broken failed:.*ZeroDivisionError"):
        measure({"broken": "1 / 0"}, sys.executable, {}, rounds=1)


def test_bytecode_counts_apart(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"x" * 2_000_000)
    (tmp_path / "a.pyc").write_bytes(b"x" * 1_000_000)
    found = sizes(tmp_path)
    assert found["unzipped"] == pytest.approx(3.0)
    assert found["unzipped_without_bytecode"] == pytest.approx(2.0)
    assert 0 < found["zipped_without_bytecode"] < found["zipped"] < 0.1


def test_a_table_lines_up() -> None:
    assert table(["what", "n"], [["a", 1.0], ["longer", "10"]]) == (
        "what       n\n------  ----\na       1.00\nlonger    10"
    )


def test_a_result_says_what_was_measured_on_what(tmp_path: Path) -> None:
    python = interpreter(sys.executable)
    kept = json.loads(keep("x", python.number, {"figures": {"a": 1}}, tmp_path).read_text())
    assert kept["benchmark"] == "x"
    assert kept["figures"] == {"a": 1}
    assert kept["python"] == ".".join(map(str, sys.version_info[:3]))
    assert set(kept["machine"]) == {"system", "processor", "cores"}


def test_an_interpreter_goes_by_the_name_of_its_runtime() -> None:
    major, minor, *_ = sys.version_info
    assert interpreter(sys.executable).runtime == f"python{major}.{minor}"
