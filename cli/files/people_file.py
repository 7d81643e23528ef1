"""The approvers as a CSV file. A file with one bad row imports nothing.

A file may leave columns out, but for id, name and phone: of what it does not say, what is stored
stays, and somebody new gets what the column says when it is empty. The salt of a person, whether
they opted out and what was proven of their number are never in a file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cli.console.failures import Failure
from ml_connector.domain.approvers import EVERY_CHANNEL, Approver

from .people_cells import (
    LIST_MARK,
    LONGEST_NAME,
    NOBODY,
    BadCell,
    a_channels,
    a_date,
    a_flag,
    a_language,
    a_list,
    a_login,
    a_name,
    a_note,
    a_past_day,
    a_phone,
    a_tie,
    a_zone,
    an_id,
    holidays,
    holidays_as,
    quiet_hours,
    working_days,
)
from .people_ties import Person, doubled_phones, doubled_users, ties

__all__ = [
    "COLUMNS", "LONGEST_NAME", "Finding", "Row", "parse_people", "read_people", "write_people"
]  # fmt: skip

#: Without these there is no row.
REQUIRED = ("id", "name", "phone")
#: How each column is read; in the order a file is written in.
_CELLS: Mapping[str, Callable[[str], Any]] = {
    "id": an_id,
    "name": a_name,
    "phone": a_phone,
    "user": a_login,
    "cost_centres": a_list,
    "channels": a_channels,
    "language": a_language,
    "zone": a_zone,
    "manager": a_tie,
    "substitute": a_tie,
    "away_from": a_date,
    "away_until": a_date,
    "consent_on": a_past_day,
    "consent_source": a_note,
    "calls_when_opted_out": lambda text: a_flag(text or "false"),
    "quiet_hours": quiet_hours,
    "working_days": working_days,
    "holidays": holidays,
    "active": a_flag,
}
COLUMNS = tuple(_CELLS)


@dataclass(frozen=True, slots=True)
class Row:
    """One person as the file has them. `phone` is E.164, or empty where none is known yet.

    `columns` are those the file has: what is not among them, the file does not say. `holidays_as`
    is what the file says of holidays where it names a country.
    """

    id: str
    name: str
    phone: str
    active: bool = True
    user: str = ""
    cost_centres: tuple[str, ...] = ()
    channels: tuple[str, ...] = EVERY_CHANNEL
    language: str = "en"
    zone: str = ""
    manager: str = ""
    substitute: str = ""
    away_from: date | None = None
    away_until: date | None = None
    consent_on: date | None = None
    consent_source: str = ""
    calls_when_opted_out: bool = False
    quiet_hours: str = ""
    working_days: tuple[str, ...] = ()
    holidays: tuple[date, ...] = ()
    holidays_as: str = ""
    columns: frozenset[str] = field(default=frozenset(COLUMNS), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong: the line of the file, the column, what stands there, what should."""

    line: int
    column: str
    found: str
    expected: str

    def said(self, file: str) -> str:
        """In one line."""
        column = f"{self.column}: " if self.column else ""
        return f"{file}:{self.line}: {column}found {self.found!r}, expected {self.expected}"


def read_people(path: Path, others: Iterable[Approver] = ()) -> list[Row]:
    """Read a file. Raises Failure that lists everything wrong with it.

    `others` are people who stay although the file does not name them.
    """
    try:
        # Spreadsheets put a mark in front of UTF-8; it is no part of the first heading.
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(f"{path}: is not UTF-8 text; save it as CSV UTF-8") from error
    rows, findings = parse_people(text, others)
    if findings:
        wrong = len({finding.line for finding in findings})
        lines = "1 line is" if wrong == 1 else f"{wrong} lines are"
        details = [finding.said(str(path)) for finding in findings]
        raise Failure(f"{path}: {lines} wrong; nothing was imported", details)
    return rows


def parse_people(text: str, others: Iterable[Approver] = ()) -> tuple[list[Row], list[Finding]]:
    """The rows of a CSV text, and everything that is wrong with it, in the order of its lines."""
    separator = _separator(text.partition("\n")[0])
    # Line ends inside of quotes are for the reader to see.
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    checker = _Checker(others)
    try:
        heading = [name.strip().lower() for name in next(lines, [])]
        expected = _expected(heading)
        if expected:
            return [], [Finding(1, "", separator.join(heading), expected)]
        for cells in lines:
            if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
                continue
            if len(cells) == len(heading):
                checker.take(lines.line_num, dict(zip(heading, cells, strict=True)))
            else:
                wrong = (f"{len(cells)} cells", f"{len(heading)} cells")
                checker.findings.append(Finding(lines.line_num, "", *wrong))
    except csv.Error as error:
        checker.findings.append(Finding(lines.line_num, "", str(error), "well-formed CSV"))
    if not checker.seen and not checker.findings:
        checker.findings.append(Finding(1, "", "no rows", "at least one person"))
    return checker.end()


