"""Epochs: each a hundred runs in a world of their own, judged when nothing moves any more."""

from __future__ import annotations

import gc
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from .cells import Cell, Channel, Trouble
from .clock import SharedClock
from .desk import ANSWER_AFTER, Desk
from .judging import Verdict, judge
from .nature import USUAL, Nature
from .planning import Plan
from .provider import SimulatedTwilio
from .runs import CARRIER_FAILED, Run
from .worker import Office, watched_wire
from .world import World

#: Runs of one epoch: more make lists longer, fewer leave workers without work.
EPOCH = 100
#: Bills are submitted within this, and a few are approved within this, seconds.
SUBMITTED_WITHIN, APPROVED_WITHIN = 600.0, 2_400.0
APPROVED = 0.05
_SERVER_ERRORS = (500, 503)
CONFLICT = 409
#: A Retry-After nobody has the time for, seconds.
LONG_WAIT = 60
#: A connection idle for this long was closed by the other side, without a word.
IDLE_SECONDS = 1.0


@dataclass(slots=True)
class Outcome:
    """What a number of epochs came to."""

    runs: int = 0
    killed: int = 0
    ran_out: int = 0
    seconds: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)
    met: Counter[Cell] = field(default_factory=Counter)
    metrics: Counter[str] = field(default_factory=Counter)

    def add(self, other: Outcome) -> None:
        """Count another epoch in."""
        self.runs += other.runs
        self.killed += other.killed
        self.ran_out += other.ran_out
        self.seconds += other.seconds
        self.verdict.add(other.verdict)
        self.met.update(other.met)
        self.metrics.update(other.metrics)


class Campaign:
    """The simulated Twilio, the clock, and what every worker is born with."""

    def __init__(self, folder: Path) -> None:
        self.clock = SharedClock.make(folder / "clock")
        self.twilio = SimulatedTwilio(folder / "clock")
        self.office = Office(self.clock, self.twilio.url, USUAL.timings)
        self.office.warm_up()
        gc.collect()
        gc.freeze()

    def epoch(
        self,
        plans: Sequence[Plan],
        seed: int,
        name: str,
        nature: Nature = USUAL,
    ) -> Outcome:
        """Live through one world with a run for each plan."""
        began = time.monotonic()
        dice = random.Random(seed)  # noqa: S311 - a seed, not a secret
        runs = [_run(place, plan, dice) for place, plan in enumerate(plans, start=1)]
        self.twilio.reset(seed % 2**31)
        office = replace(self.office, timings=nature.timings, flow=self.twilio.flow)
        arranged = {one: run for run in runs for one in self._arrange(run, dice, nature)}
        self._break_reads(nature)
        desk = Desk(runs, self.clock, self.twilio, dice, nature)
        world = World(desk, office, self.twilio.admin)
        world.live()
        for firing in self.twilio.admin.firings():
            if firing["fault"] in arranged:
                arranged[firing["fault"]].struck = True
        refused = {x.recipient for x in self.twilio.admin.requests() if x.status == CONFLICT}
        for run in runs:
            run.struck = run.struck or run.number in refused
        outcome = Outcome(len(runs), world.killed, world.ran_out, metrics=desk.metrics)
        self.twilio.admin.clear_faults()
        outcome.verdict = judge(desk, self.twilio, name)
        for run in runs:
            outcome.met.update(run.cells())
        outcome.seconds = time.monotonic() - began
        return outcome

    def _break_reads(self, nature: Nature) -> None:
        """Lists and single reads fail now and then: once, or for longer than anybody waits."""
        if not nature.reads_fail:
            return
        often = {"method": "GET", "count": None, "probability": nature.reads_fail / 2}
        self.twilio.admin.fault("error_before", status=503, **often)
        self.twilio.admin.fault("rate_limited", retry_after=LONG_WAIT, **often)

    def _arrange(self, run: Run, dice: random.Random, nature: Nature) -> Iterator[str]:
        """What the simulated Twilio is to do to this run; the ids of its faults."""
        admin, plan = self.twilio.admin, run.plan
        calls = plan.channel is Channel.CALL
        if calls:
            life = "no_answer" if plan.fails_first else "on"
            life = "ends_in_a_second" if plan.trouble is Trouble.SHORT else life
            admin.phone(run.number).set(behaviour=life, keys=["1"])
        elif plan.fails_first:
            failure = {"status": "undelivered", "code": CARRIER_FAILED}
            admin.phone(run.number).set(sms_outcome=failure)

        found = _fault(plan.trouble, dice, nature)
        if found:
            kind, options = found
            create = "executions.create" if calls else "messages.create"
            where = {"endpoint": create, "recipient": run.number}
            yield admin.fault(kind, **where, **options).id


def _fault(
    trouble: Trouble, dice: random.Random, nature: Nature
) -> tuple[str, dict[str, object]] | None:
    """The simulated Twilio's fault for a trouble, with its options; None where it is another's."""
    status = dice.choice(_SERVER_ERRORS)
    faults: dict[Trouble, tuple[str, dict[str, object]]] = {
        Trouble.BUSY: ("rate_limited", {"retry_after": dice.randint(1, 20)}),
        Trouble.ERROR_BEFORE: ("error_before", {"status": status}),
        Trouble.ERROR_AFTER: ("error_after", {"status": status}),
        Trouble.RESET_AFTER: ("reset_after", {}),
        Trouble.SHORT: ("reset_after", {}),
        Trouble.TIMEOUT: (dice.choice(("hold", "accept_late")), {"seconds": ANSWER_AFTER}),
        Trouble.LATE_LIST: (
            "list_delay",
            {"seconds": dice.uniform(*nature.list_delays), "count": None},
        ),
        Trouble.IDLE: ("close_idle", {"seconds": IDLE_SECONDS}),
    }
    return faults.get(trouble)


def _run(place: int, plan: Plan, dice: random.Random) -> Run:
    submit_at = dice.uniform(0, SUBMITTED_WITHIN)
    approved = dice.random() < APPROVED
    approve_at = submit_at + dice.uniform(60.0, APPROVED_WITHIN) if approved else None
    return Run(place, plan, submit_at, approve_at)


@contextmanager
def campaign() -> Iterator[Campaign]:
    """A campaign with everything running; ends it all."""
    with tempfile.TemporaryDirectory() as folder, watched_wire():
        made = Campaign(Path(folder))
        try:
            yield made
        finally:
            made.twilio.stop()
