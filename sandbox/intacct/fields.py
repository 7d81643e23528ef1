"""Field metadata, and values between their three forms.

Inside a row a value is canonical: text, int, Decimal, date, or epoch seconds (int) for a TIMESTAMP;
None is null. On the wire everything is text in the format of the API user: `MM/DD/YYYY`,
`MM/DD/YYYY HH:MM:SS` in the user's own offset, decimals without padding. In the admin API times are
ISO and UTC, so that a test never has to guess a zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache

from .clock import from_iso, iso

Value = str | int | Decimal | date | None
Row = tuple[Value, ...]


class Kind(StrEnum):
    """DATATYPE of a field, in the words `lookup` uses."""

    INTEGER = "INTEGER"
    TEXT = "TEXT"
    DECIMAL = "DECIMAL"
    CURRENCY = "CURRENCY"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"
    BOOLEAN = "BOOLEAN"
    ENUM = "ENUM"


NUMBERS = frozenset({Kind.DECIMAL, Kind.CURRENCY})


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `codes` maps its labels to the raw codes some functions use instead."""

    name: str
    kind: Kind
    label: str
    position: int
    readonly: bool = False
    required: bool = False
    queryable: bool = True
    codes: Mapping[str, str] | None = None
    valid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A way to another object: `path.FIELD` where `by` here equals `key` there."""

    path: str
    target: str
    by: str
    key: str
    kind: str = "MANY2ONE"


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One object of the catalogue. `key` is its name key, what readByName takes."""

    name: str
    label: str
    key: str
    fields: Mapping[str, Field]
    relations: Mapping[str, Relation]
    equal: tuple[str, ...] = ()
    ranged: tuple[str, ...] = ()

    def position(self, name: str) -> int:
        """Where a field stands in a row of this object."""
        return self.fields[name].position


_LINE = re.compile(r"(\S+)\s+([A-Z]+)\s+(\S+)\s+([^{]*?)\s*(?:\{(.*)\})?")


def object_type(
    name: str, label: str, key: str, table: str, relations: str = "", indexes: str = ""
) -> ObjectType:
    """Read one object from its data table.

    A field is one line: name, kind, flags (`r` read only, `q` required, `x` listed by lookup but
    refused by query, `-` none), label, and in braces its valid values, each with its raw code after
    `=` where it has one. A relation is `path target by key [kind]`. Indexes name fields; one with
    `<` after it is kept sorted.
    """
    fields: dict[str, Field] = {}
    for line in table.strip().splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"{name}: not a field line: {line}")
        field, kind, flags, text, values = match.groups()
        pairs = [entry.strip().partition("=") for entry in (values or "").split(";") if entry]
        fields[field] = Field(
            name=field,
            kind=Kind(kind),
            label=text,
            position=len(fields),
            readonly="r" in flags,
            required="q" in flags,
            queryable="x" not in flags,
            codes={a: c for a, eq, c in pairs} if any(eq for _, eq, _ in pairs) else None,
            valid=tuple(a for a, _, _ in pairs),
        )
    found = [Relation(*line.split()) for line in relations.strip().splitlines()]
    return ObjectType(
        name=name,
        label=label,
        key=key,
        fields=fields,
        relations={relation.path: relation for relation in found},
        equal=tuple(entry for entry in indexes.split() if not entry.endswith("<")),
        ranged=tuple(entry[:-1] for entry in indexes.split() if entry.endswith("<")),
    )


# ----------------------------------------------------------------------- to the gateway's wire
@lru_cache(maxsize=65536)
def _stamp(epoch: int) -> str:
    moment = datetime.fromtimestamp(epoch, UTC)
    return moment.strftime("%m/%d/%Y %H:%M:%S")


@lru_cache(maxsize=65536)
def _decimal(value: Decimal) -> str:
    # Intacct sends 3797 and 1679615.93 alike: no padding.
    return f"{value.normalize():f}"


def wire_writer(kind: Kind, offset_minutes: int) -> Callable[[Value], str]:
    """A function that writes values of one kind as the gateway does, for a user at this offset."""
    if kind is Kind.TIMESTAMP:
        shift = offset_minutes * 60
        return lambda value: _stamp(value + shift) if isinstance(value, int) else ""
    if kind is Kind.DATE:
        return lambda value: value.strftime("%m/%d/%Y") if isinstance(value, date) else ""
    if kind in NUMBERS:
        return lambda value: _decimal(value) if isinstance(value, Decimal) else ""
    return lambda value: "" if value is None else str(value)


# --------------------------------------------------------------------- from the gateway's wire
_WIRE_FORMATS = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y")


def _moment(text: str) -> datetime:
    for pattern in _WIRE_FORMATS:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(f"{text!r} is not MM/DD/YYYY or MM/DD/YYYY HH:MM:SS")


def from_wire(kind: Kind, text: str, offset_minutes: int) -> Value:
    """A filter's literal as a canonical value; an empty one is null. Raises ValueError."""
    trimmed = text.strip()
    if not trimmed:
        return None
    if kind is Kind.TIMESTAMP:
        return int(_moment(trimmed).timestamp()) - offset_minutes * 60
    if kind is Kind.DATE:
        return _moment(trimmed).date()
    if kind is Kind.INTEGER:
        return int(trimmed)
    if kind in NUMBERS:
        return decimal(trimmed)
    return text


def decimal(value: object) -> Decimal:
    """A finite Decimal from text or a JSON number. Raises ValueError."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a number")
    return number


# --------------------------------------------------------------------------------- admin JSON
def from_json(field: Field, value: object) -> Value:
    """A value given to the admin API. Raises ValueError naming the field."""
    if value is None or value == "":
        return None
    reader = _JSON_READERS.get(field.kind, str)
    try:
        return reader(str(value).lower() if isinstance(value, bool) else str(value))
    except ValueError as error:
        raise ValueError(f"{field.name}: {error}") from None


_JSON_READERS: dict[Kind, Callable[[str], Value]] = {
    Kind.TIMESTAMP: from_iso,
    Kind.DATE: date.fromisoformat,
    Kind.INTEGER: int,
    Kind.DECIMAL: decimal,
    Kind.CURRENCY: decimal,
}


def to_json(field: Field, value: Value) -> str | int | None:
    """A value as the admin API shows it: ISO times in UTC, decimals as text."""
    if value is None:
        return None
    if field.kind is Kind.TIMESTAMP and isinstance(value, int):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value
