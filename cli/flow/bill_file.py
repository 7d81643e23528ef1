"""A bill described in a file, for trying a flow on it: JSON, or YAML.

::

    {"number": "INV-4711", "vendor_id": "V-100", "vendor": "Baker Steel",
     "amount": "12500.00", "currency": "USD", "due": "2026-12-01",
     "lines": [{"department": "300", "account": "60000"}]}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from cli.console.failures import Failure
from cli.files.places import load
from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.books import LineCoding
from ml_connector.domain.documents import Document, first_seen
from ml_connector.domain.money import Money

from .problems import Findings, Wrong, meant

_TEXTS = ("record_no", "number", "vendor_id", "vendor", "entity", "description", "company")
_KEYS = (*_TEXTS, "amount", "currency", "due", "state", "level", "lines", "bill_approver")
_CODES = {
    "account": "account",
    "department": "department",
    "location": "location",
    "project": "project",
    "class": "class_id",
}
_STATES = ("submitted", "partially_approved")
_CURRENCY = re.compile("[A-Z]{3}")
_MOST_DIGITS, _MOST_LEVELS = 18, 20

#: Stands for a record number where the file has none; Intacct's are numbers.
_NO_RECORD = "try"


@dataclass(frozen=True, slots=True)
class DescribedBill:
    """What a file says. `bill_approver` is the login Intacct would name for the vendor."""

    bill: Bill
    lines: tuple[LineCoding, ...]
    level: int
    company: str
    bill_approver: str

    def document(self, company: str, now: datetime) -> Document:
        """The bill as a poll would remember it that sees it now for the first time."""
        document = first_seen(company, self.bill, now)
        return replace(document, lines=self.lines, level=self.level or document.level)


def read_bill(path: Path) -> DescribedBill:
    """Read a file. Raises Wrong with everything that is wrong with it, or Failure."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    content = load(text, str(path))
    findings = Findings(content.name, content.tree, content.body)
    if not isinstance(content.body, Mapping):
        findings.add((), "something else", "an object that describes one bill")
        raise Wrong(content.name, findings.problems)
    described = _Reading(content.body, findings).bill()
    findings.end()
    return described


class _Reading:
    """Takes what is right and notes what is not."""

    def __init__(self, body: Mapping[Any, Any], findings: Findings) -> None:
        self._body = body
        self._findings = findings

    def bill(self) -> DescribedBill:
        for key in self._body:
            if key not in _KEYS:
                expected = f"one of {', '.join(_KEYS)}{meant(str(key), _KEYS)}"
                self._findings.add((key,), f"the key {key!r}", expected, at_key=True)
        state = BillState(self._state())
        record_no = self._text("record_no") or _NO_RECORD
        bill = Bill(
            record_no=record_no,
            number=self._text("number"),
            vendor_id=self._text("vendor_id"),
            vendor_name=self._text("vendor"),
            amount=Money(self._amount(), self._currency()),
            state=state,
            state_text=state.value,
            due=self._due(),
            entity_id=self._text("entity"),
            description=self._text("description"),
        )
        return DescribedBill(
            bill, self._lines(), self._level(), self._text("company"), self._text("bill_approver")
        )

    def _wrong(self, key: str, expected: str, *more: str | int) -> None:
        found = self._body.get(key)
        shown = "nothing" if found is None else repr(found)
        path = (key, *more) if key in self._body else ()
        self._findings.add(path, shown, expected)

    def _text(self, key: str) -> str:
        value = self._body.get(key)
        if value is None:
            return ""
        # Numbers of bills and ids are often written without quotes.
        if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value).strip()
        self._wrong(key, "a text")
        return ""

    def _amount(self) -> Decimal:
        value = self._body.get("amount")
        try:
            amount = Decimal("NaN" if isinstance(value, bool) else str(value))
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount.adjusted() >= _MOST_DIGITS:
            self._wrong("amount", 'an amount such as "amount": "12500.00"')
            return Decimal(0)
        return amount

    def _currency(self) -> str:
        value = self._body.get("currency")
        if isinstance(value, str) and _CURRENCY.fullmatch(value):
            return value
        self._wrong("currency", 'three capitals such as "currency": "USD"')
        return "USD"

    def _due(self) -> date | None:
        value = self._body.get("due")
        if value is None:
            return None
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self._wrong("due", "a day such as 2026-12-01")
            return None

    def _state(self) -> str:
        value = self._body.get("state", "submitted")
        if value in _STATES:
            return str(value)
        self._wrong("state", " or ".join(_STATES))
        return "submitted"

    def _level(self) -> int:
        value = self._body.get("level", 0)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_LEVELS:
            return value
        self._wrong("level", "how many levels have approved it")
        return 0

    def _lines(self) -> tuple[LineCoding, ...]:
        value = self._body.get("lines", [])
        if not isinstance(value, list):
            self._wrong("lines", "a list of lines")
            return ()
        codings = [self._line(number, line) for number, line in enumerate(value)]
        return tuple(dict.fromkeys(codings))

    def _line(self, number: int, line: object) -> LineCoding:
        expected = f"ids of {', '.join(_CODES)}"
        if not isinstance(line, Mapping):
            self._findings.add(("lines", number), repr(line), expected)
            return LineCoding()
        said: dict[str, str] = {}
        for key, value in line.items():
            path = ("lines", number, str(key))
            if key not in _CODES:
                self._findings.add(path, f"the key {key!r}", expected, at_key=True)
            elif not isinstance(value, str | int) or isinstance(value, bool):
                self._findings.add(path, repr(value), "an id")
            else:
                said[_CODES[key]] = str(value).strip()
        return LineCoding(**said)
