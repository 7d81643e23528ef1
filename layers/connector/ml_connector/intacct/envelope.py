"""Writing requests: one XML writer, one fixed vocabulary, values escaped once and nothing else.

Element names never come from data. The order of elements is that of the gateway's DTD, which is
a sequence. Characters XML forbids are removed from values before escaping (see `cleaning`), and
carriage returns become line feeds, as every reader of XML would make them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from io import BytesIO
from types import MappingProxyType
from typing import Any, TypeAlias
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from ml_connector.domain.frozen import frozen

from .cleaning import allowed
from .credentials import Credentials
from .filters import MAX_IN_VALUES, And, Between, Compare, Filter, In, NotIn, Null, Or
from .functions import (
    GetApiSession,
    GetAuditTrail,
    Lookup,
    Query,
    Read,
    ReadByName,
    ReadFunction,
    ReadMore,
    ReadUserFormatting,
)


@frozen
class BySession:
    """Sign in with a session id."""

    session_id: str = field(repr=False)


@frozen
class ByLogin:
    """Sign in with the company, user and password of the credentials."""


SignIn: TypeAlias = BySession | ByLogin


def write_request(
    credentials: Credentials,
    sign_in: SignIn,
    control_id: str,
    functions: Mapping[str, ReadFunction],
) -> bytes:
    """A whole request, UTF-8. `functions` are keyed by their control ids.

    `uniqueid` is false: reading twice is harmless, and a true one would make the gateway refuse
    a repeated request. Raises TypeError for anything that is not an allowed read function.
    """
    for function in functions.values():
        if type(function) not in WRITERS:
            raise TypeError(f"{type(function).__name__} is not a function this connector may call")
    out = _Writer()
    with out.element("request"):
        with out.element("control"):
            out.text("senderid", credentials.sender_id)
            out.text("password", credentials.sender_password)
            out.text("controlid", control_id)
            out.text("uniqueid", "false")
            out.text("dtdversion", "3.0")
            out.text("includewhitespace", "false")
        with out.element("operation", {"transaction": "false"}):
            with out.element("authentication"):
                _write_sign_in(out, credentials, sign_in)
            with out.element("content"):
                for function_id, function in functions.items():
                    name, write = WRITERS[type(function)]
                    with out.element("function", {"controlid": function_id}), out.element(name):
                        write(out, function)
    return out.finish()


class _Writer:
    """A little more convenient than SAX, and cleaning every value on its way."""

    def __init__(self) -> None:
        self._bytes = BytesIO()
        self._xml = XMLGenerator(self._bytes, "UTF-8", short_empty_elements=True)
        self._xml.startDocument()

    @contextmanager
    def element(self, name: str, attributes: Mapping[str, str] | None = None) -> Iterator[None]:
        cleaned = {key: _clean(value) for key, value in (attributes or {}).items()}
        self._xml.startElement(name, AttributesImpl(cleaned))
        yield
        self._xml.endElement(name)

    def text(self, name: str, value: str) -> None:
        with self.element(name):
            self._xml.characters(_clean(value))

    def mark(self, name: str) -> None:
        with self.element(name):
            pass

    def finish(self) -> bytes:
        self._xml.endDocument()
        return self._bytes.getvalue()


def _clean(value: str) -> str:
    return allowed(value).replace("\r\n", "\n").replace("\r", "\n")


def _write_sign_in(out: _Writer, credentials: Credentials, sign_in: SignIn) -> None:
    if isinstance(sign_in, BySession):
        out.text("sessionid", sign_in.session_id)
        return
    with out.element("login"):
        out.text("userid", credentials.user_id)
        out.text("companyid", credentials.company_id)
        out.text("password", credentials.user_password)
        if credentials.entity_id:
            out.text("locationid", credentials.entity_id)


# -------------------------------------------------------------------------- functions
def _write_query(out: _Writer, query: Query) -> None:
    out.text("object", query.object)
    with out.element("select"):
        for name in query.fields:
            out.text("field", name)
    if query.where is not None:
        with out.element("filter"):
            _write_filter(out, query.where)
    if query.order:
        with out.element("orderby"):
            for order in query.order:
                with out.element("order"):
                    out.text("field", order.field)
                    out.mark("descending" if order.descending else "ascending")
    if query.show_private:
        with out.element("options"):
            out.text("showprivate", "true")
    out.text("pagesize", str(query.page_size))
    out.text("offset", str(query.offset))


def _write_read(out: _Writer, read: Read | ReadByName) -> None:
    out.text("object", read.object)
    out.text("keys", ",".join(read.keys))
    out.text("fields", ",".join(read.fields))


def _write_read_more(out: _Writer, more: ReadMore) -> None:
    out.text("resultId", more.result_id)


def _write_lookup(out: _Writer, lookup: Lookup) -> None:
    out.text("object", lookup.object)


def _write_user_formatting(out: _Writer, formatting: ReadUserFormatting) -> None:
    out.text("key", formatting.key)


def _write_nothing(_out: _Writer, _function: GetApiSession) -> None:
    """Empty: the session keeps the level of the login."""


def _write_audit_trail(out: _Writer, trail: GetAuditTrail) -> None:
    out.text("object", trail.object)
    out.text("recordNo", trail.record_no)


#: Everything that can be asked of the gateway: the class, its element, and how it is filled.
WRITERS: Mapping[type, tuple[str, Callable[[_Writer, Any], None]]] = MappingProxyType(
    {
        Query: ("query", _write_query),
        Read: ("read", _write_read),
        ReadByName: ("readByName", _write_read),
        ReadMore: ("readMore", _write_read_more),
        Lookup: ("lookup", _write_lookup),
        ReadUserFormatting: ("readUserFormatting", _write_user_formatting),
        GetApiSession: ("getAPISession", _write_nothing),
        GetAuditTrail: ("getAuditTrail", _write_audit_trail),
    }
)


# ---------------------------------------------------------------------------- filters
def _write_filter(out: _Writer, where: Filter) -> None:
    match where:
        case Compare():
            with out.element(where.operator.value):
                out.text("field", where.field)
                out.text("value", where.value)
        case Between():
            _write_values(out, "between", where.field, (where.low, where.high))
        case In():
            _write_split(out, "in", "or", where)
        case NotIn():
            _write_split(out, "notin", "and", where)
        case Null():
            with out.element("isnotnull" if where.negated else "isnull"):
                out.text("field", where.field)
        case And() | Or():
            with out.element("and" if isinstance(where, And) else "or"):
                for part in where.parts:
                    _write_filter(out, part)


def _write_split(out: _Writer, name: str, joined_by: str, where: In | NotIn) -> None:
    parts = [
        where.values[start : start + MAX_IN_VALUES]
        for start in range(0, len(where.values), MAX_IN_VALUES)
    ]
    if len(parts) == 1:
        _write_values(out, name, where.field, parts[0])
        return
    with out.element(joined_by):
        for part in parts:
            _write_values(out, name, where.field, part)


def _write_values(out: _Writer, name: str, field_name: str, values: Iterable[str]) -> None:
    with out.element(name):
        out.text("field", field_name)
        for value in values:
            out.text("value", value)
