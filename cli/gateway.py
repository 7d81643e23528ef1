"""A way into one company's Intacct from this process alone: sessions live and end with it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from ml_connector.aws.clock import SystemClock
from ml_connector.errors import SourceRejected
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.errors import GatewayUnreachable
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.ports import Clock, HttpReply, Transport
from ml_connector.intacct.transport import RequestsTransport
from ml_connector.settings import DEFAULT_INTACCT_ENDPOINT


class BudgetSpent(GatewayUnreachable, SourceRejected):
    """A request that would have cost more than was allowed; not a byte of it was sent."""

    code = "budget_spent"
    retryable = False


def connect(
    credentials: Credentials,
    endpoint: str = "",
    trusted_host: str = "",
    *,
    most: int | None = None,
    clock: Clock | None = None,
    http: Transport | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> IntacctClient:
    """A client with a session of its own; empty `endpoint` means Intacct's.

    With `most`, API transactions beyond that many are refused before they are sent.
    """
    wire = http or RequestsTransport()
    limit = None if most is None else _Limit(wire, most)
    client = IntacctClient(
        credentials,
        endpoint or DEFAULT_INTACCT_ENDPOINT,
        trusted_host,
        MemorySessionStore(),
        MemoryCache(),
        http=limit or wire,
        clock=clock or SystemClock(),
        sleep=sleep,
        random=random.random,
    )
    if limit:
        limit.used = lambda: client.usage.transactions
    return client


class _Limit:
    """A Transport that lets a request through only while what it costs is within the limit.

    The client counts a request's transactions before it hands it over.
    """

    def __init__(self, wire: Transport, most: int) -> None:
        self._wire = wire
        self._most = most
        self.used: Callable[[], int] = lambda: 0

    def post(self, url: str, body: bytes, *, seconds: float, limit: int) -> HttpReply:
        """See `Transport.post`; raises BudgetSpent."""
        if self.used() > self._most:
            raise BudgetSpent(f"the {self._most} API transactions allowed are used")
        return self._wire.post(url, body, seconds=seconds, limit=limit)
