"""Building the queries: keyset paging, and words for what is asked."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from .filters import every, greater
from .functions import (
    GetAuditTrail,
    Lookup,
    Order,
    Query,
    Read,
    ReadByName,
    ReadFunction,
)
from .tree import Row

KEY = "RECORDNO"

_WHOLE_NUMBER = re.compile(r"(\d{1,18})(?:\.0*)?", re.ASCII)

#: Labels of APBILL.STATE; filters compare labels, by case.
WAITING_STATES = ("Submitted", "Partially Approved")


def keyset_start(query: Query) -> Query:
    """The first page of a query in keyset order."""
    fields = query.fields if KEY in query.fields else (KEY, *query.fields)
    return replace(query, fields=fields, order=(Order(KEY),), offset=0)


def next_page(query: Query, last: int) -> Query:
    """The page after the record numbered `last`."""
    return keyset_start(replace(query, where=every(query.where, greater(KEY, str(last)))))


def record_number(row: Row) -> int | None:
    """RECORDNO as a number, None where unusable; integers have been seen as "12.0"."""
    match = _WHOLE_NUMBER.fullmatch(row.get(KEY, "").strip())
    return int(match.group(1)) if match else None


def doing(function: ReadFunction) -> str:
    """A function in words, without any value that came from data."""
    if isinstance(function, Query | Read | ReadByName | Lookup | GetAuditTrail):
        return f"{type(function).__name__} {function.object}"
    return type(function).__name__


def our_words(function: ReadFunction) -> Collection[str]:
    """The names a function asks for: all that may be repeated out of a refusal's text."""
    return function.fields if isinstance(function, Query | Read | ReadByName) else ()
