"""Functions as they were asked for: each element read into a command, or refused as bad XML.

A shape the published schema forbids is a schema error of the whole request, before any function
runs: two operators under `filter`, a page size of 0 or above 2000, an `and` of one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from .envelope import Call, flag, in_sequence, text
from .errors import schema_error
from .filters import COMPARISONS, Condition, Group, Node

DEFAULT_PAGE = 100
MAX_QUERY_PAGE = 2000
MAX_LEGACY_PAGE = 1000
MAX_IN = 1000
MAX_KEYS = 100
MAX_DEPTH = 50
AGGREGATES = ("count", "avg", "min", "max", "sum")
FORMATS = ("xml", "json", "csv")


@dataclass(frozen=True, slots=True)
class Selected:
    """One entry of `select`: a field, or an aggregate over it."""

    field: str
    aggregate: str = ""

    @property
    def name(self) -> str:
        """The element's name in the reply."""
        return f"{self.aggregate.upper()}.{self.field}" if self.aggregate else self.field


@dataclass(frozen=True, slots=True)
class Query:
    """`<query>`."""

    object: str
    select: tuple[Selected, ...]
    filter: Node | None = None
    order: tuple[tuple[str, bool], ...] = ()
    """Fields with True for descending."""
    ignore_case: bool = False
    show_private: bool = False
    format: str = "xml"
    page: int = DEFAULT_PAGE
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """`<read>` and `<readByName>`: rows by key."""

    object: str
    keys: tuple[str, ...]
    fields: tuple[str, ...]
    """Empty for all."""
    by_name: bool = False


@dataclass(frozen=True, slots=True)
class ReadByQuery:
    """`<readByQuery>`: the legacy reader with its SQL-like text."""

    object: str
    fields: tuple[str, ...]
    where: str
    page: int


@dataclass(frozen=True, slots=True)
class ReadMore:
    """`<readMore>`: the next page of a legacy result, by its id or by object."""

    result: str = ""
    object: str = ""


@dataclass(frozen=True, slots=True)
class Describe:
    """`<lookup>` and `<inspect>`."""

    object: str
    detail: bool = False
    lookup: bool = False


@dataclass(frozen=True, slots=True)
class NewSession:
    """`<getAPISession>`; `location` is None to keep the login's level."""

    location: str | None


@dataclass(frozen=True, slots=True)
class Formatting:
    """`<readUserFormatting>`."""

    key: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """`<getAuditTrail>`."""

    object: str
    key: str


@dataclass(frozen=True, slots=True)
class Write:
    """A function that changes data. The simulated user may not; the object is for the message."""

    function: str
    object: str


Command = (
    Query | Read | ReadByQuery | ReadMore | Describe | NewSession | Formatting | AuditTrail | Write
)


def read_command(call: Call) -> Command:
    """The command in a function. Raises ControlError for a shape the schema forbids."""
    reader = _READERS.get(call.name)
    if reader is None:
        raise schema_error(f"element '{call.name}' is not expected in 'function'")
    return reader(call.body)


# ------------------------------------------------------------------------------------- query
_QUERY = ("object", "select", "filter", "orderby", "options", "pagesize", "offset", "docparid")


def _query(body: Element) -> Query:
    parts: dict[str, Element] = {}
    for child in body:
        if child.tag not in _QUERY or child.tag in parts:
            raise schema_error(f"element '{child.tag}' is not expected in 'query'")
        parts[child.tag] = child
    for name in ("object", "select"):
        if name not in parts:
            raise schema_error(f"element '{name}' is missing in 'query'")
    options = parts.get("options")
    if options is not None:
        in_sequence(options, ("caseinsensitive", "showprivate", "returnformat"))
    found = text(None if options is None else options.find("returnformat")).lower() or "xml"
    if found not in FORMATS:
        raise schema_error(f"returnformat '{found}' is not one of xml, json, csv")
    return Query(
        object=text(parts["object"]).upper(),
        select=_select(parts["select"]),
        filter=_filter(parts.get("filter")),
        order=_orderby(parts.get("orderby")),
        ignore_case=_option(options, "caseinsensitive"),
        show_private=_option(options, "showprivate"),
        format=found,
        page=_number(parts.get("pagesize"), "pagesize", DEFAULT_PAGE, 1, MAX_QUERY_PAGE),
        offset=_number(parts.get("offset"), "offset", 0, 0, None),
    )


def _option(options: Element | None, name: str) -> bool:
    return options is not None and flag(options.find(name), default=False)


def _number(element: Element | None, name: str, default: int, least: int, most: int | None) -> int:
    if element is None:
        return default
    try:
        value = int(text(element))
    except ValueError:
        raise schema_error(f"{name} '{text(element)}' is not an integer") from None
    if value < least or (most is not None and value > most):
        bound = f"{least} to {most}" if most is not None else f"{least} or more"
        raise schema_error(f"{name} {value} is not in the range {bound}")
    return value


def _select(element: Element) -> tuple[Selected, ...]:
    chosen: list[Selected] = []
    for child in element:
        if child.tag != "field" and child.tag not in AGGREGATES:
            raise schema_error(f"element '{child.tag}' is not expected in 'select'")
        chosen.append(Selected(text(child), "" if child.tag == "field" else child.tag))
    if not chosen:
        raise schema_error("'select' is empty")
    return tuple(chosen)


