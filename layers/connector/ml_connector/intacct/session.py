"""Sessions: one login for everybody, renewed before it ends, replaced only when it is dead.

A session is shared through a `SessionStore`, with a copy in this process on top. Whoever needs
one and finds none takes a lock of 30 s and logs in; the others wait on the stored item. From
four fifths of its life on, one caller gets a new one while the others go on with the old. A
refused login is remembered in the store for a long time, for accounts lock after a few.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from ml_connector.domain.frozen import frozen
from ml_connector.domain.sessions import LoginHold, SessionKey, SessionRecord, StoredSession
from ml_connector.errors import (
    SourceAuthError,
    SourceError,
    SourceRejected,
    SourceUnavailable,
    StoreError,
)

from .credentials import Credentials
from .ports import Clock, SessionStore

LOCK = timedelta(seconds=30)
#: Where the gateway does not say how long a session lasts (replies before 2019 did not).
UNKNOWN_LIFETIME = timedelta(minutes=30)
REFRESH_AT = 0.8
#: How long a caller that lost the race for a refresh goes on without looking again.
REFRESH_PAUSE = timedelta(seconds=5)
#: After a refused login: 15 minutes, doubled with every further one, at most 4 hours.
FIRST_HOLD = timedelta(minutes=15)
LONGEST_HOLD = timedelta(hours=4)
#: A refusal that maintenance can cause is tried once more after this.
DOUBTFUL_HOLD = timedelta(minutes=1)

DOMAIN = "intacct.com"


@frozen
class Opened:
    """What a login yields. `lifetime` is the gateway's own difference of its two stamps."""

    session_id: str = field(repr=False)
    endpoint: str
    lifetime: timedelta | None


def is_trusted(endpoint: str, trusted_host: str = "") -> bool:
    """Whether credentials may be sent there.

    Only to https under intacct.com, default port; where a trusted host is configured, only there,
    with any port and with or without TLS (that is for the sandbox).
    """
    try:
        parts = urlsplit(endpoint)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or "\\" in endpoint:
        return False
    if trusted_host:
        return host == trusted_host.lower() and parts.scheme in ("http", "https")
    ours = host == DOMAIN or host.endswith(f".{DOMAIN}")
    return parts.scheme == "https" and ours and port in (None, 443)


