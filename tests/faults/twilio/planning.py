"""Which run meets what, so that every cell of the tables is met often enough."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from .cells import CELLS, LATER, Cell, Channel, Step, Trouble, possible

#: A run is killed at the cell it is planned for, and at up to this many more.
MOST_MORE = 7
#: Of the alerts, as many are calls.
CALLS_SHARE = 0.25

#: Each of these leaves a claim nobody holds any more, and nothing sent.
_DEAD_CLAIM = (Step.AFTER_CLAIM, Step.DURING_CLAIM, Step.HALF_POST)
#: Each of these leaves a dispatch that waits with no message on the queue, or none for minutes.
_NO_MESSAGE = (Step.BEFORE_CLAIM, Step.AFTER_NOT_SENT, Step.AFTER_FAILURE, Step.AFTER_STEP)
#: What has to go before, for a step to be reached at all: one of these.
_LEADS_TO: dict[Step, tuple[Step, ...]] = {
    Step.AFTER_LOST: _DEAD_CLAIM,
    Step.AFTER_EMPTY: _DEAD_CLAIM,
    Step.AFTER_NOT_SENT: _DEAD_CLAIM,
    Step.RUNG_NOT_SENT: _DEAD_CLAIM,
    Step.AFTER_ADOPTION: (Step.BEFORE_RECORD,),
    Step.AFTER_SWEEP: _NO_MESSAGE,
    Step.RUNG_SWEEP: _NO_MESSAGE,
}
_RECORDS = frozenset({Step.BEFORE_RECORD, Step.DURING_RECORD, Step.AFTER_RECORD})
#: Each of these takes a text or a call that was accepted.
_TAKES_ONE = _RECORDS | {Step.WHOLE_POST}
_FAILURES = frozenset({Step.AFTER_FAILURE, Step.RUNG_FAILURE})
#: With these the first text or call is accepted, but found in a list, never recorded.
_FOUND = frozenset({Trouble.ERROR_AFTER, Trouble.RESET_AFTER, Trouble.TIMEOUT, Trouble.SHORT})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to meet. Each of `steps` kills once.

    `fails_first` is a phone out of reach for its first text or call; `goes_on` a plan with a second
    text, ten minutes after the first.
    """

    channel: Channel = Channel.TEXT
    trouble: Trouble = Trouble.NONE
    steps: frozenset[Step] = frozenset()
    fails_first: bool = False
    goes_on: bool = False

    def __str__(self) -> str:
        return f"{self.channel}, {self.trouble}: {', '.join(sorted(self.steps)) or 'not killed'}"


def plan_for(
    channel: Channel,
    trouble: Trouble,
    wanted: Iterable[Step],
    rank: Callable[[Step], int] = lambda _: 0,
) -> Plan:
    """The plan that reaches all of the wanted steps, each with what leads to it.

    Of several that do, the one with the lowest rank is taken.
    """
    steps = set(wanted) - {Step.NOWHERE}
    for step in sorted(steps):
        leads = [x for x in _LEADS_TO.get(step, ()) if channel is Channel.TEXT or x not in LATER]
        if leads and not steps.intersection(leads):
            first = min(leads, key=rank)
            steps |= {first, *_LEADS_TO.get(first, ())[:1]}
    fails = bool(steps & _FAILURES) or len(steps & _TAKES_ONE) > 1
    fails = fails or (trouble in _FOUND and bool(steps & _RECORDS))
    fails = fails and trouble is not Trouble.SHORT  # which fails first by itself
    return Plan(channel, trouble, frozenset(steps), fails, bool(steps & LATER))


@dataclass(slots=True)
class Planner:
    """Plans runs so that every cell is met about as often as any other.

    `floor` is how often is enough. What was promised counts until it is settled.
    """

    seed: int
    floor: int = 0
    met: Counter[Cell] = field(default_factory=Counter)
    _promised: Counter[Cell] = field(default_factory=Counter)
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 - a seed, not a secret

    def plans(self, count: int) -> Iterator[Plan]:
        """The next plans."""
        for _ in range(count):
            channel = self._channel()
            own = [cell for cell in CELLS if cell[0] is channel]
            ((_, step, trouble),) = self._rarest(own, 1)
            wanted = {step}
            if step is not Step.NOWHERE:
                same = [c for c in own if c[2] is trouble and c[1] is not Step.NOWHERE]
                more = self._dice.randint(1, MOST_MORE)
                wanted |= {cell[1] for cell in self._rarest(same, more)}
            plan = plan_for(channel, trouble, wanted, partial(self._seen, channel, trouble))
            self._promised.update((channel, x, trouble) for x in plan.steps or {Step.NOWHERE})
            yield plan

    def settle(self, met: Iterable[Cell]) -> None:
        """What became of the promises."""
        self.met.update(met)
        self._promised.clear()

    def rare(self) -> list[Cell]:
        """The cells met too rarely."""
        return [cell for cell in CELLS if self.met[cell] < self.floor]

    def _channel(self) -> Channel:
        """A share of calls; in the end, whatever still lacks runs."""
        lacking = {channel for channel, _, _ in self.rare()}
        if len(lacking) == 1:
            return next(iter(lacking))
        return Channel.CALL if self._dice.random() < CALLS_SHARE else Channel.TEXT

    def _seen(self, channel: Channel, trouble: Trouble, step: Step) -> int:
        cell = (channel, step, trouble)
        return self.met[cell] + self._promised[cell]

    def _rarest(self, cells: Iterable[Cell], count: int) -> list[Cell]:
        def seen(cell: Cell) -> tuple[int, float]:
            return self.met[cell] + self._promised[cell], self._dice.random()

        return heapq.nsmallest(count, cells, key=seen)


def table(met: Counter[Cell], channel: Channel) -> str:
    """How many runs of a channel met each cell; a dot where there is no such cell."""
    columns = [t for t in Trouble if possible(channel, Step.NOWHERE, t)]
    rows = [step for step in Step if any(possible(channel, step, t) for t in columns)]
    width = max(len(step) for step in Step) + 1
    lines = [f"{channel}s".ljust(width) + "".join(f"{trouble:>12}" for trouble in columns)]
    for step in rows:
        shown = (str(met[channel, step, t]) if possible(channel, step, t) else "·" for t in columns)
        lines.append(f"{step:<{width}}" + "".join(f"{one:>12}" for one in shown))
    return "\n".join(lines)
