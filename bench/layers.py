"""The layers as they ship: built by their own recipes, for the Python that is measured."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: Logical id in the template → folder.
LAYERS = {"ConnectorLayer": "layers/connector", "DependenciesLayer": "layers/dependencies"}


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python to measure: an executable, and its version as three numbers."""

    executable: str
    version: tuple[int, int, int]

    @property
    def runtime(self) -> str:
        """Lambda's name for it."""
        return f"python{self.version[0]}.{self.version[1]}"

    @property
    def number(self) -> str:
        """The version as people write it."""
        return ".".join(map(str, self.version))


def interpreter(executable: str) -> Interpreter:
    """Ask an executable for its version. Raises subprocess.CalledProcessError or OSError."""
    asked = subprocess.run(
        [executable, "-c", "import sys; print(*sys.version_info[:3])"],
        check=True,
        capture_output=True,
        text=True,
    )
    major, minor, micro = map(int, asked.stdout.split())
    return Interpreter(executable, (major, minor, micro))


def build(into: Path, python: Interpreter) -> dict[str, Path]:
    """Build every layer in a folder of its own below `into`: logical id → that folder.

    Raises SystemExit with what the recipe printed where one fails.
    """
    # Nothing of an outer make's settings reaches the recipes.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))
    }
    built = {}
    for logical_id, source in LAYERS.items():
        built[logical_id] = into / logical_id
        built[logical_id].mkdir()
        done = subprocess.run(
            [
                *("make", "-C", str(ROOT / source), f"build-{logical_id}"),
                f"PYTHON={python.executable}",
            ],
            env=inherited
            | {"ARTIFACTS_DIR": str(built[logical_id]), "ML_CONNECTOR_RUNTIME": python.runtime},
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"{logical_id} could not be built:\n{done.stdout}{done.stderr}")
    return built
