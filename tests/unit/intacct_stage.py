"""A gateway that says what a test tells it to, and a clock that moves when told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from defusedxml.ElementTree import fromstring

from ml_connector.errors import SourceError
from ml_connector.intacct.client import ClientOptions, IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.functions import Query
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.ports import Cache, HttpReply, SessionStore

ENDPOINT = "https://api.intacct.com/ia/xml/xmlgw.phtml"
NODE = "https://na12.intacct.com/ia/xml/xmlgw.phtml"
START = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)

CREDENTIALS = Credentials(
    sender_id="acme-sender",
    sender_password="sender-pass-word",
    company_id="acme-ap",
    user_id="ws.user",
    user_password="user-pass-word",
    utc_offset="+0000",
)


class FakeClock:
    """Time by hand; `sleep` moves it too."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self.slept: list[float] = []
        self._guard = threading.Lock()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - START).total_seconds()

    def forward(self, **duration: float) -> None:
        with self._guard:
            self._now += timedelta(**duration)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.forward(seconds=seconds)


@dataclass
class Request:
    """One request as the gateway sees it."""

    url: str
    body: bytes
    root: Element = field(init=False)

    def __post_init__(self) -> None:
        self.root = fromstring(self.body)

    @property
    def control_id(self) -> str:
        return self.root.findtext("control/controlid") or ""

    @property
    def session_id(self) -> str | None:
        return self.root.findtext("operation/authentication/sessionid")

    @property
    def functions(self) -> list[Element]:
        return self.root.findall("operation/content/function")

    @property
    def name(self) -> str:
        return self.functions[0][0].tag

    @property
    def object(self) -> str:
        return self.functions[0][0].findtext("object") or ""

    @property
    def fields(self) -> list[str]:
        return [f.text or "" for f in self.functions[0].findall("query/select/field")]


Answer = Callable[[Request], HttpReply | SourceError]


