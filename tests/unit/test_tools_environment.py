"""Environments are made once, kept while they fit, and made anew where they are not whole."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tools import environment
from tools.environment import Environment, SetupError, prepare
from tools.require_python import refusal

SMALL = Environment("made", "small.txt", also_in="large.txt", importable=("source",))
LARGE = Environment("made", "large.txt", importable=("source",))


class Machine:
    """Stands in for venv and pip: makes the folders they make and remembers what was asked."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "made"
        self.asked: list[str] = []
        self.pip_fails = False

    def run(self, command: list[str], _log: Path, failure: str) -> None:
        if "venv" in command:
            self.asked.append("venv")
            (self.folder / "bin").mkdir(parents=True)
            (self.folder / "bin" / "python").touch()
            (self.folder / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
        else:
            self.asked.append(Path(command[-1]).name)
            assert "--require-hashes" in command
            if self.pip_fails:
                raise SetupError(failure)

    def asked_since(self) -> list[str]:
        asked, self.asked = self.asked, []
        return asked


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for name in ("small.txt", "large.txt"):
        (tmp_path / name).write_text(name)
    return Machine(tmp_path)


def test_made_once_then_left_alone(tmp_path: Path, machine: Machine) -> None:
    said = prepare(SMALL, tmp_path, machine.run)
    assert said
    assert said.startswith("installed small.txt in ")
    assert machine.asked_since() == ["venv", "small.txt"]
    assert prepare(SMALL, tmp_path, machine.run) is None
    assert machine.asked_since() == []


def test_our_own_packages_become_importable(tmp_path: Path, machine: Machine) -> None:
    prepare(SMALL, tmp_path, machine.run)
    (path_file,) = (tmp_path / "made").glob("lib/*/site-packages/*.pth")
    assert path_file.read_text() == f"{(tmp_path / 'source').resolve()}\n"


def test_a_changed_lock_makes_it_anew(tmp_path: Path, machine: Machine) -> None:
    prepare(SMALL, tmp_path, machine.run)
    (tmp_path / "made" / "left over").touch()
    (tmp_path / "small.txt").write_text("changed")
    machine.asked_since()
    prepare(SMALL, tmp_path, machine.run)
    assert machine.asked_since() == ["venv", "small.txt"]
    assert not (tmp_path / "made" / "left over").exists()


def test_one_that_was_left_half_finished_is_made_anew(tmp_path: Path, machine: Machine) -> None:
    machine.pip_fails = True
    with pytest.raises(SetupError, match=r"pip could not install small\.txt"):
        prepare(SMALL, tmp_path, machine.run)
    machine.pip_fails = False
    machine.asked_since()
    prepare(SMALL, tmp_path, machine.run)
    assert machine.asked_since() == ["venv", "small.txt"]


def test_an_enlargement_that_failed_leaves_no_stamp(tmp_path: Path, machine: Machine) -> None:
    prepare(SMALL, tmp_path, machine.run)
    machine.pip_fails = True
    with pytest.raises(SetupError):
        prepare(LARGE, tmp_path, machine.run)
    machine.pip_fails = False
    machine.asked_since()
    prepare(SMALL, tmp_path, machine.run)
    assert machine.asked_since() == ["venv", "small.txt"]


def test_the_small_one_grows_into_the_large_and_the_large_serves_for_the_small(
    tmp_path: Path, machine: Machine
) -> None:
    prepare(SMALL, tmp_path, machine.run)
    machine.asked_since()
    prepare(LARGE, tmp_path, machine.run)
    assert machine.asked_since() == ["large.txt"]
    assert prepare(SMALL, tmp_path, machine.run) is None
    assert prepare(LARGE, tmp_path, machine.run) is None


def test_the_large_one_alone_serves_for_the_small(tmp_path: Path, machine: Machine) -> None:
    prepare(LARGE, tmp_path, machine.run)
    assert prepare(SMALL, tmp_path, machine.run) is None


@pytest.mark.parametrize("stamp", ["", "[]", "{}", '{"locks": 7}', '{"locks": {"small.txt": "0"}}'])
def test_a_stamp_that_makes_no_sense_counts_as_none(
    tmp_path: Path, machine: Machine, stamp: str
) -> None:
    prepare(SMALL, tmp_path, machine.run)
    (tmp_path / "made" / environment.STAMP).write_text(stamp)
    machine.asked_since()
    prepare(SMALL, tmp_path, machine.run)
    assert machine.asked_since() == ["venv", "small.txt"]


def test_one_made_elsewhere_and_moved_is_made_anew(tmp_path: Path, machine: Machine) -> None:
    prepare(SMALL, tmp_path, machine.run)
    (tmp_path / "made").rename(tmp_path / "moved")
    machine.asked_since()
    moved = Machine(tmp_path)
    moved.folder = tmp_path / "moved"
    prepare(replace(SMALL, folder="moved"), tmp_path, moved.run)
    assert moved.asked_since() == ["venv", "small.txt"]


def test_one_whose_python_has_gone_is_made_anew(tmp_path: Path, machine: Machine) -> None:
    prepare(SMALL, tmp_path, machine.run)
    (tmp_path / "made" / "bin" / "python").unlink()
    machine.asked_since()
    prepare(SMALL, tmp_path, machine.run)
    assert machine.asked_since() == ["venv", "small.txt"]


def test_a_missing_lock_is_said_before_anything_is_removed(
    tmp_path: Path, machine: Machine
) -> None:
    prepare(SMALL, tmp_path, machine.run)
    (tmp_path / "small.txt").unlink()
    with pytest.raises(SetupError, match=r"its lock file small\.txt is missing"):
        prepare(SMALL, tmp_path, machine.run)
    assert (tmp_path / "made" / environment.STAMP).exists()


def test_a_command_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    failing = [sys.executable, "-c", "import sys; print(*range(99), sep='\\n'); sys.exit('no!')"]
    with pytest.raises(SetupError) as caught:
        environment.run_quietly(failing, tmp_path / "log", "it could not be done")
    first, *rest = str(caught.value).splitlines()
    assert first == f"it could not be done; the end of {tmp_path / 'log'}:"
    assert len(rest) == environment.LOG_LINES_SHOWN
    assert "no!" in rest


def test_an_environment_of_no_known_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert environment.main(["dve"]) == 2
    assert "dev, sandbox, localaws" in capsys.readouterr().err


@pytest.mark.parametrize("found", [(2, 7, 18), (3, 6, 15), (3, 10, 99)])
def test_a_python_that_is_too_old_is_refused_in_one_line(found: tuple[int, int, int]) -> None:
    said = refusal(found, "python3")
    assert said
    assert "\n" not in said
    assert f"python3 is Python {'.'.join(map(str, found))}" in said
    assert "3.11 or newer" in said


@pytest.mark.parametrize("found", [(3, 11, 0), (3, 13, 1), (4, 0, 0)])
def test_a_python_that_is_new_enough_is_not(found: tuple[int, int, int]) -> None:
    assert refusal(found, "python3") is None
