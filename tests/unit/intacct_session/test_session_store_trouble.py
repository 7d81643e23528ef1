"""A store that fails costs a login at worst."""

from __future__ import annotations

import pytest

from ml_connector.domain.sessions import LoginHold, SessionKey, SessionRecord, StoredSession
from ml_connector.errors import (
    SourceAuthError,
    SourceUnavailable,
    StoreUnavailable,
)
from ml_connector.intacct.memory import MemorySessionStore
from tests.unit.intacct_session.stage import Logins, sessions
from tests.unit.intacct_stage import FakeClock


class FailingStore(MemorySessionStore):
    """A store of which some steps fail."""

    def __init__(self, *steps: str) -> None:
        super().__init__()
        self.steps = set(steps)

    def get(self, key: SessionKey) -> SessionRecord:
        self._maybe("get")
        return super().get(key)

    def put(
        self, key: SessionKey, session: StoredSession, *, replaces: str | None, owner: str
    ) -> bool:
        self._maybe("put")
        return super().put(key, session, replaces=replaces, owner=owner)

    def put_hold(self, key: SessionKey, hold: LoginHold, *, owner: str) -> bool:
        self._maybe("put_hold")
        return super().put_hold(key, hold, owner=owner)

    def unlock(self, key: SessionKey, owner: str) -> None:
        self._maybe("unlock")
        super().unlock(key, owner)

    def _maybe(self, step: str) -> None:
        if step in self.steps:
            raise StoreUnavailable("throttled")


def test_a_store_that_cannot_be_read_is_a_source_that_is_not_available(
    clock: FakeClock, logins: Logins
) -> None:
    with pytest.raises(SourceUnavailable, match="throttled"):
        sessions(logins, FailingStore("get"), clock).current(until=60)
    assert logins.count == 0


def test_a_session_that_could_not_be_stored_is_used_all_the_same(
    clock: FakeClock, logins: Logins
) -> None:
    one = sessions(logins, FailingStore("put"), clock)
    assert one.current(until=60).session_id == "session-1"
    assert one.current(until=60).session_id == "session-1"
    assert logins.count == 1


def test_a_refusal_is_raised_even_if_it_could_not_be_remembered(
    clock: FakeClock, logins: Logins
) -> None:
    logins.error = SourceAuthError("refused")
    with pytest.raises(SourceAuthError, match="refused"):
        sessions(logins, FailingStore("put_hold"), clock).current(until=60)
    logins.error = SourceUnavailable("down")
    with pytest.raises(SourceUnavailable, match="down"):
        sessions(logins, FailingStore("unlock"), clock).current(until=60)
