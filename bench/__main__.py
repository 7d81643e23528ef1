"""Run the benchmarks.

    python -m bench [--python EXECUTABLE] [--rounds N] [NAME ...]

`--python` is the Python to measure with, by default the one that runs this: name that of the
runtime to see what Lambda would see.
"""

from __future__ import annotations

import argparse
import sys

from bench import (
    audit_verify,
    cold_start,
    cost,
    idle_poll,
    layer_sizes,
    parser,
    read_memory,
    twilio_send,
    twilio_status,
)
from bench.layers import interpreter

BENCHMARKS = {
    "layer_sizes": layer_sizes.run,
    "cold_start": cold_start.run,
    "parser": parser.run,
    "read_memory": read_memory.run,
    "idle_poll": idle_poll.run,
    "twilio_status": twilio_status.run,
    "twilio_send": twilio_send.run,
    "audit_verify": audit_verify.run,
    "cost": cost.run,
}


def main() -> None:
    """Run the named benchmarks, or all."""
    options = argparse.ArgumentParser(prog="python -m bench")
    options.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    options.add_argument("--python", default=sys.executable, help="the Python to measure with")
    options.add_argument("--rounds", type=int, default=15, help="measurements of each candidate")
    chosen = options.parse_args()
    unknown = set(chosen.names) - BENCHMARKS.keys()
    if unknown:
        options.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    for name in chosen.names or BENCHMARKS:
        BENCHMARKS[name](interpreter(chosen.python), chosen.rounds)


if __name__ == "__main__":
    main()
