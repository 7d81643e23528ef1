"""Entries of a period as a file for others: one at a time, whatever their number."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from enum import StrEnum
from typing import TextIO

from cli.console.terminal import escaped
from ml_connector.domain.chains import Link

#: What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Format(StrEnum):
    """What a file is written as."""

    CSV = "csv"
    JSONL = "jsonl"


def write(links: Iterable[Link], stream: TextIO, form: Format) -> int:
    """Write entries as they come; how many they were.

    JSON Lines hold what is needed to verify them elsewhere: `data` is the text the digest is over.
    """
    line = _csv_line if form is Format.CSV else _json_line
    if form is Format.CSV:
        stream.write(_csv(Link._fields))
    count = 0
    for link in links:
        stream.write(line(link))
        count += 1
    return count


def _json_line(link: Link) -> str:
    return escaped(json.dumps(link._asdict(), ensure_ascii=False)) + "\n"


def _csv_line(link: Link) -> str:
    return _csv(map(_cell, link))


def _cell(value: object) -> str:
    """Text stays text in a spreadsheet; no entry this system wrote begins like a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
