"""What the client needs from outside: a wire, a clock, a place for sessions, a place for answers.

The store adapters satisfy `SessionStore` and `Cache` structurally; `memory` holds both in process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Protocol

from ml_connector.domain.frozen import frozen
from ml_connector.domain.sessions import LoginHold, SessionKey, SessionRecord, StoredSession


class Clock(Protocol):
    """Now."""

    def now(self) -> datetime:
        """The present time, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, for measuring."""


@frozen
class HttpReply:
    """What came back: header names in lower case, the body as bytes, decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Transport(Protocol):
    """Carries one request to the gateway. Raises only the SourceError family."""

    def post(self, url: str, body: bytes, *, seconds: float, limit: int) -> HttpReply:
        """POST XML within `seconds` in all; redirects are not followed.

        Raises GatewayUnreachable where nothing was sent, SourceUnavailable where it broke off or
        took too long, SourceProtocolError for a body of more than `limit` bytes.
        """


class SessionStore(Protocol):
    """Sessions shared by all functions. Every method is one atomic step on one item."""

    def get(self, key: SessionKey) -> SessionRecord:
        """What is stored, read consistently; an expired session is returned all the same."""

    def try_lock(self, key: SessionKey, owner: str, *, now: datetime, until: datetime) -> bool:
        """Take the right to log in: true unless another owner's lock runs beyond `now`."""

    def put(
        self, key: SessionKey, session: StoredSession, *, replaces: str | None, owner: str
    ) -> bool:
        """Store a session, end the lock and forget any hold, in one step.

        Only while `owner` holds the lock (even one that ran out, if nobody took it since) and
        the stored session's id is `replaces` (None: no session is stored). False, and nothing
        changed, otherwise.
        """

    def put_hold(self, key: SessionKey, hold: LoginHold, *, owner: str) -> bool:
        """Remember a refused login and end the lock, while `owner` holds it; else false."""

    def unlock(self, key: SessionKey, owner: str) -> None:
        """End the lock if it is still this owner's."""


class Cache(Protocol):
    """Answers that stay true for a while: lookups, preferences. Losing any is harmless."""

    def get(self, key: str, *, now: datetime) -> str | None:
        """The text stored, or None where there is none or its time is over by `now`."""

    def put(self, key: str, text: str, *, until: datetime) -> None:
        """Store a text (JSON, up to some 200 kB) until a time."""
