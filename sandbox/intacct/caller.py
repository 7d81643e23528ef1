"""A bare caller of the gateway, for trying it by hand and for its tests.

It writes requests in two spellings, as different clients do, and reads replies without judging
them. It is no client: no retry, no refresh, no protection.
"""

from __future__ import annotations

import http.client
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from defusedxml.ElementTree import fromstring

from .replies import Reply
from .world import COMPANY_ID, SENDER_ID, SENDER_PASSWORD, USER_ID, USER_PASSWORD

Send = Callable[[bytes], Reply]
BILL_FIELDS = ("RECORDNO", "RECORDID", "STATE", "VENDORID", "WHENMODIFIED")


@dataclass(frozen=True, slots=True)
class Spelling:
    """A way to write the same request."""

    head: str
    gap: str
    """White space between elements."""
    uniqueid: str
    """The element, or nothing where it is left out."""
    attributes: str
    """Of `operation`."""
    function: str
    """The start tag's attributes; {id} stands for the quoted function id."""


COMPACT = Spelling(
    head='<?xml version="1.0" encoding="UTF-8"?>',
    gap="",
    uniqueid="<uniqueid>false</uniqueid>",
    attributes="",
    function="controlid={id}",
)
LOOSE = Spelling(
    head="<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\r\n<!-- sent by hand -->\r\n",
    gap="\r\n\t  ",
    uniqueid="<uniqueid> False </uniqueid>",
    attributes=" transaction = 'false'",
    function="  trace='7'   controlid  =  {id}  ",
)


def write_request(
    authentication: str, functions: dict[str, str], spelling: Spelling = COMPACT, **control: str
) -> bytes:
    """A request: the inside of `<authentication>`, functions by id, control values by element."""
    values = {
        "senderid": SENDER_ID,
        "password": SENDER_PASSWORD,
        "controlid": "sandbox-caller",
        "dtdversion": "3.0",
        **control,
    }
    uniqueid = spelling.uniqueid
    if "uniqueid" in values:
        uniqueid = f"<uniqueid>{values.pop('uniqueid')}</uniqueid>"
    order = ("senderid", "password", "controlid", "", "dtdversion", "policyid", "includewhitespace")
    leaves = [
        uniqueid if name == "" else f"<{name}>{escape(values[name])}</{name}>"
        for name in (*order, "showadditionalerrorinfo")
        if name == "" or name in values
    ]
    gap = spelling.gap
    calls = gap.join(
        f"<function {spelling.function.format(id=quoteattr(name))}>{gap}{body}{gap}</function>"
        for name, body in functions.items()
    )
    return (
        f"{spelling.head}<request>{gap}<control>{gap}{gap.join(leaves)}{gap}</control>{gap}"
        f"<operation{spelling.attributes}>{gap}<authentication>{gap}{authentication}{gap}"
        f"</authentication>{gap}<content>{gap}{calls}{gap}</content>{gap}</operation>{gap}</request>"
    ).encode()


def login_xml(
    user: str = USER_ID,
    password: str = USER_PASSWORD,
    company: str = COMPANY_ID,
    location: str | None = None,
) -> str:
    """A `<login>`; a location of "" is an empty element."""
    where = "" if location is None else f"<locationid>{escape(location)}</locationid>"
    return (
        f"<login><userid>{escape(user)}</userid><companyid>{escape(company)}</companyid>"
        f"<password>{escape(password)}</password>{where}</login>"
    )


def query_xml(
    name: str, fields: tuple[str, ...] = BILL_FIELDS, filters: str = "", rest: str = ""
) -> str:
    """A `<query>`: `filters` is what stands inside `<filter>`, `rest` what follows it."""
    select = "".join(f"<field>{field}</field>" for field in fields)
    inside = f"<filter>{filters}</filter>" if filters else ""
    return f"<query><object>{name}</object><select>{select}</select>{inside}{rest}</query>"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, read."""

    reply: Reply

    @property
    def root(self) -> Element:
        """The document. Raises ParseError."""
        found: Element = fromstring(self.reply.body)
        return found

    def text(self, path: str) -> str | None:
        """Text of the first element at a path under `<response>`; None when it is missing."""
        found = self.root.find(path)
        return None if found is None else found.text or ""

    def results(self) -> list[Element]:
        """All `<result>`s."""
        return self.root.findall("operation/result")

    def data(self, at: int = 0) -> Element:
        """The `<data>` of one result. Raises LookupError."""
        found = self.results()[at].find("data")
        if found is None:
            raise LookupError(self.reply.body.decode())
        return found

    def rows(self, at: int = 0) -> list[dict[str, str]]:
        """Records of one result: element names to texts."""
        return [{leaf.tag: leaf.text or "" for leaf in row} for row in self.data(at)]

    def column(self, name: str, at: int = 0) -> list[str]:
        """One field of every record."""
        return [row[name] for row in self.rows(at)]

    def errors(self) -> list[tuple[str, str]]:
        """errorno and description2 of every error, at whatever level."""
        return [
            (error.findtext("errorno", ""), error.findtext("description2", ""))
            for error in self.root.iter("error")
        ]


class Caller:
    """Calls one gateway; after `login` with the session it got."""

    def __init__(self, send: Send, spelling: Spelling = COMPACT) -> None:
        self._send = send
        self._spelling = spelling
        self._numbers = itertools.count(1)
        self.session = ""

    @classmethod
    def at(cls, url: str, spelling: Spelling = COMPACT, timeout: float = 30) -> Caller:
        """Over HTTP."""
        parts = urlsplit(url)

        def send(body: bytes) -> Reply:
            connection = http.client.HTTPConnection(
                parts.hostname or "127.0.0.1", parts.port, timeout=timeout
            )
            try:
                connection.request("POST", parts.path, body, {"Content-Type": "application/xml"})
                response = connection.getresponse()
                return Reply(
                    response.read(),
                    response.status,
                    response.headers.get("content-type", ""),
                    {name.lower(): value for name, value in response.headers.items()},
                )
            finally:
                connection.close()

        return cls(send, spelling)

    def post(self, body: bytes) -> Answer:
        """Any bytes."""
        return Answer(self._send(body))

    def ask(self, authentication: str, *functions: str, **control: str) -> Answer:
        """Functions with this authentication."""
        named = {f"f{next(self._numbers)}": function for function in functions}
        return self.post(write_request(authentication, named, self._spelling, **control))

    def login(self, location: str | None = None, **who: str) -> Answer:
        """getAPISession; the session is kept when there is one."""
        answer = self.ask(login_xml(location=location, **who), "<getAPISession/>")
        self.session = answer.text("operation/result/data/api/sessionid") or ""
        return answer

    def run(self, *functions: str, **control: str) -> Answer:
        """Functions in the session."""
        return self.ask(f"<sessionid>{escape(self.session)}</sessionid>", *functions, **control)

    def query(self, name: str, *fields: str, filters: str = "", rest: str = "") -> Answer:
        """One query in the session."""
        return self.run(query_xml(name, fields or BILL_FIELDS, filters, rest))
