"""What a client says it saw, held against the simulator's own book."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.intacct import AdminClient

#: More than a company of these tests has.
_ALL = 100_000


@dataclass(frozen=True, slots=True)
class Books:
    """The seeded company: vendor names by id, record numbers of bills."""

    vendors: Mapping[str, str]
    bills: frozenset[str]
    top_level_bills: frozenset[str]
    """Those that belong to no entity: all that the legacy readers show at the top level."""


def read_books(admin: AdminClient) -> Books:
    """Straight from the simulator's admin API."""
    bills = admin.records("APBILL", limit=_ALL)
    return Books(
        vendors={row["VENDORID"]: row["NAME"] for row in admin.records("VENDOR", limit=_ALL)},
        bills=frozenset(str(bill.recordno) for bill in bills),
        top_level_bills=frozenset(str(b.recordno) for b in bills if not b["MEGAENTITYID"]),
    )


@dataclass(frozen=True, slots=True)
class Expected:
    """What one client has to see. `errors`: what was done wrong → the client's own error type."""

    errors: Mapping[str, str]
    private: bool = True
    """Whether it can ask for what belongs to private entities."""


def faults(
    seen: Mapping[str, Any], expected: Expected, books: Books, admin: AdminClient
) -> list[str]:
    """What is wrong with a client's account of itself, a line each; empty where it passed."""
    found: list[str] = []
    calls = admin.calls()
    largest = max((int(str(c["rows"] or 0)) for c in calls if c["object"] == "APBILL"), default=0)
    bills = books.bills if expected.private else books.top_level_bills
    if not seen.get("logged_in") or not admin.tally()["logins"]:
        found.append("it did not log in")
    if seen.get("vendors") != dict(books.vendors):
        found.append(f"its vendors are not the company's: {seen.get('vendors')}")
    if largest >= len(bills):
        found.append("it read all bills in one page")
    numbers = [str(number) for number in seen.get("bills", [])]
    if len(numbers) != len(bills) or set(numbers) != bills:
        missing = len(bills - set(numbers))
        found.append(f"of {len(bills)} bills it saw {len(numbers)} and missed {missing}")
    if seen.get("errors") != dict(expected.errors):
        found.append(f"it met {seen.get('errors')} where {dict(expected.errors)} are expected")
    return found
