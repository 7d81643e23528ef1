"""The approval matrix: a CSV file with one row per band of amounts, read and checked.

A band begins at `from` and ends before `to`. Rows that agree in company, currency, department and
vendor belong together: their bands have to follow one another without gaps and overlaps, up to one
without an end.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from cli.console.failures import Failure

from .problems import NOTHING, Problem, meant, one_of
from .values import Currency, Key, Person, amount_text

#: Columns in the order of the example; `level 2` and more may follow `level 1`.
REQUIRED = ("from", "to", "currency", "level 1")
OPTIONAL = ("company", "department", "vendor", "call above")
MOST_LEVELS = 10
#: Several departments or vendors in one cell.
_SEPARATOR = "|"
_NO_SEPARATORS = ",;"
_LEVEL = re.compile(r"level ([1-9][0-9]?)")

_ADAPTERS: dict[str, TypeAdapter[str]] = {
    "currency": TypeAdapter(Currency),
    "person": TypeAdapter(Person),
    "key": TypeAdapter(Key),
}

#: Company, currency, departments, vendors.
Group: TypeAlias = tuple[str, str, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Band:
    """One row. `start` is the first amount inside, `end` the first above; None is open.

    Departments and vendors are ids; without any the row is for all of them, and without a company
    for every company.
    """

    line: int
    company: str
    start: str
    end: str | None
    currency: str
    departments: tuple[str, ...]
    vendors: tuple[str, ...]
    levels: tuple[str, ...]
    call_above: str | None

    @property
    def group(self) -> Group:
        """The rows this one has to fit together with."""
        return self.company, self.currency, self.departments, self.vendors

    @property
    def low(self) -> Decimal:
        """The first amount inside."""
        return Decimal(self.start)

    @property
    def high(self) -> Decimal:
        """The first amount above; infinity where it is open."""
        return Decimal("Infinity") if self.end is None else Decimal(self.end)


def read_matrix(path: Path) -> tuple[list[Band], list[Problem]]:
    """The rows of a file, and everything wrong with them. Raises Failure for what is no text."""
    try:
        # Spreadsheets put a mark in front of UTF-8; it is no part of the first heading.
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(f"{path}: is not UTF-8 text; save it as CSV UTF-8") from error
    return parse_matrix(text, str(path))


def parse_matrix(text: str, file: str) -> tuple[list[Band], list[Problem]]:
    """The rows of a CSV text, and everything wrong with them."""
    reader = _Reader(file)
    bands = reader.read(text)
    if not reader.problems:
        reader.problems += _misfits(bands, file)
    return bands, reader.problems


class _Reader:
    """Reads rows one by one and collects what is wrong."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._line = 1

    def read(self, text: str) -> list[Band]:
        head = next((line for line in text.splitlines() if _says(line)), "")
        separator = ";" if ";" in head else ","
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        bands: list[Band] = []
        heading: list[str] = []
        try:
            for cells in rows:
                self._line = rows.line_num
                if not any(map(str.strip, cells)) or cells[0].lstrip().startswith("#"):
                    continue
                if not heading:
                    heading = [" ".join(cell.lower().split()) for cell in cells]
                    if not self._check(heading):
                        return []
                elif len(cells) == len(heading):
                    bands += self._band(dict(zip(heading, map(str.strip, cells), strict=True)))
                else:
                    self._add("", f"{len(cells)} cells", f"{len(heading)}, one for each heading")
        except csv.Error as error:
            self._line = rows.line_num
            self._add("", str(error), "well-formed CSV")
        if not bands and not self.problems:
            self._add("", NOTHING, "a line of headings, and a row for each band")
        return bands

    def _check(self, heading: Sequence[str]) -> bool:
        before = len(self.problems)
        known = (*REQUIRED, *OPTIONAL)
        levels = sorted(int(match[1]) for name in heading if (match := _LEVEL.fullmatch(name)))
        for name in dict.fromkeys(heading):
            if name not in known and not _LEVEL.fullmatch(name):
                wanted = f"{one_of(known)}, or a further level{meant(name, known)}"
                self._add("", f"the unknown column {name!r}", wanted)
            if heading.count(name) > 1:
                self._add("", f"the column {name!r} twice", "each column once")
        for name in REQUIRED:
            if name not in heading:
                self._add("", NOTHING, f"a column {name!r}")
        if levels != list(range(1, len(levels) + 1)) or len(levels) > MOST_LEVELS:
            found = ", ".join(f"level {number}" for number in levels)
            self._add("", found, f"level 1, level 2 and so on, at most {MOST_LEVELS}")
        return len(self.problems) == before

    def _band(self, cells: dict[str, str]) -> Iterator[Band]:
        before = len(self.problems)
        band = Band(
            line=self._line,
            company=cells.get("company", ""),
            start=self._amount("from", cells) or "0",
            end=self._amount("to", cells),
            currency=self._checked("currency", "currency", cells["currency"]),
            departments=self._several("department", cells),
            vendors=self._several("vendor", cells),
            levels=self._levels(cells),
            call_above=self._amount("call above", cells),
        )
        if len(self.problems) == before and band.low >= band.high:
            self._add("to", repr(cells["to"]), f"an amount above {band.start}, or nothing")
        if (
            band.call_above
            and len(self.problems) == before
            and Decimal(band.call_above) >= band.high
        ):
            self._add(
                "call above", repr(cells["call above"]), f"an amount below {band.end}, the `to`"
            )
        if len(self.problems) == before:
            yield band

    def _levels(self, cells: dict[str, str]) -> tuple[str, ...]:
        names = sorted((n for n in cells if _LEVEL.fullmatch(n)), key=lambda n: int(n[6:]))
        given = [cells[name] for name in names]
        while given and not given[-1]:
            given.pop()
        if not given:
            self._add("level 1", NOTHING, "the id of whoever approves first")
        for name, person in zip(names, given, strict=False):
            if person:
                self._checked(name, "person", person)
            else:
                self._add(name, NOTHING, "an approver's id, for a later level has one")
        return tuple(given)

    def _amount(self, column: str, cells: dict[str, str]) -> str | None:
        text = cells.get(column, "")
        if not text:
            return None
        try:
            return amount_text(text)
        except ValueError as error:
            self._add(column, repr(text), str(error))
            return None

    def _several(self, column: str, cells: dict[str, str]) -> tuple[str, ...]:
        text = cells.get(column, "")
        if any(mark in text for mark in _NO_SEPARATORS):
            # Taken as it is, it would be one id that nothing has.
            self._add(column, repr(text), f"ids with {_SEPARATOR} between them, such as 300|310")
            return ()
        parts = [part.strip() for part in text.split(_SEPARATOR)]
        return tuple(sorted(self._checked(column, "key", part) for part in parts if part))

    def _checked(self, column: str, kind: str, value: str) -> str:
        try:
            return _ADAPTERS[kind].validate_python(value)
        except ValidationError as error:
            expected = str(error.errors(include_url=False)[0]["ctx"]["expected"])
            self._add(column, repr(value) if value else NOTHING, expected)
            return value

    def _add(self, column: str, found: str, expected: str) -> None:
        self.problems.append(Problem(self.file, self._line, column, found, expected))


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def by_group(bands: Iterable[Band]) -> list[list[Band]]:
    """The rows that belong together, each group by amount; the groups as the file has them."""
    groups: dict[Group, list[Band]] = {}
    for band in bands:
        groups.setdefault(band.group, []).append(band)
    return [sorted(group, key=lambda band: (band.low, band.line)) for group in groups.values()]


