"""What a reply says, level by level: control, operation (sign-in), and one result per function.

Replies differ in what they leave out: `senderid`, `status`, `locationid`, `sessiontimeout` and
`errorno` have all been seen missing, so nothing here is taken for granted but the nesting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from datetime import UTC, datetime

from ml_connector.domain.frozen import frozen
from ml_connector.errors import SourceProtocolError, SourceUnavailable

from .tree import Document, Element, Row


@frozen
class GatewayMessage:
    """One `<error>`. The texts are the provider's own and may name people: never logged."""

    errorno: str
    texts: tuple[str, ...] = field(default=(), repr=False)

    @property
    def words(self) -> str:
        """Everything it says, the number included, in lower case."""
        return " ".join((self.errorno, *self.texts)).lower()


@frozen
class Authentication:
    """The sign-in block. The times are the gateway's own, aware; None where left out."""

    accepted: bool
    timestamp: datetime | None = None
    timeout: datetime | None = None


@frozen
class Result:
    """The answer to one function. `errors` is empty exactly when it succeeded."""

    control_id: str
    function: str = ""
    succeeded: bool = True
    errors: tuple[GatewayMessage, ...] = ()
    rows: Sequence[Row] = ()
    """Flat records: upper case names, texts as sent, "" for null."""
    structured: Sequence[Element] = ()
    """Records that nest or repeat a field."""
    count: int | None = None
    total: int | None = None
    remaining: int | None = None
    result_id: str = ""
    """What `readMore` continues; empty where there is nothing to continue."""


@frozen
class Reply:
    """A whole reply. `errors` are those of the control or operation level."""

    control_id: str = ""
    control_accepted: bool = True
    authentication: Authentication | None = None
    results: tuple[Result, ...] = ()
    errors: tuple[GatewayMessage, ...] = ()
    cleaned: int = 0


def read_reply(document: Document) -> Reply:
    """Understand a parsed reply.

    Raises SourceProtocolError where the document is not a gateway reply, and SourceUnavailable
    where a result holds more or fewer records than it counts.
    """
    root = document.root
    if root.name == "HTML":
        raise SourceUnavailable("the gateway answered with a web page")
    if root.name != "RESPONSE":
        raise SourceProtocolError("the reply is XML but not one of the gateway's")
    control = root.child("CONTROL") or Element("CONTROL")
    operation = root.child("OPERATION")
    sign_in = operation.child("AUTHENTICATION") if operation else None
    results = [child for child in operation.children if child.name == "RESULT"] if operation else []
    return Reply(
        control_id=control.text_of("CONTROLID"),
        control_accepted=control.text_of("STATUS").lower() != "failure",
        authentication=_authentication(sign_in) if sign_in else None,
        results=tuple(_result(result) for result in results),
        errors=_messages(root) + (_messages(operation) if operation else ()),
        cleaned=document.cleaned,
    )


def _authentication(element: Element) -> Authentication:
    return Authentication(
        accepted=element.text_of("STATUS").lower() != "failure",
        timestamp=_moment(element.text_of("SESSIONTIMESTAMP")),
        timeout=_moment(element.text_of("SESSIONTIMEOUT")),
    )


def _moment(text: str) -> datetime | None:
    """An ISO time with its offset (older replies use -08:00, newer +00:00); None where unusable."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def _result(element: Element) -> Result:
    errors = _messages(element)
    status = element.text_of("STATUS").lower()
    data = element.child("DATA") or Element("DATA")
    # A refused function has been seen without a status, and one may hold part of its data.
    succeeded = not errors and (status == "success" or (not status and data in element.children))
    if not succeeded:
        return Result(
            control_id=element.text_of("CONTROLID"),
            function=element.text_of("FUNCTION"),
            succeeded=False,
            errors=errors,
        )
    count = _number(data, "count")
    present = len(data.records) + len(data.children)
    if count is not None and count != present:
        raise SourceUnavailable(f"a result counts {count} records and holds {present}")
    return Result(
        control_id=element.text_of("CONTROLID"),
        function=element.text_of("FUNCTION"),
        rows=data.records,
        structured=data.children,
        count=count,
        total=_number(data, "totalcount"),
        remaining=_number(data, "numremaining"),
        result_id=data.attributes.get("resultid", ""),
    )


def _number(data: Element, attribute: str) -> int | None:
    text = data.attributes.get(attribute, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise SourceProtocolError(f"a result's {attribute} is not a number")
    return int(text)


_MAX_DIGITS = 18


def _messages(parent: Element) -> tuple[GatewayMessage, ...]:
    """The errors directly under an element; an empty `errormessage` still means failure."""
    block = parent.child("ERRORMESSAGE")
    if block is None:
        return ()
    errors = [child for child in block.children if child.name == "ERROR"]
    if not errors:
        return (GatewayMessage("", (block.text.strip(),)),)
    return tuple(
        GatewayMessage(
            error.text_of("ERRORNO"),
            tuple(error.text_of(name) for name in ("DESCRIPTION", "DESCRIPTION2", "CORRECTION")),
        )
        for error in errors
    )
