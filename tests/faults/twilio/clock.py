"""One clock for everybody: it stands in shared memory and moves when the world says so.

The processes of the campaign, the simulated Twilio among them, read the same eight bytes. Time
stands still while any of them works, so nothing here depends on how fast the machine is, and the
protocol's times are the ones that ship.
"""

from __future__ import annotations

import mmap
import struct
from datetime import datetime, timedelta
from pathlib import Path

from tests.support.clock import START

_SECONDS = struct.Struct("<d")


class SharedClock:
    """The Clock port over a file that several processes map. Seconds count from `START`."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SECONDS.size)

    @classmethod
    def make(cls, path: Path) -> SharedClock:
        """A new clock at its start."""
        path.write_bytes(_SECONDS.pack(0.0))
        return cls(path)

    def monotonic(self) -> float:
        """Seconds since the start."""
        (seconds,) = _SECONDS.unpack_from(self._memory)
        return float(seconds)

    def now(self) -> datetime:
        """The present time, aware, UTC."""
        return START + timedelta(seconds=self.monotonic())

    def second(self) -> datetime:
        """The present time as those write it who date by the second."""
        return self.now().replace(microsecond=0)

    def wall(self) -> float:
        """The present time in seconds since 1970."""
        return self.now().timestamp()

    def ahead(self, seconds: float) -> datetime:
        """The instant so many seconds from now."""
        return self.now() + timedelta(seconds=seconds)

    def move_to(self, seconds: float) -> None:
        """Set it, in seconds since the start. Only the world does this."""
        _SECONDS.pack_into(self._memory, 0, seconds)
