"""Thousands of alerts through killed processes and a bad network: none lost, none sent twice.

    python -m tests.faults.twilio --dispatches 5000 --seed 1 --minutes 20

The real use cases and the real Twilio adapter run in processes of their own against the simulated
Twilio, which is another one, and one store and queue that outlive them all. Workers are killed with
SIGKILL between every two side effects, while the network, Twilio and the store do their worst. What
the phones got, by the simulated Twilio's own log, is then compared with what was due.

The same seed gives the same plans; which worker is faster is up to the machine. The run goes on
until every cell of the table was met often enough, or the time is up.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from .campaign import EPOCH, Campaign, Outcome, campaign
from .cells import LEGEND, Channel
from .controls import CONTROLS, Check, control
from .planning import Planner, table

#: A run in a hundred, at least, meets each cell; fifty are enough.
ENOUGH, SHARE = 50, 100
#: How many of the cells that were met too rarely are named.
SHOWN = 20
#: Part of the time that is kept for the last epoch, and for printing.
KEPT_SHARE = 0.05


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign and print what came of it; 0 only if nothing was found that may not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.twilio")
    parser.add_argument("--dispatches", type=int, default=5000, help="alerts to send, at least")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same plans")
    parser.add_argument("--minutes", type=float, default=20.0, help="the time there is")
    parser.add_argument("--control-runs", type=int, default=40, help="alerts of each control")
    chosen = parser.parse_args(arguments)
    end = time.monotonic() + chosen.minutes * 60 * (1 - KEPT_SHARE)
    floor = min(ENOUGH, chosen.dispatches // SHARE)
    planner = Planner(chosen.seed, floor)
    with campaign() as running:
        checks = [
            control(running, name, chosen.control_runs, chosen.seed * 1_000 + place)
            for place, name in enumerate(CONTROLS)
        ]
        _say(*(str(check) for check in checks), "")
        outcome = _run(running, planner, chosen.dispatches, chosen.seed, end)
    return _conclude(outcome, checks, planner, chosen.dispatches)


def _run(running: Campaign, planner: Planner, dispatches: int, seed: int, end: float) -> Outcome:
    """Epoch after epoch, until there are enough of everything or the time is up."""
    outcome = Outcome()
    for place in range(sys.maxsize):
        left = dispatches - outcome.runs
        if left <= 0 and not planner.rare():
            break
        plans = list(planner.plans(min(EPOCH, left) if left > 0 else EPOCH))
        epoch = running.epoch(plans, seed * 1_000_003 + place, f"epoch {place}")
        planner.settle(epoch.met)
        outcome.add(epoch)
        _say(*epoch.verdict.findings)
        if place % 10 == 9:
            _say(f"{outcome.runs} alerts, {outcome.killed} processes killed")
        if time.monotonic() + epoch.seconds > end:
            break
    return outcome


def _conclude(outcome: Outcome, checks: list[Check], planner: Planner, dispatches: int) -> int:
    verdict, rare = outcome.verdict, planner.rare()
    for channel in Channel:
        _say("", table(outcome.met, channel))
    _say("")
    _say(*(f"{trouble:>12}  {meaning}" for trouble, meaning in LEGEND.items()), "")
    _say(
        f"alerts={outcome.runs} dispatches={verdict.dispatches} accepted={verdict.accepted} "
        f"processes killed={outcome.killed} out of time={outcome.ran_out} "
        f"unwanted={len(verdict.unwanted)} wrong={len(verdict.wrong)}",
        *(f"too rare, under {planner.floor}: {' / '.join(cell)}" for cell in rare[:SHOWN]),
    )
    if len(rare) > SHOWN:
        _say(f"too rare, under {planner.floor}: {len(rare) - SHOWN} more")
    if outcome.runs < dispatches:
        _say(f"the time was up after {outcome.runs} of {dispatches} alerts")
    controls_ok = all(check.ok for check in checks)
    _say(
        f"runs={outcome.runs} missing={len(verdict.missing)} twice={len(verdict.twice)} "
        f"controls={'ok' if controls_ok else 'failed'}"
    )
    enough = outcome.runs >= dispatches and not rare
    return 0 if verdict.clean and controls_ok and enough else 1


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
