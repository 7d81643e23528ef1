"""The lock files: which there are, what each is made from, and how one reads.

A lock begins with a digest of the parts of pyproject.toml it was made from, so that a change there
shows without asking any index.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = "3.11"
"""The oldest Python the locks hold for; newer ones are covered by markers."""

_DIGEST_LINE = re.compile(r"^# digest: (\S+)$", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock file.

    With `group` it holds that dependency group alone; without, the project's own dependencies and
    those of `extras`. The pins of `same_as`, another lock, are kept: what is tested is what ships.
    Other people's tools are taken `whole`: the overrides of pyproject.toml, which leave out what
    our own code never uses, do not hold for them.
    """

    path: str
    extras: tuple[str, ...] = ()
    group: str | None = None
    same_as: str | None = None
    whole: bool = False


LAYER = Lock("layers/dependencies/requirements.txt")
DEV = Lock("requirements/dev.txt", extras=("cli", "sandbox", "dev"), same_as=LAYER.path)
#: In the order they are made: one comes after the lock whose pins it keeps.
LOCKS: tuple[Lock, ...] = (
    LAYER,
    DEV,
    Lock("requirements/sandbox.txt", extras=("cli", "sandbox"), same_as=DEV.path),
    Lock("requirements/localaws.txt", group="localaws"),
    Lock("requirements/sam.txt", group="sam"),
    Lock("requirements/uv.txt", group="uv"),
    Lock("requirements/checkov.txt", group="checkov", whole=True),
    Lock("requirements/release.txt", group="release"),
    Lock("requirements/microburst.txt", group="microburst", whole=True),
    Lock("requirements/client-sageintacctsdk.txt", group="client-sageintacctsdk"),
    Lock("requirements/client-pyintacct.txt", group="client-pyintacct"),
    Lock("requirements/bench.txt", group="bench"),
)


@dataclass(frozen=True, slots=True)
class Pin:
    """One entry of a lock: the requirement as written, without its hashes, and how many it has."""

    requirement: str
    hashes: int


@dataclass(frozen=True, slots=True)
class LockText:
    """A lock file taken apart. `strange` holds the entries that are no plain requirement."""

    digest: str | None
    pins: tuple[Pin, ...] = ()
    strange: tuple[str, ...] = field(default=())


def direct_requirements(lock: Lock, pyproject: dict[str, Any]) -> list[str]:
    """The requirements of pyproject.toml that this lock must satisfy, as written there."""
    if lock.group:
        return list(pyproject["dependency-groups"][lock.group])
    project = pyproject["project"]
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *(line for extra in lock.extras for line in extras[extra])]


def digest(lock: Lock, pyproject: dict[str, Any]) -> str:
    """A digest of everything in pyproject.toml that decides what this lock holds."""
    decides = {
        "python": PYTHON,
        "requires-python": pyproject["project"]["requires-python"],
        "requirements": sorted(direct_requirements(lock, pyproject)),
        "overrides": [] if lock.whole else sorted(pyproject["tool"]["uv"]["override-dependencies"]),
    }
    return "sha256:" + hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def header(lock: Lock, pyproject: dict[str, Any]) -> str:
    """The lines every lock begins with."""
    return (
        "# Made by `make lock` from pyproject.toml; change that file, not this one.\n"
        f"# digest: {digest(lock, pyproject)}\n"
    )


def read(text: str) -> LockText:
    """Take a lock file apart."""
    found = _DIGEST_LINE.search(text)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    pins: list[Pin] = []
    strange: list[str] = []
    for entry in "\n".join(lines).replace("\\\n", " ").splitlines():
        words = entry.strip()
        if not words:
            continue
        requirement = _HASH.sub("", words).strip()
        if requirement.startswith("-") or " -" in requirement or "://" in requirement:
            strange.append(words)
        else:
            pins.append(Pin(requirement, len(_HASH.findall(words))))
    return LockText(found[1] if found else None, tuple(pins), tuple(strange))


def load_pyproject(root: Path) -> dict[str, Any]:
    """pyproject.toml as a dictionary."""
    return tomllib.loads((root / "pyproject.toml").read_text())
