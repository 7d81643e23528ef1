"""Sessions and answers kept in this process alone, with the conditions a shared store has.

For programs without AWS, and as the fake that a contract suite runs beside the real store.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from ml_connector.domain.sessions import LoginHold, SessionKey, SessionRecord, StoredSession


@dataclass(slots=True)
class _Item:
    session: StoredSession | None = None
    hold: LoginHold | None = None
    lock_owner: str = ""
    lock_until: datetime | None = None


class MemorySessionStore:
    """A `SessionStore`: one lock around every step stands for the store's conditional writes."""

    def __init__(self) -> None:
        self._items: dict[SessionKey, _Item] = {}
        self._step = threading.Lock()

    def get(self, key: SessionKey) -> SessionRecord:
        """See `SessionStore.get`."""
        with self._step:
            item = self._item(key)
            return SessionRecord(item.session, item.hold)

    def try_lock(self, key: SessionKey, owner: str, *, now: datetime, until: datetime) -> bool:
        """See `SessionStore.try_lock`."""
        with self._step:
            item = self._item(key)
            taken = item.lock_until is not None and item.lock_until > now
            if taken and item.lock_owner != owner:
                return False
            item.lock_owner, item.lock_until = owner, until
            return True

    def put(
        self, key: SessionKey, session: StoredSession, *, replaces: str | None, owner: str
    ) -> bool:
        """See `SessionStore.put`."""
        with self._step:
            item = self._item(key)
            stored = item.session.session_id if item.session else None
            if item.lock_owner != owner or stored != replaces:
                return False
            self._items[key] = _Item(session)
            return True

    def put_hold(self, key: SessionKey, hold: LoginHold, *, owner: str) -> bool:
        """See `SessionStore.put_hold`."""
        with self._step:
            item = self._item(key)
            if item.lock_owner != owner:
                return False
            self._items[key] = _Item(item.session, hold)
            return True

    def unlock(self, key: SessionKey, owner: str) -> None:
        """See `SessionStore.unlock`."""
        with self._step:
            item = self._item(key)
            if item.lock_owner == owner:
                item.lock_owner, item.lock_until = "", None

    def _item(self, key: SessionKey) -> _Item:
        return self._items.setdefault(key, _Item())


class MemoryCache:
    """A `Cache`."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[str, datetime]] = {}

    def get(self, key: str, *, now: datetime) -> str | None:
        """See `Cache.get`."""
        text, until = self._texts.get(key, ("", now))
        return text if until > now else None

    def put(self, key: str, text: str, *, until: datetime) -> None:
        """See `Cache.put`."""
        self._texts[key] = (text, until)
