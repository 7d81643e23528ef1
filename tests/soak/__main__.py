"""Thousands of random histories against an observer who sees all there is to see.

    python -m tests.soak --histories 10000 --seed 1
    python -m tests.soak --histories 200 --control offset-paging

Each history is a small company, its people, a gateway with bad days, and polls that come at random
instants, die and meet. What the polls wrote down is compared with what could be seen at the same
instants. Then known mistakes of other clients are put in, one at a time, until the comparison
notices: a soak that cannot fail shows nothing. With `--control` only that is done, and printed.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

from .controls import CONTROLS
from .histories import History, Outcome
from .tally import floor, table, too_rare

BATCH = 50
#: As many histories as a mistake may take to be noticed.
PATIENCE = 600
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Run:
    """Which histories to live through, with which mistake put in."""

    seed: int
    http_share: float
    control: str = ""

    def history(self, place: int) -> Outcome:
        """The history at this place in the run."""
        every = round(1 / self.http_share) if self.http_share > 0 else 0
        real = bool(every) and place % every == every - 1
        parts = CONTROLS[self.control] if self.control else None
        return History(f"{self.seed}/{place}", parts, real=real).run()

    def batch(self, places: range) -> Outcome:
        """Some histories, one after the other."""
        # A history leaves little to collect, and looking for it often costs a tenth of the time.
        gc.set_threshold(20_000, 20, 20)
        outcome = Outcome()
        for place in places:
            outcome.add(self.history(place))
        return outcome


def soak(run: Run, histories: int, processes: int) -> Outcome:
    """All histories of a run; the outcome does not depend on how many processes share them."""
    batches = [range(first, min(first + BATCH, histories)) for first in range(0, histories, BATCH)]
    outcome = Outcome()
    for part in _outcomes(run, batches, processes):
        outcome.add(part)
    return outcome


def _outcomes(run: Run, batches: Sequence[range], processes: int) -> Iterator[Outcome]:
    if processes < 2 or len(batches) < 2:
        yield from map(run.batch, batches)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(run.batch, batches)


@dataclass(slots=True)
class Noticed:
    """What came of one mistake: after how many histories it was noticed, and by what."""

    control: str
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def ok(self) -> bool:
        """Whether it was noticed at all."""
        return bool(self.outcome.verdict.missing or self.outcome.verdict.twice)

    def __str__(self) -> str:
        verdict = self.outcome.verdict
        return (
            f"with {self.control:<19}missing={len(verdict.missing):<4}"
            f"twice={len(verdict.twice):<4}after {self.outcome.histories} histories"
            f"{'' if self.ok else '   <- not noticed'}"
        )


def notice(control: str, seed: int, patience: int = PATIENCE) -> Noticed:
    """Histories with a mistake put in, until it is noticed."""
    run, noticed = Run(seed, 0.0, control), Noticed(control)
    for place in range(patience):
        noticed.outcome.add(run.history(place))
        if noticed.ok:
            break
    return noticed


def notice_all(seed: int, processes: int) -> list[Noticed]:
    """Every mistake once."""
    if processes < 2:
        return [notice(control, seed) for control in CONTROLS]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(partial(notice, seed=seed), CONTROLS))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak and print what came of it; 0 only if nothing was found that may not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--histories", type=int, default=1000, help="random histories")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same histories")
    parser.add_argument("--http-share", type=float, default=0.01, help="of them, over HTTP")
    parser.add_argument("--control", choices=sorted(CONTROLS), default="", help="put a mistake in")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    run = Run(chosen.seed, chosen.http_share, chosen.control)
    outcome = soak(run, chosen.histories, chosen.processes)
    verdict = outcome.verdict
    rare = too_rare(outcome.counts, floor(outcome.histories))
    _say(table(outcome.counts), "", f"seen by the observer: {verdict.expected}")
    found = [f"missing: {one}" for one in verdict.missing] + [f"twice: {x}" for x in verdict.twice]
    _say(*(f"  {one}" for one in found[:SHOWN]))
    if chosen.control:
        # The mistake was in every history: noticed means that the soak would have failed.
        controls_ok = bool(found)
    else:
        noticed = notice_all(chosen.seed, chosen.processes)
        _say(*(str(one) for one in noticed))
        controls_ok = all(one.ok for one in noticed)
    for row in rare:
        _say(f"too rare, under {floor(outcome.histories)} times: {row}")
    _say(
        f"seconds={time.monotonic() - began:.0f}",
        f"histories={outcome.histories} missing={len(verdict.missing)} "
        f"twice={len(verdict.twice)} controls={'ok' if controls_ok else 'failed'}",
    )
    return 0 if controls_ok and not (verdict.missing or verdict.twice or rare) else 1


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
