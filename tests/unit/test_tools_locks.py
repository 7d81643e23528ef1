"""The check of the lock files: a sound copy passes, and each way to break one is named."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tools import check_locks, make_locks, npm
from tools.locks import DEV, LAYER, LOCKS, Lock, digest, header, load_pyproject, read
from tools.tree import ROOT

FAKE_HASH = "--hash=sha256:" + "0" * 64


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of pyproject.toml and of all lock files, to be broken."""
    npms = [npm.LOCK, f"{npm.SOURCE}/package.json"]
    for name in ["pyproject.toml", *npms, *(lock.path for lock in LOCKS)]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def rewrite(path: Path, pattern: str, replacement: str) -> None:
    """Replace the one place that `pattern` matches."""
    text, times = re.subn(pattern, replacement, path.read_text(), flags=re.MULTILINE)
    assert times == 1, f"{pattern} matches {times} times"
    path.write_text(text)


def test_the_projects_own_locks_are_sound(copy: Path) -> None:
    assert check_locks.problems(copy) == []


def test_a_requirement_added_to_pyproject_makes_the_locks_that_hold_it_drift(copy: Path) -> None:
    rewrite(
        copy / "pyproject.toml",
        r'^    "uvicorn>=0.40,<1",$',
        '    "uvicorn>=0.40,<1",\n    "tomli",',
    )
    found = check_locks.problems(copy)
    for lock in ("requirements/dev.txt", "requirements/sandbox.txt"):
        assert f"{lock}: lacks tomli" in found
        assert any(line.startswith(f"{lock}: made from other requirements") for line in found)
    assert not any("localaws" in line or "layers/" in line for line in found)


def test_a_range_moved_past_the_pin_names_the_pin(copy: Path) -> None:
    rewrite(copy / "pyproject.toml", r'"twilio>=9\.13,<10"', '"twilio>=99"')
    assert any(
        re.fullmatch(r"layers/dependencies/\S+: pins twilio 9\.\S+, and .* twilio>=99", line)
        for line in check_locks.problems(copy)
    )


def test_a_dependency_group_is_held_to_its_own_lock(copy: Path) -> None:
    rewrite(copy / "pyproject.toml", r'"ministack==[\d.]+"', '"ministack==0.0.1"')
    found = check_locks.problems(copy)
    assert len(found) == 2
    assert all(line.startswith("requirements/localaws.txt: ") for line in found)


def test_an_override_changed_in_pyproject_makes_every_lock_of_ours_drift(copy: Path) -> None:
    rewrite(copy / "pyproject.toml", r"^    \"aiohttp-retry; .*$", "")
    ours = [lock.path for lock in LOCKS if not lock.whole]
    found = check_locks.problems(copy)
    assert [line.partition(":")[0] for line in found] == ours


def test_an_extra_or_a_group_that_no_lock_holds_is_named(copy: Path) -> None:
    rewrite(copy / "pyproject.toml", r"^sandbox = \[$", "extra-one = []\nsandbox = [")
    rewrite(copy / "pyproject.toml", r"^sam = ", "group-one = []\nsam = ")
    extra, group = check_locks.problems(copy)
    assert "the extra extra-one is in no lock" in extra
    assert "the group group-one is in no lock" in group


def test_a_missing_lock_is_named(copy: Path) -> None:
    (copy / "requirements/sam.txt").unlink()
    assert check_locks.problems(copy) == ["requirements/sam.txt: missing; run make lock"]


def test_a_lock_without_a_digest_counts_as_drifted(copy: Path) -> None:
    rewrite(copy / "requirements/sam.txt", r"^# digest: .*$", "#")
    (line,) = check_locks.problems(copy)
    assert line.startswith("requirements/sam.txt: made from other requirements")


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (f"colourful>=1 {FAKE_HASH}", "not pinned with ==: colourful>=1"),
        (f"colourful {FAKE_HASH}", "not pinned with ==: colourful"),
        (f"colourful==1,<2 {FAKE_HASH}", "not pinned with ==: colourful==1,<2"),
        ("colourful==1.0", "no sha256 hash: colourful==1.0"),
        ("colourful==1.0 --hash=md5:00", "not a pinned requirement: colourful==1.0 --hash=md5:00"),
        ("--pre", "not a pinned requirement: --pre"),
        ("-r other.txt", "not a pinned requirement: -r other.txt"),
        ("--no-index", "not a pinned requirement: --no-index"),
        (f"colourful @ https://example.com/c.whl {FAKE_HASH}", "holds an address"),
        ("# from https://example.com/simple", "holds an address"),
    ],
)
def test_an_entry_that_is_no_plain_hashed_pin_is_named(
    copy: Path, entry: str, complaint: str
) -> None:
    path = copy / "requirements/sam.txt"
    path.write_text(f"{path.read_text()}{entry}\n")
    found = check_locks.problems(copy)
    assert any(line.startswith(f"requirements/sam.txt: {complaint}") for line in found), found


def test_what_is_tested_is_what_ships(copy: Path) -> None:
    rewrite(copy / LAYER.path, r"^boto3==\S+", "boto3==1.44.999")
    assert any(
        re.fullmatch(r"requirements/dev\.txt: boto3 is \S+ here and 1\.44\.999 in .*", line)
        for line in check_locks.problems(copy)
    )


def test_the_demos_lock_holds_the_same_pins_as_the_developers(copy: Path) -> None:
    rewrite(copy / DEV.path, r"^uvicorn==\S+", "uvicorn==0.999")
    assert any(
        re.fullmatch(r"requirements/sandbox\.txt: uvicorn is \S+ here and 0\.999 in .*", line)
        for line in check_locks.problems(copy)
    )


def test_a_pin_is_read_with_its_marker_and_hashes() -> None:
    text = read(
        f"# digest: sha256:ab\na==1 ; python_version < '3' \\\n  {FAKE_HASH} \\\n  {FAKE_HASH}\n"
    )
    (pin,) = text.pins
    assert (pin.requirement, pin.hashes, text.digest) == (
        "a==1 ; python_version < '3'",
        2,
        "sha256:ab",
    )


def test_the_header_carries_the_digest_that_the_check_reads() -> None:
    pyproject = load_pyproject(ROOT)
    for lock in LOCKS:
        assert read(header(lock, pyproject)).digest == digest(lock, pyproject)


def test_the_digest_ignores_the_order_of_requirements_and_heeds_their_text() -> None:
    pyproject = load_pyproject(ROOT)
    before = digest(LAYER, pyproject)
    pyproject["project"]["dependencies"].reverse()
    assert digest(LAYER, pyproject) == before
    pyproject["project"]["dependencies"][0] += ",!=0"
    assert digest(LAYER, pyproject) != before


def test_a_group_is_locked_alone_and_an_extra_with_the_project() -> None:
    uv = Path("uv")
    group = make_locks.command(Lock("g.txt", group="sam"), uv, upgrade=False)
    assert "pyproject.toml" not in group
    assert group[-4:] == ["--group", "sam", "--output-file", "g.txt"]
    extra = make_locks.command(Lock("e.txt", extras=("dev",), same_as="l.txt"), uv, upgrade=True)
    assert extra[-7:-2] == ["pyproject.toml", "--extra", "dev", "--constraints", "l.txt"]
    assert "--upgrade" in extra
