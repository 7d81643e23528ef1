"""How long a session is used, by whom, and what replaces it when it is dead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ml_connector.domain.sessions import StoredSession
from ml_connector.errors import (
    SourceAuthError,
    SourceUnavailable,
    StoreUnavailable,
)
from ml_connector.intacct.memory import MemorySessionStore
from ml_connector.intacct.session import Opened
from tests.unit.intacct_session.stage import CAP, KEY, MINUTE, Logins, sessions
from tests.unit.intacct_stage import NODE, START, FakeClock


def test_a_session_is_used_again_without_asking_anybody(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    one = sessions(logins, store, clock)
    first = one.current(until=60)
    clock.forward(minutes=39)
    assert one.current(until=9999) == first
    assert logins.count == 1


def test_another_process_uses_the_stored_session(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    first = sessions(logins, store, clock).current(until=60)
    assert sessions(logins, store, clock).current(until=60) == first
    assert logins.count == 1


@pytest.mark.parametrize(
    ("told", "lifetime"),
    [
        (timedelta(hours=6), CAP),
        (timedelta(minutes=10), timedelta(minutes=10)),
        (None, timedelta(minutes=30)),
    ],
)
def test_a_session_lives_as_long_as_the_gateway_says_but_no_longer_than_the_cap(
    told: timedelta | None, lifetime: timedelta, clock: FakeClock, store: MemorySessionStore
) -> None:
    session = sessions(Logins(told), store, clock).current(until=60)
    assert session.opened_at == START
    assert session.refresh_at == START + lifetime * 0.8
    assert session.expires_at == START + lifetime


def test_an_expired_session_is_not_used_whatever_the_store_still_holds(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    one = sessions(logins, store, clock)
    one.current(until=60)
    clock.forward(minutes=50)
    assert one.current(until=9999).session_id == "session-2"
    assert store.get(KEY).session is not None
    assert store.get(KEY).session.session_id == "session-2"


def test_a_session_is_renewed_before_its_end(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    one = sessions(logins, store, clock)
    one.current(until=60)
    clock.forward(minutes=40)
    assert one.current(until=9999).session_id == "session-2"
    assert one.current(until=9999).session_id == "session-2"
    assert logins.count == 2


@pytest.mark.parametrize(
    "error", [SourceUnavailable("down"), SourceAuthError("no"), StoreUnavailable("throttled")]
)
def test_a_renewal_that_fails_does_not_matter_while_the_session_is_good(
    error: Exception, clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    one = sessions(logins, store, clock)
    first = one.current(until=60)
    clock.forward(minutes=45)
    logins.error = error
    assert one.current(until=9999) == first
    assert one.current(until=9999) == first
    assert logins.count == 2, "and it is not tried again at once"


# --------------------------------------------------------------------------- dead sessions
def test_a_dead_session_is_replaced_by_one_login(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    one = sessions(logins, store, clock)
    dead = one.current(until=60).session_id
    assert one.current(until=60, dead=dead).session_id == "session-2"
    assert one.current(until=60).session_id == "session-2"


def test_the_session_somebody_else_already_fetched_is_taken_instead_of_a_login(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    one, two = sessions(logins, store, clock), sessions(logins, store, clock)
    dead = one.current(until=60).session_id
    assert two.current(until=60).session_id == dead
    fresh = one.current(until=60, dead=dead)
    assert two.current(until=60, dead=dead) == fresh
    assert logins.count == 2


def test_a_login_that_outlived_its_lock_does_not_replace_the_faster_one(
    clock: FakeClock, store: MemorySessionStore
) -> None:
    """The slow one gets the session that is stored, and the stored one stays."""
    other = sessions(lambda: Opened("fast", NODE, None), store, clock)

    def slow() -> Opened:
        clock.forward(seconds=31)
        assert other.current(until=9999).session_id == "fast"
        return Opened("slow", NODE, None)

    assert sessions(slow, store, clock).current(until=60).session_id == "fast"
    assert store.get(KEY).session is not None
    assert store.get(KEY).session.session_id == "fast"


@pytest.mark.parametrize("endpoint", ["https://example.com/", "http://127.0.0.1:8010/ia"])
def test_a_stored_session_that_leads_elsewhere_is_replaced_and_not_used(
    endpoint: str, clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    store.try_lock(KEY, "intruder", now=START, until=START + MINUTE)
    planted = StoredSession("planted", endpoint, START, START + 40 * MINUTE, START + CAP)
    assert store.put(KEY, planted, replaces=None, owner="intruder")
    assert sessions(logins, store, clock).current(until=60).endpoint == NODE
    assert store.get(KEY).session is not None
    assert store.get(KEY).session.session_id == "session-1"
