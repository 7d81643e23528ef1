"""The flow in force as it was read not long ago, for those who ask with every message."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ml_connector.errors import StoreUnavailable

if TYPE_CHECKING:
    from ml_connector.domain.flows import Flow

    from .flows import DynamoFlowStore

#: Seconds for which a flow is not read again: a cap that was raised holds after so long.
KEEP = 60.0


class RecentFlows:
    """The FlowStore port in front of another one, which is made when it is first asked."""

    def __init__(
        self, store: Callable[[], DynamoFlowStore], seconds_now: Callable[[], float]
    ) -> None:
        self._store = store
        self._now = seconds_now
        self._known: Flow | None = None
        self._read_at: float | None = None

    def current(self) -> Flow | None:
        """The version in force within the last minute, or what was known before.

        Raises StoreUnavailable where it was never read.
        """
        now = self._now()
        if self._read_at is None or now - self._read_at >= KEEP:
            try:
                self._known = self._store().current()
            except StoreUnavailable:
                if self._read_at is None:
                    raise
            self._read_at = now
        return self._known
