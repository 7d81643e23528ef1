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
import os
import sys
import time
from collections.abc import Sequence

from .controls import CONTROLS
from .runs import Run, notice_all, soak
from .tally import floor, table, too_rare

#: How many of the differences found are printed.
SHOWN = 10


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
