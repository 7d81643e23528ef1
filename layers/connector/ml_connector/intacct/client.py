"""The gateway client: one company, one request at a time, errors made typed, waits bounded.

What callers get is either a result the gateway vouches for (its control ids match, its counts
agree) or an error of the SourceError family. Reading is repeatable, so whatever may pass is tried
again within the time given, with full jitter; a dead session is replaced once and the request
replayed.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from ml_connector.domain.frozen import frozen
from ml_connector.domain.sessions import StoredSession
from ml_connector.errors import (
    ConfigurationError,
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRateLimited,
    SourceUnavailable,
)

from .answers import interpret
from .credentials import Credentials
from .envelope import ByLogin, BySession, SignIn, write_request
from .errors import GatewayUnreachable, Level, SessionDead, refusal, second_chances
from .functions import GetApiSession, Query, ReadFunction, ReadMore
from .parser import parse
from .ports import Cache, Clock, SessionStore, Transport
from .queries import doing, keyset_start, next_page, our_words, record_number
from .reply import Reply, Result
from .session import Opened, Sessions, is_trusted
from .tree import Document

ENDPOINT = "https://api.intacct.com/ia/xml/xmlgw.phtml"

#: Dead sessions met in one call: our copy, and the one stored by somebody it had died for too.
_MOST_DEATHS = 3


@frozen
class ClientOptions:
    """Times in seconds, sizes in bytes.

    `budget` is the most one call may take, retries included; `time_left` may shorten it to what
    is left of the function. A login must end well within the 30 s of its lock.
    """

    budget: float = 90.0
    request_seconds: float = 60.0
    login_seconds: float = 20.0
    first_pause: float = 1.0
    longest_pause: float = 30.0
    tries: int = 5
    size_limit: int = 16 * 1024 * 1024
    session_cap: timedelta = timedelta(seconds=3000)


@dataclass(slots=True)
class Usage:
    """What this client has used since it was made.

    `transactions` is what Sage bills for: functions sent, except where the gateway turned the
    request away unread. A reply lost on the way is counted. `logins` are not billed.
    """

    transactions: int = 0
    requests: int = 0
    logins: int = 0
    retries: int = 0
    cleaned: int = 0


@frozen
class Page:
    """One page of a query.

    `complete` only on the last page, and only where nothing is left, the gateway counted the
    records of every page, and each record is flat and numbered.
    """

    result: Result
    complete: bool
    server_time: datetime | None = field(default=None)


class IntacctClient:
    """Reads one company through the XML gateway.

    `endpoint` is where logins go; sessions say themselves where they are served. `trusted_host`
    replaces the rule that credentials go to https under intacct.com only. `time_left` gives the
    seconds left of the running function. `renewed` gives the credentials as they are stored now:
    before a login, and where ours are refused. Raises ConfigurationError for an endpoint not
    trusted.
    """

    def __init__(
        self,
        credentials: Credentials,
        endpoint: str,
        trusted_host: str,
        session_store: SessionStore,
        cache: Cache,
        *,
        http: Transport,
        clock: Clock,
        sleep: Callable[[float], None],
        random: Callable[[], float],
        options: ClientOptions | None = None,
        time_left: Callable[[], float] | None = None,
        renewed: Callable[[], Credentials | None] | None = None,
    ) -> None:
        if not is_trusted(endpoint, trusted_host):
            raise ConfigurationError(
                "INTACCT_ENDPOINT must be https under intacct.com, or at INTACCT_TRUSTED_HOST"
            )
        self.credentials = credentials
        self.cache = cache
        self.clock = clock
        self.usage = Usage()
        self.server_time: datetime | None = None
        self._endpoint = endpoint
        self._trusted_host = trusted_host
        self._http = http
        self._sleep = sleep
        self._random = random
        self._options = options or ClientOptions()
        self._time_left = time_left
        self._renewed = renewed
        self._in_flight = threading.Lock()
        self._sessions = Sessions(
            credentials,
            session_store,
            self._log_in,
            clock=clock,
            sleep=sleep,
            random=random,
            cap=self._options.session_cap,
            trusted_host=trusted_host,
            latest=self._latest_version,
        )

    # ------------------------------------------------------------------- functions
    def call(self, function: ReadFunction) -> Result:
        """The result of one function. Raises the SourceError family."""
        (outcome,) = self._within_budget([function])
        if isinstance(outcome, SourceError):
            raise outcome
        return outcome

    def call_each(self, functions: Sequence[ReadFunction]) -> list[Result | SourceError]:
        """Several functions in one request; each one's result, or why it was refused.

        Raises where the request as a whole failed; only then is it tried again.
        """
        return self._within_budget(functions)

    def pages(self, query: Query) -> Iterator[Page]:
        """All pages of a query by keyset on RECORDNO: what changes meanwhile shifts nothing.

        `order` and `offset` of the query are ours to set. A record that changes between two pages
        may be missed or seen in its new state; none is skipped because another left the set.
        """
        wanted: Query | None = keyset_start(query)
        last, counted = -1, True
        while wanted is not None:
            result = self.call(wanted)
            numbers = [record_number(row) for row in result.rows]
            known = [number for number in numbers if number is not None]
            if any(low >= high for low, high in pairwise([last, *known])):
                raise SourceProtocolError("the gateway did not sort a page by RECORDNO")
            last = known[-1] if known else last
            counted = counted and result.remaining is not None and result.count == len(known)
            yield Page(result, counted and not result.remaining, self.server_time)
            full = len(result.rows) + len(result.structured) >= wanted.page_size
            more = full if result.remaining is None else result.remaining > 0
            wanted = next_page(query, last) if more and known else None

    def rest_of(self, result: Result) -> Iterator[Result]:
        """A result and all that `readMore` adds to it, for functions that answer in parts."""
        yield result
        while result.remaining and result.result_id:
            before = result.remaining
            result = self.call(ReadMore(result.result_id))
            if (result.remaining or 0) >= before:
                raise SourceProtocolError("readMore did not get any further")
            yield result

    # ---------------------------------------------------------------- trying again
    def _within_budget(self, functions: Sequence[ReadFunction]) -> list[Result | SourceError]:
        began, until, logins = self.clock.now(), self._deadline(), self.usage.logins
        dead: str | None = None
        tries = deaths = 0
        while True:
            session: StoredSession | None = None
            try:
                session = self._sessions.current(until=until, dead=dead)
                return self._outcomes(session, functions, until)
            except SessionDead as error:
                deaths += 1
                if session is None or deaths > _MOST_DEATHS:
                    raise
                # Opened by a login of this very call: the next one would fare no better.
                if session.opened_at >= began and self.usage.logins > logins:
                    raise SourceAuthError(
                        "a session was refused right after its login", errorno=error.errorno
                    ) from error
                dead = session.session_id
            except SourceError as error:
                if isinstance(error, SourceAuthError) and self._renew():
                    continue  # the sender's password goes with every request
                tries += 1
                pause = self._pause(error, tries)
                if pause is None or self.clock.monotonic() + pause >= until:
                    raise
                self._sleep(pause)
            self.usage.retries += 1

    def _renew(self) -> bool:
        """Whether other credentials are stored by now; then they are ours from here on.

        Those of another user are left to the next client: sessions here are this one's.
        """
        stored = self._renewed() if self._renewed else None
        ours = self.credentials
        if stored is None or stored.version == ours.version or stored.login != ours.login:
            return False
        self.credentials = stored
        return True

    def _latest_version(self) -> str:
        self._renew()
        return self.credentials.version

    def _deadline(self) -> float:
        left = self._time_left() if self._time_left else self._options.budget
        return self.clock.monotonic() + min(left, self._options.budget)

    def _pause(self, error: SourceError, tries: int) -> float | None:
        """Seconds until the next try, or None where there is none: full jitter, doubling."""
        chances = second_chances(error)
        if tries >= self._options.tries or (chances is not None and tries > chances):
            return None
        ceiling = min(self._options.longest_pause, self._options.first_pause * 2.0 ** (tries - 1))
        asked = error.retry_after if isinstance(error, SourceRateLimited) else None
        return (asked or 0.0) + ceiling * self._random()

    # -------------------------------------------------------------------- one request
    def _outcomes(
        self, session: StoredSession, functions: Sequence[ReadFunction], until: float
    ) -> list[Result | SourceError]:
        ids = {uuid.uuid4().hex: function for function in functions}
        sign_in = BySession(session.session_id)
        reply = self._exchange(session.endpoint, sign_in, ids, until)
        results = {result.control_id: result for result in reply.results}
        if len(ids) == 1 and list(results) == [""]:
            results = dict.fromkeys(ids, results[""])  # a refusal may come without its id
        if results.keys() != ids.keys():
            raise SourceUnavailable("the gateway did not answer each function asked, and no other")
        outcomes = [_outcome(results[id_], function) for id_, function in ids.items()]
        if len(outcomes) == 1 and isinstance(outcomes[0], SourceError):
            raise outcomes[0]  # so that it is tried again where that can help
        return outcomes

    def _exchange(
        self,
        url: str,
        sign_in: SignIn,
        functions: Mapping[str, ReadFunction],
        until: float,
        reader: Callable[[bytes], Document] = parse,
    ) -> Reply:
        """One request and its reply, accepted on the control and operation levels."""
        control_id = uuid.uuid4().hex
        body = write_request(self.credentials, sign_in, control_id, functions)
        billed = 0 if isinstance(sign_in, ByLogin) else len(functions)
        with self._in_flight:
            seconds = min(self._options.request_seconds, until - self.clock.monotonic())
            if seconds <= 0:
                raise SourceUnavailable("no time is left to ask the gateway")
            self.usage.requests += 1
            self.usage.transactions += billed
            try:
                answer = self._http.post(url, body, seconds=seconds, limit=self._options.size_limit)
                reply = interpret(
                    answer,
                    now=self.clock.now(),
                    session_used=isinstance(sign_in, BySession),
                    control_id=control_id,
                    reader=reader,
                )
            except (GatewayUnreachable, SourceRateLimited, SessionDead):
                self.usage.transactions -= billed
                raise
        self.usage.cleaned += reply.cleaned
        if reply.authentication and reply.authentication.timestamp:
            self.server_time = reply.authentication.timestamp
        return reply

    def _log_in(self) -> Opened:
        from .small import parse_small  # noqa: PLC0415 - loaded once per container at most

        self.usage.logins += 1
        until = self.clock.monotonic() + self._options.login_seconds
        control = {uuid.uuid4().hex: GetApiSession()}
        reply = self._exchange(self._endpoint, ByLogin(), control, until, parse_small)
        result = reply.results[0] if reply.results else Result("", succeeded=False)
        if not result.succeeded:
            raise refusal(Level.FUNCTION, result.errors, doing="sign in")
        row = result.rows[0] if result.rows else {}
        endpoint = row.get("ENDPOINT", "").strip() or self._endpoint
        session_id = row.get("SESSIONID", "").strip()
        if not session_id:
            raise SourceProtocolError("the gateway accepted the login without giving a session")
        if not is_trusted(endpoint, self._trusted_host):
            raise SourceProtocolError("the gateway named an endpoint outside intacct.com")
        return Opened(session_id, endpoint, _lifetime(reply))


def _outcome(result: Result, function: ReadFunction) -> Result | SourceError:
    if result.succeeded:
        return result
    return refusal(
        Level.FUNCTION, result.errors, doing=doing(function), our_words=our_words(function)
    )


def _lifetime(reply: Reply) -> timedelta | None:
    """How long the session lasts: the difference of two of the gateway's own stamps."""
    sign_in = reply.authentication
    if sign_in is None or sign_in.timestamp is None or sign_in.timeout is None:
        return None
    lifetime = sign_in.timeout.astimezone(UTC) - sign_in.timestamp.astimezone(UTC)
    return lifetime if lifetime > timedelta(0) else None
