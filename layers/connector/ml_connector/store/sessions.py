"""The sessions table: gateway sessions shared by all functions, and answers worth keeping a day.

Every method is one conditional write on one item. TTL removes items some time after they are over;
nothing relies on it, expiry is checked by whoever reads.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from ml_connector.domain.instants import from_text, to_text
from ml_connector.domain.sessions import LoginHold, SessionKey, SessionRecord, StoredSession
from ml_connector.errors import StoreConflict

from .attributes import epoch
from .models import CacheItem, SessionItem
from .transaction import translated

#: A refused login is remembered at least this long after its hold ended: failures are counted.
_AFTER_THE_END = timedelta(days=1)


class DynamoSessionStore:
    """The gateway client's SessionStore on DynamoDB."""

    def get(self, key: SessionKey) -> SessionRecord:
        """What is stored, read consistently; an expired session is returned all the same."""
        with translated():
            try:
                item = SessionItem.get(str(key), consistent_read=True)
            except SessionItem.DoesNotExist:
                return SessionRecord()
        return SessionRecord(_session(item.session), _hold(item.hold))

    def try_lock(self, key: SessionKey, owner: str, *, now: datetime, until: datetime) -> bool:
        """Take the right to log in: true unless another owner's lock runs beyond `now`."""
        free = (
            SessionItem.lock_until.does_not_exist()
            | (SessionItem.lock_until <= to_text(now))
            | (SessionItem.lock_owner == owner)
        )
        try:
            with translated():
                SessionItem(str(key)).update(
                    actions=[
                        SessionItem.lock_owner.set(owner),
                        SessionItem.lock_until.set(to_text(until)),
                    ],
                    condition=free,
                )
        except StoreConflict:
            return False
        return True

    def put(
        self, key: SessionKey, session: StoredSession, *, replaces: str | None, owner: str
    ) -> bool:
        """Store a session, end the lock and forget any hold, in one step.

        Only while `owner` holds the lock and the stored session's id is `replaces` (None: no
        session is stored). False, and nothing changed, otherwise.
        """
        expected = (
            SessionItem.session_id.does_not_exist()
            if replaces is None
            else SessionItem.session_id == replaces
        )
        try:
            with translated():
                SessionItem(str(key)).update(
                    actions=[
                        SessionItem.session.set(_session_text(session)),
                        SessionItem.session_id.set(session.session_id),
                        SessionItem.expires_at.set(epoch(session.expires_at + _AFTER_THE_END)),
                        SessionItem.hold.remove(),
                        SessionItem.lock_owner.remove(),
                        SessionItem.lock_until.remove(),
                    ],
                    condition=(SessionItem.lock_owner == owner) & expected,
                )
        except StoreConflict:
            return False
        return True

    def put_hold(self, key: SessionKey, hold: LoginHold, *, owner: str) -> bool:
        """Remember a refused login and end the lock, while `owner` holds it; else false."""
        try:
            with translated():
                SessionItem(str(key)).update(
                    actions=[
                        SessionItem.hold.set(_hold_text(hold)),
                        SessionItem.expires_at.set(epoch(hold.until + _AFTER_THE_END)),
                        SessionItem.lock_owner.remove(),
                        SessionItem.lock_until.remove(),
                    ],
                    condition=SessionItem.lock_owner == owner,
                )
        except StoreConflict:
            return False
        return True

    def unlock(self, key: SessionKey, owner: str) -> None:
        """End the lock if it is still this owner's."""
        try:
            with translated():
                SessionItem(str(key)).update(
                    actions=[SessionItem.lock_owner.remove(), SessionItem.lock_until.remove()],
                    condition=SessionItem.lock_owner == owner,
                )
        except StoreConflict:
            return


class DynamoCache:
    """The gateway client's Cache on DynamoDB."""

    def get(self, key: str, *, now: datetime) -> str | None:
        """The text stored, or None where there is none or its time is over by `now`."""
        with translated():
            try:
                item = CacheItem.get(f"cache#{key}")
            except CacheItem.DoesNotExist:
                return None
        return str(item.body) if item.expires_at > now.timestamp() else None

    def put(self, key: str, text: str, *, until: datetime) -> None:
        """Store a text until a time."""
        with translated():
            CacheItem(f"cache#{key}", body=text, expires_at=epoch(until)).save()


def _session_text(session: StoredSession) -> str:
    return json.dumps(
        {
            "session_id": session.session_id,
            "endpoint": session.endpoint,
            "opened_at": to_text(session.opened_at),
            "refresh_at": to_text(session.refresh_at),
            "expires_at": to_text(session.expires_at),
        }
    )


def _session(text: str | None) -> StoredSession | None:
    if not text:
        return None
    body = json.loads(text)
    return StoredSession(
        session_id=body["session_id"],
        endpoint=body["endpoint"],
        opened_at=from_text(body["opened_at"]),
        refresh_at=from_text(body["refresh_at"]),
        expires_at=from_text(body["expires_at"]),
    )


def _hold_text(hold: LoginHold) -> str:
    return json.dumps(
        {
            "until": to_text(hold.until),
            "failures": hold.failures,
            "version": hold.version,
            "final": hold.final,
        }
    )


def _hold(text: str | None) -> LoginHold | None:
    if not text:
        return None
    body = json.loads(text)
    return LoginHold(
        until=from_text(body["until"]),
        failures=int(body["failures"]),
        version=body["version"],
        final=bool(body["final"]),
    )
