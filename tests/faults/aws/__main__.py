"""AWS fails between the deployed functions and the tables; then everybody is told once.

    python -m tests.faults.aws --seed 1

The deployed template on the local AWS, microburst between the two. DynamoDB throttles, refuses,
resets, commits and loses the reply; Secrets Manager, KMS, SQS and Lambda refuse; answers come too
late. Bills are submitted before and during each of it. Then it stops, nothing is repaired by hand,
and what the phones got, by the simulated Twilio's own log, is compared with what was due. After
that the same with one protection taken out of the deployed code, which has to be noticed.

The seed decides amounts, counts and pauses; what meets what is up to the machine.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sandbox.aws.errors import LocalAwsError
from sandbox.twilio.admin import SandboxError

from .campaign import Size, campaign
from .controls import CONTROLS, Check, control
from .faults import FAULTS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign and print what came of it; 0 only if nothing was found that may not be."""
    chosen = _arguments(arguments)
    try:
        return _run(chosen)
    except (LocalAwsError, SandboxError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def _run(chosen: argparse.Namespace) -> int:
    size = Size(chosen.bills, chosen.hold)
    for name in chosen.fault:
        _say(f"{name:<20} {FAULTS[name].meaning}")
    _say("")
    outcome = campaign(chosen.fault, size, chosen.seed, say=_say)
    verdict = outcome.verdict
    _say("", *(f"missing: {name}" for name in verdict.missing))
    _say(*(f"told twice: {name}" for name in verdict.twice))
    _say(*(f"not followed to its end: {name}" for name in verdict.astray))
    _say(*(f"audit: {one}" for one in outcome.broken))
    checks: list[Check] = []
    for place, name in enumerate(chosen.control):
        checks.append(control(name, Size(), chosen.seed + place))
        _say(str(checks[-1]))
    unmet = [name for name, struck in outcome.struck.items() if not struck]
    _say(*(f"never struck: {name}" for name in unmet))
    controls_ok = all(check.ok for check in checks)
    controls = ("ok" if controls_ok else "failed") if checks else "none"
    _say(
        "",
        f"alerts={verdict.alerts} missing={len(verdict.missing)} twice={len(verdict.twice)} "
        f"astray={len(verdict.astray)} broken={len(outcome.broken)} faults={len(outcome.struck)} "
        f"controls={controls} seconds={outcome.seconds:.0f}",
    )
    clean = verdict.clean and not outcome.broken
    return 0 if clean and controls_ok and not unmet else 1


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.aws")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same plans")
    parser.add_argument("--bills", type=int, default=4, help="bills submitted for each fault")
    parser.add_argument("--hold", type=float, default=8.0, help="seconds each fault lasts")
    parser.add_argument(
        "--fault", action="append", choices=FAULTS, help="only this one; may be repeated"
    )
    parser.add_argument(
        "--control", action="append", choices=CONTROLS, help="only this one; may be repeated"
    )
    parser.add_argument("--no-controls", action="store_true", help="leave the controls out")
    chosen = parser.parse_args(arguments)
    chosen.fault = chosen.fault or list(FAULTS)
    chosen.control = [] if chosen.no_controls else chosen.control or list(CONTROLS)
    return chosen


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
