"""The runner of all checks tells which failed, and shows what only those printed."""

from __future__ import annotations

import sys

import pytest

from tools import check

PASSES = (sys.executable, "-c", "print('all quiet')")
FAILS = (sys.executable, "-c", "import sys; print('out'); sys.exit('err')")


@pytest.fixture(autouse=True)
def two_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "CHECKS", {"good": PASSES, "bad": FAILS})


def test_one_failure_fails_the_run_and_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([]) == 1
    printed = capsys.readouterr().out
    assert "all quiet" not in printed
    assert "    out\n" in printed
    assert "    err\n" in printed
    assert printed.endswith("failed: bad\n")


def test_one_check_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["good"]) == 0
    assert capsys.readouterr().out.endswith("all 1 checks passed\n")


def test_a_check_of_no_known_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["godo"]) == 2
    assert "no such check: godo; there are: good, bad" in capsys.readouterr().out
