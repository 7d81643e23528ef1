"""Our HTTP client under the official one.

What it adds: a budget on every call, one kept connection, no retry of anything that creates, errors
that say what to do next (`errors.py`), and no personal data in any log.

Environment proxies and `.netrc` are not read: what a function talks to is decided by its settings
alone. Redirects are not followed: Twilio's API has none, and a redirected POST is a second POST.
"""

from __future__ import annotations

import http.cookiejar
import logging
import random
import time
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import TYPE_CHECKING

import requests
from twilio.http import HttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from urllib3.exceptions import HTTPError

from ml_connector.domain.frozen import frozen
from ml_connector.errors import DeliveryBlocked, DeliveryError, DeliveryTransient

from .errors import Answer, error_of, is_success, no_answer, not_sent, unreadable
from .wire import Call, Clocks, WireAdapter, on_the_wire, tls_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Kept connections: as many as one function sends through at a time.
_CONNECTIONS = 10

_BUDGET: ContextVar[float | None] = ContextVar("ml_connector_twilio_budget", default=None)


@frozen
class ReadPolicy:
    """How hard a read tries, in seconds. A read changes nothing, so it may be repeated.

    `budget` bounds a read with all its tries and the waits between them, unless the caller gives
    another (`within`); `attempt` bounds one try. Waits are drawn between nothing and `base` doubled
    per try, at most `cap` (full jitter), and are never shorter than a Retry-After; one the budget
    has no room for ends the read.
    """

    attempts: int = 4
    attempt: float = 8.0
    budget: float = 20.0
    base: float = 0.5
    cap: float = 4.0


class ConnectorHttpClient(HttpClient):  # type: ignore[misc]
    """The official client's HttpClient. Answers outside 2xx, and none, come as DeliveryErrors.

    `default_budget` holds, in seconds, for creates outside of `within`. A connection idle for more
    than `max_idle` seconds is not used again (`wire.py` says why). `renewed` gives user and
    password as they are stored now: it is asked where Twilio refuses ours, and where they are
    others the request, which was refused unread, is made once more with them. One instance serves
    threads.
    """

    def __init__(
        self,
        *,
        tls: bool = True,
        ca_file: str = "",
        default_budget: float = 10.0,
        max_idle: float = 3.0,
        reads: ReadPolicy | None = None,
        clocks: Clocks | None = None,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[float, float], float] = random.uniform,
        renewed: Callable[[], tuple[str, str] | None] | None = None,
    ) -> None:
        super().__init__(logging.getLogger(__name__), is_async=False, timeout=default_budget)
        self._default_budget = default_budget
        self._max_idle = max_idle
        self.reads = reads or ReadPolicy()
        self._clocks = clocks or Clocks()
        self._sleep = sleep
        self._draw = draw
        self._renewed = renewed
        self._instead: tuple[str, str] | None = None
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=()))
        context = tls_context(ca_file) if tls else None
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, WireAdapter(tls=context, connections=_CONNECTIONS))

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Each call inside the block has this many seconds in all, a read's tries included."""
        token = _BUDGET.set(seconds)
        try:
            yield
        finally:
            _BUDGET.reset(token)

    def close(self) -> None:
        """Close every kept connection. The client may be used again."""
        self._session.close()

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,  # noqa: ARG002 - the official signature
    ) -> Response:
        """Called by the official client for every request. Raises only DeliveryErrors.

        A GET follows the ReadPolicy. Anything else is tried once, whatever happens, but for
        credentials that were changed meanwhile.
        """
        method = method.upper()
        given = _BUDGET.get() if timeout is None else timeout
        if given is None:
            given = self.reads.budget if method == "GET" else self._default_budget
        end = self._clocks.monotonic() + given
        said = requests.Request(method, uri, params=params, data=data, headers=headers)
        said.auth = self._instead or auth
        try:
            return self._answered(said, given)
        except DeliveryError as error:
            if error.http_status != HTTPStatus.UNAUTHORIZED or not self._renew(said.auth):
                raise
        said.auth = self._instead
        return self._answered(said, end - self._clocks.monotonic())

    def _renew(self, refused: object) -> bool:
        """Whether there are other credentials than the refused ones by now."""
        stored = self._renewed() if self._renewed else None
        if stored is None or stored == refused:
            return False
        self._instead = stored
        return True

    def _answered(self, said: requests.Request, budget: float) -> Response:
        try:
            request = self._session.prepare_request(said)
        except (requests.RequestException, ValueError) as error:
            raise DeliveryBlocked(
                f"the request cannot be written ({type(error).__name__}); "
                "check TWILIO_BASE_URL and the twilio secret"
            ) from None
        if request.method == "GET":
            return self._repeatedly(request, budget)
        return self._once(request, budget)

    def _repeatedly(self, request: requests.PreparedRequest, budget: float) -> Response:
        end = self._clocks.monotonic() + budget
        for attempt in range(self.reads.attempts):
            left = end - self._clocks.monotonic()
            try:
                return self._once(request, min(left, self.reads.attempt))
            except DeliveryTransient as error:
                wait = self._draw(0.0, min(self.reads.cap, self.reads.base * 2**attempt))
                wait = max(wait, error.retry_after or 0.0)
                out_of_time = self._clocks.monotonic() + wait >= end
                if out_of_time or attempt == self.reads.attempts - 1:
                    raise
            self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _once(self, request: requests.PreparedRequest, budget: float) -> Response:
        """One request and its answer, all within `budget` seconds."""
        method = str(request.method)
        call = Call(budget, self._max_idle, self._clocks)
        failure: DeliveryError
        try:
            with on_the_wire(call):
                answer = self._session.send(
                    request, timeout=(budget, budget), allow_redirects=False
                )
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            failure = no_answer(method, error) if call.sent else not_sent(error)
        else:
            if not is_success(answer.status_code):
                failure = error_of(
                    method,
                    Answer(answer.status_code, answer.headers, answer.content),
                    now=self._clocks.wall(),
                )
            else:
                try:
                    text = answer.content.decode("utf-8")
                except UnicodeDecodeError as error:
                    failure = unreadable(method, error)
                else:
                    return Response(answer.status_code, text, answer.headers)
        # Outside of `except`, so that no network error, whose text quotes numbers, is chained.
        raise failure


class _NoQuery(logging.Filter):
    """Cuts the query off addresses in urllib3's records: it lists the numbers asked about."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                part.partition("?")[0] if isinstance(part, str) and "?" in part else part
                for part in record.args
            )
        return True


for _name in ("connection", "connectionpool", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_NoQuery())
