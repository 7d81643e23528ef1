"""The one thing from npm: Sage's own client, for the tests that run it against the simulator.

Its package.json says what is wanted, as pyproject.toml does for Python, and package-lock.json
beside it pins all of it with hashes. The standard library is all this needs.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.environment import STAMP, Run, SetupError, alone

#: Where package.json and package-lock.json are, and where they are installed.
SOURCE = "requirements/client-intacct-sdk-js"
FOLDER = ".local/clients/intacct-sdk-js"
LOCK = f"{SOURCE}/package-lock.json"

_HASH = re.compile(r"sha512-[A-Za-z0-9+/]{86}==")
_MAKE = ("install", "--package-lock-only", "--omit-lockfile-registry-resolved")
_QUIETLY = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")


def is_installed() -> bool:
    """Whether this machine has Node and npm."""
    return bool(shutil.which("node") and shutil.which("npm"))


# ------------------------------------------------------------------------------ the lock
def problems(root: Path) -> list[str]:
    """What is wrong with the lock file below `root`: one line each, empty when all is well."""
    path = root / LOCK
    if not path.is_file():
        return [f"{LOCK}: missing; run make lock"]
    text = path.read_text()
    try:
        wanted: dict[str, str] = json.loads((path.parent / "package.json").read_text())[
            "dependencies"
        ]
        packages: dict[str, dict[str, Any]] = json.loads(text)["packages"]
        found = [*_drift(wanted, packages), *_unsafe(text, packages)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        found = [f"cannot be read ({type(error).__name__}); run make lock"]
    return [f"{LOCK}: {trouble}" for trouble in found]


def _drift(wanted: dict[str, str], packages: dict[str, dict[str, Any]]) -> Iterator[str]:
    if packages[""].get("dependencies") != wanted:
        yield "made from another package.json; run make lock"
    for name, version in wanted.items():
        pinned = packages.get(f"node_modules/{name}", {}).get("version", "nothing")
        if pinned != version:
            yield f"pins {name} {pinned}, and package.json asks for {version}"


def _unsafe(text: str, packages: dict[str, dict[str, Any]]) -> Iterator[str]:
    if "://" in text:
        yield "holds an address; locks name packages only"
    for name, package in packages.items():
        if name and not _HASH.fullmatch(str(package.get("integrity"))):
            yield f"no sha512 hash: {name}"
        if {"resolved", "link"} & package.keys():
            yield f"not by name and version alone: {name}"


def make(root: Path, *, upgrade: bool = False) -> bool:
    """Make the lock anew; whether it changed. Raises SetupError where npm is missing or fails."""
    if not is_installed():
        raise SetupError(f"{LOCK}: Node and npm are needed to make it")
    path = root / LOCK
    before = path.read_text() if path.exists() else ""
    if upgrade:
        path.unlink(missing_ok=True)
    done = subprocess.run(  # nosec B607 # whichever npm the machine has
        ["npm", *_MAKE, *_QUIETLY, "--loglevel=error"], cwd=path.parent, check=False
    )
    if done.returncode:
        path.write_text(before)
        raise SetupError(f"{LOCK}: npm ended with status {done.returncode}")
    lock = json.loads(path.read_text())
    for package in lock["packages"].values():
        # Whom to sponsor, and where: addresses and names of people.
        package.pop("funding", None)
    after = json.dumps(lock, indent=2, ensure_ascii=False) + "\n"
    path.write_text(after)
    return after != before


# ----------------------------------------------------------------------- the environment
def prepare(root: Path, run: Run) -> str | None:
    """Make sure that what the lock holds is installed; `run` carries out the one command.

    Returns what was done in a few words, or None where there was nothing to do. Raises SetupError.
    """
    folder, source = root / FOLDER, root / SOURCE
    notes = root / ".local" / "setup"
    notes.mkdir(parents=True, exist_ok=True)
    files = [source / "package.json", source / "package-lock.json"]
    with alone(notes / f"{folder.name}.lock"):
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
        stamp = folder / STAMP
        if stamp.is_file() and stamp.read_text() == digest:
            return None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path in files:
            shutil.copy(path, folder)
        log = notes / f"{folder.name}.log"
        log.unlink(missing_ok=True)
        run(
            ["npm", "ci", "--prefix", str(folder), *_QUIETLY],
            log,
            f"npm could not install {LOCK}",
        )
        stamp.write_text(digest)
        log.unlink(missing_ok=True)
        return f"installed {LOCK}"
