"""The approvers as a CSV file: id, name, phone, active. A file with one bad row imports nothing.

The salt of a person is not in it: it is made once, when somebody is first imported, and stays.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.console.failures import Failure
from ml_connector.domain.approvers import Approver
from ml_connector.domain.phone import PhoneNumber, PhoneNumberInvalid

from .flow_file import RESERVED_ID

COLUMNS = ("id", "name", "phone", "active")
LONGEST_NAME = 100
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Row:
    """One person as the file has them. `phone` is E.164, or empty where none is known yet."""

    id: str
    name: str
    phone: str
    active: bool


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


def read_people(path: Path) -> list[Row]:
    """Read a file. Raises Failure that lists everything wrong with it."""
    try:
        # Spreadsheets put a mark in front of UTF-8; it is no part of the first heading.
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(f"{path}: is not UTF-8 text; save it as CSV UTF-8") from error
    rows, findings = parse_people(text)
    if findings:
        wrong = len({finding.line for finding in findings})
        lines = "1 line is" if wrong == 1 else f"{wrong} lines are"
        details = [finding.said(str(path)) for finding in findings]
        raise Failure(f"{path}: {lines} wrong; nothing was imported", details)
    return rows


def parse_people(text: str) -> tuple[list[Row], list[Finding]]:
    """The rows of a CSV text, and everything that is wrong with it."""
    separator = ";" if ";" in text.partition("\n")[0] else ","
    # Line ends inside of quotes are for the reader to see.
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    checker = _Checker()
    try:
        heading = [name.strip().lower() for name in next(lines, [])]
        expected = ", ".join(COLUMNS)
        if sorted(heading) != sorted(COLUMNS):
            return [], [Finding(1, "", separator.join(heading), f"the columns {expected}")]
        for cells in lines:
            if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
                continue
            if len(cells) == len(COLUMNS):
                checker.take(lines.line_num, dict(zip(heading, cells, strict=True)))
            else:
                found = f"{len(cells)} cells"
                checker.findings.append(Finding(lines.line_num, "", found, f"{len(COLUMNS)} cells"))
    except csv.Error as error:
        checker.findings.append(Finding(lines.line_num, "", str(error), "well-formed CSV"))
    if not checker.rows and not checker.findings:
        checker.findings.append(Finding(1, "", "no rows", "at least one person"))
    return checker.rows, checker.findings


class _Checker:
    """Takes rows one by one and remembers the ids it saw."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.findings: list[Finding] = []
        self._ids: dict[str, int] = {}

    def take(self, line: int, cells: Mapping[str, str]) -> None:
        """Check a row; keep it only where nothing is wrong with it."""
        before = len(self.findings)
        given = {name: cells[name].strip() for name in COLUMNS}
        self._check_id(line, given["id"])
        self._check_name(line, given["name"])
        phone = self._phone(line, given["phone"])
        active = _FLAGS.get(given["active"].lower())
        if active is None:
            self._wrong(line, "active", given["active"], "true or false")
        if len(self.findings) == before:
            self.rows.append(Row(given["id"], given["name"], phone, active is True))

    def _check_id(self, line: int, value: str) -> None:
        if value == RESERVED_ID:
            wanted = f"another id: in a flow {RESERVED_ID!r} means whoever the rule names"
            self._wrong(line, "id", value, wanted)
        elif not _ID.fullmatch(value):
            wanted = "1 to 64 letters, digits, dots, hyphens or underscores"
            self._wrong(line, "id", value, wanted)
        elif value in self._ids:
            wanted = f"an id of its own: line {self._ids[value]} has it already"
            self._wrong(line, "id", value, wanted)
        else:
            self._ids[value] = line

    def _check_name(self, line: int, value: str) -> None:
        if not value or len(value) > LONGEST_NAME or not value.isprintable():
            self._wrong(line, "name", value, f"a name of 1 to {LONGEST_NAME} printable characters")

    def _phone(self, line: int, value: str) -> str:
        if not value:
            return ""
        try:
            return PhoneNumber.parse(value).value
        except PhoneNumberInvalid as error:
            what, _, wanted = error.safe_message.partition("; expected ")
            self._wrong(line, "phone", value, f"{wanted} ({what})")
            return ""

    def _wrong(self, line: int, column: str, found: str, expected: str) -> None:
        self.findings.append(Finding(line, column, found, expected))


def write_people(rows: Iterable[Row | Approver]) -> str:
    """The CSV text of people; `read_people` takes it back."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow((row.id, row.name, row.phone, "true" if row.active else "false"))
    return out.getvalue()
