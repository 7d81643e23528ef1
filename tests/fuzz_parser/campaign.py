"""Many documents in a child with little memory, watched from outside.

Each document follows from the seed and its number alone, so that a child that hung or died is
followed by another that goes on behind the document that did it.
"""

from __future__ import annotations

import json
import mmap
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random

from ml_connector.errors import SourceError
from ml_connector.intacct.parser import parse
from tools.tree import ROOT

from .documents import document
from .large import LARGE
from .mutations import mutated
from .oracle import Outcome, judge
from .streams import STREAMS, receive

MIB = 1024 * 1024
#: Memory a document may take beyond what the process has, its own bytes included; the function
#: that reads replies has four times as much.
MEMORY = 256 * MIB
#: A document takes milliseconds, a large one seconds at most.
SECONDS = 30.0
#: Documents of one child.
BLOCK = 10_000
REPORTED = 50_000
SIZED = (*LARGE, *STREAMS)
_POLL = 0.1
_SHOWN = 40
_NUMBER = struct.Struct("<Q")


@dataclass(slots=True)
class Tally:
    """Documents by mutation and outcome, and the smallest document for each way to be wrong."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: dict[str, bytes] = field(default_factory=dict)

    def add(self, mutation: str, outcome: Outcome, why: str, body: bytes) -> None:
        """One document."""
        self.counts[mutation, outcome] += 1
        if not outcome.good:
            about = f"{outcome} ({mutation}): {why}"
            if about not in self.wrong or len(body) < len(self.wrong[about]):
                self.wrong[about] = body

    def total(self, *outcomes: Outcome) -> int:
        """How many went one of these ways; of all ways where none is named."""
        return sum(
            n for (_, outcome), n in self.counts.items() if not outcomes or outcome in outcomes
        )

    def merge(self, other: Tally) -> None:
        """Another part of the same campaign."""
        self.counts += other.counts
        for about, body in other.wrong.items():
            if about not in self.wrong or len(body) < len(self.wrong[about]):
                self.wrong[about] = body

    def to_json(self) -> str:
        """For the parent."""
        return json.dumps(
            {
                "counts": [[*key, count] for key, count in self.counts.items()],
                "wrong": {about: body.hex() for about, body in self.wrong.items()},
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Tally:
        """What a child has told."""
        held = json.loads(text)
        counts = Counter({(name, outcome): n for name, outcome, n in held["counts"]})
        return cls(counts, {about: bytes.fromhex(raw) for about, raw in held["wrong"].items()})


def made(seed: int, number: int) -> tuple[str, bytes]:
    """The document of that number: the mutation's name, and its bytes."""
    chance = Random(f"{seed}/{number}")
    return mutated(chance, document(chance))


def fuzz(seed: int, numbers: range, before_each: Callable[[int], None] = lambda _: None) -> Tally:
    """Judge these documents, in this process."""
    tally = Tally()
    for number in numbers:
        before_each(number)
        mutation, body = made(seed, number)
        outcome, why = judge(body)
        tally.add(mutation, outcome, why, body)
    return tally


def judge_sized(name: str) -> tuple[Outcome, str, bytes]:
    """One of the large documents or streams; instead of an oracle, what is known of each."""
    body = LARGE[name][0]() if name in LARGE else b""
    to_be_read = LARGE[name][1] if name in LARGE else False
    with limited(MEMORY):
        try:
            parse(body) if name in LARGE else receive(STREAMS[name])
            was_read = True
        except SourceError:
            was_read = False
        except MemoryError:
            return Outcome.OVER_MEMORY, "MemoryError", body[:_SHOWN]
        except Exception as error:  # noqa: BLE001 - anything else is what is looked for
            return Outcome.WRONG, f"raised {error!r}", body[:_SHOWN]
    if was_read != to_be_read:
        return Outcome.WRONG, "read" if was_read else "refused", body[:_SHOWN]
    return (Outcome.READ if was_read else Outcome.REFUSED), "", b""


@contextmanager
def limited(memory: int) -> Iterator[None]:
    """Let this process have that many bytes more than it has now."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        pages = 0  # elsewhere than on Linux: one limit for the whole process
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


# ------------------------------------------------------------------------------ in a child
def child(seed: int, documents: int, block: range, place: Path) -> Tally:
    """What a child does: its block, with the number it is at written to a file the parent reads."""
    tally = Tally()
    with place.open("r+b") as file, mmap.mmap(file.fileno(), _NUMBER.size) as shown:

        def show(number: int) -> None:
            _NUMBER.pack_into(shown, 0, number)

        with limited(MEMORY):
            small = range(block.start, min(block.stop, documents))
            tally.merge(fuzz(seed, small, show))
        for number in range(max(block.start, documents), block.stop):
            show(number)
            name = SIZED[number - documents]
            tally.add(name, *judge_sized(name))
    return tally


def run(seed: int, documents: int, say: Callable[[str], None] = lambda _: None) -> Tally:
    """A whole campaign in children: the numbered documents, then the large ones and the streams."""
    tally, end = Tally(), documents + len(SIZED)
    starts = [*range(0, documents, BLOCK), documents, end]
    waiting = [range(first, stop) for first, stop in pairwise(starts)]
    with tempfile.TemporaryDirectory(prefix="ml-connector-fuzz-") as folder:
        while waiting:
            block = waiting.pop(0)
            part, at, outcome = _watch(seed, documents, block, Path(folder) / "number")
            tally.merge(part)
            if outcome is not None:
                # What came before it was lost with the child, and comes out the same again.
                waiting[:0] = [b for b in (range(block.start, at), range(at + 1, block.stop)) if b]
                name, body = made(seed, at) if at < documents else (SIZED[at - documents], b"")
                tally.add(name, outcome, f"document {at}", body)
                say(f"document {at}: {outcome}")
            elif not block.stop % REPORTED:
                say(f"{block.stop} documents")
    return tally


def _watch(
    seed: int, documents: int, block: range, place: Path
) -> tuple[Tally, int, Outcome | None]:
    """Run one child. Where it was stopped: no tally, the number it was at, and why."""
    place.write_bytes(_NUMBER.pack(block.start))
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(
            [
                *(sys.executable, "-B", "-m", "tests.fuzz_parser", "--seed", str(seed)),
                *("--documents", str(documents)),
                *("--child", str(block.start), str(block.stop), str(place)),
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "layers/connector")},
            stdin=subprocess.DEVNULL,
            stdout=told,
        )
        at, since = block.start, time.monotonic()
        while process.poll() is None:
            time.sleep(_POLL)
            (now_at,) = _NUMBER.unpack(place.read_bytes())
            if now_at != at:
                at, since = now_at, time.monotonic()
            elif time.monotonic() - since > SECONDS:
                process.kill()
                process.wait()
                return Tally(), at, Outcome.HUNG
        if process.returncode:
            (at,) = _NUMBER.unpack(place.read_bytes())
            return Tally(), at, Outcome.OVER_MEMORY
        told.seek(0)
        return Tally.from_json(told.read()), at, None
