"""Check, offline, that every lock file still follows from what it was made from and is safe to
install: from pyproject.toml, or from the package.json beside it.

python -m tools.check_locks
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tools import npm
from tools.locks import LOCKS, Lock, LockText, digest, direct_requirements, load_pyproject, read
from tools.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Pinned = dict[str, dict[str, Version]]
"""Name → marker (empty for none) → version."""


def problems(root: Path) -> list[str]:
    """What is wrong with the lock files below `root`: one line each, empty when all is well."""
    pyproject = load_pyproject(root)
    found = list(_unlocked(pyproject))
    pinned: dict[str, Pinned] = {}
    for lock in LOCKS:
        path = root / lock.path
        if not path.is_file():
            found.append(f"{lock.path}: missing; run make lock")
            continue
        text = path.read_text()
        parts = read(text)
        pinned[lock.path] = {}
        found += [
            f"{lock.path}: {trouble}"
            for trouble in (
                *_drift(lock, parts, pyproject),
                *_unsafe(text, parts),
                *_collect(parts, pinned[lock.path]),
                *_unmet(lock, pinned[lock.path], pyproject),
            )
        ]
    for lock in LOCKS:
        if lock.same_as and {lock.path, lock.same_as} <= pinned.keys():
            found += _apart(lock, pinned[lock.path], pinned[lock.same_as])
    return found + npm.problems(root)


def _unlocked(pyproject: dict[str, Any]) -> Iterator[str]:
    extras = {extra for lock in LOCKS for extra in lock.extras}
    groups = {lock.group for lock in LOCKS}
    for extra in pyproject["project"]["optional-dependencies"].keys() - extras:
        yield f"pyproject.toml: the extra {extra} is in no lock; name it in tools/locks.py"
    for group in pyproject["dependency-groups"].keys() - groups:
        yield f"pyproject.toml: the group {group} is in no lock; name it in tools/locks.py"


def _drift(lock: Lock, parts: LockText, pyproject: dict[str, Any]) -> Iterator[str]:
    if parts.digest != digest(lock, pyproject):
        yield "made from other requirements than pyproject.toml has now; run make lock"


def _unsafe(text: str, parts: LockText) -> Iterator[str]:
    if "://" in text:
        yield "holds an address; locks name packages only"
    for entry in parts.strange:
        yield f"not a pinned requirement: {entry}"
    for pin in parts.pins:
        if pin.hashes == 0:
            yield f"no sha256 hash: {pin.requirement}"


def _collect(parts: LockText, into: Pinned) -> Iterator[str]:
    """Fill `into` with what is pinned, and tell what is not."""
    for pin in parts.pins:
        try:
            requirement = Requirement(pin.requirement)
            (specifier,) = requirement.specifier
            version = Version(specifier.version)
        except (InvalidRequirement, InvalidVersion, ValueError):
            yield f"not pinned with ==: {pin.requirement}"
            continue
        if specifier.operator != "==" or requirement.url or requirement.extras:
            yield f"not pinned with ==: {pin.requirement}"
            continue
        by_marker = into.setdefault(canonicalize_name(requirement.name), {})
        by_marker[str(requirement.marker or "")] = version


def _unmet(lock: Lock, pinned: Pinned, pyproject: dict[str, Any]) -> Iterator[str]:
    for line in direct_requirements(lock, pyproject):
        wanted = Requirement(line)
        versions = pinned.get(canonicalize_name(wanted.name), {}).values()
        if not versions:
            yield f"lacks {line}"
        for version in versions:
            if not wanted.specifier.contains(version, prereleases=True):
                yield f"pins {wanted.name} {version}, and pyproject.toml asks for {line}"


def _apart(lock: Lock, mine: Pinned, theirs: Pinned) -> Iterator[str]:
    """Whichever of two locks is the smaller, all of it is in the other at the same versions."""
    smaller = min(mine, theirs, key=len)
    for name in sorted(smaller):
        if mine.get(name) != theirs.get(name):
            here, there = (_said(pins.get(name)) for pins in (mine, theirs))
            yield f"{lock.path}: {name} is {here} here and {there} in {lock.same_as}; run make lock"


def _said(by_marker: dict[str, Version] | None) -> str:
    return ", ".join(str(version) for version in (by_marker or {}).values()) or "absent"


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    found = problems(ROOT)
    for line in found:
        print(line)
    if not found:
        print(f"{len(LOCKS)} lock files follow from pyproject.toml, {npm.LOCK} from package.json")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
