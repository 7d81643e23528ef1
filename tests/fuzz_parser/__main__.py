"""Any bytes in, records or one of our errors out: never others, never late, never much memory.

    python -m tests.fuzz_parser --documents 150000 --seed 1

Prints how the documents of each mutation went, the smallest document of each way to be wrong, and
last a line that counts. The status is 1 unless the last three of its counts are 0.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .campaign import MEMORY, MIB, SIZED, Tally, child, run
from .mutations import MUTATIONS
from .oracle import Outcome

_LONGEST = 600


def show(tally: Tally) -> None:
    """The table, what was wrong, and the last line."""
    outcomes = [outcome for outcome in Outcome if tally.total(outcome) or outcome.good]
    width = max(len(name) for name in (*MUTATIONS, *SIZED))
    print(f"{'':{width}}" + "".join(f"{outcome:>12}" for outcome in outcomes))
    for name in (*MUTATIONS, *SIZED):
        counts = "".join(f"{tally.counts[name, outcome]:>12}" for outcome in outcomes)
        print(f"{name:{width}}{counts}")
    for about, body in sorted(tally.wrong.items(), key=lambda item: len(item[1])):
        print(f"{about}\n    {body[:_LONGEST]!r}{'...' if len(body) > _LONGEST else ''}")
    bad = (Outcome.WRONG, Outcome.HUNG, Outcome.OVER_MEMORY)
    counts = " ".join(f"{outcome}={tally.total(outcome)}" for outcome in bad)
    print(f"documents={tally.total()} {counts}")


def main() -> int:
    """Run a campaign, or a part of one as a child of it."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz_parser")
    options.add_argument("--documents", type=int, default=150_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child:
        first, stop, place = chosen.child
        block = range(int(first), int(stop))
        print(child(chosen.seed, chosen.documents, block, Path(place)).to_json())
        return 0
    print(
        f"{chosen.documents} documents of seed {chosen.seed}, {len(SIZED)} large ones, "
        f"{MEMORY // MIB} MiB for each"
    )
    tally = run(chosen.seed, chosen.documents, lambda line: print(f"  {line}", flush=True))
    show(tally)
    return 1 if tally.total(Outcome.WRONG, Outcome.HUNG, Outcome.OVER_MEMORY) else 0


if __name__ == "__main__":
    sys.exit(main())
