"""Rows of one object, with the indexes that keep queries over 100,000 bills fast.

Rows are tuples and replaced whole, so a reader that holds one holds a snapshot.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .fields import ObjectType, Row, Value

Pks = Iterable[int]


class Candidates:
    """Rows an index says may match: how many at most, and which."""

    def __init__(self, size: int, pks: Callable[[], Pks]) -> None:
        self.size = size
        self.pks = pks


class Table:
    """Rows by primary key. The key is RECORDNO where the object has one."""

    def __init__(self, kind: ObjectType) -> None:
        self.kind = kind
        self.rows: dict[int, Row] = {}
        self.version = 0
        """Grows with every change: the order of an unordered query hangs on it."""
        names = dict.fromkeys((*kind.equal, kind.key))
        self._equal: dict[str, dict[Value, set[int]]] = {name: {} for name in names}
        # Any: one index holds one kind of value, which a list's type cannot say.
        self._ranged: dict[str, list[tuple[Any, int]]] = {name: [] for name in kind.ranged}

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def put(self, pk: int, row: Row) -> None:
        """Insert or replace one row."""
        if pk in self.rows:
            self._unindex(pk)
        self.rows[pk] = row
        self.version += 1
        for name, index in self._equal.items():
            index.setdefault(row[self.kind.position(name)], set()).add(pk)
        for name, entries in self._ranged.items():
            value = row[self.kind.position(name)]
            if value is not None:
                insort(entries, (value, pk))

    def remove(self, pk: int) -> None:
        """Delete one row. Raises KeyError."""
        self._unindex(pk)
        del self.rows[pk]
        self.version += 1

    def _unindex(self, pk: int) -> None:
        row = self.rows[pk]
        for name, index in self._equal.items():
            value = row[self.kind.position(name)]
            index[value].discard(pk)
            if not index[value]:
                del index[value]
        for name, entries in self._ranged.items():
            value = row[self.kind.position(name)]
            if value is not None:
                del entries[bisect_left(entries, (value, pk))]

    def find(self, field: str, value: Value) -> list[Row]:
        """Rows whose field equals the value, in key order; any field will do."""
        index = self._equal.get(field)
        if index is not None:
            return [self.rows[pk] for pk in sorted(index.get(value, ()))]
        position = self.kind.position(field)
        return [row for row in self.rows.values() if row[position] == value]

    def one(self, field: str, value: Value) -> Row | None:
        """The first row whose field equals the value."""
        if value is None:
            return None
        if field == "RECORDNO":
            return self.rows.get(value) if isinstance(value, int) else None
        found = self.find(field, value)
        return found[0] if found else None

    def equal_to(self, field: str, values: Iterable[Value]) -> Candidates | None:
        """What an index knows of `field in values`."""
        wanted = set(values) - {None}
        if field == "RECORDNO" and field in self.kind.fields:
            return Candidates(len(wanted), lambda: [pk for pk in wanted if pk in self.rows])  # type: ignore[misc]
        index = self._equal.get(field)
        if index is None:
            return None
        found = [index[value] for value in wanted if value in index]
        return Candidates(sum(map(len, found)), lambda: set().union(*found))

    def between(
        self, field: str, low: Value, high: Value, *, closed: tuple[bool, bool]
    ) -> Candidates | None:
        """What an index knows of `low <= field <= high`.

        None leaves an end open; `closed` says for each end whether it belongs to the range.
        """
        entries = self._ranged.get(field)
        if entries is None:
            return None
        first, last = 0, len(entries)
        if low is not None:
            first = (
                bisect_left(entries, low, key=_value)
                if closed[0]
                else bisect_right(entries, low, key=_value)
            )
        if high is not None:
            last = (
                bisect_right(entries, high, key=_value)
                if closed[1]
                else bisect_left(entries, high, key=_value)
            )
        return Candidates(max(0, last - first), lambda: [pk for _, pk in entries[first:last]])


def _value(entry: tuple[Any, int]) -> Any:  # noqa: ANN401 - see _ranged
    return entry[0]
