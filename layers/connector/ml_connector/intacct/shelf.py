"""Copies of master data that outlive the function: in its memory, and in the cache.

A copy is kept for much longer than it is fresh, because a stale one is better than none. A cache
that fails, or holds something else, is one that is empty.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from ml_connector.domain.frozen import frozen
from ml_connector.domain.instants import from_text, to_text
from ml_connector.errors import StoreError

from .catalogue import LONG
from .ports import Cache

#: Rows in one item: packed, they are far below the 400 KB that DynamoDB takes.
ROWS_A_PART = 5000

Rows = tuple[tuple[str, ...], ...]


@frozen
class Copy:
    """Rows of texts as they were at a time."""

    at: datetime
    rows: Rows


class Shelf:
    """Copies by name, each in as many parts as it needs."""

    def __init__(self, cache: Cache, prefix: str) -> None:
        self._cache = cache
        self._prefix = prefix
        self._known: dict[str, Copy] = {}

    def take(self, name: str, now: datetime) -> Copy | None:
        """The copy with this name, however old, or None."""
        if name not in self._known:
            copy = self._load(name, now)
            if copy:
                self._known[name] = copy
        return self._known.get(name)

    def put(self, name: str, copy: Copy) -> None:
        """Keep a copy. One that the cache does not take is kept in this process alone."""
        self._known[name] = copy
        parts = [
            copy.rows[start : start + ROWS_A_PART]
            for start in range(0, max(len(copy.rows), 1), ROWS_A_PART)
        ]
        with suppress(StoreError):
            # The first part names the number of parts, so it is written when they are all there.
            for number in reversed(range(len(parts))):
                text = _packed(copy.at, len(parts), parts[number])
                self._cache.put(self._key(name, number), text, until=copy.at + LONG)

    def _load(self, name: str, now: datetime) -> Copy | None:
        first = self._part(name, 0, now)
        if first is None:
            return None
        at, count, rows = first
        for number in range(1, count):
            part = self._part(name, number, now)
            # Parts of two copies are no copy.
            if part is None or part[0] != at:
                return None
            rows += part[2]
        return Copy(at, rows)

    def _part(self, name: str, number: int, now: datetime) -> tuple[datetime, int, Rows] | None:
        try:
            text = self._cache.get(self._key(name, number), now=now)
            return None if text is None else _unpacked(text)
        except (StoreError, ValueError, KeyError, TypeError, zlib.error):
            return None

    def _key(self, name: str, number: int) -> str:
        return f"books/{name}/{number}/{self._prefix}"


def _packed(at: datetime, parts: int, rows: Sequence[Sequence[str]]) -> str:
    body = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
    packed = base64.b64encode(zlib.compress(body)).decode()
    return json.dumps({"at": to_text(at), "parts": parts, "rows": packed})


def _unpacked(text: str) -> tuple[datetime, int, Rows]:
    part: dict[str, Any] = json.loads(text)
    rows = json.loads(zlib.decompress(base64.b64decode(part["rows"])))
    return from_text(part["at"]), int(part["parts"]), tuple(tuple(map(str, row)) for row in rows)
