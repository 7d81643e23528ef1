"""A refused login is not repeated in a loop: accounts lock."""

from __future__ import annotations

import pytest

from ml_connector.domain.sessions import LoginHold
from ml_connector.errors import (
    SourceAuthError,
    SourceRejected,
)
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.errors import GatewayRefused, Meaning
from ml_connector.intacct.memory import MemorySessionStore
from tests.unit.intacct_session.stage import KEY, MINUTE, Logins, sessions
from tests.unit.intacct_stage import START, FakeClock


def test_a_refused_login_is_not_repeated_for_long_by_anybody(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    logins.error = SourceAuthError("refused")
    with pytest.raises(SourceAuthError, match="refused"):
        sessions(logins, store, clock).current(until=60)
    for _ in range(14):
        clock.forward(minutes=1)
        with pytest.raises(SourceAuthError, match=r"1 login\(s\) refused in a row"):
            sessions(logins, store, clock).current(until=9999)
    assert logins.count == 1


def test_every_further_refusal_doubles_the_pause_up_to_four_hours(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    logins.error = SourceAuthError("refused")
    pauses = []
    for _ in range(7):
        with pytest.raises(SourceAuthError):
            sessions(logins, store, clock).current(until=10**9)
        hold = store.get(KEY).hold
        assert hold is not None
        pauses.append((hold.until - clock.now()) / MINUTE)
        clock.forward(minutes=pauses[-1])
    assert pauses == [15, 30, 60, 120, 240, 240, 240]
    assert logins.count == 7


def test_a_changed_secret_is_tried_at_once(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    logins.error = SourceAuthError("refused")
    with pytest.raises(SourceAuthError):
        sessions(logins, store, clock).current(until=60)
    logins.error = None
    changed = Credentials("acme-sender", "new", "acme-ap", "ws.user", "new", version="v2")
    assert sessions(logins, store, clock, credentials=changed).current(until=60)
    assert store.get(KEY).hold is None


def test_a_login_that_succeeds_forgets_the_refusals(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    logins.error = SourceAuthError("refused")
    one = sessions(logins, store, clock)
    with pytest.raises(SourceAuthError):
        one.current(until=60)
    clock.forward(minutes=15)
    logins.error = None
    one.current(until=9999)
    assert store.get(KEY).hold is None


def test_a_refusal_maintenance_can_cause_is_tried_once_more_after_a_minute(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    logins.error = GatewayRefused("unknown company", meaning=Meaning.TENANT, errorno="GW-0011")
    one = sessions(logins, store, clock)
    with pytest.raises(GatewayRefused):
        one.current(until=60)
    with pytest.raises(SourceRejected, match="the next is made after"):
        one.current(until=60)
    assert logins.count == 1
    clock.forward(minutes=1)
    with pytest.raises(SourceAuthError, match="unknown company") as caught:
        one.current(until=9999)
    assert caught.value.errorno == "GW-0011"
    clock.forward(minutes=29)
    with pytest.raises(SourceAuthError, match=r"2 login\(s\) refused"):
        one.current(until=9999)
    assert logins.count == 2


def test_a_hold_does_not_touch_a_session_that_is_still_good(
    clock: FakeClock, store: MemorySessionStore, logins: Logins
) -> None:
    first = sessions(logins, store, clock).current(until=60)
    store.try_lock(KEY, "x", now=START, until=START + MINUTE)
    store.put_hold(KEY, LoginHold(START + 60 * MINUTE, 1, ""), owner="x")
    assert sessions(logins, store, clock).current(until=60) == first
