"""Programs of the benchmarks: one to be measured, as on Lambda, and one to be asked by it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bench.layers import LAYERS, ROOT
from bench.parser import variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.layers import Interpreter


def measured(
    python: Interpreter,
    layers: Mapping[str, Path],
    module: str,
    arguments: Sequence[object],
    *,
    first: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run a module on the built layers and nothing else installed; what it printed, from JSON.

    `first` are folders that come before the layers, as a function's own does. Raises SystemExit
    with what it said where it fails.
    """
    folders = [*map(str, first), *(str(layers[name] / "python") for name in LAYERS), str(ROOT)]
    code = (
        f"import runpy, sys\nsys.path[:0] = {folders!r}\n"
        f"sys.argv[1:] = {[str(each) for each in arguments]!r}\n"
        f"runpy.run_module({module!r}, run_name='__main__')\n"
    )
    done = subprocess.run(
        [python.executable, "-I", "-S", "-B", "-c", code],
        env={"PATH": os.defpath, "LANG": "C.UTF-8", **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{module} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@contextmanager
def served(module: str, arguments: Sequence[object], ready: str) -> Iterator[str]:
    """The address a module of ours serves at: what follows `ready` in the line it prints.

    It runs in the environment that runs this, and ends when its standard input closes. Raises
    SystemExit where it does not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=variables(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith(ready):
            raise SystemExit(f"{module} did not start")
        yield line.removeprefix(ready).strip()
    finally:
        process.communicate()
