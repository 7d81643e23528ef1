"""One random history of bundles: bills that come in swarms, and everything that can break.

Judged by the provider's log and by the audit: nobody is told twice or not at all, nobody waits
for others longer than a window or for nothing, no limit is exceeded, and nothing disappears into a
bundle without a word.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ml_connector.domain.audit import AuditEntry
from ml_connector.domain.bundles import HELD
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.instants import from_text
from ml_connector.domain.throttles import CALLS_PER_PERSON, SMS_PER_PERSON
from ml_connector.settings import Timings

from .history import Bill, Weather
from .plan_history import PlanHistory, PlanVerdict
from .plan_history import judge as judge_plans

SWARMS = Weather(bills=(12, 40), people=3, timings=Timings())
WINDOW = timedelta(seconds=SWARMS.timings.bundle_window)
#: How long after its end a window may still keep something: until the next status check.
SLACK = timedelta(seconds=SWARMS.timings.status_interval)


@dataclass(slots=True)
class BundleVerdict:
    """What is wrong with a history; nothing, when everything is zero."""

    plans: PlanVerdict = field(default_factory=PlanVerdict)
    bundles: int = 0
    held: int = 0
    for_nothing: list[str] = field(default_factory=list)
    """Held although nothing had been sent to the person, or was about to be."""
    too_long: list[str] = field(default_factory=list)
    """Held for longer than a window."""
    too_many: list[str] = field(default_factory=list)
    """More in one window of a throttle than it allows."""
    unwanted: list[str] = field(default_factory=list)
    """Sent with a bill that had been handled before the claim."""
    unsaid: list[str] = field(default_factory=list)
    """In a bundle, and the bill's own audit does not say so."""

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        found = (self.for_nothing, self.too_long, self.too_many, self.unwanted, self.unsaid)
        return self.plans.clean and not any(found)

    def add(self, other: BundleVerdict) -> None:
        """Count another history in."""
        self.plans.add(other.plans)
        self.bundles += other.bundles
        self.held += other.held
        for name in ("for_nothing", "too_long", "too_many", "unwanted", "unsaid"):
            getattr(self, name).extend(getattr(other, name))


class BundleHistory(PlanHistory):
    """A history in which bills come in a few swarms, most of them to the same people."""

    def _bills(self) -> list[Bill]:
        swarms = [self.random.uniform(0, 5400) for _ in range(self.random.randint(2, 5))]
        start = self.world.clock.now() + timedelta(minutes=5)
        bills: list[Bill] = []
        for bill in super()._bills():
            at = start + timedelta(
                seconds=self.random.choice(swarms) + self.random.expovariate(1 / 120)
            )
            later = bill.approve_at - bill.submit_at if bill.approve_at else None
            bills.append(replace(bill, submit_at=at, approve_at=at + later if later else None))
        return bills


def judge(history: BundleHistory, name: str) -> BundleVerdict:
    """Look for what may not be."""
    verdict = BundleVerdict(judge_plans(history, name))
    dispatches = history.world.tables.dispatches
    verdict.bundles = sum(len(one.members) > 1 and bool(one.sid) for one in dispatches.values())
    claims = _claims(history)
    holds = list(_said(history, "dispatch.deferred", reason=HELD))
    verdict.held = len(holds)
    busy = _busy(claims, holds, dispatches)
    for entry in holds:
        dispatch = dispatches[str(entry.data["dispatch"])]
        mark = f"{name}:{dispatch.id}"
        if not _justified(entry, dispatch, busy):
            verdict.for_nothing.append(mark)
        if from_text(str(entry.data["due_at"])) > dispatch.created_at + WINDOW + SLACK:
            verdict.too_long.append(mark)
    verdict.too_many = [f"{name}:{one}" for one in _too_many(history, claims)]
    for dispatch in dispatches.values():
        if dispatch.sid and _handled_before(history, dispatch):
            verdict.unwanted.append(f"{name}:{dispatch.id}")
        if dispatch.reason.startswith("bundled into") and not _says_so(history, dispatch):
            verdict.unsaid.append(f"{name}:{dispatch.id}")
    return verdict


