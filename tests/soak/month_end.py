"""A month end, with bundling and without: what each approver's phone has to bear.

    python -m tests.soak.month_end --bills 5000 --approvers 40

Two working days in Chicago. Clerks enter bills in batches, most of them on the second day; each
approver is texted about theirs and called about the largest, approves them one after the other, and
is reminded of what still waits a day later. The same bills are told twice: as they are bundled, and
each alone. Both times the throttles hold, and bills are only told while they wait.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector.domain.caps import MOST_CAP
from ml_connector.domain.gsm7 import segments
from ml_connector.settings import Timings
from tests.support.world import COMPANIES, COMPANY, EACH_ALONE, World, number

ZONE = ZoneInfo("America/Chicago")
#: Tuesday and Wednesday; the day's work, and the hours in which nothing happens at all.
DAYS = (datetime(2026, 11, 24, tzinfo=ZONE), datetime(2026, 11, 25, tzinfo=ZONE))
OPENS, CLOSES, SILENT_FROM = timedelta(hours=8), timedelta(hours=18), timedelta(hours=20)
#: The share of the first day, the largest batch of a clerk, and the share of bills that are called.
FIRST_DAY, LARGEST_BATCH, CALLED = 0.3, 40, 0.04
#: How long a bill waits for its approver on average, once it is there.
APPROVED_AFTER = timedelta(hours=3)
LARGE = 25_000


@dataclass(frozen=True, slots=True)
class Entered:
    """One bill: who approves it, and when it is entered and approved."""

    number: str
    approver: int
    amount: str
    at: datetime
    approved_at: datetime


@dataclass(slots=True)
class Tally:
    """What the phones got: by approver, and how long bills waited to be told, in minutes."""

    texts: Counter[int] = field(default_factory=Counter)
    calls: Counter[int] = field(default_factory=Counter)
    segments: int = 0
    waits: list[float] = field(default_factory=list)
    never: int = 0
    """Bills that were approved before anybody was told."""


def month_end(bills: int, approvers: int, seed: int) -> list[Entered]:
    """The bills, in the order they are entered."""
    chance = random.Random(seed)  # noqa: S311 - a seed, not a secret
    entered: list[Entered] = []
    while len(entered) < bills:
        day = DAYS[0] if chance.random() < FIRST_DAY else DAYS[1]
        begun = day + OPENS + (CLOSES - OPENS) * chance.random()
        for _ in range(min(chance.randint(1, LARGEST_BATCH), bills - len(entered))):
            begun += timedelta(seconds=chance.expovariate(1 / 20))
            large = chance.random() < CALLED
            amount = chance.randrange(LARGE, 4 * LARGE) if large else chance.randrange(50, LARGE)
            entered.append(
                Entered(
                    number=f"{len(entered) + 10_000}",
                    approver=chance.randrange(approvers),
                    amount=f"{amount}.00",
                    at=begun.astimezone(UTC),
                    approved_at=(begun + APPROVED_AFTER * chance.expovariate(1)).astimezone(UTC),
                )
            )
    return sorted(entered, key=lambda one: one.at)


def run(entered: Sequence[Entered], approvers: int, timings: Timings) -> Tally:
    """Let the two days pass in a world with these timings."""
    world = World(timings=timings, flow=_flow(approvers))
    for place in range(approvers):
        world.approver(f"a{place:02}", number(place + 100), channels=("sms", "voice"))
    world.clock.forward_to((DAYS[0] + OPENS - timedelta(minutes=10)).astimezone(UTC))
    world.baseline()
    coming = list(reversed(entered))
    leaving = sorted(entered, key=lambda one: one.approved_at, reverse=True)
    for minute in _minutes():
        world.clock.forward_to(minute)
        while coming and coming[-1].at <= minute:
            one = coming.pop()
            world.ledger.submit(one.number, one.amount, vendor=f"Vendor {one.approver:02}")
        while leaving and leaving[-1].approved_at <= minute:
            one = leaving[-1]
            if not world.ledger.knows(one.number):
                break
            world.ledger.approve(leaving.pop().number)
        world.run(minutes=1)
    return _tally(world, entered)


def _minutes() -> Iterator[datetime]:
    for day in DAYS:
        minute, end = day + OPENS, day + SILENT_FROM
        while minute < end:
            yield minute.astimezone(UTC)
            minute += timedelta(minutes=1)


def _flow(approvers: int) -> Mapping[str, Any]:
    large = {"amount": {"currency": "USD", "at_least": str(LARGE)}}
    text = {"sms": {"to": "approver"}}
    reminder = {"sms": {"to": "approver", "after": 86_400, "unless": "acknowledged"}}
    call = {"voice": {"to": "approver", "confirm": True}}

    def rules(place: int) -> Iterator[Mapping[str, Any]]:
        own = {"vendor": {"name": f"Vendor {place:02}"}}
        usual = {"on": ["bill.submitted"], "approver": f"a{place:02}"}
        yield {"name": f"large {place}", **usual, "when": {**own, **large}, "notify": [call]}
        yield {"name": f"all {place}", **usual, "when": own, "notify": [text, reminder]}

    return {
        "schema": 1,
        # What phones have to bear is asked here, not what the company may spend in a day.
        "companies": {COMPANY: {**COMPANIES[COMPANY], "cap_per_day": MOST_CAP}},
        "default_approver": "a00",
        "rules": [rule for place in range(approvers) for rule in rules(place)],
    }


def _tally(world: World, entered: Sequence[Entered]) -> Tally:
    tally = Tally()
    place_of = {number(place + 100): place for place in range(100)}
    for text in world.provider.log:
        tally.texts[place_of[text.to]] += 1
        tally.segments += segments(text.body).parts
    for call in world.calls.log:
        tally.calls[place_of[call.to]] += 1
    told: dict[str, datetime] = {}
    for dispatch in world.tables.dispatches.values():
        for member in dispatch.members if dispatch.sid and dispatch.claimed_at else ():
            bill = world.tables.cases[member.case_id].document.removeprefix("bill#")
            at = dispatch.claimed_at or dispatch.created_at
            told[bill] = min(at, told.get(bill, at))
    for one in entered:
        if one.number in told:
            tally.waits.append((told[one.number] - one.at).total_seconds() / 60)
        else:
            tally.never += 1
    return tally


def table(entered: Sequence[Entered], approvers: int, both: Mapping[str, Tally]) -> str:
    """What came of it, as a table."""
    bills = Counter(one.approver for one in entered)
    lines = [
        f"{len(entered)} bills, {approvers} approvers, {max(bills.values())} bills at most for one",
        "",
        f"{'':34}" + "".join(f"{name:>12}" for name in both),
    ]

    def row(what: str, *values: str) -> None:
        lines.append(f"{what:34}" + "".join(f"{value:>12}" for value in values))

    for what, counts in (("texts", "texts"), ("calls", "calls")):
        each = [
            [getattr(tally, counts)[place] for place in range(approvers)] for tally in both.values()
        ]
        row(what, *(str(sum(one)) for one in each))
        row(f"{what} per person, median", *(f"{statistics.median(one):g}" for one in each))
        row(f"{what} per person, most", *(str(max(one)) for one in each))
    row("segments of texts", *(str(tally.segments) for tally in both.values()))
    row("minutes until told, median", *(f"{_at(tally, 50):.0f}" for tally in both.values()))
    row("minutes until told, 95 of 100", *(f"{_at(tally, 95):.0f}" for tally in both.values()))
    row("minutes until told, longest", *(f"{max(t.waits):.0f}" for t in both.values()))
    row("approved before anybody was told", *(str(tally.never) for tally in both.values()))
    return "\n".join(lines)


def _at(tally: Tally, percent: int) -> float:
    return statistics.quantiles(tally.waits, n=100)[percent - 1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.month_end")
    parser.add_argument("--bills", type=int, default=5000)
    parser.add_argument("--approvers", type=int, default=40, help="at most 100")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    entered = month_end(chosen.bills, chosen.approvers, chosen.seed)
    both = {
        "bundled": run(entered, chosen.approvers, Timings()),
        "each alone": run(entered, chosen.approvers, EACH_ALONE),
    }
    sys.stdout.write(table(entered, chosen.approvers, both))
    sys.stdout.write(f"\n\nseconds={time.monotonic() - began:.0f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