class Sessions:
    """The session of one user of one company. Safe to use from several threads.

    `latest` is called before every login and gives the version of the credentials `log_in` will
    use: a login with a password that was changed meanwhile is a refused one, and an account bears
    few of them.
    """

    def __init__(
        self,
        credentials: Credentials,
        store: SessionStore,
        log_in: Callable[[], Opened],
        *,
        clock: Clock,
        sleep: Callable[[float], None],
        random: Callable[[], float],
        cap: timedelta,
        trusted_host: str = "",
        latest: Callable[[], str] | None = None,
    ) -> None:
        self._latest = latest
        self._key = SessionKey(
            credentials.sender_id,
            credentials.company_id,
            credentials.user_id,
            credentials.entity_id,
        )
        self._version = credentials.version
        self._store = store
        self._log_in = log_in
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._cap = cap
        self._trusted_host = trusted_host
        self._mine: StoredSession | None = None
        self._no_refresh_before: datetime | None = None

    def current(self, *, until: float, dead: str | None = None) -> StoredSession:
        """A session to use now, other than the `dead` one.

        `until` is when to stop waiting for another's login, on the monotonic clock. Raises
        SourceAuthError where a login is or was refused, and SourceUnavailable where none came
        about or the store failed.
        """
        mine, now = self._mine, self._clock.now()
        if mine is not None and mine.session_id != dead and now < mine.expires_at:
            return mine if now < mine.refresh_at else self._refreshed(mine, now)
        try:
            return self._obtain(dead, until)
        except StoreError as error:
            raise SourceUnavailable(f"no session: {error.safe_message}") from error

    # ----------------------------------------------------------- before its end
    def _refreshed(self, mine: StoredSession, now: datetime) -> StoredSession:
        """A newer session if we are the one to fetch it; nothing that fails here matters yet."""
        if self._no_refresh_before is not None and now < self._no_refresh_before:
            return mine
        self._no_refresh_before = now + REFRESH_PAUSE
        owner = uuid.uuid4().hex
        try:
            if self._store.try_lock(self._key, owner, now=now, until=now + LOCK):
                return self._renew(owner, mine.session_id)
            stored = self._store.get(self._key)
        except (StoreError, SourceError):
            return mine
        newer = self._usable(stored, mine.session_id, now)
        return self._keep(newer) if newer is not None else mine

    # ------------------------------------------------------ when there is none
    def _obtain(self, dead: str | None, until: float) -> StoredSession:
        while True:
            now = self._clock.now()
            record = self._store.get(self._key)
            usable = self._usable(record, dead, now)
            if usable is not None:
                return self._keep(usable)
            if record.hold is not None and record.hold.version == self._version:
                self._catch_up()
            self._respect(record.hold, now)
            owner = uuid.uuid4().hex
            if self._store.try_lock(self._key, owner, now=now, until=now + LOCK):
                return self._renew(owner, dead)
            if self._clock.monotonic() >= until:
                raise SourceUnavailable("another process did not finish its login in time")
            self._sleep(0.2 + 0.3 * self._random())

    # -------------------------------------------------------- holding the lock
    def _renew(self, owner: str, unwanted: str | None) -> StoredSession:
        """Log in and store the session, unless somebody did while we waited for the lock."""
        now = self._clock.now()
        try:
            record = self._store.get(self._key)
            usable = self._usable(record, unwanted, now)
            if usable is not None and now < usable.refresh_at:
                self._unlock(owner)
                return self._keep(usable)
            self._catch_up()
            self._respect(record.hold, now)
        except BaseException:
            self._unlock(owner)
            raise
        try:
            session = self._opened(now)
        except (SourceAuthError, SourceRejected) as error:
            self._refused(error, record.hold, owner)
            raise
        except BaseException:
            self._unlock(owner)
            raise
        return self._share(session, record, owner)

    def _opened(self, now: datetime) -> StoredSession:
        opened = self._log_in()
        lifetime = min(self._cap, opened.lifetime or UNKNOWN_LIFETIME)
        return StoredSession(
            opened.session_id,
            opened.endpoint,
            opened_at=now,
            refresh_at=now + lifetime * REFRESH_AT,
            expires_at=now + lifetime,
        )

    def _share(self, session: StoredSession, record: SessionRecord, owner: str) -> StoredSession:
        replaces = record.session.session_id if record.session else None
        try:
            if self._store.put(self._key, session, replaces=replaces, owner=owner):
                return self._keep(session)
            # Our lock ran out during the login and somebody else was faster: theirs counts.
            stored = self._usable(self._store.get(self._key), None, self._clock.now())
        except StoreError:
            stored = None  # not shared, and good all the same
        return self._keep(stored or session)

    # ------------------------------------------------------------ refused logins
    def _refused(self, error: SourceError, before: LoginHold | None, owner: str) -> None:
        """Remember a refused login. The second doubtful refusal in a row is a certain one."""
        failures = before.failures + 1 if before and before.version == self._version else 1
        final = isinstance(error, SourceAuthError) or failures > 1
        pause = min(LONGEST_HOLD, FIRST_HOLD * 2 ** min(failures - 1, 10))
        until = self._clock.now() + (pause if final else DOUBTFUL_HOLD)
        with suppress(StoreError):
            hold = LoginHold(until, failures, self._version, final)
            self._store.put_hold(self._key, hold, owner=owner)
        if final and not isinstance(error, SourceAuthError):
            raise SourceAuthError(error.safe_message, errorno=error.errorno) from error

    def _respect(self, hold: LoginHold | None, now: datetime) -> None:
        if hold is None or hold.version != self._version or now >= hold.until:
            return
        when = f"{hold.until:%Y-%m-%d %H:%M} UTC"
        if not hold.final:
            raise SourceRejected(f"the last login was refused; the next is made after {when}")
        raise SourceAuthError(
            f"{hold.failures} login(s) refused in a row; none is made before {when}, unless the"
            " secret is changed"
        )

    # -------------------------------------------------------------------- small
    def _catch_up(self) -> None:
        if self._latest is not None:
            self._version = self._latest()

    def _usable(
        self, record: SessionRecord, unwanted: str | None, now: datetime
    ) -> StoredSession | None:
        session = record.session
        if session is None or session.session_id == unwanted or now >= session.expires_at:
            return None
        # The sender's password goes there too: what the store says is not believed unseen.
        return session if is_trusted(session.endpoint, self._trusted_host) else None

    def _keep(self, session: StoredSession) -> StoredSession:
        self._mine = session
        return session

    def _unlock(self, owner: str) -> None:
        with suppress(StoreError):  # it ends by itself after 30 s
            self._store.unlock(self._key, owner)
