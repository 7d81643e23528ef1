"""Of many who need a session one logs in, and the others wait or go on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ml_connector.domain.sessions import SessionRecord, StoredSession
from ml_connector.errors import (
    SourceUnavailable,
)
from ml_connector.intacct.memory import MemorySessionStore
from ml_connector.intacct.ports import SessionStore
from ml_connector.intacct.session import Opened, Sessions
from tests.unit.intacct_session.stage import KEY, MINUTE, Logins, sessions
from tests.unit.intacct_stage import NODE, START, FakeClock

CALLERS = 50


class Crowd:
    """Fifty callers at once, and a login that ends when the others have come as far as they can."""

    def __init__(self, store: SessionStore, clock: FakeClock) -> None:
        self.store, self.clock = store, clock
        self.logins = 0
        self.waiting: set[int] = set()
        self.done = 0
        self.others_are_there = threading.Event()
        self.finished = threading.Event()
        self._guard = threading.Lock()

    def log_in(self) -> Opened:
        with self._guard:
            self.logins += 1
            number = self.logins
        assert self.others_are_there.wait(20), "the others never came"
        return Opened(f"crowd-{number}", NODE, None)

    def sleep(self, _seconds: float) -> None:
        """Called only by those who wait for another's login; time stands still meanwhile."""
        self._arrived()
        self.finished.wait(0.01)

    def _arrived(self) -> None:
        with self._guard:
            self.waiting.add(threading.get_ident())
            if len(self.waiting) == CALLERS - 1:
                self.others_are_there.set()

    def run(self, callers: list[Sessions], *, returning_counts: bool) -> list[StoredSession]:
        start = threading.Barrier(CALLERS)

        def call(caller: Sessions) -> StoredSession:
            start.wait(20)
            session = caller.current(until=60)
            if returning_counts:
                self._arrived()
            return session

        with ThreadPoolExecutor(CALLERS) as pool:
            found = list(pool.map(call, callers))
        self.finished.set()
        return found


@pytest.mark.parametrize("shared", [True, False], ids=["one process", "fifty processes"])
def test_fifty_callers_without_a_session_make_one_login(
    shared: bool, clock: FakeClock, store: MemorySessionStore
) -> None:
    crowd = Crowd(store, clock)
    one = sessions(crowd.log_in, store, clock, sleep=crowd.sleep)
    many = [sessions(crowd.log_in, store, clock, sleep=crowd.sleep) for _ in range(CALLERS)]
    found = crowd.run([one] * CALLERS if shared else many, returning_counts=False)
    assert crowd.logins == 1
    assert {session.session_id for session in found} == {"crowd-1"}


@pytest.mark.parametrize("shared", [True, False], ids=["one process", "fifty processes"])
def test_fifty_callers_with_an_expiring_session_make_one_login_and_none_waits(
    shared: bool, clock: FakeClock, store: MemorySessionStore
) -> None:
    crowd = Crowd(store, clock)
    old = sessions(lambda: Opened("old", NODE, None), store, clock).current(until=60)
    one = sessions(crowd.log_in, store, clock, sleep=crowd.sleep)
    many = [sessions(crowd.log_in, store, clock, sleep=crowd.sleep) for _ in range(CALLERS)]
    callers = [one] * CALLERS if shared else many
    for caller in callers:
        assert caller.current(until=60) == old
    clock.forward(minutes=25)
    # The login ends only after the 49 others have returned: none of them can have waited for it.
    found = crowd.run(callers, returning_counts=True)
    assert crowd.logins == 1
    assert sorted(session.session_id for session in found) == ["crowd-1"] + ["old"] * (CALLERS - 1)
    clock.forward(seconds=6)
    assert {caller.current(until=9999).session_id for caller in callers} == {"crowd-1"}
    assert crowd.logins == 1


def test_waiting_for_anothers_login_ends_with_the_time_given(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    store.try_lock(KEY, "somebody", now=START, until=START + timedelta(hours=1))
    with pytest.raises(SourceUnavailable, match="another process"):
        sessions(logins, store, clock).current(until=10)
    assert logins.count == 0
    assert 10 <= clock.monotonic() < 11


def test_a_lock_left_behind_is_taken_over_after_its_end(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    store.try_lock(KEY, "crashed", now=START, until=START + timedelta(seconds=30))
    assert sessions(logins, store, clock).current(until=60).session_id == "session-1"
    assert 30 <= clock.monotonic() < 31


@pytest.mark.parametrize("error", [SourceUnavailable("down"), RuntimeError("bug")])
def test_a_login_that_breaks_down_leaves_no_lock_and_no_hold(
    error: Exception, clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    logins.error = error
    with pytest.raises(type(error)):
        sessions(logins, store, clock).current(until=60)
    assert store.get(KEY) == SessionRecord()
    assert store.try_lock(KEY, "next", now=START, until=START + MINUTE)
