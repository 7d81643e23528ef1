"""Let bandit look at the code, and hold every exception to a test's id and a reason.

    python -m tools.check_bandit [FOLDER ...]

An exception stands in its line, `# nosec B105 # why`, or as `# nosec B105 # noqa: S105 - why` where
ruff's twin of the test objects too. What is skipped everywhere is in pyproject.toml.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

from tools.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = ("layers/connector/ml_connector", "functions", "cli", "sandbox", "tools", "bench")

_NOSEC = re.compile(r"#\s*nosec")
_IN_ORDER = re.compile(r"# nosec (B\d{3}, ?)*B\d{3} # (noqa: S\d{3} - )?(?P<why>\S.*)")
# bandit says so of every other line of the same statement.
_NOISE = re.compile(r"^\[tester\]\s+WARNING\s+nosec encountered .*\n?", re.MULTILINE)


def bare_exceptions(folder: Path) -> Iterator[str]:
    """Comments that silence bandit without naming a test, or without saying why."""
    for path in sorted(folder.rglob("*.py")):
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type != tokenize.COMMENT:
                    continue
                at = _NOSEC.search(token.string)
                if at and not _IN_ORDER.match(token.string[at.start() :]):
                    yield f"{path}:{token.start[0]}: nosec wants the test's id and a reason"


def look(folders: list[Path]) -> str:
    """What bandit found, as it prints it; empty where it found nothing."""
    for folder in folders:
        if not any(folder.rglob("*.py")):
            return f"{folder}: there is no code in it\n"
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "bandit"),
            *("--quiet", "--recursive", "--configfile", str(ROOT / "pyproject.toml")),
            *map(str, folders),
        ],
        cwd=ROOT,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode == 0:
        return ""
    return _NOISE.sub("", done.stdout) or f"bandit ended with status {done.returncode}\n"


def main(arguments: list[str]) -> int:
    """Print what is wrong; 1 if anything is."""
    folders = [ROOT / folder for folder in arguments or FOLDERS]
    bare = [line for folder in folders for line in bare_exceptions(folder)]
    found = look(folders)
    print("".join(f"{line}\n" for line in bare) + found, end="")
    return 1 if bare or found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
