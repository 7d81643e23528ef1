"""The lock of the one npm package: a sound copy passes, each way to break it is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools import npm
from tools.environment import SetupError
from tools.tree import ROOT

SDK = "node_modules/@intacct/intacct-sdk"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / npm.SOURCE, tmp_path / npm.SOURCE)
    return tmp_path


def change(root: Path, name: str, edit: Callable[[Any], object]) -> None:
    path = root / npm.SOURCE / name
    held = json.loads(path.read_text())
    edit(held)
    path.write_text(json.dumps(held))


def test_the_projects_own_lock_is_sound(copy: Path) -> None:
    assert npm.problems(copy) == []


def test_another_version_in_package_json_makes_the_lock_drift(copy: Path) -> None:
    change(copy, "package.json", lambda held: held["dependencies"].update({SDK[13:]: "2.2.2"}))
    assert npm.problems(copy) == [
        f"{npm.LOCK}: made from another package.json; run make lock",
        f"{npm.LOCK}: pins {SDK[13:]} 2.2.1, and package.json asks for 2.2.2",
    ]


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (lambda sdk: sdk.pop("integrity"), f"no sha512 hash: {SDK}"),
        (lambda sdk: sdk.update(integrity="sha1-AAAA"), f"no sha512 hash: {SDK}"),
        (lambda sdk: sdk.update(resolved="x.tgz"), f"not by name and version alone: {SDK}"),
        (lambda sdk: sdk.update(link=True), f"not by name and version alone: {SDK}"),
        (lambda sdk: sdk.update(funding="https://example.com"), "holds an address"),
        (lambda sdk: sdk.update(version="2.2.0"), f"pins {SDK[13:]} 2.2.0, and"),
    ],
)
def test_an_entry_that_is_no_plain_hashed_pin_is_named(
    copy: Path, edit: Callable[[Any], object], complaint: str
) -> None:
    change(copy, "package-lock.json", lambda held: edit(held["packages"][SDK]))
    (found,) = npm.problems(copy)
    assert found.startswith(f"{npm.LOCK}: {complaint}")


def test_a_lock_that_is_missing_or_no_lock_is_named(copy: Path) -> None:
    (copy / npm.LOCK).write_text("[]")
    assert npm.problems(copy) == [f"{npm.LOCK}: cannot be read (TypeError); run make lock"]
    (copy / npm.LOCK).unlink()
    assert npm.problems(copy) == [f"{npm.LOCK}: missing; run make lock"]


def test_it_is_installed_once_until_the_lock_changes(copy: Path) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], _log: Path, _failure: str) -> None:
        commands.append(command)

    assert npm.prepare(copy, run) == f"installed {npm.LOCK}"
    assert npm.prepare(copy, run) is None
    (command,) = commands
    assert command[:4] == ["npm", "ci", "--prefix", str(copy / npm.FOLDER)]
    assert "--ignore-scripts" in command
    assert (copy / npm.FOLDER / "package-lock.json").read_text() == (copy / npm.LOCK).read_text()
    change(copy, "package-lock.json", lambda held: held.update(name="other"))
    assert npm.prepare(copy, run) is not None


def test_what_failed_half_way_is_installed_anew(copy: Path) -> None:
    def fail(_command: list[str], _log: Path, failure: str) -> None:
        raise SetupError(failure)

    with pytest.raises(SetupError, match="npm could not install"):
        npm.prepare(copy, fail)
    assert npm.prepare(copy, lambda *_: None) is not None
