"""Time in the simulator, and what is due at which moment."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Action = Callable[[datetime], None]
"""What an agenda entry runs. It is given its own due time, so that what it schedules next hangs
on that moment and not on the moment somebody happened to look."""


def wall_time() -> datetime:
    """Return the aware UTC time of this machine."""
    return datetime.now(UTC)


class Clock:
    """The simulator's time: the wall clock, moved forward by hand or stopped.

    A stopped clock moves only through `forward`; tests use it, so that nothing they see depends
    on how fast the machine is.
    """

    def __init__(self, source: Callable[[], datetime] = wall_time) -> None:
        self._source = source
        self._shift = timedelta(0)
        self._stopped_at: datetime | None = None

    @property
    def running(self) -> bool:
        """Whether time passes by itself."""
        return self._stopped_at is None

    def now(self) -> datetime:
        """Return the simulator's aware UTC time."""
        return self._stopped_at if self._stopped_at is not None else self._source() + self._shift

    def forward(self, seconds: float) -> None:
        """Move time forward by that many seconds; there is no way back."""
        if seconds < 0:
            raise ValueError("time moves forward only")
        self._shift += timedelta(seconds=seconds)
        if self._stopped_at is not None:
            self._stopped_at += timedelta(seconds=seconds)

    def stop(self) -> None:
        """Let time pass only through `forward`."""
        if self._stopped_at is None:
            self._stopped_at = self.now()

    def run(self) -> None:
        """Let time pass by itself again, from where it stands."""
        if self._stopped_at is not None:
            self._shift = self._stopped_at - self._source()
            self._stopped_at = None


class Agenda:
    """What will happen, in order of time.

    Nothing runs in the background: whoever looks at the simulator first lets everything that
    is due by then happen. Thousands of messages under way therefore cost no thread and no timer.
    """

    def __init__(self) -> None:
        self._entries: list[tuple[datetime, int, Action]] = []
        self._order = itertools.count()

    def at(self, when: datetime, action: Action) -> None:
        """Run `action` once the clock has reached `when`; equal times keep their order."""
        heapq.heappush(self._entries, (when, next(self._order), action))

    def after(self, base: datetime, seconds: float, action: Action) -> None:
        """Run `action` that many seconds after `base`."""
        self.at(base + timedelta(seconds=seconds), action)

    def run_due(self, now: datetime) -> None:
        """Run everything due at `now` or before, including what those actions schedule."""
        while self._entries and self._entries[0][0] <= now:
            when, _, action = heapq.heappop(self._entries)
            action(when)


class Throttle:
    """A rate such as one call per second: excess waits in a queue, nothing is refused."""

    def __init__(self) -> None:
        self._free_at: dict[str, datetime] = {}

    def slot(self, key: str, wanted: datetime, per_second: float, weight: float = 1) -> datetime:
        """Return when work of that weight may start; a rate of 0 means no limit."""
        if per_second <= 0:
            return wanted
        start = max(wanted, self._free_at.get(key, wanted))
        self._free_at[key] = start + timedelta(seconds=weight / per_second)
        return start
