"""Make every lock file anew from pyproject.toml, with the uv of the environment .local/uv, and
the one of npm from its package.json.

python -m tools.make_locks             keeps each pin that still fits
python -m tools.make_locks --upgrade   takes the newest versions in range
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tools import npm
from tools.environment import SetupError
from tools.locks import LOCKS, PYTHON, Lock, header, load_pyproject
from tools.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def command(lock: Lock, uv: Path, upgrade: bool) -> list[str]:
    """The call of uv that makes one lock, to be run in the root."""
    return [
        str(uv),
        *("pip", "compile", "--quiet", "--universal", "--python-version", PYTHON),
        *("--generate-hashes", "--no-header", "--no-annotate"),
        *(["--upgrade"] if upgrade else []),
        *(["--no-config"] if lock.whole else []),
        *(["--group", lock.group] if lock.group else ["pyproject.toml"]),
        *(word for extra in lock.extras for word in ("--extra", extra)),
        *(["--constraints", lock.same_as] if lock.same_as else []),
        *("--output-file", lock.path),
    ]


def main(arguments: list[str]) -> int:
    """Make them all; the status of the first call of uv that fails."""
    if set(arguments) - {"--upgrade"}:
        print("the only argument there is: --upgrade", file=sys.stderr)
        return 2
    pyproject = load_pyproject(ROOT)
    for lock in LOCKS:
        before = (ROOT / lock.path).read_text() if (ROOT / lock.path).exists() else ""
        made = subprocess.run(
            command(lock, ROOT / ".local/uv/bin/uv", bool(arguments)), cwd=ROOT, check=False
        )
        if made.returncode:
            print(f"{lock.path}: uv ended with status {made.returncode}", file=sys.stderr)
            return made.returncode
        after = header(lock, pyproject) + (ROOT / lock.path).read_text()
        (ROOT / lock.path).write_text(after)
        print(f"{lock.path}: {'unchanged' if after == before else 'changed'}")
    try:
        changed = npm.make(ROOT, upgrade=bool(arguments))
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{npm.LOCK}: {'changed' if changed else 'unchanged'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
