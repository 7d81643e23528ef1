"""Conditions of a query: what they mean, and which index answers them.

Null follows SQL: no comparison is true of it, `notequalto`, `notin` and `notlike` included; only
`isnull` finds it. An empty literal is null and so matches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import FunctionError
from .fields import Field, Kind, Row, Value, from_wire, wire_writer
from .table import Candidates, Table

COMPARISONS = (
    "equalto",
    "notequalto",
    "lessthan",
    "lessthanorequalto",
    "greaterthan",
    "greaterthanorequalto",
    "between",
    "in",
    "notin",
    "like",
    "notlike",
    "isnull",
    "isnotnull",
)
RANGES = {
    "lessthan": (False, (True, False)),
    "lessthanorequalto": (False, (True, True)),
    "greaterthan": (True, (False, True)),
    "greaterthanorequalto": (True, (True, True)),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison as it was written: operator, field name, literals."""

    op: str
    field: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """`and` or `or` over two or more."""

    op: str
    children: tuple[Condition | Group, ...]


Node = Condition | Group
Test = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class Column:
    """A field found: how to read it from a row, and whether it is the row's own."""

    name: str
    field: Field
    get: Callable[[Row], Value]
    own: bool
    codes: dict[str, str] | None = None
    """Label to code, where this function works in codes."""


class Columns(Protocol):
    """Finds columns by name, or raises FunctionError."""

    def column(self, name: str) -> Column:
        """One field or dotted path."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """A test for rows, and what an index knows about it."""

    test: Test
    candidates: Callable[[], Candidates | None] = field(default=lambda: None)


@dataclass(frozen=True, slots=True)
class Compiler:
    """Turns written conditions into predicates over one table."""

    table: Table
    columns: Columns
    offset_minutes: int
    ignore_case: bool = False

    def compile(self, node: Node | None) -> Predicate:
        """A predicate for the whole filter; none given is always true."""
        if node is None:
            return Predicate(lambda _row: True)
        if isinstance(node, Condition):
            return self._condition(node)
        parts = [self.compile(child) for child in node.children]
        tests = [part.test for part in parts]
        if node.op == "and":
            return Predicate(_all_of(tests), lambda: _smallest(parts))
        return Predicate(_any_of(tests), lambda: _union(parts))

    def _condition(self, node: Condition) -> Predicate:
        column = self.columns.column(node.field)
        if node.op in {"isnull", "isnotnull"}:
            get, wanted = column.get, node.op == "isnull"
            return Predicate(lambda row: (get(row) is None) is wanted)
        if node.op in {"like", "notlike"}:
            return Predicate(self._like(column, node))
        values = [self._literal(column, text) for text in node.values]
        return Predicate(
            self._comparison(column, node.op, values), self._index(column, node.op, values)
        )

    def _literal(self, column: Column, text: str) -> Any:  # noqa: ANN401 - one column, one kind
        if column.codes is not None:
            labels = {code: label for label, code in column.codes.items()}
            return labels.get(text, "\0")
        try:
            value = from_wire(column.field.kind, text, self.offset_minutes)
        except ValueError as error:
            raise FunctionError.query_failed(f"Invalid value for {column.name}: {error}") from None
        return value.casefold() if self.ignore_case and isinstance(value, str) else value

    def _reader(self, column: Column) -> Callable[[Row], Any]:
        if not self.ignore_case or column.field.kind not in {Kind.TEXT, Kind.ENUM}:
            return column.get
        get = column.get

        def folded(row: Row) -> Value:
            value = get(row)
            return value.casefold() if isinstance(value, str) else value

        return folded

    def _comparison(self, column: Column, op: str, values: list[Any]) -> Test:
        get = self._reader(column)
        if op in {"equalto", "in"}:
            wanted = frozenset(value for value in values if value is not None)
            return lambda row: get(row) in wanted
        if None in values:
            return lambda _row: False
        if op in {"notequalto", "notin"}:
            unwanted = frozenset((*values, None))
            return lambda row: get(row) not in unwanted
        if op == "between":
            low, high = values
            return lambda row: (value := get(row)) is not None and low <= value <= high
        return _ordered(op, get, values[0])

    def _like(self, column: Column, node: Condition) -> Test:
        pattern = "".join(
            ".*" if char == "%" else "." if char == "_" else re.escape(char)
            for char in node.values[0]
        )
        matcher = re.compile(pattern, re.DOTALL | (re.IGNORECASE if self.ignore_case else 0))
        write = wire_writer(column.field.kind, self.offset_minutes)
        get, wanted = column.get, node.op == "like"
        return lambda row: (
            (value := get(row)) is not None
            and (matcher.fullmatch(write(value)) is not None) is wanted
        )

    def _index(self, column: Column, op: str, values: list[Any]) -> Callable[[], Candidates | None]:
        # Case-folded literals are not what an index holds.
        folded = self.ignore_case and column.field.kind in {Kind.TEXT, Kind.ENUM}
        if not column.own or folded:
            return lambda: None
        table, name = self.table, column.name
        if op in {"equalto", "in"}:
            return lambda: _equal(table, name, values)
        if op == "between" and None not in values:
            return lambda: table.between(name, *values, closed=(True, True))
        if op in RANGES and None not in values:
            rising, closed = RANGES[op]
            low, high = (values[0], None) if rising else (None, values[0])
            return lambda: table.between(name, low, high, closed=closed)
        return lambda: None


def _ordered(op: str, get: Callable[[Row], Any], bound: Any) -> Test:  # noqa: ANN401
    if op == "lessthan":
        return lambda row: (value := get(row)) is not None and value < bound
    if op == "lessthanorequalto":
        return lambda row: (value := get(row)) is not None and value <= bound
    if op == "greaterthan":
        return lambda row: (value := get(row)) is not None and value > bound
    return lambda row: (value := get(row)) is not None and value >= bound


def _equal(table: Table, name: str, values: list[Any]) -> Candidates | None:
    found = table.equal_to(name, values)
    if found is None and len(values) == 1 and values[0] is not None:
        return table.between(name, values[0], values[0], closed=(True, True))
    return found


def _all_of(tests: list[Test]) -> Test:
    return lambda row: all(test(row) for test in tests)


def _any_of(tests: list[Test]) -> Test:
    return lambda row: any(test(row) for test in tests)


def _smallest(parts: list[Predicate]) -> Candidates | None:
    known = [found for part in parts if (found := part.candidates()) is not None]
    return min(known, key=lambda found: found.size, default=None)


def _union(parts: list[Predicate]) -> Candidates | None:
    known = [part.candidates() for part in parts]
    if any(found is None for found in known):
        return None
    sure = [found for found in known if found is not None]
    return Candidates(sum(found.size for found in sure), lambda: _merged(sure))


def _merged(found: list[Candidates]) -> Iterable[int]:
    pks: set[int] = set()
    for entry in found:
        pks.update(entry.pks())
    return pks
