"""Many histories: shared among processes, with or without a mistake put in."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

from .controls import CONTROLS
from .histories import History, Outcome

BATCH = 50
#: As many histories as a mistake may take to be noticed.
PATIENCE = 600


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
