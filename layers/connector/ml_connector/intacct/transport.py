"""The wire: one keep-alive connection through requests, with limits on time and size.

Importing requests is what costs here, so only this module does it and only the wiring imports
this module.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Self

import requests
from requests import exceptions
from urllib3.exceptions import NewConnectionError

from ml_connector.errors import SourceProtocolError, SourceUnavailable

from .errors import GatewayUnreachable
from .ports import HttpReply

_CHUNK = 64 * 1024

#: Failures in which not a byte of the request can have reached the gateway; so have those whose
#: cause is that no connection came about (see `_never_sent`).
_NOT_SENT = (exceptions.ConnectTimeout, exceptions.SSLError, exceptions.ProxyError)


class RequestsTransport:
    """A `Transport` over one requests.Session.

    `ca_bundle` is a file of trusted certificates (default: requests' own), `proxy` an URL.
    Environment and netrc are not consulted: neither may redirect or decorate these requests.
    """

    def __init__(
        self,
        *,
        connect_seconds: float = 5.0,
        read_seconds: float = 60.0,
        ca_bundle: str = "",
        proxy: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._monotonic = monotonic
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca_bundle or True
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        if proxy:
            self._session.proxies = {"http": proxy, "https": proxy}

    def post(self, url: str, body: bytes, *, seconds: float, limit: int) -> HttpReply:
        """See `Transport.post`."""
        until = self._monotonic() + seconds
        timeout = (min(self._connect_seconds, seconds), min(self._read_seconds, seconds))
        answered = False
        try:
            with self._session.post(
                url,
                data=body,
                headers={"Content-Type": "application/xml", "User-Agent": "ml-connector"},
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                answered = True
                content = self._read(response, until, limit)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return HttpReply(response.status_code, headers, content)
        except exceptions.RequestException as error:
            if not answered and _never_sent(error):
                raise GatewayUnreachable(_reason("could not be reached", error)) from error
            raise SourceUnavailable(_reason("did not answer in full", error)) from error

    def _read(self, response: requests.Response, until: float, limit: int) -> bytes:
        content = bytearray()
        for chunk in response.iter_content(_CHUNK):
            content += chunk
            if len(content) > limit:
                raise SourceProtocolError(f"the gateway's reply is larger than {limit} bytes")
            if self._monotonic() > until:
                raise SourceUnavailable("the gateway's reply took too long")
        return bytes(content)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _never_sent(error: exceptions.RequestException) -> bool:
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, _NOT_SENT) or isinstance(cause, NewConnectionError)


def _reason(what: str, error: Exception) -> str:
    """The class of the failure; its text may hold addresses and is left out."""
    return f"the gateway {what} ({type(error).__name__})"
