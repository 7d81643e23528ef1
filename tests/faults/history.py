"""One random history: bills come and go, phones are on and off, and everything that can break does.

A storm of faults rages for two hours; then it is calm until nothing moves any more. What the phones
got is then compared with what was due.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ml_connector.domain.dispatches import DispatchState
from ml_connector.settings import Timings
from tests.support.faults import Fault
from tests.support.phones import ANSWERS, GIVES_NO_RECEIPT, IS_GONE, IS_OFF, Turn
from tests.support.world import COMPANIES, COMPANY, EACH_ALONE, QueueNature, World, number

#: How often each fault happens, per passage of a point, in the usual storm.
USUAL: Mapping[Fault, float] = {
    Fault.KILLED_BEFORE: 0.012,
    Fault.KILLED_AFTER: 0.02,
    Fault.CONFLICT: 0.04,
    Fault.THROTTLED: 0.02,
    Fault.LOST_REPLY: 0.04,
    Fault.LOST_REQUEST: 0.04,
    Fault.NOT_SENT: 0.03,
    Fault.BUSY: 0.03,
    Fault.BLOCKED: 0.005,
    Fault.UNAVAILABLE: 0.05,
    Fault.STALE: 0.2,
    Fault.RACE: 0.03,
    Fault.STALLED: 0.02,
}

#: What the phones of the approvers are like.
NATURES = ("on", "on", "on", "flaky", "flaky", "silent", "gone", "refused")

STORM = timedelta(hours=2)
LONGEST_CALM = timedelta(hours=30)
_BEING_SENT = (DispatchState.WAITING, DispatchState.SENDING)
_UNSETTLED = (DispatchState.WAITING, DispatchState.SENDING, DispatchState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad a history gets. Times in seconds."""

    chances: Mapping[Fault, float] = field(default_factory=lambda: USUAL)
    list_delay: float = 175.0
    """Just under the grace period: as long as the promise allows."""
    least_list_delay: float = 0.0
    queue: QueueNature = field(
        default_factory=lambda: QueueNature(shuffled=True, duplicate=0.15, slack=30.0)
    )
    timings: Timings = EACH_ALONE
    people: int = 4
    bills: tuple[int, int] = (4, 28)
    """The fewest and the most of a history: now and then more than one person may be texted."""
    approved: float = 0.3


@dataclass(slots=True)
class Bill:
    """One bill of a history, and what has to become of it."""

    number: str
    approver: str
    submit_at: datetime
    approve_at: datetime | None


def for_a_thousand(place: int, notify: list[Any]) -> dict[str, Any]:
    """The rule for bills of so many thousands: `p` and the number of them approves."""
    return {
        "name": f"thousand {place}",
        "on": ["bill.submitted"],
        "when": {
            "amount": {
                "at_least": str(place * 1000),
                "under": str(place * 1000 + 1000),
                "currency": "USD",
            }
        },
        "approver": f"p{place}",
        "notify": notify,
    }


def flow(people: int) -> dict[str, Any]:
    """A flow that gives each thousand of the amount to another approver."""
    return {
        "schema": 1,
        "companies": COMPANIES,
        "default_approver": "p0",
        "rules": [for_a_thousand(place, [{"sms": {"to": "approver"}}]) for place in range(people)],
    }


