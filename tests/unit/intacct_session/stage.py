"""Sessions over a store in memory, by logins that count."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from ml_connector.domain.sessions import SessionKey
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.ports import SessionStore
from ml_connector.intacct.session import Opened, Sessions
from tests.unit.intacct_stage import CREDENTIALS, NODE, FakeClock

MINUTE = timedelta(minutes=1)
CAP = 50 * MINUTE
KEY = SessionKey("acme-sender", "acme-ap", "ws.user", "")


class Logins:
    """Logs in as told, and counts."""

    def __init__(self, lifetime: timedelta | None = timedelta(hours=6)) -> None:
        self.lifetime = lifetime
        self.count = 0
        self.error: Exception | None = None
        self._guard = threading.Lock()

    def __call__(self) -> Opened:
        with self._guard:
            self.count += 1
            number = self.count
        if self.error is not None:
            raise self.error
        return Opened(f"session-{number}", NODE, self.lifetime)


def sessions(
    logins: Callable[[], Opened],
    store: SessionStore,
    clock: FakeClock,
    *,
    sleep: Callable[[float], None] | None = None,
    credentials: Credentials = CREDENTIALS,
) -> Sessions:
    return Sessions(
        credentials,
        store,
        logins,
        clock=clock,
        sleep=sleep or clock.sleep,
        random=lambda: 0.5,
        cap=CAP,
    )