class ScriptedGateway:
    """A Transport: logins are answered with fresh sessions, the rest as `answer` says."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.answer: Answer = answer or (lambda request: rows(request, []))
        self.log_in: Answer = self._session
        self.requests: list[Request] = []
        self.logins = 0
        self.seconds: list[float] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self._guard = threading.Lock()

    def post(self, url: str, body: bytes, *, seconds: float, limit: int) -> HttpReply:
        request = Request(url, body)
        with self._guard:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            self.requests.append(request)
            self.seconds.append(seconds)
            is_login = request.session_id is None
            self.logins += is_login
        try:
            outcome = (self.log_in if is_login else self.answer)(request)
        finally:
            with self._guard:
                self.in_flight -= 1
        if isinstance(outcome, SourceError):
            raise outcome
        assert len(outcome.body) <= limit
        return outcome

    @property
    def asked(self) -> list[Request]:
        """The requests that were not logins."""
        return [request for request in self.requests if request.session_id is not None]

    def _session(self, request: Request) -> HttpReply:
        return session(request, f"session-{self.logins}")


def http(body: str | bytes, status: int = 200, **headers: str) -> HttpReply:
    raw = body.encode() if isinstance(body, str) else body
    return HttpReply(status, {k.replace("_", "-"): v for k, v in headers.items()}, raw)


def envelope(
    request: Request,
    operation: str,
    *,
    stamps: tuple[str, str] | None = ("2026-08-21T12:00:00+00:00", "2026-08-21T18:00:00+00:00"),
) -> str:
    times = ""
    if stamps:
        times = (
            f"<sessiontimestamp>{stamps[0]}</sessiontimestamp>"
            f"<sessiontimeout>{stamps[1]}</sessiontimeout>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><response><control><status>success</status>'
        f"<senderid>acme-sender</senderid><controlid>{request.control_id}</controlid>"
        "<uniqueid>false</uniqueid><dtdversion>3.0</dtdversion></control><operation>"
        "<authentication><status>success</status><userid>ws.user</userid>"
        f"<companyid>acme-ap</companyid><locationid></locationid>{times}</authentication>"
        f"{operation}</operation></response>"
    )


def result(request: Request, data: str, index: int = 0) -> str:
    function = request.functions[index]
    return (
        f"<result><status>success</status><function>{function[0].tag}</function>"
        f"<controlid>{function.get('controlid')}</controlid>{data}</result>"
    )


def session(
    request: Request,
    session_id: str,
    endpoint: str = NODE,
    stamps: tuple[str, str] | None = ("2026-08-21T12:00:00+00:00", "2026-08-21T18:00:00+00:00"),
) -> HttpReply:
    data = (
        f"<data><api><sessionid>{session_id}</sessionid><endpoint>{endpoint}</endpoint>"
        "<locationid></locationid></api></data>"
    )
    return http(envelope(request, result(request, data), stamps=stamps))


def rows(
    request: Request,
    records: list[dict[str, str]],
    *,
    remaining: int = 0,
    count: int | None = None,
    extra: str = "",
    index: int = 0,
) -> HttpReply:
    return http(envelope(request, rows_result(request, records, remaining, count, extra, index)))


def rows_result(
    request: Request,
    records: list[dict[str, str]],
    remaining: int = 0,
    count: int | None = None,
    extra: str = "",
    index: int = 0,
) -> str:
    name = request.functions[index][0].findtext("object") or "RECORD"
    inside = "".join(
        f"<{name}>{''.join(f'<{k}>{escape(v)}</{k}>' for k, v in record.items())}</{name}>"
        for record in records
    )
    number = len(records) if count is None else count
    data = (
        f'<data listtype="{name}" totalcount="{number + remaining}" offset="0" count="{number}"'
        f' numremaining="{remaining}"{extra}>{inside}</data>'
    )
    return result(request, data, index)


def lookup(request: Request, fields: list[str]) -> HttpReply:
    inside = "".join(
        f"<Field><ID>{name}</ID><LABEL>x</LABEL><DATATYPE>TEXT</DATATYPE></Field>"
        for name in fields
    )
    data = (
        f'<data listtype="All" count="1"><Type Name={quoteattr(request.object)} DocumentType="">'
        f"<Fields>{inside}</Fields><Relationships><Relationship><OBJECTPATH>VENDOR</OBJECTPATH>"
        "</Relationship></Relationships></Type></data>"
    )
    return http(envelope(request, result(request, data)))


def error(number: str, text: str = "", description: str = "", correction: str = "") -> str:
    return (
        f"<errormessage><error><errorno>{escape(number)}</errorno>"
        f"<description>{escape(description)}</description>"
        f"<description2>{escape(text)}</description2>"
        f"<correction>{escape(correction)}</correction></error></errormessage>"
    )


def refused(request: Request, number: str, text: str = "", index: int = 0) -> HttpReply:
    return http(envelope(request, refused_result(request, number, text, index)))


def refused_result(request: Request, number: str, text: str = "", index: int = 0) -> str:
    function = request.functions[index]
    return (
        f"<result><status>failure</status><function>{function[0].tag}</function>"
        f"<controlid>{function.get('controlid')}</controlid>{error(number, text)}</result>"
    )


def sign_in_failed(request: Request, text: str, number: str = "XL03000006") -> HttpReply:
    return http(
        "<response><control><status>success</status>"
        f"<controlid>{request.control_id}</controlid></control><operation><authentication>"
        "<status>failure</status><userid></userid><companyid></companyid></authentication>"
        f"{error(number, text)}</operation></response>"
    )


def control_failed(number: str, text: str, status: int = 200, **headers: str) -> HttpReply:
    return http(
        f"<response><control><status>failure</status></control>{error(number, text)}</response>",
        status,
        **headers,
    )


def make_client(
    gateway: ScriptedGateway,
    *,
    clock: FakeClock | None = None,
    store: SessionStore | None = None,
    cache: Cache | None = None,
    credentials: Credentials = CREDENTIALS,
    options: ClientOptions | None = None,
    time_left: Callable[[], float] | None = None,
) -> IntacctClient:
    clock = clock or FakeClock()
    return IntacctClient(
        credentials,
        ENDPOINT,
        "",
        store or MemorySessionStore(),
        cache or MemoryCache(),
        http=gateway,
        clock=clock,
        sleep=clock.sleep,
        random=lambda: 0.5,
        options=options,
        time_left=time_left,
    )


BILLS = Query("APBILL", ("RECORDNO", "STATE"))


def in_turn(*answers: Answer | HttpReply | SourceError) -> Answer:
    """Answer each request by the next of these; the last one stays."""
    left = list(answers)

    def answer(request: Request) -> HttpReply | SourceError:
        now = left.pop(0) if len(left) > 1 else left[0]
        return now if isinstance(now, HttpReply | SourceError) else now(request)

    return answer


def some_rows(request: Request) -> HttpReply:
    return rows(request, [{"RECORDNO": "1", "STATE": "Submitted"}])


def dead(request: Request) -> HttpReply:
    return sign_in_failed(request, "Invalid session q....")