class History:
    """One run of the world under one seed."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a seed, not a secret
        self.weather = weather
        self.world = World(
            seed=seed,
            chances=weather.chances,
            timings=weather.timings,
            flow=flow(weather.people),
            queue=weather.queue,
        )
        self.world.provider.list_delay = timedelta(seconds=weather.list_delay)
        self.world.provider.least_list_delay = timedelta(seconds=weather.least_list_delay)
        self.world.provider.spread = self.random
        self.world.faults.race = self._somebody_else
        self._depth = 0
        self.natures = {f"p{place}": self.random.choice(NATURES) for place in range(weather.people)}
        for place, (name, nature) in enumerate(self.natures.items()):
            phone = self.world.approver(name, number(100 + place))
            phone.life = _life(nature)
            phone.refuses_with = 21211 if nature == "refused" else None
        self.bills = self._bills()

    def _bills(self) -> list[Bill]:
        start = self.world.clock.now() + timedelta(minutes=5)
        bills: list[Bill] = []
        for place in range(self.random.randint(*self.weather.bills)):
            submit_at = start + timedelta(seconds=self.random.uniform(0, 5400))
            approved = self.random.random() < self.weather.approved
            later = timedelta(seconds=self.random.expovariate(1 / 400))
            bills.append(
                Bill(
                    number=f"B{place:03d}",
                    approver=f"p{self.random.randrange(self.weather.people)}",
                    submit_at=submit_at,
                    approve_at=submit_at + later if approved else None,
                )
            )
        return bills

    # ------------------------------------------------------------------------- running
    def run(self) -> None:
        """The storm, then the calm."""
        world = self.world
        while not self._baseline_done():
            world.poll()
            world.clock.forward(minutes=2)
        begun = world.clock.now()
        todo = list(self.bills)
        while world.clock.now() < begun + STORM:
            todo = self._life_goes_on(todo)
            world.run(minutes=1)
        self._life_goes_on(todo, everything=True)
        for name, nature in self.natures.items():
            if nature == "flaky":
                world.provider.phone(world.approvers.people[name].phone).turn_on()
        world.faults.calm()
        calm = world.clock.now()
        while world.clock.now() < calm + LONGEST_CALM and not self._still():
            world.run(minutes=20)

    def _baseline_done(self) -> bool:
        """Whether the first complete poll is over: what is submitted from now on is news."""
        state = self.world.tables.companies.get(COMPANY)
        return state is not None and state.baseline_done

    def _life_goes_on(self, todo: list[Bill], *, everything: bool = False) -> list[Bill]:
        """People submit and approve; phones are switched on and off."""
        world, now = self.world, self.world.clock.now()
        left: list[Bill] = []
        for bill in todo:
            if bill.submit_at <= now or everything:
                if not world.ledger.knows(bill.number):
                    world.ledger.submit(bill.number, amount=f"{bill.approver[1:]}500.00")
                if bill.approve_at and (bill.approve_at <= now or everything):
                    world.ledger.approve(bill.number)
                elif bill.approve_at:
                    left.append(bill)
            else:
                left.append(bill)
        for name, nature in self.natures.items():
            if nature == "flaky" and self.random.random() < 0.2:
                phone = world.provider.phone(world.approvers.people[name].phone)
                phone.life = self.random.choice((ANSWERS, IS_OFF))
        return left

    def _still(self) -> bool:
        """Whether nothing moves any more but perhaps a receipt that never comes."""
        now = self.world.clock.now()
        if any(x.state in _UNSETTLED for x in self.world.tables.dispatches.values()):
            return False
        texts = {text.sid: text for text in self.world.provider.log}
        return not any(
            x.state is DispatchState.SENT
            and (texts[x.sid].arrived(now) or texts[x.sid].failed(now))
            for x in self.world.tables.dispatches.values()
        )

    def _somebody_else(self) -> None:
        """What a race is lost to: another container, another function, or a person."""
        if self._depth == 2:
            return
        self._depth += 1
        try:
            choice = self.random.random()
            if choice < 0.3:
                self._redeliver()
            elif choice < 0.5:
                self.world.deliver(self.random.randint(1, 3))
            elif choice < 0.8:
                self.world.check()
            else:
                self.world.poll()
        finally:
            self._depth -= 1

    def _redeliver(self) -> None:
        """A second message about something that is being sent perhaps at this moment."""
        now = self.world.clock.now()
        due = [
            dispatch.id
            for dispatch in self.world.tables.dispatches.values()
            if dispatch.state in _BEING_SENT and dispatch.due_at <= now
        ]
        if due:
            self.world.send(self.random.choice(due))


def _life(nature: str) -> Sequence[Turn]:
    return {"silent": GIVES_NO_RECEIPT, "gone": IS_GONE, "flaky": IS_OFF}.get(nature, ANSWERS)


#: Passages of points at which something went wrong.
Counts = Counter[tuple[str, Fault]]
