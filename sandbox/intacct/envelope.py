"""Reading a request: hardened XML, the envelope's sequence, one command per function.

The order of elements is part of the format (the legacy DTD is a sequence), and an element it does
not know is a schema error. A missing `uniqueid` means true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from .errors import ControlError, Fault, schema_error

MAX_BYTES = 10_000_000
"""A request is refused above this; real ones are kilobytes."""

_CONTROL = (
    "senderid",
    "password",
    "controlid",
    "uniqueid",
    "dtdversion",
    "policyid",
    "debug",
    "validate",
    "includewhitespace",
    "showadditionalerrorinfo",
)
_LOGIN = ("userid", "companyid", "password", "clientid", "locationid")


@dataclass(frozen=True, slots=True)
class Control:
    """The control block."""

    sender: str
    password: str
    control_id: str
    unique: bool
    dtd_version: str
    policy: str = ""
    more_errors: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """A login block; `location` is None where the element is missing, empty for the top level."""

    user: str
    company: str
    password: str
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One `<function>`: its id, its name, and the element with its arguments."""

    control_id: str
    name: str
    body: Element


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request. Either `login` or `session` is set."""

    control: Control
    calls: tuple[Call, ...]
    login: Login | None = None
    session: str = ""
    transaction: bool = False


def parse_xml(body: bytes) -> Element:
    """The root of a document without DTD, entities or external references. Raises ControlError."""
    if len(body) > MAX_BYTES:
        raise schema_error(f"the document is larger than {MAX_BYTES} bytes")
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise schema_error("document type definitions and entities are not accepted") from None
    except (ParseError, ValueError, LookupError) as error:
        raise schema_error(f"the document is not well-formed: {error}") from None
    return root


def text(element: Element | None) -> str:
    """An element's text without the white space around it; empty when missing."""
    return "" if element is None or element.text is None else element.text.strip()


def flag(element: Element | None, *, default: bool) -> bool:
    """A boolean element; anything but true and 1 is false, missing or empty is the default."""
    value = text(element).lower()
    return default if not value else value in {"true", "1"}


def in_sequence(parent: Element, names: Sequence[str], *, required: Sequence[str] = ()) -> None:
    """Children must be known, at most once each, and in this order. Raises ControlError."""
    position = -1
    for child in parent:
        if child.tag not in names:
            raise schema_error(f"element '{child.tag}' is not expected in '{parent.tag}'")
        if names.index(child.tag) <= position:
            raise schema_error(f"element '{child.tag}' is out of order in '{parent.tag}'")
        position = names.index(child.tag)
    for name in required:
        if parent.find(name) is None:
            raise schema_error(f"element '{name}' is missing in '{parent.tag}'")


def read_control(root: Element) -> Control:
    """The control block. Raises ControlError."""
    if root.tag != "request":
        raise schema_error(f"the document is a '{root.tag}', not a 'request'")
    block = root.find("control")
    if block is None:
        raise schema_error("element 'control' is missing in 'request'")
    in_sequence(block, _CONTROL)
    return Control(
        sender=text(block.find("senderid")),
        password=text(block.find("password")),
        control_id=text(block.find("controlid")),
        unique=flag(block.find("uniqueid"), default=True),
        dtd_version=text(block.find("dtdversion")),
        policy=text(block.find("policyid")),
        more_errors=flag(block.find("showadditionalerrorinfo"), default=False),
    )


def read_request(root: Element, control: Control) -> Request:
    """The rest of the request. Raises ControlError."""
    in_sequence(root, ("control", "operation"), required=("operation",))
    in_sequence(_child(root, "control"), _CONTROL, required=("senderid", "password", "controlid"))
    if not 1 <= len(control.control_id) <= 256:  # noqa: PLR2004 - the documented length
        raise schema_error("controlid must have 1 to 256 characters")
    if control.dtd_version not in {"", "3.0", "2.1"}:
        raise schema_error(f"dtdversion '{control.dtd_version}' is not supported")
    if control.policy:
        raise ControlError(Fault("XL03000006", f"{control.policy} is not a valid transport policy"))
    operation = _child(root, "operation")
    in_sequence(operation, ("authentication", "content"), required=("authentication", "content"))
    login, session = _authentication(_child(operation, "authentication"))
    return Request(
        control=control,
        calls=tuple(_call(function) for function in _functions(_child(operation, "content"))),
        login=login,
        session=session,
        transaction=operation.get("transaction", "false").strip().lower() == "true",
    )


def _child(parent: Element, name: str) -> Element:
    found = parent.find(name)
    if found is None:
        raise schema_error(f"element '{name}' is missing in '{parent.tag}'")
    return found


def _authentication(block: Element) -> tuple[Login | None, str]:
    if len(block) != 1 or block[0].tag not in {"login", "sessionid"}:
        raise schema_error("'authentication' holds one of 'login' and 'sessionid'")
    if block[0].tag == "sessionid":
        return None, text(block[0])
    login = block[0]
    in_sequence(login, _LOGIN, required=("userid", "companyid", "password"))
    company, _, entity = text(login.find("companyid")).partition("|")
    location = login.find("locationid")
    if entity:
        # Console slide-in: console|client company|entity.
        company, _, inner = entity.partition("|")
        return Login(text(login.find("userid")), company, text(login.find("password")), inner), ""
    client = text(login.find("clientid"))
    return Login(
        user=text(login.find("userid")),
        company=client or company,
        password=text(login.find("password")),
        location=None if location is None else text(location),
    ), ""


def _functions(content: Element) -> list[Element]:
    functions = list(content)
    if not functions or any(function.tag != "function" for function in functions):
        raise schema_error("'content' holds one or more 'function'")
    return functions


def _call(function: Element) -> Call:
    control_id = function.get("controlid")
    if control_id is None:
        raise schema_error("attribute 'controlid' is missing in 'function'")
    if len(function) != 1:
        raise schema_error("'function' holds exactly one function")
    return Call(control_id, function[0].tag, function[0])