def _said(history: BundleHistory, kind: str, **data: str) -> Iterator[AuditEntry]:
    """The entries of one kind, each dispatch's own once where it stands in several chains."""
    seen: set[tuple[Any, ...]] = set()
    for case in history.world.tables.cases.values():
        for entry in history.world.audit.chain(case.chain):
            key = (entry.at, entry.data.get("dispatch"))
            fits = all(entry.data.get(name) == value for name, value in data.items())
            if entry.kind == kind and fits and key not in seen:
                seen.add(key)
                yield entry


def _claims(history: BundleHistory) -> list[AuditEntry]:
    return list(_said(history, "dispatch.claimed"))


Busy = dict[tuple[str, str], list[tuple[datetime, str]]]


def _busy(
    claims: list[AuditEntry], holds: list[AuditEntry], dispatches: dict[str, Dispatch]
) -> Busy:
    """When something was on its way to a person, or was to be, over a channel; and which."""
    found: Busy = defaultdict(list)
    for entry in (*claims, *holds):
        dispatch = dispatches[str(entry.data["dispatch"])]
        found[dispatch.recipient, dispatch.channel].append((entry.at, dispatch.id))
    for entry in holds:
        dispatch, due_at = dispatches[str(entry.data["dispatch"])], str(entry.data["due_at"])
        found[dispatch.recipient, dispatch.channel].append((from_text(due_at), dispatch.id))
    for dispatch in dispatches.values():
        if len(dispatch.members) > 1:
            found[dispatch.recipient, dispatch.channel].append((dispatch.created_at, dispatch.id))
    return found


def _justified(entry: AuditEntry, dispatch: Dispatch, busy: Busy) -> bool:
    return any(
        entry.at - WINDOW - SLACK <= at <= entry.at and other != dispatch.id
        for at, other in busy[dispatch.recipient, dispatch.channel]
    )


def _too_many(history: BundleHistory, claims: list[AuditEntry]) -> list[str]:
    """The windows of throttles in which more was claimed, and not given back, than they allow."""
    counted: Counter[tuple[str, str, int, int]] = Counter()
    limits: dict[int, int] = {}
    given_back = list(_said(history, "dispatch.returned"))
    dispatches = history.world.tables.dispatches
    claimed_at: dict[str, datetime] = {}
    steps = [(entry.at, entry.seq, 1, entry) for entry in claims]
    steps += [(entry.at, entry.seq, -1, entry) for entry in given_back]
    for at, _, amount, entry in sorted(steps, key=lambda step: step[:3]):
        dispatch = dispatches[str(entry.data["dispatch"])]
        if amount > 0:
            claimed_at[dispatch.id] = at
        for window in CALLS_PER_PERSON if dispatch.voice else SMS_PER_PERSON:
            length = int(window.length.total_seconds())
            limits[length] = window.limit
            start = int(claimed_at[dispatch.id].timestamp()) // length
            key = (dispatch.recipient, dispatch.channel, length, start)
            counted[key] += amount
    calls = {int(w.length.total_seconds()): w.limit for w in CALLS_PER_PERSON}
    texts = {int(w.length.total_seconds()): w.limit for w in SMS_PER_PERSON}
    return [
        str(key)
        for key, count in counted.items()
        if count > (calls if key[1] == "voice" else texts)[key[2]]
    ]


def _handled_before(history: BundleHistory, dispatch: Dispatch) -> bool:
    """Whether one of its cases had been handled when it was claimed for the last time."""
    world = history.world
    for member in dispatch.members:
        chain = world.audit.chain(world.tables.cases[member.case_id].chain)
        kinds = [(entry.kind, entry.data.get("dispatch", "")) for entry in chain]
        claimed = ("dispatch.claimed", dispatch.id)
        if ("case.handled", "") in kinds and claimed in kinds:
            last = len(kinds) - kinds[::-1].index(claimed)
            if kinds.index(("case.handled", "")) < last:
                return True
    return False


def _says_so(history: BundleHistory, dispatch: Dispatch) -> bool:
    world = history.world
    for member in dispatch.members:
        chain = world.audit.chain(world.tables.cases[member.case_id].chain)
        said: list[Any] = [entry.data for entry in chain if entry.kind == "dispatch.bundled"]
        if not any(dispatch.id in data["instead_of"] for data in said):
            return False
    return True


def campaign(seeds: range, weather: Weather = SWARMS) -> BundleVerdict:
    """Run one history per seed, and judge them all."""
    total = BundleVerdict()
    for seed in seeds:
        history = BundleHistory(seed, weather)
        history.run()
        total.add(judge(history, str(seed)))
    return total
