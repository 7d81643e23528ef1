"""Ways into the simulated gateway, and what happens on them.

`straight` hands a request to the gateway in this process and behaves as a connection would;
`Wire` stands before it or before the real transport: people go on working while a request is on
its way, processes die, pages arrive short.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from ml_connector.errors import SourceUnavailable
from ml_connector.intacct.ports import HttpReply, Transport
from sandbox.intacct import Arrival, Gateway
from tests.support.clock import HandClock
from tests.support.mishaps import Fault, Faults, Killed

#: What may happen to a process while it waits for the gateway.
POINT = "gateway call"
POSSIBLE = (Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.RACE, Fault.STALLED)

_PAGE = re.compile(rb'<data listtype="APBILL"([^>]*)>(.*)</data>', re.DOTALL)
_ROW = re.compile(rb"<APBILL>.*?</APBILL>", re.DOTALL)


class Straight:
    """The Transport port without sockets."""

    def __init__(self, gateway: Gateway, clock: HandClock) -> None:
        self._gateway = gateway
        self._clock = clock

    def post(self, url: str, body: bytes, *, seconds: float, limit: int) -> HttpReply:
        """One exchange; what a socket would show is shown."""
        parts = urlsplit(url)
        reply = self._gateway.handle(body, Arrival(f"{parts.scheme}://{parts.netloc}", parts.path))
        if reply.delay is None or reply.delay >= seconds:
            self._clock.forward(seconds=seconds)
            raise SourceUnavailable("the gateway did not answer in time")
        self._clock.forward(seconds=reply.delay)
        if reply.broken:
            raise SourceUnavailable("the connection broke")
        assert len(reply.body) <= limit
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return HttpReply(reply.status, headers, reply.body)


class Wire:
    """The Transport port with everything that may happen meanwhile.

    `meanwhile` is called once per request, before the gateway has it; `damage` may change a reply.
    """

    def __init__(
        self,
        transport: Transport,
        faults: Faults,
        meanwhile: Callable[[], None],
        damage: Callable[[HttpReply], HttpReply],
    ) -> None:
        self._transport = transport
        self._faults = faults
        self._meanwhile = meanwhile
        self._damage = damage

    def post(self, url: str, body: bytes, *, seconds: float, limit: int) -> HttpReply:
        """One exchange."""
        fault = self._faults.meet(POINT, POSSIBLE)
        self._meanwhile()
        reply = self._transport.post(url, body, seconds=seconds, limit=limit)
        if fault is Fault.KILLED_AFTER:
            raise Killed(POINT)
        return self._damage(reply)


def shortened(reply: HttpReply, *, counted: bool) -> HttpReply | None:
    """The reply with the end of its page of bills lost; None where it holds no such page.

    `counted` leaves the page's own counts, which then disagree; without them the page does not say
    that anything is missing.
    """
    page = _PAGE.search(reply.body)
    rows = _ROW.findall(page[2]) if page else []
    if page is None or not rows:
        return None
    kept = b"".join(rows[: len(rows) // 2])
    attributes = page[1] if counted else b""
    data = b'<data listtype="APBILL"' + attributes + b">" + kept + b"</data>"
    body = reply.body[: page.start()] + data + reply.body[page.end() :]
    return HttpReply(reply.status, reply.headers, body)
