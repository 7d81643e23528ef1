"""What lists showed of others, kept for when it is their turn.

One status check looks after so many dispatches; where more are due, the provider's lists show how
those ended as well, and reading the same pages again at the next tick would learn nothing new. Only
ends are kept, which nothing follows; what was still on its way is asked for again. A function that
starts anew remembers nothing and reads the lists as ever.
"""

from __future__ import annotations

from ml_connector.domain.delivery import FINAL, CallStatus, ProviderCall, Sending
from ml_connector.settings import FAIR_WINDOW

_GOES_ON = frozenset({CallStatus.ACTIVE, CallStatus.UNKNOWN})


class RememberedEnds:
    """How texts and calls ended, by the provider's id; no more than are known to be due."""

    def __init__(self, most: int = FAIR_WINDOW) -> None:
        self._most = most
        self._shown: dict[str, Sending] = {}

    def keep(self, shown: Sending) -> None:
        """Keep it if it is over, and if there is room."""
        if over(shown) and len(self._shown) < self._most:
            self._shown[shown.sid] = shown

    def take(self, sid: str) -> Sending | None:
        """How it ended, once: what is not settled on that is asked for again."""
        return self._shown.pop(sid, None)

    def forget(self) -> None:
        """Nothing waits for its turn any more."""
        self._shown.clear()


def over(shown: Sending) -> bool:
    """Whether nothing follows what was shown, but for a price."""
    if isinstance(shown, ProviderCall):
        return shown.status not in _GOES_ON
    return shown.status in FINAL
