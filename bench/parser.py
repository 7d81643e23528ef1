"""Reading a page of the gateway: our parser and other people's, as ratios to bare expat.

The candidates run in .local/bench, made from requirements/bench.txt with the Python that is
measured: see `parser_candidates` for what is measured and how.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.layers import ROOT, Interpreter
from bench.page import RECORDS, page
from bench.parser_candidates import ASKED, COMPACT, DIRTY, EXPAT, INDENTED, OURS
from bench.report import keep, table, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The most our parser may cost: on the pinned page as a multiple of bare expat on it, and on the
#: page with the fields we ask for as a part of what the pinned page costs it.
TARGET, TARGET_ASKED = 3.8, 0.25


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate on one page: milliseconds, and multiples of bare expat on the same page."""

    page: str
    name: str
    milliseconds: float
    ratio: float
    target: str = ""
    met: bool | None = None


def summary(medians: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """Ratios from medians in seconds by page and candidate, the cheapest first on each page."""
    rows = []
    for page_name, by_name in medians.items():
        floor = medians[COMPACT if page_name == DIRTY else page_name][EXPAT]
        for name, seconds in sorted(by_name.items(), key=lambda item: item[1]):
            ratio, target, met = seconds / floor, "", None
            if (page_name, name) == (INDENTED, OURS):
                target, met = f"≤ {TARGET} expat", ratio <= TARGET
            elif (page_name, name) == (ASKED, OURS):
                part = seconds / medians[INDENTED][OURS]
                target, met = f"{part:.2f} ≤ {TARGET_ASKED} page", part <= TARGET_ASKED
            rows.append(Row(page_name, name, seconds * 1000, ratio, target, met))
    return rows


def measured_python(python: Interpreter) -> str:
    """The executable of .local/bench, made from this Python. Raises CalledProcessError."""
    subprocess.run([python.executable, "-m", "tools.environment", "bench"], cwd=ROOT, check=True)
    return str(ROOT / ".local/bench/bin/python")


def variables() -> dict[str, str]:
    """What a measured process gets: our sources to import, and no bytecode of ours to write."""
    sources = os.pathsep.join([str(ROOT), str(ROOT / "layers/connector")])
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": sources,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def run(python: Interpreter, rounds: int) -> None:
    """Measure, print the table and keep the figures."""
    measured: dict[str, Any] = json.loads(
        subprocess.run(
            [measured_python(python), "-m", "bench.parser_candidates", str(rounds)],
            cwd=ROOT,
            env=variables(),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
    )
    rows = summary(measured["medians"])
    built = "" if measured["optimized"] else " (built without optimization)"
    print(
        f"One page of {RECORDS} records, Python {python.number}{built}, "
        f"{measured['versions']['expat']}, median CPU of {rounds} interleaved rounds"
    )
    heads = ["candidate", "page", "CPU ms", "ratio to expat", "target", ""]
    print(
        table(
            heads,
            [
                [row.name, row.page, f"{row.milliseconds:.1f}", row.ratio, row.target, said]
                for row in rows
                for said in [verdict(row.met)]
            ],
        )
    )
    figures: dict[str, dict[str, object]] = {}
    for row in rows:
        figures.setdefault(row.page, {})[row.name] = {
            "cpu_ms": round(row.milliseconds, 2),
            "times_bare_expat": round(row.ratio, 3),
            **({"target": row.target, "met": row.met} if row.target else {}),
        }
    keep(
        "parser",
        python.number,
        {
            "rounds": rounds,
            "optimized_python": measured["optimized"],
            "records": RECORDS,
            "bytes": {
                INDENTED: len(page(indented=True)),
                COMPACT: len(page(indented=False)),
            },
            "versions": measured["versions"],
            "pages": figures,
        },
    )
