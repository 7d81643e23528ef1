"""The simulator's clock: real by default, and movable by hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime


def iso(epoch: float) -> str:
    """An instant as `2026-11-22T10:00:00Z` (whole seconds, UTC)."""
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_iso(text: str) -> int:
    """Epoch seconds of an ISO instant; without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())


class SandboxClock:
    """Seconds since the epoch, as the simulated company sees them.

    It runs with real time plus an offset. `set` and `forward` move it; `freeze` stops it, so that
    whole histories can share one second.
    """

    def __init__(
        self, start: float | None = None, *, source: Callable[[], float] = time.time
    ) -> None:
        """With `start` (epoch seconds) the clock begins there and stands still."""
        self._source = source
        self._start = start
        self._offset = 0.0
        self._frozen_at = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """Epoch seconds."""
        with self._lock:
            return self._now()

    def _now(self) -> float:
        return self._source() + self._offset if self._frozen_at is None else self._frozen_at

    def forward(self, seconds: float) -> None:
        """Move by so many seconds; negative goes back."""
        with self._lock:
            if self._frozen_at is None:
                self._offset += seconds
            else:
                self._frozen_at += seconds

    def set(self, epoch: float) -> None:
        """Make it this instant now; a running clock goes on from there."""
        with self._lock:
            if self._frozen_at is None:
                self._offset = epoch - self._source()
            else:
                self._frozen_at = epoch

    def freeze(self) -> None:
        """Stop at the present instant."""
        with self._lock:
            self._frozen_at = self._now()

    def run(self) -> None:
        """Go on from the present instant with real time."""
        with self._lock:
            if self._frozen_at is not None:
                self._offset = self._frozen_at - self._source()
                self._frozen_at = None

    def restart(self) -> None:
        """As it was when it was made."""
        with self._lock:
            self._offset = 0.0
            self._frozen_at = self._start

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._frozen_at is not None
