"""Random weeks of people, plans and bills, and what must hold in each of them.

    python -m tests.soak.weeks --weeks 2000

Each week has a flow, people with hours and zones of their own (some over the night in which the
clocks change), bills that are submitted, approved and declined, phones that are off, replies and
opt-outs. After it:

- nothing was texted or called in somebody's quiet hours unless its step is urgent;
- no window of anybody's throttle held more than its limit;
- no alert is dropped without a word: each was told, is still to be looked at, or is stopped for a
  reason that its case's audit trail gives; every chain is whole.

Then weeks are gone through with a protection taken out each time, which must be noticed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import replace as changed
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ml_connector.domain.dispatches as dispatching
import ml_connector.usecases.send as sending
from ml_connector.domain.cases import Alert, Case, stop_of
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.plans import step_of
from ml_connector.domain.throttles import counters
from ml_connector.settings import Timings
from tests.support import phones
from tests.support.calls import HANGS_UP, NOBODY_ANSWERS, PRESSES_ONE, PRESSES_TWO
from tests.support.world import COMPANIES, COMPANY, World, number

ZONES = ("America/Chicago", "Europe/London", "Australia/Sydney", "Asia/Kolkata")
#: Mondays of the year; the clocks of the zones change at the ends of some of these weeks.
_FIRST = datetime(2027, 1, 4, tzinfo=UTC)
_CLOCKS_CHANGE = (9, 11, 12, 13, 38, 39, 42, 43, 44)
_HOURS = ("", "20:00-08:00", "12:00-13:30", "22:30-06:15", "18:00-09:00")
_DAYS = ((), ("mon", "tue", "wed", "thu", "fri"), ("tue", "wed", "sat"))
_LONGEST_JUMP = timedelta(hours=3)


@dataclass(slots=True)
class Found:
    """What the weeks came to. `wrong` says what did not hold, with its week."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class _Week:
    """One week from a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a seed, not a secret
        chance = self.chance
        self.zone = chance.choice(ZONES)
        timings = Timings() if chance.random() < 0.5 else Timings(bundle_window=0.5)
        self.people = [f"p{place}" for place in range(chance.randint(1, 4))]
        self.world = World(timings=timings, seed=seed, flow=self._flow())
        week = chance.choice(_CLOCKS_CHANGE) if chance.random() < 0.5 else chance.randrange(52)
        self.start = _FIRST + timedelta(weeks=week, minutes=chance.randrange(7 * 24 * 60))
        self.world.clock.forward_to(self.start)
        for place, who in enumerate(self.people):
            self._person(place, who)
        self.world.baseline()

    # ---------------------------------------------------------------------------- the week
    def _flow(self) -> Mapping[str, Any]:
        rules = [
            {
                "name": f"of {who}",
                "on": ["bill.submitted"],
                "when": {"vendor": {"name": f"Vendor {who}"}},
                "approver": who,
                "notify": self._steps(),
            }
            for who in self.people
        ]
        company = {**COMPANIES[COMPANY], "zone": self.zone}
        everybody = {"default_approver": self.people[0], "ap_lead": self.people[-1]}
        return {"schema": 1, "companies": {COMPANY: company}, **everybody, "rules": rules}

    def _steps(self) -> list[dict[str, Any]]:
        chance, steps = self.chance, []
        for place in range(chance.randint(1, 4)):
            voice = chance.random() < 0.25
            step: dict[str, Any] = {"to": chance.choice(["approver", "manager", "ap_lead"])}
            if voice:
                step["confirm"] = True
            if place:
                step["after"] = chance.choice([0, 600, 3600, 86_400])
                if chance.random() < 0.6:
                    step["unless"] = chance.choice(["acknowledged", "confirmed"])
            if not voice and chance.random() < 0.3:
                step |= {"repeat": chance.choice([3600, 86_400]), "at_most": chance.randint(2, 5)}
            if chance.random() < 0.15:
                step["urgent"] = True
            steps.append({"voice" if voice else "sms": step})
        return steps

    def _person(self, place: int, who: str) -> None:
        chance = self.chance
        phone = self.world.approver(who, number(100 + place), channels=("sms", "voice"))
        phone.life = chance.choice([phones.ANSWERS] * 6 + [phones.IS_OFF, phones.IS_GONE])
        line = self.world.calls.line(number(100 + place))
        line.life = chance.choice([PRESSES_ONE, PRESSES_TWO, HANGS_UP, NOBODY_ANSWERS])
        days = (self.start.date() + timedelta(days=chance.randrange(7)),)
        self.world.change_approver(
            who,
            quiet_hours=chance.choice(_HOURS),
            working_days=chance.choice(_DAYS),
            zone=chance.choice(("", *ZONES)),
            holidays=days if chance.random() < 0.2 else (),
            manager=chance.choice(self.people),
        )

    def live(self) -> None:
        """Seven days; from one moment at which something happens to the next."""
        chance, clock = self.chance, self.world.clock
        end = self.start + timedelta(days=7)
        coming = sorted(
            (
                self.start + timedelta(days=5) * chance.random()
                for _ in range(chance.randint(1, 30))
            ),
            reverse=True,
        )
        waiting: list[str] = []
        while clock.now() < end:
            while coming and coming[-1] <= clock.now():
                coming.pop()
                for _ in range(chance.choice([1, 1, 1, 12])):
                    waiting.append(str(10_000 + len(self.world.ledger._bills)))
                    vendor = f"Vendor {chance.choice(self.people)}"
                    self.world.ledger.submit(waiting[-1], vendor=vendor)
            if waiting and chance.random() < 0.1:
                move = chance.choice([self.world.ledger.approve, self.world.ledger.decline])
                move(waiting.pop(chance.randrange(len(waiting))))
            self._somebody_replies()
            self.world.tick()
            clock.forward_to(min(end, self._next(coming)))

    def _somebody_replies(self) -> None:
        chance = self.chance
        if chance.random() < 0.05 and self.world.provider.log:
            text = chance.choice(self.world.provider.log[-20:])
            said = chance.choice([text.body[-4:], "1", "thanks", "STOP"])
            self.world.inbox.receive(text.to, said)

    def _next(self, coming: list[datetime]) -> datetime:
        """The next moment at which something is due; nothing in between would change anything."""
        world, now = self.world, self.world.clock.now()
        times = [now + _LONGEST_JUMP * self.chance.random()]
        times += [x.look_at for x in world.tables.dispatches.values() if x.look_at]
        times += [x.look_at for x in world.tables.cases.values() if x.look_at]
        times += [at for at in (world.queue.next_visible(),) if at]
        times += coming[-1:]
        return max(now + timedelta(seconds=61), min(times))

    # ------------------------------------------------------------------------ what must hold
    def judge(self) -> Iterator[str]:
        """What did not hold."""
        yield from self._in_quiet_hours()
        yield from self._over_a_limit()
        yield from self._dropped()
        yield from (f"chain broken: {link}" for link in self.world.broken_chains())

    def sent(self) -> list[tuple[Dispatch, datetime]]:
        """Every text and call that was accepted, with the moment."""
        known = self.world.tables.dispatches
        # By the SID; a reference has four characters, and two of a long week may be alike.
        by_sid = {x.sid: x for x in known.values() if x.sid}
        texts = [(by_sid[x.sid], x.accepted_at) for x in self.world.provider.log]
        return [
            *texts,
            *((known[x.request.dispatch_id], x.accepted_at) for x in self.world.calls.log),
        ]

    def _in_quiet_hours(self) -> Iterator[str]:
        for dispatch, at in self.sent():
            person = self.world.approvers.people[dispatch.recipient]
            wall = ZoneInfo(person.zone or self.zone)
            obstacle = person.hours.obstacle_at(at, wall)
            if obstacle and not any(self._urgent(dispatch)):
                yield f"{dispatch.channel} in {obstacle} at {at}"

    def _urgent(self, dispatch: Dispatch) -> Iterator[bool]:
        for member in dispatch.members:
            case, alert = self._case(member.case_id), self._alert(member.case_id, member.alert_id)
            yield step_of(case, alert).urgent

    def _over_a_limit(self) -> Iterator[str]:
        held: Counter[str] = Counter()
        limits: dict[str, int] = {}
        for dispatch, _ in self.sent():
            claimed = dispatch.claimed_at
            if claimed is None:
                continue
            for counter in counters(dispatch.recipient, dispatch.channel, claimed):
                held[counter.key] += 1
                limits[counter.key] = counter.limit
        yield from (f"{key} holds {n}" for key, n in held.items() if n > limits[key])

    def _dropped(self) -> Iterator[str]:
        tables = self.world.tables
        for case_id, alerts in tables.alerts.items():
            case = self._case(case_id)
            said = str([(entry.kind, entry.data) for entry in self.world.audit.chain(case.chain)])
            for alert in alerts.values():
                dispatch = tables.dispatches.get(alert.dispatch)
                if dispatch and (dispatch.sid or dispatch.look_at):
                    continue
                if stop_of(case, alert) and (alert.id in said or alert.dispatch in said):
                    continue
                yield f"alert {alert.id} is neither told, nor looked at, nor stopped with a word"
            if case.agenda and case.look_at is None:
                yield f"case {case_id} has steps to come that nobody looks at"

    def _case(self, case_id: str) -> Case:
        return self.world.tables.cases[case_id]

    def _alert(self, case_id: str, alert_id: str) -> Alert:
        return self.world.tables.alerts[case_id][alert_id]


def go_through(weeks: int, seed: int = 1) -> Found:
    """So many weeks, beginning with this seed."""
    found = Found()
    for each in range(seed, seed + weeks):
        week = _Week(each)
        week.live()
        found.counts["weeks"] += 1
        found.counts["cases"] += len(week.world.tables.cases)
        found.counts["alerts"] += sum(map(len, week.world.tables.alerts.values()))
        found.counts["texts"] += len(week.world.provider.log)
        found.counts["calls"] += len(week.world.calls.log)
        states = Counter(x.reason for x in week.world.tables.dispatches.values() if x.reason)
        found.counts["deferred"] += sum(states.values())
        found.wrong += [f"week {each}: {what}" for what in week.judge()]
    return found


# ------------------------------------------------------------------------------- the controls
@contextmanager
def taken_out(module: Any, name: str, instead: Callable[..., Any]) -> Iterator[None]:
    """One protection less."""
    kept = getattr(module, name)
    setattr(module, name, instead)
    try:
        yield
    finally:
        setattr(module, name, kept)


def _forgotten(dispatch: Dispatch, **_: Any) -> Dispatch:
    """A deferral that nobody looks at again."""
    return changed(dispatch, look_at=None, reason="forgotten")


CONTROLS: Mapping[str, tuple[Any, str, Callable[..., Any], str]] = {
    "quiet hours": (sending, "quiet_until", lambda *_: None, " in "),
    "throttles": (sending, "counters", lambda *_: (), " holds "),
    "deferrals": (dispatching, "defer", _forgotten, "neither told"),
}


def controls(weeks: int, seed: int = 1) -> list[str]:
    """The protections whose absence nobody noticed."""
    missed = []
    for name, (module, function, instead, sign) in CONTROLS.items():
        with taken_out(module, function, instead):
            one_by_one = (go_through(1, each).wrong for each in range(seed, seed + weeks))
            if not any(sign in wrong for found in one_by_one for wrong in found):
                missed.append(name)
    return missed


def main() -> int:
    """Go through them, say what came of it, and whether what is taken out is noticed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--weeks", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    begun = time.monotonic()
    found = go_through(asked.weeks, asked.seed)
    for wrong in found.wrong[:20]:
        sys.stdout.write(f"{wrong}\n")
    missed = controls(min(asked.weeks, 20), asked.seed)
    said = " ".join(f"{name}={count}" for name, count in found.counts.items())
    state = f"FAILED: {', '.join(missed)}" if missed else "ok"
    taken = time.monotonic() - begun
    sys.stdout.write(f"{said} wrong={len(found.wrong)} controls={state} seconds={taken:.0f}\n")
    return 1 if found.wrong or missed else 0


if __name__ == "__main__":
    sys.exit(main())
