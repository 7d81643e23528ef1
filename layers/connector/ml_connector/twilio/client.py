"""The official client, built once and loaded piece by piece.

`import twilio.rest` is the smaller part of its cost; the classes of the product a call belongs to
are the larger, and the official client imports them when they are first touched. So nothing here
touches it before the first call, or before `preload` and `warm_up`, which a function may run while
it starts.
"""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING, Any

from .endpoints import Endpoints, Product
from .http_client import ConnectorHttpClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from .credentials import TwilioCredentials


def preload() -> Any:  # noqa: ANN401 - the official classes are untyped
    """Import what an SMS or a call needs of the official client; returns its `Client`.

    Needs neither credentials nor a network: for a function's start, when it has the most CPU.
    """
    collecting = gc.isenabled()
    # A hundred modules, and no garbage worth collecting: a fifth of what they cost.
    gc.disable()
    try:
        import twilio.rest.api  # type: ignore[import-untyped]  # noqa: PLC0415 - loaded when used
    finally:
        if collecting:
            gc.enable()
    return twilio.rest.Client


class TwilioConnection:
    """One account at one place: credentials, addresses and the HTTP client all products share.

    `renewed` gives the credentials as they are stored now, for where Twilio refuses the ones given.
    """

    def __init__(
        self,
        credentials: TwilioCredentials,
        endpoints: Endpoints | None = None,
        http: ConnectorHttpClient | None = None,
        renewed: Callable[[], TwilioCredentials | None] | None = None,
    ) -> None:
        self._credentials = credentials
        self._renewed = renewed
        self._endpoints = endpoints or Endpoints()
        self._http = http
        self._client: Any = None
        self._lock = threading.Lock()

    @property
    def http(self) -> ConnectorHttpClient:
        """The HTTP client under the official one."""
        if self._http is None:
            with self._lock:
                self._http = self._http or ConnectorHttpClient(
                    tls=self._endpoints.tls, renewed=self._now_stored
                )
        return self._http

    @property
    def endpoints(self) -> Endpoints:
        """Where requests go."""
        return self._endpoints

    def product(self, name: Product) -> Any:  # noqa: ANN401 - the official classes are untyped
        """The official client's part for one product, at its configured address."""
        domain = getattr(self._official(), name)
        url = self._endpoints.url_of(name)
        if url:
            domain.base_url = url
        return domain

    def messages(self) -> Any:  # noqa: ANN401 - the official classes are untyped
        """The official `MessageList` of the account."""
        return self.product("api").account.messages

    def calls(self) -> Any:  # noqa: ANN401 - the official classes are untyped
        """The official `CallList` of the account."""
        return self.product("api").account.calls

    def flow(self, sid: str) -> Any:  # noqa: ANN401 - the official classes are untyped
        """The official `FlowContext` of a Studio flow; Studio's classes load when first asked."""
        return self.product("studio").v2.flows(sid)

    def warm_up(self) -> None:
        """Load everything an SMS needs, and send nothing."""
        self.messages()

    def close(self) -> None:
        """Close kept connections."""
        if self._http is not None:
            self._http.close()

    def _now_stored(self) -> tuple[str, str] | None:
        """User and password; of another account they would be no use, for addresses name ours."""
        found = self._renewed() if self._renewed else None
        if found is None or found.account_sid != self._credentials.account_sid:
            return None
        return found.username, found.password

    def _official(self) -> Any:  # noqa: ANN401 - the official classes are untyped
        if self._client is None:
            official, http = preload(), self.http
            with self._lock:
                self._client = self._client or official(
                    self._credentials.username,
                    self._credentials.password,
                    self._credentials.account_sid,
                    region=self._endpoints.region or None,
                    edge=self._endpoints.edge or None,
                    http_client=http,
                    # Its own default is os.environ, where TWILIO_REGION would move us. An empty
                    # mapping counts as none given, hence one entry nobody asks for.
                    environment={"ML_CONNECTOR": ""},
                    user_agent_extensions=["ml-connector"],
                )
        return self._client
