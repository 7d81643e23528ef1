"""One run: one alert for one person, what it is to meet, and what it met."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ml_connector.domain.approvers import Approver
from tests.support.mishaps import Fault, Faults
from tests.support.world import COMPANY

from .cells import Cell, Channel, Step, Trouble
from .planning import Plan

#: An error that tells the carrier's failure from any other; worth one more try.
CARRIER_FAILED = 30008
#: When the second text of a plan that goes on is due, after the first.
LATER_SECONDS = 600
CALL_ATTEMPTS = 5
#: The approver of last resort, whom nobody can reach: whoever is told is told by their own alert.
NOBODYS_OWN = "p0"
#: This often the store is out of order for longer than a function lasts: so many calls in a row.
LONG_SHARE, LONG = 0.04, 45


@dataclass(slots=True)
class Run:
    """One bill, the one person to be told of it, and that person's phone.

    `armed` are the steps that still kill, `killed` those that did. `struck` says that the trouble
    happened. Times in seconds of the campaign's clock.
    """

    place: int
    plan: Plan
    submit_at: float
    approve_at: float | None = None
    armed: set[Step] = field(default_factory=set)
    killed: set[Step] = field(default_factory=set)
    struck: bool = False
    budgets: dict[tuple[str, str], int] = field(default_factory=dict)
    posts: int = 0
    """POSTs wholly handed to the network."""

    def __post_init__(self) -> None:
        self.armed = set(self.plan.steps)

    @property
    def person(self) -> str:
        """The approver's id."""
        return f"p{self.place}"

    @property
    def bill(self) -> str:
        """The bill's number."""
        return f"B{self.place:04d}"

    @property
    def number(self) -> str:
        """The phone's number."""
        return f"+1555010{1000 + self.place:04d}"

    def approver(self) -> Approver:
        """The person, who can be reached by this run's channel alone."""
        channel = "voice" if self.plan.channel is Channel.CALL else "sms"
        name = self.person.title()
        return Approver(self.person, name, self.number, salt=self.person, channels=(channel,))

    @property
    def amount(self) -> str:
        """An amount that only this run's rule is for."""
        return f"{self.place}500.00"

    def spend(
        self, what: str, point: str, dice: random.Random, most: int, longest: int = 0
    ) -> bool:
        """Whether to do it (again) at this point: drawn once, then counted down.

        Once in a while it is done `longest` times in a row.
        """
        key = (what, point)
        if key not in self.budgets:
            long = longest and dice.random() < LONG_SHARE
            self.budgets[key] = longest if long else dice.randint(0, most)
        if self.budgets[key] == 0:
            return False
        self.budgets[key] -= 1
        self.struck = True
        return True

    def cells(self) -> list[Cell]:
        """The cells it met."""
        channel, trouble = self.plan.channel, self.plan.trouble
        if not self.struck and trouble is not Trouble.NONE:
            return []
        return [(channel, step, trouble) for step in self.killed or {Step.NOWHERE}]

    @property
    def alerts(self) -> int:
        """How often somebody is to be told of the bill, as long as nobody sees to it."""
        return 2 if self.plan.goes_on else 1

    def notify(self) -> list[dict[str, Any]]:
        """The plan, in the flow's words."""
        if self.plan.channel is Channel.CALL:
            return [{"voice": {"to": "approver", "confirm": True, "attempts": CALL_ATTEMPTS}}]
        later = {"sms": {"to": "approver", "after": LATER_SECONDS}}
        return [{"sms": {"to": "approver"}}, *([later] if self.plan.goes_on else [])]


def flow(runs: Sequence[Run]) -> dict[str, Any]:
    """A flow that gives each thousand of the amount to another approver."""
    return {
        "schema": 1,
        "companies": {COMPANY: {"name": "Acme AP", "zone": "America/Chicago"}},
        "default_approver": NOBODYS_OWN,
        "rules": [
            {
                "name": f"thousand {run.place}",
                "on": ["bill.submitted"],
                "when": {
                    "amount": {
                        "at_least": str(run.place * 1000),
                        "under": str(run.place * 1000 + 1000),
                        "currency": "USD",
                    }
                },
                "approver": run.person,
                "notify": run.notify(),
            }
            for run in runs
        ],
    }


#: Faults of the store's side, by the trouble that brings them: the fault and how often in a row.
_STORE_FAULTS = {
    Trouble.LOST_REPLY: (Fault.LOST_REPLY, 3),
    Trouble.CONFLICTS: (Fault.CONFLICT, 4),
    Trouble.THROTTLED: (Fault.THROTTLED, 4),
}


class RunFaults(Faults):
    """The fault layer's decisions, made by what the run at hand is to meet.

    `subject` is that run; None while what is asked for belongs to nobody in particular.
    """

    def __init__(self, dice: random.Random) -> None:
        self.random = dice
        self.subject: Run | None = None
        self.counts: Counter[tuple[str, Fault]] = Counter()

    def meet(self, point: str, possible: Sequence[Fault]) -> Fault | None:
        """What happens at this passage; kills, stalls and races are the world's."""
        run = self.subject
        if run is None or run.plan.trouble not in _STORE_FAULTS:
            return None
        fault, most = _STORE_FAULTS[run.plan.trouble]
        if point == "ring" and fault is Fault.THROTTLED:
            fault = Fault.UNAVAILABLE
        # A ring that failed comes again minutes later, a write within a second.
        longest = 0 if point == "ring" else LONG
        if fault not in possible or not run.spend(fault, point, self.random, most, longest):
            return None
        self.counts[point, fault] += 1
        return fault