def _misfits(bands: Sequence[Band], file: str) -> Iterator[Problem]:
    groups = by_group(bands)
    for group in groups:
        top = group[0]
        for upper in group[1:]:
            if found := _between(top, upper):
                expected = f"{top.end}, the `to` of row {top.line}: the first amount of the next"
                if top.end is None:
                    expected = f"a `to` in row {top.line}, which takes all amounts above"
                yield Problem(file, upper.line, "from", found, expected)
            top = max(top, upper, key=lambda band: band.high)
        if top.end is not None and _is_last_resort(top, bands):
            yield Problem(
                file,
                top.line,
                "to",
                f"{top.end}, and no row for amounts from there on",
                "a last row without a `to`, for the largest need approval most",
            )


def _between(lower: Band, upper: Band) -> str:
    """What is wrong between two neighbours; empty where they meet."""
    if upper.low < lower.high:
        return f"{_spoken(upper)}, which overlaps {_spoken(lower)} of row {lower.line}"
    if upper.low > lower.high:
        return f"{upper.start}, with a gap from {lower.end} on after row {lower.line}"
    return ""


def _is_last_resort(band: Band, bands: Iterable[Band]) -> bool:
    """Whether what its rows leave out is left to no other rows."""
    if band.departments or band.vendors:
        return False
    general = any(other.group == ("", band.currency, (), ()) for other in bands)
    return not band.company or not general


def _spoken(band: Band) -> str:
    return f"{band.start} to {band.end}" if band.end else f"all from {band.start} on"
