"""Make what a release consists of, in build/release/: only from what was audited and committed.

    python -m tools.release [--osv-url ADDRESS]

The source bundle that `sam build` takes, the list of all that ships (CycloneDX) and the digests of
both. Nothing is left in the folder where a step fails, and the status is 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tools.audit import AuditError, audit, pinned, prove
from tools.locks import DEV, LAYER, load_pyproject
from tools.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "build/release"
SUMS = "SHA256SUMS"
_CYCLONEDX = ROOT / ".local" / "release" / "bin" / "cyclonedx-py"


class ReleaseError(Exception):
    """A release could not be made. The message is one line for a person."""


def list_what_ships(root: Path, into: Path) -> int:
    """Write the CycloneDX list of the layer's lock; how many packages it has.

    cyclonedx-py checks it against the schema. Raises ReleaseError where it names another project,
    or not every pin.
    """
    done = subprocess.run(
        [
            *(str(_CYCLONEDX), "requirements", str(root / LAYER.path)),
            *("--pyproject", str(root / "pyproject.toml"), "--mc-type", "application"),
            *("--output-format", "JSON", "--spec-version", "1.6", "--validate"),
            *("--output-reproducible", "--output-file", str(into)),
        ],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ReleaseError(f"the list of what ships could not be made ({why})")
    made: dict[str, Any] = json.loads(into.read_text())
    project = load_pyproject(root)["project"]
    wanted = {"name": project["name"], "version": project["version"], "license": project["license"]}
    component = made["metadata"]["component"]
    licences = [one.get("license", {}).get("id") for one in component.get("licenses", [])]
    found = {
        "name": component["name"],
        "version": component.get("version"),
        "license": " ".join(map(str, licences)),
    }
    if found != wanted:
        raise ReleaseError(f"the list of what ships is about {found}, not about {wanted}")
    listed = {(one["name"], one["version"]) for one in made["components"]}
    missing = pinned((root / LAYER.path).read_text()) - listed
    if missing:
        raise ReleaseError(f"the list of what ships lacks {sorted(missing)}")
    return len(listed)


def bundle(root: Path, into: Path, name: str) -> str:
    """Write the committed sources as a zip file; the commit. Raises ReleaseError for any others."""
    changed = _git(root, "status", "--porcelain").splitlines()
    if changed:
        raise ReleaseError(
            f"{len(changed)} files differ from the last commit, {changed[0][3:]} for one: "
            "a release is made from what is committed"
        )
    _git(root, "archive", "--format=zip", f"--prefix={name}/", f"--output={into}", "HEAD")
    return _git(root, "rev-parse", "HEAD").strip()


def add_up(folder: Path) -> list[str]:
    """Write the SHA-256 of every file in the folder, as `sha256sum --check` reads it; the lines."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
        for path in sorted(folder.iterdir())
        if path.name != SUMS
    ]
    (folder / SUMS).write_text("".join(f"{line}\n" for line in lines))
    return lines


def make(root: Path, service: str | None) -> None:
    """Make the release and say what was done. Raises AuditError or ReleaseError."""
    project = load_pyproject(root)["project"]
    name = f"{project['name']}-{project['version']}"
    folder = root / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    prove(service)
    for lock in (LAYER, DEV):
        try:
            print(f"{lock.path}: {audit(root / lock.path, service)} pins, no known vulnerability")
        except AuditError as error:
            raise AuditError(f"{lock.path}: {error}") from None
    folder.mkdir(parents=True)
    try:
        ships = list_what_ships(root, folder / f"{name}.cdx.json")
        commit = bundle(root, folder / f"{name}.zip", name)
    except ReleaseError:
        shutil.rmtree(folder)
        raise
    print(f"{name}: {ships} packages ship; sources of {commit[:12]}")
    for line in add_up(folder):
        print(f"  {line}")


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(  # nosec B607 # whichever git the machine has
        ["git", *words],
        cwd=root,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ReleaseError(f"git {words[0]} failed ({done.stderr.strip() or 'no reason given'})")
    return done.stdout


def main(arguments: list[str]) -> int:
    """Make it; 1 with a line on standard error where it could not be."""
    asked = argparse.ArgumentParser(prog="tools.release", description="Make a release.")
    asked.add_argument("--osv-url", help="ask this service for vulnerabilities, not api.osv.dev")
    try:
        make(ROOT, asked.parse_args(arguments).osv_url)
    except (AuditError, ReleaseError) as error:
        sys.stdout.flush()
        print(f"no release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
