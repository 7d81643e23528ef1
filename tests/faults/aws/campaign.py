"""One campaign: bills are submitted while AWS fails in one way after another, then it stops.

Nothing is repaired by hand: what everybody waits for at the end, the functions do by themselves.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from pynamodb.exceptions import PynamoDBException

from ml_connector.errors import StoreUnavailable
from sandbox.aws import wait
from sandbox.aws.errors import NotReadyError
from sandbox.world import LocalWorld

from .faults import FAULTS
from .judging import Verdict, audited, judge
from .people import Place, settle_in
from .proxy import Between

#: Seconds until everything has found its end once nothing fails any more.
PATIENCE = 150.0
#: Seconds in which a second message would come: a ring, an unknown outcome's two looks, a retry.
QUIET = 14.0

Say = Callable[[str], None]


@dataclass(slots=True)
class Outcome:
    """What came of a campaign: the verdict, and how often each fault struck which operation."""

    verdict: Verdict
    struck: dict[str, Counter[str]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    """What is wrong with the audit trail."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it: bills for each fault, and for how many seconds a fault holds."""

    bills: int = 4
    hold: float = 8.0


@contextmanager
def disturbed(
    bills: int, mutations: Iterable[tuple[str, str, str]] = ()
) -> Iterator[tuple[LocalWorld, Between, list[Place]]]:
    """A local world whose functions reach AWS through microburst, and its people."""
    places = [Place(index) for index in range(bills)]
    with LocalWorld(mutations=mutations) as world:
        settle_in(world, places)
        world.await_first_poll(within=180.0)
        with Between(world.stack) as between:
            yield world, between, places


def campaign(
    names: Sequence[str],
    size: Size,
    seed: int,
    *,
    mutations: Iterable[tuple[str, str, str]] = (),
    patience: float = PATIENCE,
    say: Say = lambda _: None,
) -> Outcome:
    """Live through the named faults, one after another, and judge what came of it."""
    dice = random.Random(seed)  # noqa: S311 - a seed, not a secret
    began = time.monotonic()
    with disturbed(len(names) * size.bills, mutations) as (world, between, places):
        run = _Run(world, between, dice, size, list(places))
        struck = {}
        for name in names:
            struck[name] = run.live_through(name)
            say(f"{name:<20} {_counted(struck[name])}")
        verdict = run.conclude(places, patience)
        broken = audited(world)
    return Outcome(verdict, struck, broken, time.monotonic() - began)


class _Run:
    """The faults of one campaign, in their order."""

    def __init__(
        self,
        world: LocalWorld,
        between: Between,
        dice: random.Random,
        size: Size,
        left: list[Place],
    ) -> None:
        self._world, self._between = world, between
        self._dice, self._size, self._left = dice, size, left
        dice.shuffle(left)

    def live_through(self, name: str) -> Counter[str]:
        """Bills before the fault, so that it finds some under way, and bills during it."""
        fault, half = FAULTS[name], self._size.bills // 2
        self._submit(half)
        time.sleep(self._dice.uniform(0.0, 3.0))
        if fault.cold:
            self._between.cold_start()
        self._between.break_down(fault.rules(self._dice))
        self._submit(self._size.bills - half)
        # From its first strike on: one that ended at once would be outlasted by a client's retries.
        # One that never strikes is counted as such.
        with suppress(NotReadyError):
            wait.until(self._between.struck, f"{name!r} to strike", timeout=90.0)
            time.sleep(self._size.hold)
        return self._between.mend()

    def conclude(self, places: Sequence[Place], patience: float) -> Verdict:
        """Wait until all is over, and then whether anything comes a second time."""

        def over() -> bool:
            # A busy machine's table that does not answer is asked again.
            with suppress(StoreUnavailable, PynamoDBException):
                found = judge(self._world, places)
                return not found.missing and not found.astray
            return False

        try:
            wait.until(over, "everybody to be told", timeout=patience, every=1.0)
        except NotReadyError:
            return judge(self._world, places)
        time.sleep(QUIET)
        return judge(self._world, places)

    def _submit(self, bills: int) -> None:
        for _ in range(bills):
            place = self._left.pop()
            self._world.submit("V-104", place.amount, f"F-{place.index}")


def _counted(struck: Counter[str]) -> str:
    most = ", ".join(f"{name} {count}" for name, count in struck.most_common(4))
    return f"struck={struck.total():<5} {most}"
