from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ml_connector.domain.sessions import LoginHold, SessionKey, SessionRecord, StoredSession
from ml_connector.errors import (
    SourceAuthError,
    SourceRejected,
    SourceUnavailable,
    StoreUnavailable,
)
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.errors import GatewayRefused, Meaning
from ml_connector.intacct.memory import MemorySessionStore
from ml_connector.intacct.ports import SessionStore
from ml_connector.intacct.session import Opened, Sessions, is_trusted
from tests.unit.intacct_stage import CREDENTIALS, NODE, START, FakeClock

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


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> MemorySessionStore:
    return MemorySessionStore()


@pytest.fixture
def logins() -> Logins:
    return Logins()


# ------------------------------------------------------------------------------ lifetime
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


# ------------------------------------------------------------------------- one login for all
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


# ------------------------------------------------------------------------- refused logins
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


# ---------------------------------------------------------------------------- store trouble
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


# -------------------------------------------------------------------------------- endpoints
@pytest.mark.parametrize(
    "endpoint",
    [
        "https://api.intacct.com/ia/xml/xmlgw.phtml",
        "https://na12.intacct.com/x",
        "https://intacct.com/",
        "https://API.INTACCT.COM/",
        "https://api.intacct.com:443/",
    ],
)
def test_https_under_intacct_com_is_trusted(endpoint: str) -> None:
    assert is_trusted(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://api.intacct.com/",
        "https://intacct.com.example.com/",
        "https://evilintacct.com/",
        "https://example.com/intacct.com",
        "https://example.com#.intacct.com",
        "https://example.com\\.intacct.com/",
        "https://user@api.intacct.com/",
        "https://api.intacct.com@example.com/",
        "https://api.intacct.com:8443/",
        "https://api.intacct.com:x/",
        "https://[api.intacct.com/",
        "https://127.0.0.1/",
        "ftp://api.intacct.com/",
        "//api.intacct.com/",
        "api.intacct.com",
        "",
    ],
)
def test_everything_else_is_not(endpoint: str) -> None:
    assert not is_trusted(endpoint)


def test_a_configured_host_is_trusted_and_then_only_that() -> None:
    assert is_trusted("http://127.0.0.1:8010/ia", "127.0.0.1")
    assert is_trusted("https://127.0.0.1/ia", "127.0.0.1")
    for other in ("http://127.0.0.2/", "https://api.intacct.com/", "file://127.0.0.1/x"):
        assert not is_trusted(other, "127.0.0.1")