def _separator(heading: str) -> str:
    """Spreadsheets write semicolons where the comma is the decimal mark."""
    return ";" if ";" in heading else ","


def _expected(heading: list[str]) -> str:
    """What the headings should be; empty where they are fine."""
    if set(heading) <= set(COLUMNS) and set(heading) >= set(REQUIRED):
        doubled = sorted({name for name in heading if heading.count(name) > 1})
        return f"each column once: {', '.join(doubled)} is there again" if doubled else ""
    unknown = [name for name in heading if name not in COLUMNS]
    wanted = f"the columns {', '.join(REQUIRED)}, and any of {', '.join(COLUMNS[len(REQUIRED) :])}"
    return f"{wanted}; unknown: {', '.join(map(repr, unknown))}" if unknown else wanted


class _Checker:
    """Takes rows one by one, and at the end looks at what ties them together."""

    def __init__(self, others: Iterable[Approver]) -> None:
        self.findings: list[Finding] = []
        self.seen: dict[str, int] = {}
        """Id → the line it was first on."""
        self._rows: list[Row] = []
        self._people = {person.id: Person.of(person) for person in others}

    def take(self, line: int, cells: Mapping[str, str]) -> None:
        """Check a row; keep it only where nothing is wrong with it."""
        before, said = len(self.findings), {}
        for column, read in _CELLS.items():
            if column not in cells:
                continue
            given = cells[column].strip()
            try:
                said[column] = read(given)
            except BadCell as bad:
                self.findings.append(Finding(line, column, given, str(bad)))
            if column == "id":
                self._check_id(line, said)
        self._check_absence(line, said)
        if who := said.get("id"):
            active = said.get("active", True)
            self._people[who] = Person(
                who,
                phone=said.get("phone", "") if active else "",
                user=said.get("user", "") if active else "",
                manager=said.get("manager", ""),
                substitute=said.get("substitute", ""),
            )
        if len(self.findings) == before:
            written = holidays_as(cells.get("holidays", ""))
            self._rows.append(Row(**said, holidays_as=written, columns=frozenset(cells)))

    def end(self) -> tuple[list[Row], list[Finding]]:
        """The rows, and the findings by line."""
        self.findings += self._tied()
        self.findings.sort(key=lambda finding: finding.line)
        return self._rows, self.findings

    def _check_id(self, line: int, said: dict[str, Any]) -> None:
        who = said.get("id")
        if who is None:
            return
        if who in self.seen:
            wanted = f"an id of its own: line {self.seen[who]} has it already"
            self.findings.append(Finding(line, "id", said.pop("id"), wanted))
        else:
            self.seen[who] = line

    def _check_absence(self, line: int, said: Mapping[str, Any]) -> None:
        first, last = said.get("away_from"), said.get("away_until")
        if last and "away_from" in said and not first:
            self.findings.append(Finding(line, "away_from", "", "the first day of the absence"))
        if first and last and last < first:
            wanted = f"{first} or later: the absence begins then"
            self.findings.append(Finding(line, "away_until", str(last), wanted))

    def _tied(self) -> Iterator[Finding]:
        everybody, named = self._people.values(), list(self.seen)
        # Number and login are left out: what is wrong ends up in terminals and logs.
        for column, what, pairs in (
            ("phone", "number", doubled_phones(everybody, last=named)),
            ("user", "login", doubled_users(everybody, last=named)),
        ):
            for one, two in pairs:
                where = f"line {self.seen[two]}" if two in self.seen else repr(two)
                wanted = f"a {what} of its own: {where} has it already"
                yield Finding(self.seen.get(one, 1), column, f"the same {what} again", wanted)
        # A circle is said where it begins, so those of the file come before all others.
        there = sorted(self._people.values(), key=lambda person: person.id not in self.seen)
        for tie in ties(there):
            if tie.at in self.seen:
                yield Finding(self.seen[tie.at], tie.column, tie.found, tie.expected)


def write_people(rows: Iterable[Row | Approver]) -> str:
    """The CSV text of people; `read_people` takes it back."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(_cell(row, column) for column in COLUMNS)
    return out.getvalue()


def _cell(row: Row | Approver, column: str) -> str:
    if column == "holidays" and row.holidays_as:
        return row.holidays_as
    return _written(column, getattr(row, column))


def _written(column: str, value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            none = NOBODY if column == "channels" else ""
            return LIST_MARK.join(map(str, value)) or none
        case None:
            return ""
        case _:
            return str(value)
