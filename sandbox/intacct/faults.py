"""Faults to order: what can go wrong, how often, and for whom. Every firing is counted.

Kinds that happen before a request is looked at never run its functions; kinds that damage the reply
run them first, as a gateway does whose answer is lost on the way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from .replies import HTML, Reply, Writer

_RATE = "API rate limit exceeded"
_ID = "[Request ID: 0000-sandbox]"


def _xml(status: int, errorno: str, description: str) -> Callable[[], Reply]:
    return lambda: Reply(Writer().gateway_failure(errorno, description), status)


def _html(status: int, title: str, body: str = "", **headers: str) -> Callable[[], Reply]:
    page = (
        f"<!DOCTYPE html><html><head><title>{title}</title></head>"
        f"<body><h1>{title}</h1>{body}</body></html>"
    )
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: Reply(page.encode(), status, HTML, dict(named))


INSTEAD: dict[str, Callable[[], Reply]] = {
    "gw_0010": _xml(429, "GW-0010", f"{_RATE} {_ID}"),
    "gw_0010_in_200": _xml(200, "GW-0010", f"{_RATE} {_ID}"),
    "gw_0011": _xml(400, "GW-0011", f"Invalid Request {_ID}"),
    "gw_0001": _xml(500, "GW-0001", f"Unable to process request {_ID}"),
    "jpp_0002": _xml(
        400, "XMLGW_JPP0002", "Sign-in information is incorrect. Please check your request."
    ),
    "http_429": _html(429, "429 Too Many Requests", retry_after="7"),
    "http_500": _html(500, "500 Internal Server Error"),
    "http_502": _html(502, "502 Bad Gateway"),
    "http_503": _html(503, "503 Service Temporarily Unavailable"),
    "http_504": _html(504, "504 Gateway Time-out"),
    "cloudflare": _html(
        520,
        "Web server is returning an unknown error",
        '<div id="cf-error-details" class="cf-error-details-wrapper">Error 520</div>',
        server="cloudflare",
    ),
    "html_in_200": _html(200, "Sign in"),
    "empty": lambda: Reply(b""),
    "reset": lambda: Reply(b"", broken="reset"),
}
"""Answered instead of the request, which never runs."""


def _truncate(reply: Reply) -> None:
    reply.body = reply.body[: max(1, len(reply.body) * 2 // 3)]


def _cut(reply: Reply) -> None:
    reply.broken = "cut"


def _control_character(reply: Reply) -> None:
    reply.body = reply.body.replace(b"</", b"\x01</", 1)


def _control_reference(reply: Reply) -> None:
    reply.body = reply.body.replace(b"</", b"&#x1;</", 1)


def _bad_name(reply: Reply) -> None:
    reply.body = reply.body.replace(
        b"<status>", b"<GLDIMBuild/Pack_1></GLDIMBuild/Pack_1><status>", 1
    )


def _two_roots(reply: Reply) -> None:
    reply.body += b"<response></response>"


DAMAGE: dict[str, Callable[[Reply], None]] = {
    "truncated": _truncate,
    "cut": _cut,
    "control_character": _control_character,
    "control_reference": _control_reference,
    "bad_name": _bad_name,
    "two_roots": _two_roots,
}
"""Done to the reply after the functions ran."""

INSIDE = frozenset({"slow", "session_lost", "offline", "query_trouble"})
"""slow: the reply waits. session_lost: the session dies first. offline, query_trouble: each
function fails, with the maintenance text or with DL02000001."""

KINDS = sorted({*INSTEAD, *DAMAGE, *INSIDE})
MATCHERS = ("company", "user", "function", "object", "auth")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a fault may look at: the request's company, user, functions and objects."""

    company: str
    user: str
    functions: frozenset[str]
    objects: frozenset[str]
    auth: str
    """`login` or `session`."""


@dataclass(slots=True)
class Ordered:
    """One fault ordered. `count` None fires for ever; `skip` lets the first few through."""

    id: int
    kind: str
    count: int | None = 1
    skip: int = 0
    match: dict[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    """Put in a Retry-After header of the reply, in seconds."""
    delay_seconds: float | None = None
    """For `slow`: how long; None waits until the fault is released or deleted."""
    fired: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def instead(self) -> Reply | None:
        """The reply of a kind that answers instead of the gateway."""
        make = INSTEAD.get(self.kind)
        if make is None:
            return None
        reply = make()
        if self.retry_after is not None:
            reply.headers["retry-after"] = f"{self.retry_after:g}"
        return reply

    @property
    def spent(self) -> bool:
        """Whether it will not fire again."""
        return self.count is not None and self.fired >= self.count

    def matches(self, facts: Facts) -> bool:
        """Whether every matcher agrees."""
        have = {
            "company": {facts.company},
            "user": {facts.user},
            "function": facts.functions,
            "object": facts.objects,
            "auth": {facts.auth},
        }
        return all(value in have[name] for name, value in self.match.items())

    def as_json(self) -> dict[str, object]:
        """For the admin API."""
        return {
            "id": self.id,
            "kind": self.kind,
            "count": self.count,
            "skip": self.skip,
            "match": self.match,
            "retry_after": self.retry_after,
            "delay_seconds": self.delay_seconds,
            "fired": self.fired,
        }


class Faults:
    """The faults ordered, oldest first. At most one fires per request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordered: dict[int, Ordered] = {}
        self._last = 0

    def order(self, request: dict[str, object]) -> Ordered:
        """Order one from admin JSON. Raises ValueError."""
        unknown = set(request) - {"kind", "count", "skip", "match", "retry_after", "delay_seconds"}
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))}: not known of a fault")
        kind, match = request.get("kind"), request.get("match") or {}
        if kind not in KINDS:
            raise ValueError(f"kind: one of {', '.join(KINDS)}")
        if not isinstance(match, dict) or set(match) - set(MATCHERS):
            raise ValueError(f"match: an object of {', '.join(MATCHERS)}")
        with self._lock:
            self._last += 1
            fault = Ordered(
                id=self._last,
                kind=str(kind),
                count=_whole(request.get("count", 1), "count"),
                skip=_whole(request.get("skip", 0), "skip") or 0,
                match={str(name): str(value) for name, value in match.items()},
                retry_after=_seconds(request.get("retry_after"), "retry_after"),
                delay_seconds=_seconds(request.get("delay_seconds"), "delay_seconds"),
            )
            self._ordered[fault.id] = fault
            return fault

    def fire(self, facts: Facts) -> Ordered | None:
        """The fault for this request, counted; None for a quiet passage."""
        with self._lock:
            for fault in self._ordered.values():
                if fault.spent or not fault.matches(facts):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.fired += 1
                return fault
        return None

    def release(self, number: int | None = None) -> int:
        """Let slow replies go; how many faults were released."""
        with self._lock:
            chosen = [f for f in self._ordered.values() if number in {None, f.id}]
        for fault in chosen:
            fault.released.set()
        return len(chosen)

    def remove(self, number: int | None = None) -> int:
        """Forget one fault, or all, and release what they hold."""
        removed = self.release(number)
        with self._lock:
            for fault_id in [f for f in self._ordered if number in {None, f}]:
                del self._ordered[fault_id]
        return removed

    def listed(self) -> list[dict[str, object]]:
        """All faults, spent ones too, with how often each fired."""
        with self._lock:
            return [fault.as_json() for fault in self._ordered.values()]


def _whole(value: object, name: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name}: a whole number of 0 or more is needed")
    return value


def _seconds(value: object, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name}: a number of 0 or more is needed")
    return float(value)
