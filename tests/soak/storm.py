"""A storm in one company, and how long somebody of another one waits for their only text.

    python -m tests.soak.storm --bills 5000 --approvers 40

Acme's bills are entered at once, at a time at which nobody may be told. At eight everybody of
Acme's may be, and a minute later Bea of Beta, who has one bill. The same is done without turns, the
oldest first, which shows what they are good for. Exits 1 where Bea waits longer than three minutes,
or where she waits no longer without turns.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import ml_connector.usecases.check_status as sweeping
import tests.support.memory_store as stored
from ml_connector.settings import Timings
from tests.support.two_companies import TwoCompanies

LONGEST = timedelta(minutes=3)
_HOURS = 6


@contextmanager
def oldest_first() -> Iterator[None]:
    """As it would be without turns."""
    modules: list[Any] = [sweeping, stored]
    kept = [module.in_turn for module in modules]
    for module in modules:
        module.in_turn = lambda items, _: list(items)
    try:
        yield
    finally:
        for module, one in zip(modules, kept, strict=True):
            module.in_turn = one


def waits(bills: int, approvers: int, latency: float, *, bundled: bool) -> tuple[timedelta, int]:
    """How long after the end of her quiet hours Bea is told, and how many texts Acme's got."""
    timings = Timings() if bundled else None
    world = TwoCompanies(approvers=approvers, latency=latency, timings=timings)
    world.baseline()
    begins = world.clock.now()
    ends = begins + timedelta(minutes=30)
    told_from = ends + timedelta(minutes=1)
    for who in (*world.people, "bea"):
        end = told_from if who == "bea" else ends
        hours = f"{begins - timedelta(minutes=1):%H:%M}-{end:%H:%M}"
        world.change_approver(who, quiet_hours=hours, zone="UTC")
    world.run(minutes=1)
    world.storm(bills)
    world.beta.submit("1", vendor="Quiet Vendor")
    until = world.clock.now() + timedelta(hours=_HOURS)
    while world.clock.now() < until and not world.heard():
        world.run(minutes=1)
    heard = world.heard()
    waited = heard[0] - told_from if heard else timedelta(hours=_HOURS)
    return waited, len(world.provider.log) - len(heard)


def main() -> int:
    """Both, and a line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bills", type=int, default=5_000)
    parser.add_argument("--approvers", type=int, default=40)
    parser.add_argument("--latency", type=float, default=0.01, help="seconds a call takes")
    parser.add_argument("--alone", action="store_true", help="without bundles")
    asked = parser.parse_args()
    begun = time.monotonic()
    setting = (asked.bills, asked.approvers, asked.latency)
    fair, told = waits(*setting, bundled=not asked.alone)
    sys.stdout.write(f"turns=on bills={asked.bills} waited={fair} texts_before={told}\n")
    with oldest_first():
        unfair, told = waits(*setting, bundled=not asked.alone)
    sys.stdout.write(f"turns=off bills={asked.bills} waited={unfair} texts_before={told}\n")
    good = fair <= LONGEST < unfair
    said = "ok" if good else "FAILED"
    sys.stdout.write(f"controls={said} seconds={time.monotonic() - begun:.0f}\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