def _orderby(element: Element | None) -> tuple[tuple[str, bool], ...]:
    if element is None:
        return ()
    order: list[tuple[str, bool]] = []
    for child in element:
        names = [part.tag for part in child]
        direction = names[1:]
        if child.tag != "order" or names[:1] != ["field"]:
            raise schema_error("'orderby' holds 'order' elements that begin with a 'field'")
        if direction not in ([], ["ascending"], ["descending"]):
            raise schema_error("'order' holds a field and one of 'ascending' and 'descending'")
        order.append((text(child[0]), direction == ["descending"]))
    if not order:
        raise schema_error("'orderby' is empty")
    return tuple(order)


def _filter(element: Element | None) -> Node | None:
    if element is None:
        return None
    if len(element) != 1:
        raise schema_error("'filter' holds exactly one operator")
    return _node(element[0], 1)


def _node(element: Element, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise schema_error(f"'filter' is nested deeper than {MAX_DEPTH}")
    if element.tag in {"and", "or"}:
        if len(element) < 2:  # noqa: PLR2004 - the schema's minOccurs
            raise schema_error(f"'{element.tag}' holds two or more operators")
        return Group(element.tag, tuple(_node(child, depth + 1) for child in element))
    if element.tag not in COMPARISONS:
        raise schema_error(f"element '{element.tag}' is not an operator of 'filter'")
    names = [child.tag for child in element]
    least, most = {"between": (2, 2), "in": (1, MAX_IN), "notin": (1, MAX_IN)}.get(
        element.tag, (0, 0) if element.tag in {"isnull", "isnotnull"} else (1, 1)
    )
    values = names[1:]
    if names[:1] != ["field"] or set(values) - {"value"} or not least <= len(values) <= most:
        raise schema_error(f"'{element.tag}' holds a field and {least} to {most} values")
    return Condition(
        element.tag, text(element[0]), tuple(child.text or "" for child in element[1:])
    )


# ------------------------------------------------------------------------------ legacy readers
_LEGACY = ("object", "keys", "fields", "query", "pagesize", "returnFormat", "docparid")


def _legacy(body: Element, *needed: str) -> dict[str, str]:
    """Arguments of a legacy reader: any order, each once."""
    found: dict[str, str] = {}
    for child in body:
        if child.tag not in _LEGACY or child.tag in found:
            raise schema_error(f"element '{child.tag}' is not expected in '{body.tag}'")
        found[child.tag] = text(child)
    for name in needed:
        if name not in found:
            raise schema_error(f"element '{name}' is missing in '{body.tag}'")
    return found


def _names(value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    return () if names == ("*",) else names


def _read(body: Element) -> Read:
    found = _legacy(body, "object", "keys")
    keys = tuple(key.strip() for key in found["keys"].split(",") if key.strip())
    if len(keys) > MAX_KEYS:
        raise schema_error(f"'keys' holds at most {MAX_KEYS} keys")
    return Read(
        object=found["object"].upper(),
        keys=keys,
        fields=_names(found.get("fields", "*")),
        by_name=body.tag == "readByName",
    )


def _read_by_query(body: Element) -> ReadByQuery:
    found = _legacy(body, "object", "query")
    return ReadByQuery(
        object=found["object"].upper(),
        fields=_names(found.get("fields", "*")),
        where=found["query"],
        page=_number(body.find("pagesize"), "pagesize", DEFAULT_PAGE, 1, MAX_LEGACY_PAGE),
    )


def _read_more(body: Element) -> ReadMore:
    if len(body) != 1 or body[0].tag not in {"resultId", "object"}:
        raise schema_error("'readMore' holds one of 'resultId' and 'object'")
    value = text(body[0])
    return ReadMore(result=value) if body[0].tag == "resultId" else ReadMore(object=value.upper())


# --------------------------------------------------------------------------------- the others
def _describe(body: Element) -> Describe:
    in_sequence(body, ("object", "docparid"), required=("object",))
    return Describe(
        object=text(body.find("object")).upper(),
        detail=body.get("detail", "0").strip() == "1",
        lookup=body.tag == "lookup",
    )


def _new_session(body: Element) -> NewSession:
    in_sequence(body, ("locationid",))
    location = body.find("locationid")
    return NewSession(None if location is None else text(location))


def _formatting(body: Element) -> Formatting:
    if len(body) != 1 or body[0].tag not in {"key", "userId"}:
        raise schema_error("'readUserFormatting' holds one of 'key' and 'userId'")
    value = text(body[0])
    return Formatting(key=value) if body[0].tag == "key" else Formatting(user=value)


def _audit_trail(body: Element) -> AuditTrail:
    in_sequence(body, ("object", "recordNo", "objectKey"), required=("object",))
    key = text(body.find("recordNo")) or text(body.find("objectKey"))
    if not key:
        raise schema_error("'getAuditTrail' holds a 'recordNo' or an 'objectKey'")
    return AuditTrail(text(body.find("object")).upper(), key)


def _write(body: Element) -> Write:
    named = text(body.find("object")).upper()
    return Write(body.tag, named or (body[0].tag.upper() if len(body) else "APBILL"))


_READERS: dict[str, Callable[[Element], Command]] = {
    "query": _query,
    "read": _read,
    "readByName": _read,
    "readByQuery": _read_by_query,
    "readMore": _read_more,
    "lookup": _describe,
    "inspect": _describe,
    "getAPISession": _new_session,
    "readUserFormatting": _formatting,
    "getAuditTrail": _audit_trail,
    "create": _write,
    "update": _write,
    "delete": _write,
    "recallApBill": _write,
}
