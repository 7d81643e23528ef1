"""Memory of reading 100,000 bills: one page at a time, whatever their number.

A simulator in a process of its own serves the bills over loopback HTTP. Each reading is a fresh
process that looks at its own peak of resident memory, after its imports and one row read, and once
all was read: see `read_memory_child`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.layers import ROOT, Interpreter
from bench.parser import measured_python, variables
from bench.report import keep, table, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BILLS, PAGE = 100_000, 2_000
#: Three pages are what is in memory at a time: the bills of one that the caller still holds, and
#: the next as bytes and as bills. Reading on may cost no more than this times as much, which leaves
#: room for an allocator that hands memory back late.
FEW = 3 * PAGE
TARGET = 1.25
OURS, THEIRS = "ml-connector", "sageintacctsdk"
_READY = "sandbox.intacct ready "


@dataclass(frozen=True, slots=True)
class Reading:
    """One process: who read how many bills, in MiB above its baseline, in seconds of CPU."""

    name: str
    records: int
    above: float
    cpu: float


def grown(readings: Sequence[Reading]) -> float:
    """Our peak with all bills over our peak with three pages of them."""
    by_size = {r.records: r.above for r in readings if r.name == OURS}
    return by_size[BILLS] / by_size[FEW]


@contextmanager
def _simulator() -> Iterator[str]:
    """The URL of a simulator with all the bills."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.intacct", "--port", "0", "--bills", str(BILLS)],
        cwd=ROOT,
        env=variables(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith(_READY):
            raise SystemExit("the simulator did not start")
        yield line.removeprefix(_READY).strip()
    finally:
        process.terminate()
        process.communicate()


def _read(python: str, name: str, url: str, records: int) -> Reading:
    done = subprocess.run(
        [python, "-m", "bench.read_memory_child", name, url, str(records)],
        cwd=ROOT,
        env=variables(),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    seen = json.loads(done.stdout)
    if seen["records"] != records:
        raise SystemExit(f"{name} read {seen['records']} bills where {records} were to be read")
    return Reading(name, records, seen["above_mib"], seen["cpu_seconds"])


def run(python: Interpreter, _rounds: int) -> None:
    """Read, print the table and keep the figures."""
    executable = measured_python(python)
    with _simulator() as url:
        readings = [
            _read(executable, OURS, url, PAGE),
            _read(executable, OURS, url, FEW),
            _read(executable, OURS, url, BILLS),
            _read(executable, THEIRS, url, BILLS),
        ]
    growth = grown(readings)
    met = growth <= TARGET
    print(f"Memory of reading bills with the fields we ask for, Python {python.number}")
    heads = ["client", "bills", "peak MiB above baseline", "CPU s", "target", ""]
    rows = []
    for reading in readings:
        ours = reading.name == OURS and reading.records == BILLS
        target = f"{growth:.2f} ≤ {TARGET} of 3 pages" if ours else ""
        said = verdict(met if ours else None)
        size = f"{reading.records:,}"
        above, cpu = f"{reading.above:.1f}", f"{reading.cpu:.1f}"
        rows.append([reading.name, size, above, cpu, target, said])
    print(table(heads, rows))
    keep(
        "read_memory",
        python.number,
        {
            "page": PAGE,
            "readings": [
                {
                    "client": reading.name,
                    "bills": reading.records,
                    "peak_mib_above_baseline": round(reading.above, 2),
                    "cpu_seconds": round(reading.cpu, 2),
                }
                for reading in readings
            ],
            "times_three_pages": round(growth, 3),
            "target": TARGET,
            "met": met,
        },
    )
