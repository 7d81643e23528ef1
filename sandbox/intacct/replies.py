"""Writing replies: the three levels of the gateway's XML, and nothing else.

Every value is escaped here, once. `omit` names elements a company's replies leave out, as older or
odder gateways do (senderid, locationid, sessiontimeout, errorno ...).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from .envelope import Control
from .errors import Fault

XML = "application/xml; charset=UTF-8"
HTML = "text/html; charset=UTF-8"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(slots=True)
class Reply:
    """What goes back: `broken` says how the connection fails, for transports that can show it.

    `reset`: the connection dies before a byte. `cut`: it dies in the middle of the body, which is
    whole here. `delay` is in seconds; None waits until the fault is released.
    """

    body: bytes
    status: int = 200
    content_type: str = XML
    headers: dict[str, str] = field(default_factory=dict)
    delay: float | None = 0.0
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """The authentication block of a request that got through."""

    user: str
    company: str
    location: str
    stamp: str
    timeout: str


@dataclass(frozen=True, slots=True)
class Result:
    """One `<result>`: data of a success, or errors. `raw` replaces the whole body."""

    function: str
    control_id: str
    data: str = ""
    faults: tuple[Fault, ...] = ()
    status: str = "success"
    """Empty leaves the element out."""
    raw: tuple[str, str] | None = None
    """Content type and text of a JSON or CSV body."""


class Writer:
    """Writes for one company's habits."""

    def __init__(self, omit: Iterable[str] = (), *, more_errors: bool = False) -> None:
        self._omit = frozenset(omit)
        self._more_errors = more_errors

    def element(self, name: str, value: str) -> str:
        """One leaf element; nothing where the company's replies leave it out."""
        return "" if name in self._omit else f"<{name}>{escape(value)}</{name}>"

    def success(self, control: Control, signed: Signed, results: Iterable[Result]) -> bytes:
        """A reply with an operation, whatever became of each function."""
        authentication = "".join(
            (
                "<status>success</status>",
                self.element("userid", signed.user),
                self.element("companyid", signed.company),
                self.element("locationid", signed.location),
                self.element("sessiontimestamp", signed.stamp),
                self.element("sessiontimeout", signed.timeout),
            )
        )
        body = "".join(self._result(result) for result in results)
        return self._response(
            self._control(control, "success"),
            f"<operation><authentication>{authentication}</authentication>{body}</operation>",
        )

    def sign_in_failure(
        self, control: Control, user: str, company: str, faults: Iterable[Fault]
    ) -> bytes:
        """The operation level: authentication failed, no result."""
        authentication = "<status>failure</status>" + self.element("userid", user)
        authentication += self.element("companyid", company)
        return self._response(
            self._control(control, "success"),
            f"<operation><authentication>{authentication}</authentication>"
            f"{self._errors(faults)}</operation>",
        )

    def control_failure(self, control: Control | None, faults: Iterable[Fault]) -> bytes:
        """The control level: no operation. Without a readable control block its ids are empty."""
        block = control or Control("", "", "", unique=False, dtd_version="")
        return self._response(self._control(block, "failure"), self._errors(faults))

    def gateway_failure(self, errorno: str, description: str) -> bytes:
        """The variant made in front of the gateway: bare control, errorno and description."""
        return self._response(
            "<control><status>failure</status></control>",
            f"<errormessage><error>{self.element('errorno', errorno)}"
            f"{self.element('description', description)}</error></errormessage>",
        )

    def _control(self, control: Control, status: str) -> str:
        return "".join(
            (
                f"<control><status>{status}</status>",
                self.element("senderid", control.sender),
                self.element("controlid", control.control_id),
                self.element("uniqueid", "true" if control.unique else "false"),
                self.element("dtdversion", control.dtd_version or "3.0"),
                "</control>",
            )
        )

    def _result(self, result: Result) -> str:
        status = f"<status>{result.status}</status>" if result.status else ""
        errors = self._errors(result.faults) if result.faults else ""
        return (
            f"<result>{status}{self.element('function', result.function)}"
            f"{self.element('controlid', result.control_id)}{result.data}{errors}</result>"
        )

    def _errors(self, faults: Iterable[Fault]) -> str:
        return f"<errormessage>{''.join(map(self._error, faults))}</errormessage>"

    def _error(self, fault: Fault) -> str:
        more = ""
        if self._more_errors:
            more = (
                "<additionalinfo><errorid>SANDBOX-0001</errorid><category/>"
                '<target domain="" requestinfo="" object="" field="" businessinfo=""/>'
                "</additionalinfo>"
            )
        return "".join(
            (
                "<error>",
                self.element("errorno", fault.errorno),
                self.element("description", fault.description),
                self.element("description2", fault.description2),
                self.element("correction", fault.correction),
                more,
                "</error>",
            )
        )

    @staticmethod
    def _response(*parts: str) -> bytes:
        return f"{_HEAD}<response>{''.join(parts)}</response>".encode()


def data(content: str, **attributes: object) -> str:
    """A `<data>` element; attributes in the order given."""
    written = "".join(f" {name}={quoteattr(str(value))}" for name, value in attributes.items())
    return f"<data{written}>{content}</data>"
