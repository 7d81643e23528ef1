"""API sessions: sliding expiry, bound to a company, a user, a level and an endpoint."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass

from .clock import SandboxClock


@dataclass(slots=True)
class Session:
    """A live session. `location` is empty at the top level; `path` is its endpoint's path."""

    id: str
    company: str
    user: str
    location: str
    path: str
    expires: float


class Sessions:
    """All sessions of a simulator."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._by_id: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(self, company: str, user: str, location: str, path: str, seconds: int) -> Session:
        """A new session that lives so many seconds after its last use."""
        token = f"{secrets.token_urlsafe(30)}.."
        session = Session(token, company, user, location, path, self._clock.now() + seconds)
        with self._lock:
            self._by_id[token] = session
        return session

    def find(self, token: str, path: str) -> Session | None:
        """A session that is alive and belongs to the endpoint it was sent to."""
        with self._lock:
            session = self._by_id.get(token)
            if session is None or session.path != path:
                return None
            if session.expires <= self._clock.now():
                del self._by_id[token]
                return None
            return session

    def touch(self, session: Session, seconds: int) -> None:
        """Sliding expiry: it lives so many seconds from now."""
        session.expires = self._clock.now() + seconds

    def kill(self, company: str | None = None, user: str | None = None) -> int:
        """End sessions, of one company or user or all; how many there were."""
        with self._lock:
            dead = [
                token
                for token, session in self._by_id.items()
                if company in {None, session.company} and user in {None, session.user}
            ]
            for token in dead:
                del self._by_id[token]
            return len(dead)

    def alive(self, company: str) -> list[Session]:
        """Sessions of one company that have not expired."""
        now = self._clock.now()
        with self._lock:
            return [
                session
                for session in self._by_id.values()
                if session.company == company and session.expires > now
            ]
