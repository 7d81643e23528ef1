"""Entries of a period as a file for others: one at a time, whatever their number."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TextIO

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
    return json.dumps(link._asdict(), ensure_ascii=False) + "\n"


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


@contextmanager
def opened(path: Path | None) -> Iterator[TextIO]:
    """A file only its owner reads, there once it is complete; standard output without a path."""
    if path is None:
        yield sys.stdout
        return
    part = path.with_name(f"{path.name}.part")
    try:
        # Not Path.open, which takes no opener.
        with open(part, "w", encoding="utf-8", newline="", opener=_private) as stream:
            yield stream
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
