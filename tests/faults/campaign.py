"""Thousands of dispatches through crashes and faults at every point: none lost, none sent twice.

    python -m tests.faults.campaign --runs 400 --seed 1
    python -m tests.faults.campaign --runs 50 --without claim

Every run is one random history; in every fifth, lists come later than the grace period and only
the last look is left. After the run with all protections, each protection is taken away
in the harness, and the oracle has to notice: a campaign that cannot fail shows nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from tests.support.faults import Fault
from tests.support.world import QueueNature

from .history import USUAL, Counts, History, Weather
from .oracle import Verdict, judge
from .protections import PROTECTIONS

#: Outcomes that are often unknown, lists that come up to ten minutes late, and a queue that is
#: later still. The last look comes after every list, and it alone stands between this and a second
#: text.
LATE_LISTS = Weather(
    chances={Fault.LOST_REPLY: 0.15, Fault.LOST_REQUEST: 0.15, Fault.KILLED_AFTER: 0.05},
    list_delay=560.0,
    least_list_delay=470.0,
    queue=QueueNature(shuffled=True, least_delay=300.0, slack=60.0),
)

#: Everybody wants the same dispatch at the same moment.
CROWDED = Weather(
    chances={**USUAL, Fault.RACE: 0.4},
    queue=QueueNature(shuffled=True, duplicate=0.9, slack=0.1),
    people=2,
)


@dataclass(frozen=True, slots=True)
class Control:
    """One protection taken away: in which weather, and what the oracle has to find then."""

    weather: Weather
    finds: str

    def always(self, _: int) -> Weather:
        """The weather of every history of this control."""
        return self.weather


CONTROLS: Mapping[str, Control] = {
    "claim": Control(CROWDED, "twice"),
    "reconcile": Control(Weather(), "missing"),
    "sweep": Control(Weather(), "missing"),
    "last_look": Control(LATE_LISTS, "twice"),
    "lists": Control(Weather(), "twice"),
}


@dataclass(slots=True)
class Outcome:
    """What a number of histories came to."""

    runs: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    counts: Counts = field(default_factory=Counter)


def mixed(place: int) -> Weather:
    """The weather of a history of the main run."""
    return LATE_LISTS if place % 5 == 4 else Weather()


def campaign(
    runs: int,
    seed: int,
    weather: Callable[[int], Weather],
    *,
    without: str = "",
    name: str = "run",
) -> Outcome:
    """Run histories, without one protection where one is named."""
    outcome = Outcome()
    taken_away = PROTECTIONS[without] if without else nullcontext
    for place in range(runs):
        history = History(seed * 1_000_003 + place, weather(place))
        with taken_away():
            history.run()
        outcome.runs += 1
        outcome.verdict.add(judge(history, f"{name}{place}"))
        outcome.counts.update(history.world.faults.counts)
    return outcome


@dataclass(frozen=True, slots=True)
class Check:
    """One control: the same histories with the protection and without it."""

    name: str
    finds: str
    kept: Outcome
    taken_away: Outcome

    @property
    def ok(self) -> bool:
        """Clean with the protection, and the oracle finds what was to be found without it."""
        return self.kept.verdict.clean and self._found > 0

    @property
    def _found(self) -> int:
        return len(getattr(self.taken_away.verdict, self.finds))

    def __str__(self) -> str:
        kept = self.kept.verdict
        return (
            f"without {self.name:<10} {self.finds}={self._found:<5}"
            f"with it missing={len(kept.missing)} twice={len(kept.twice)}"
            f"{'' if self.ok else '   <- not as it should be'}"
        )


def controls(runs: int, seed: int) -> list[Check]:
    """Every protection taken away once."""
    return [
        Check(
            name,
            control.finds,
            campaign(runs, seed, control.always, name=f"{name} kept "),
            campaign(runs, seed, control.always, without=name, name=f"without {name} "),
        )
        for name, control in CONTROLS.items()
    ]


def table(counts: Counts) -> str:
    """How often each fault met each point."""
    faults = [fault for fault in Fault if any(key[1] is fault for key in counts)]
    points = sorted({point for point, _ in counts})
    width = max(len(point) for point in points)
    lines = [" " * width + "".join(f"{fault:>14}" for fault in faults)]
    for point in points:
        cells = (counts.get((point, fault), 0) for fault in faults)
        lines.append(f"{point:<{width}}" + "".join(f"{cell or '·':>14}" for cell in cells))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign and print what came of it; 0 only if nothing was found that may not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.campaign")
    parser.add_argument("--runs", type=int, default=100, help="random histories")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same histories")
    parser.add_argument("--without", choices=sorted(PROTECTIONS), default="", help="take one away")
    parser.add_argument("--control-runs", type=int, default=25, help="histories per control")
    chosen = parser.parse_args(arguments)
    control = CONTROLS.get(chosen.without)
    outcome = campaign(
        chosen.runs,
        chosen.seed,
        control.always if control else mixed,
        without=chosen.without,
    )
    verdict = outcome.verdict
    _say(table(outcome.counts), "")
    _say(
        f"dispatches={verdict.dispatches} accepted={verdict.accepted} "
        f"faults={outcome.counts.total()} unwanted={len(verdict.unwanted)} "
        f"broken_chains={len(verdict.broken)}"
    )
    found = verdict.missing + verdict.twice + verdict.unwanted + verdict.broken
    _say(*(f"  {mark}" for mark in found[:20]))
    if control:
        controls_ok = bool(getattr(verdict, control.finds))
    else:
        checks = controls(chosen.control_runs, chosen.seed)
        _say(*(str(check) for check in checks))
        controls_ok = all(check.ok for check in checks)
    _say(
        f"runs={outcome.runs} missing={len(verdict.missing)} twice={len(verdict.twice)} "
        f"controls={'ok' if controls_ok else 'failed'}"
    )
    return 0 if verdict.clean and controls_ok else 1


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
