"""What every benchmark prints and keeps: a table for people, JSON for the next comparison."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESULTS = Path(__file__).resolve().parent / "results"


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in plain text: the first column to the left, the others to the right.

    Floats show two decimals.
    """
    cells = [list(heads), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = []
    for row in cells:
        first, *others = (
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *others]).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def verdict(met: bool | None) -> str:
    """What is said of a target; nothing where there is none."""
    return {True: "met", False: "not met", None: ""}[met]


def keep(name: str, python: str, results: Mapping[str, Any], folder: Path = RESULTS) -> Path:
    """Write bench/results/NAME.json, say so, and return its path.

    `python` is the version of the interpreter that was measured, such as 3.13.0.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    record = {
        "benchmark": name,
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "python": python,
        "machine": {
            "system": platform.system(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
        },
        **results,
    }
    path.write_text(json.dumps(record, indent=2) + "\n")
    print(f"kept in {folder.name}/{path.name}\n")
    return path
