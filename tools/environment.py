"""Prepare the project's Python environments from their lock files.

    python -m tools.environment dev localaws

Each environment is a folder with a stamp, written last, that names the lock it was made from. A
stamp that fits makes this a no-op; a folder with no stamp is half finished, and one whose stamp
names an older lock, another Python or another place is stale: both are made anew. The standard
library is all this needs, for it runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.tree import ROOT

STAMP = ".complete.json"
LOG_LINES_SHOWN = 15
AT_ONCE = 2

Run = Callable[[list[str], Path, str], None]
"""Runs a command with its output to a log. Says the third argument where it fails."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One virtual environment.

    `folder` and `lock` are relative to the root. `also_in` names a larger lock that holds all of
    `lock`, so that a folder made from it will do. `importable` lists folders put on its path.
    """

    folder: str
    lock: str
    also_in: str | None = None
    importable: tuple[str, ...] = ()


# Where this runs in an activated .venv, that very folder may have to be made anew.
_BASE_PYTHON: str = getattr(sys, "_base_executable", None) or sys.executable

_OURS = ("layers/connector", ".")

ENVIRONMENTS: dict[str, Environment] = {
    # All of developing; the demo's part of it alone is installed when only the demo is wanted.
    "dev": Environment(".venv", "requirements/dev.txt", importable=_OURS),
    "sandbox": Environment(
        ".venv",
        "requirements/sandbox.txt",
        also_in="requirements/dev.txt",
        importable=_OURS,
    ),
    # Each of these pins a botocore that is not ours, or has nothing to do with our code.
    "localaws": Environment(".local/ministack", "requirements/localaws.txt"),
    "sam": Environment(".local/sam", "requirements/sam.txt"),
    "uv": Environment(".local/uv", "requirements/uv.txt"),
    "checkov": Environment(".local/checkov", "requirements/checkov.txt"),
    "release": Environment(".local/release", "requirements/release.txt"),
    "microburst": Environment(".local/microburst", "requirements/microburst.txt"),
    "bench": Environment(".local/bench", "requirements/bench.txt"),
    # Other people's Intacct clients, each with what it was published to run with.
    "client-sageintacctsdk": Environment(
        ".local/clients/sageintacctsdk", "requirements/client-sageintacctsdk.txt"
    ),
    "client-pyintacct": Environment(
        ".local/clients/pyintacct", "requirements/client-pyintacct.txt"
    ),
}


class SetupError(Exception):
    """An environment could not be made. The message is for a person, the log's end included."""


def prepare(wanted: Environment, root: Path, run: Run) -> str | None:
    """Make sure the environment is there and complete; `run` carries out the two commands it takes.

    Returns what was done in a few words, or None where there was nothing to do. Raises SetupError.
    """
    folder = root / wanted.folder
    if not (root / wanted.lock).is_file():
        raise SetupError(f"its lock file {wanted.lock} is missing")
    notes = root / ".local" / "setup"
    notes.mkdir(parents=True, exist_ok=True)
    with alone(notes / f"{folder.name}.lock"):
        installed = _installed(folder, root)
        if installed is not None and {wanted.lock, wanted.also_in} & installed.keys():
            return None
        started = time.monotonic()
        digest = _digest(root / wanted.lock)
        log = notes / f"{folder.name}.log"
        log.unlink(missing_ok=True)
        if installed is None:
            shutil.rmtree(folder, ignore_errors=True)
            run(
                [_BASE_PYTHON, "-m", "venv", str(folder)],
                log,
                "python -m venv failed (on Debian and Ubuntu it is the package python3-venv)",
            )
        (folder / STAMP).unlink(missing_ok=True)
        # Bytecode is left to the first import: most of what is installed is never imported.
        # --no-deps because the lock is whole, and leaves out on purpose what nothing here uses.
        run(
            [
                str(folder / "bin" / "python"),
                *("-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                *("--no-deps", "--require-hashes", "--no-compile", "--no-input"),
                *("--requirement", str(root / wanted.lock)),
            ],
            log,
            f"pip could not install {wanted.lock}",
        )
        _make_importable(folder, [root / name for name in wanted.importable])
        locks = (installed or {}) | {wanted.lock: digest}
        (folder / STAMP).write_text(json.dumps(_stamp(folder, locks), indent=1) + "\n")
        log.unlink(missing_ok=True)
        return f"installed {wanted.lock} in {time.monotonic() - started:.0f} s"


def _installed(folder: Path, root: Path) -> dict[str, str] | None:
    """The locks this folder was made from, with their digests; None where it must be made anew."""
    try:
        stamp = json.loads((folder / STAMP).read_text())
        locks: dict[str, str] = stamp["locks"]
        fits = stamp == _stamp(folder, locks) and all(
            digest == _digest(root / lock) for lock, digest in locks.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    # exists() follows the link: it fails when the Python it was made from has gone.
    return locks if fits and (folder / "bin" / "python").exists() else None


def _stamp(folder: Path, locks: dict[str, str]) -> dict[str, object]:
    """What a complete environment says of itself. Scripts in it hold its place, so it counts."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {"python": version, "folder": str(folder), "locks": locks}


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _make_importable(folder: Path, importable: list[Path]) -> None:
    if importable:
        packages = next((folder / "lib").glob("python3.*/site-packages"))
        lines = "".join(f"{path.resolve()}\n" for path in importable)
        (packages / "ml_connector_sources.pth").write_text(lines)
        _write_command(folder / "bin")


def _write_command(programs: Path) -> None:
    """The operator's command, as installing the project would have made it."""
    command = programs / "ml-connector"
    python = programs.resolve() / "python"
    command.write_text(f"#!{python}\nfrom cli.__main__ import main\n\nmain()\n")
    command.chmod(0o755)


def run_quietly(command: list[str], log: Path, failure: str) -> None:
    """Run a command, its output to `log`. Raises SetupError with the log's end where it fails."""
    with log.open("a") as out:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False
        )
    if done.returncode:
        tail = log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        raise SetupError("\n".join([f"{failure}; the end of {log}:", *tail]))


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold off other runs that would make the same folder at the same time."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def main(names: list[str]) -> int:
    """Prepare the named environments, two at a time; 1 if one could not be made."""
    unknown = [name for name in names if name not in ENVIRONMENTS]
    if unknown or not names:
        print(f"name one or more of: {', '.join(ENVIRONMENTS)}", file=sys.stderr)
        return 2
    failed = False

    def one(name: str) -> None:
        nonlocal failed
        try:
            done = prepare(ENVIRONMENTS[name], ROOT, run_quietly)
        except SetupError as error:
            failed = True
            print(f"{ENVIRONMENTS[name].folder}: {error}", file=sys.stderr)
        else:
            if done:
                print(f"{ENVIRONMENTS[name].folder}: {done}", flush=True)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, names))
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("interrupted; what is half finished will be made anew")
