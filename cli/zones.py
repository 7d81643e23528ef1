"""IANA time zones: which there are, and which was probably meant."""

from __future__ import annotations

import difflib
import zoneinfo
from functools import cache

#: What people call a zone where they live, and none of which is an IANA name.
_CALLED = {
    "EDT": "America/New_York",
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "MDT": "America/Denver",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "BST": "Europe/London",
    "CEST": "Europe/Berlin",
}
#: Abbreviations are too short to be told apart by their letters.
_LONGEST_ABBREVIATION = 5
_LEAST_ALIKE = 0.6


@cache
def zones() -> frozenset[str]:
    """Every zone there is; none on a machine without the database, which cannot judge."""
    return frozenset(zoneinfo.available_timezones())


def likely_zone(text: str) -> str:
    """`; did you mean ...?`, to follow what was expected; empty where that would be guessing."""
    text = text.strip()
    near = _CALLED.get(text.upper())
    if near is None and len(text) > _LONGEST_ABBREVIATION:
        folded = {_folded(part): name for name in zones() for part in (name, name.split("/")[-1])}
        close = difflib.get_close_matches(_folded(text), folded, n=1, cutoff=_LEAST_ALIKE)
        near = folded[close[0]] if close else None
    return f"; did you mean {near!r}?" if near else ""


def _folded(text: str) -> str:
    return text.casefold().replace("_", " ")
