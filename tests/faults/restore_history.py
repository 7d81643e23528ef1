"""One random history in which tables go back in time: by hand, or by the restore command.

    python -m tests.faults.restore_history --runs 200 --seed 1

Somewhere in the storm one or more tables become what they were at a random earlier moment, or lose
what they hold; then everything runs on. What the phones got is judged as in every other history:
nothing is lost, and nothing is sent twice.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.chains import follow, link_of
from ml_connector.domain.standstill import Restoring
from ml_connector.errors import ConnectorError
from ml_connector.usecases.mending import Mended, mend
from tests.support.faults import Killed
from tests.support.memory_store import Tables
from tests.support.world import COMPANY, SEND_TIMEOUT

from .history import STORM, History, Weather
from .oracle import Verdict, judge
from .restored_tables import TABLES, Behind, Snapshot, copied, copies, put_back, taken


@dataclass(frozen=True, slots=True)
class Cut:
    """What happens to the tables, and who puts it right."""

    tables: tuple[str, ...]
    emptied: bool = False
    """They are empty afterwards, and not what they were before."""
    command: bool = False
    """An operator runs the command on it; else it is left to the functions."""


BY_HAND = (
    Cut(("alerts",)),
    Cut(("documents",)),
    Cut(("alerts", "documents")),
    Cut(("approvers",)),
    Cut(("alerts",), emptied=True),
    Cut(("alerts", "documents", "approvers")),
    Cut(("documents",), emptied=True),
    Cut(("alerts", "documents"), emptied=True),
)
BY_COMMAND = (
    Cut(("alerts",), emptied=True, command=True),
    Cut(("alerts",), command=True),
    Cut(("alerts", "documents"), emptied=True, command=True),
    Cut(("alerts", "documents", "audit"), command=True),
    Cut(("alerts", "audit"), command=True),
)
CUTS = (*BY_HAND, *BY_COMMAND)


class RestoreHistory(History):
    """One run of the world under one seed, in which tables go back in time."""

    def __init__(self, seed: int, weather: Weather, cut: Cut) -> None:
        super().__init__(seed, weather)
        self.cut = cut
        self.runs = 0
        self._when = self.random.uniform(0.15, 0.95) * STORM
        self._back = self.random.uniform(0.05, 1.0)
        self._taken: list[tuple[datetime, Snapshot]] = []
        self._done = False
        self._begun: datetime | None = None
        self._calm: datetime | None = None
        self._life = random.Random(seed)  # noqa: S311 - a seed, not a secret
        tick = self.world.tick

        def ticked() -> None:
            self._look_at_the_clock()
            tick()

        self.world.tick = ticked  # type: ignore[method-assign]

    def _look_at_the_clock(self) -> None:
        state = self.world.tables.companies.get(COMPANY)
        if self._done or state is None or not state.baseline_done:
            return
        now = self.world.clock.now()
        self._begun = self._begun or now
        if self._to_be_known() and now >= self._begun + self._when:
            self._done = True
            self._restore()
        else:
            self._taken.append((now, taken(self.world.tables)))

    def _to_be_known(self) -> bool:
        """With both tables empty, only a bill that waits tells the company from a new one."""
        if not self.cut.emptied or not {"alerts", "documents"} <= set(self.cut.tables):
            return True
        return any(document.waiting for document in self.world.tables.documents.values())

    def _still(self) -> bool:
        """Nothing moves, and Intacct was read whole since the storm was over."""
        state = self.world.tables.companies.get(COMPANY)
        self._calm = self._calm or self.world.clock.now()
        read = state is not None and state.poll_succeeded_at
        return bool(read and read > self._calm + timedelta(minutes=30)) and super()._still()

    # --------------------------------------------------------------------------- the restore
    def _restore(self) -> None:
        if not self._taken:
            return
        tables, cut = self.world.tables, self.cut
        place = int(len(self._taken) * (1 - self._back))
        at, before = self._taken[min(place, len(self._taken) - 1)]
        tables.forget_tokens()
        put_back(tables, taken(Tables()) if cut.emptied else before, cut.tables)
        while cut.command:
            self.runs += 1
            if self._command(at, before):
                return

    def _command(self, at: datetime, before: Snapshot) -> bool:
        """One run of the command; false where it was killed and has to be run again.

        Whatever comes of it, the functions go on a while after.
        """
        world, clock = self.world, self.world.clock
        wary = "audit" in self.cut.tables
        try:
            self._stand_still(at, wary=wary, until=clock.now() + timedelta(minutes=30))
            # Whoever claimed before is over by then, and listed.
            self._time_passes(SEND_TIMEOUT + world.timings.claim_margin + world.timings.grace + 60)
            self._copy(before)
            self._mend(polled=False)
            self._stand_still(at, wary=wary, until=clock.now())
        except (Killed, ConnectorError):
            self._stand_still(at, wary=wary, until=clock.now())
            self._time_passes(self._life.choice((0, 30, 90)))
            for _ in range(self._life.randint(0, 2)):
                world.poll()
                world.check()
                world.drain()
            return False
        return True

    def _stand_still(self, at: datetime, *, wary: bool, until: datetime) -> None:
        since = at if wary else None
        wary_until = self.world.clock.now() + timedelta(days=14) if wary else None
        self.world.tables.restoring = Restoring(until, "a restore", since, wary_until)

    def _time_passes(self, amount: float) -> None:
        """The functions tick meanwhile, and do nothing."""
        self.world.clock.forward(seconds=amount / 2)
        self.world.poll()
        self.world.check()
        self.world.drain()
        self.world.clock.forward(seconds=amount / 2)

    def _copy(self, before: Snapshot) -> None:
        """Put back what is missing, item by item, in no order; what is there stays."""
        tables, old = self.world.tables, copied(before)
        work: list[Callable[[], None]] = []
        for part in self.cut.tables:
            for name in TABLES[part]:
                if name in ("due", "inbox"):
                    continue
                work += list(copies(tables, name, old[name]))
        self._life.shuffle(work)
        for put in work:
            if self._life.random() < 0.002:
                raise Killed("copy")
            put()

    def _mend(self, *, polled: bool) -> Mended:
        world = self.world

        def patience() -> datetime:
            return world.clock.now() + timedelta(seconds=20)

        flow = world.poll_ports.flows.current()
        world.faults.deaths.append(world.clock.now() + timedelta(hours=5))
        try:
            return mend(Behind(world.tables), world.ports, lambda _: flow, patience, polled=polled)
        finally:
            world.faults.deaths.pop()

    def finish(self) -> None:
        """The last of the command, or the whole of it where somebody put tables back by hand.

        What has no owner although every company was polled gets one, so that the trail is whole.
        """
        while True:
            try:
                self._mend(polled=True)
            except (Killed, ConnectorError):
                continue
            return


def broken(history: RestoreHistory) -> list[str]:
    """Every chain that does not verify, as `audit verify` judges; and chains nobody owns."""
    tables = history.world.tables
    heads: dict[str, ChainHead] = {case.chain: case.head for case in tables.cases.values()}
    heads |= {person.chain: person.head for person in tables.people.values() if person.head.seq}
    newest = {document.chain: document.head for document in tables.documents.values()}
    left = {
        replace(document, generation=number).chain
        for document in tables.documents.values()
        for number in range(1, document.generation)
    }
    heads |= newest
    found: list[str] = []
    for name in sorted({*heads, *(name for name, chain in tables.chains.items() if chain)}):
        links = map(link_of, history.world.audit.chain(name))
        said = follow(name, links, heads.get(name), left_behind=name in left).broken
        if said:
            found.append(f"{said.chain} {said.seq} {said.what} {said.said}")
    if "audit" in history.cut.tables and "documents" not in history.cut.tables:
        # Documents name entries that were lost with the audit: that has to show, for good.
        found = [one for one in found if not one.startswith("doc#")]
    return found


def campaign(
    runs: int,
    seed: int,
    cuts: Sequence[Cut] = CUTS,
    *,
    weather: Weather | None = None,
    without: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> tuple[Verdict, int]:
    """Run histories, each with another cut; what was found, and how often the command ran."""
    total, commands = Verdict(), 0
    for place in range(runs):
        cut = cuts[place % len(cuts)]
        history = RestoreHistory(seed * 1_000_003 + place, weather or Weather(), cut)
        with without():
            history.run()
            history.finish()
        commands += history.runs
        how = "command" if cut.command else "by hand"
        what = f"{'+'.join(cut.tables)}{' emptied' if cut.emptied else ''} {how}"
        verdict = judge(history, f"run{place} ({what})")
        verdict.broken = [f"run{place} ({what}) {one}" for one in broken(history)]
        total.add(verdict)
    return total, commands


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign and print what came of it; 0 only if nothing was found that may not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.restore_history")
    parser.add_argument("--runs", type=int, default=55, help="random histories")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same histories")
    chosen = parser.parse_args(arguments)
    verdict, commands = campaign(chosen.runs, chosen.seed)
    found = verdict.missing + verdict.twice + verdict.unwanted + verdict.broken
    for mark in found[:30]:
        sys.stdout.write(f"  {mark}\n")
    sys.stdout.write(
        f"runs={chosen.runs} commands={commands} dispatches={verdict.dispatches} "
        f"accepted={verdict.accepted} missing={len(verdict.missing)} twice={len(verdict.twice)} "
        f"unwanted={len(verdict.unwanted)} broken={len(verdict.broken)}\n"
    )
    return 0 if verdict.clean else 1


if __name__ == "__main__":
    sys.exit(main())
