"""What goes wrong at the ports: crashes, conflicts, throttles, lost replies, stale indexes, races.

Every call that leaves the process passes a *point*, named after what it does: `commit
dispatch.claimed`, `post`, `ring`, `read`, `list`, `look_due`. At a point one fault may happen:
arranged by a test for the next time it is passed, or drawn from a seeded random.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from .clock import HandClock


class Killed(BaseException):
    """The process is gone. A BaseException, for nothing in it may catch this."""


class Fault(StrEnum):
    """What may happen at a point."""

    KILLED_BEFORE = "killed before"
    """The process dies; what it was about to do does not happen."""
    KILLED_AFTER = "killed after"
    """It happens, and the process dies before it knows."""
    CONFLICT = "conflict"
    """Another transaction touches an item: not written, try again."""
    THROTTLED = "throttled"
    """Not done, try again."""
    LOST_REPLY = "lost reply"
    """Done, and the answer is lost."""
    LOST_REQUEST = "lost request"
    """Not done, and we cannot tell."""
    NOT_SENT = "not sent"
    """Not a byte left us."""
    BUSY = "busy"
    """429."""
    BLOCKED = "blocked"
    """The account is not allowed to send."""
    UNAVAILABLE = "unavailable"
    """The other side is down."""
    STALE = "stale"
    """An index shows what was true a while ago."""
    RACE = "race"
    """Somebody else runs first."""
    STALLED = "stalled"
    """The process stands still for a while and then goes on."""


#: Which faults make sense where.
COMMIT_FAULTS = (
    Fault.KILLED_BEFORE,
    Fault.KILLED_AFTER,
    Fault.CONFLICT,
    Fault.THROTTLED,
    Fault.LOST_REPLY,
    Fault.RACE,
    Fault.STALLED,
)
READ_FAULTS = (Fault.KILLED_BEFORE, Fault.THROTTLED, Fault.RACE, Fault.STALLED)
INDEX_FAULTS = (*READ_FAULTS, Fault.STALE)
POST_FAULTS = (
    Fault.KILLED_BEFORE,
    Fault.KILLED_AFTER,
    Fault.LOST_REPLY,
    Fault.LOST_REQUEST,
    Fault.NOT_SENT,
    Fault.BUSY,
    Fault.BLOCKED,
    Fault.RACE,
    Fault.STALLED,
)
LIST_FAULTS = (Fault.KILLED_BEFORE, Fault.UNAVAILABLE, Fault.RACE, Fault.STALLED)
RING_FAULTS = (Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.UNAVAILABLE, Fault.LOST_REPLY)


class Faults:
    """Decides what goes wrong, and counts it.

    `chances` is the share of passages at which each fault happens; `race` runs somebody else,
    `longest_stall` is in seconds. `deaths` holds when each running function is ended, the
    innermost last. `passed` counts the passages of each point, `counts` those that went wrong.
    """

    def __init__(
        self,
        clock: HandClock,
        *,
        seed: int = 0,
        chances: Mapping[Fault, float] | None = None,
        longest_stall: float = 20.0,
    ) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a seed, not a secret
        self._clock = clock
        self._chances = dict(chances or {})
        self._longest_stall = longest_stall
        self._arranged: dict[str, deque[Fault]] = defaultdict(deque)
        self.counts: Counter[tuple[str, Fault]] = Counter()
        self.passed: Counter[str] = Counter()
        self.race: Callable[[], object] = lambda: None
        self.deaths: list[datetime] = []

    def arrange(self, point: str, *faults: Fault) -> None:
        """The next passages of the point meet these faults, one each."""
        self._arranged[point].extend(faults)

    def calm(self) -> None:
        """From now on nothing goes wrong any more."""
        self._chances = {}
        self._arranged.clear()

    def meet(self, point: str, possible: Sequence[Fault]) -> Fault | None:
        """What happens at this passage. Dying before, races and stalls are done with here."""
        self.breathe()
        self.passed[point] += 1
        fault = self._draw(point, possible)
        if fault is None:
            return None
        self.counts[point, fault] += 1
        match fault:
            case Fault.KILLED_BEFORE:
                raise Killed(point)
            case Fault.RACE:
                self.race()
            case Fault.STALLED:
                self._clock.forward(seconds=self.random.uniform(0, self._longest_stall))
            case _:
                return fault
        self.breathe()
        return None

    def breathe(self) -> None:
        """A function whose time is over is ended, whatever it is doing."""
        if self.deaths and self._clock.now() >= self.deaths[-1]:
            raise Killed("out of time")

    def _draw(self, point: str, possible: Sequence[Fault]) -> Fault | None:
        if self._arranged[point]:
            return self._arranged[point].popleft()
        if not self._chances:
            return None
        at = self.random.random()
        for fault in possible:
            at -= self._chances.get(fault, 0.0)
            if at < 0:
                return fault
        return None
