"""Run every check of the code and the text, two at a time, and say in a line each how it went.

    python -m tools.check [NAME ...]

What a check printed is shown only where it failed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tools.tree import ROOT

AT_ONCE = 2
_BIN = Path(sys.executable).parent


def _tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(_BIN / name), *arguments)


def _ours(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"tools.{name}")


#: The slowest first, so that the others run beside it.
CHECKS: dict[str, tuple[str, ...]] = {
    "types": _tool("mypy"),
    "checkov": _ours("check_checkov"),
    "bandit": _ours("check_bandit"),
    "template": _tool("cfn-lint", "template.yaml"),
    "imports": _tool("lint-imports", "--no-cache"),
    "secrets": _ours("check_secrets"),
    "docs": _ours("check_docs_links"),
    "locks": _ours("check_locks"),
    "text": _ours("check_text"),
    "lint": _tool("ruff", "check"),
    "format": _tool("ruff", "format", "--check"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one check went. `seconds` of wall time; `printed` is both of its streams."""

    name: str
    passed: bool
    seconds: float
    printed: str


def run(name: str, command: tuple[str, ...]) -> Outcome:
    """Run one check in the root."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Outcome(name, done.returncode == 0, time.monotonic() - started, done.stdout)


def main(names: list[str]) -> int:
    """Run the named checks, or all; 1 if one failed, 2 for a name that is none of ours."""
    unknown = set(names) - CHECKS.keys()
    if unknown:
        print(f"no such check: {', '.join(sorted(unknown))}; there are: {', '.join(CHECKS)}")
        return 2
    failed: list[str] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(run, name, CHECKS[name]) for name in names or CHECKS]
        for ended in as_completed(running):
            outcome = ended.result()
            word = "ok    " if outcome.passed else "FAILED"
            print(f"{word}  {outcome.name:<9} {outcome.seconds:5.1f} s", flush=True)
            if not outcome.passed:
                failed.append(outcome.name)
                print("".join(f"    {line}\n" for line in outcome.printed.splitlines()), flush=True)
    print(f"failed: {', '.join(failed)}" if failed else f"all {len(running)} checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
