"""A clock moved by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: A Monday morning, so that nothing here depends on the day the tests run.
START = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


class HandClock:
    """The Clock port; time stands still until a test moves it, or somebody sleeps."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._now = start

    def now(self) -> datetime:
        """The present time, aware, UTC."""
        return self._now

    def second(self) -> datetime:
        """The present time as those write it who date by the second."""
        return self._now.replace(microsecond=0)

    def ahead(self, seconds: float) -> datetime:
        """The instant so many seconds from now."""
        return self._now + timedelta(seconds=seconds)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return (self._now - self._start).total_seconds()

    def forward(self, **amount: float) -> None:
        """Move on: `clock.forward(minutes=15)`."""
        step = timedelta(**amount)
        if step < timedelta(0):
            raise ValueError("time only moves forward")
        self._now += step

    def forward_to(self, instant: datetime) -> None:
        """Move on to an instant; one that is past changes nothing."""
        self._now = max(self._now, instant)

    def sleep(self, seconds: float) -> None:
        """What code under test calls instead of sleeping."""
        self.forward(seconds=seconds)
