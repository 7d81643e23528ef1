"""The harness for other people's clients: what it accepts, and each thing it must not let pass."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.intacct import AdminClient
from tests.clients.judge import Expected, faults, read_books

EXPECTED = Expected({"unknown field": "TheirError"})
BILLS = [
    {"recordno": number, "fields": {"MEGAENTITYID": "E1"} if number == 3 else {}}
    for number in (1, 2, 3)
]


def book(*pages: int, logins: int = 1) -> AdminClient:
    """A simulator that served pages of so many bills."""
    calls = [{"object": "APBILL", "rows": rows, "function": "query"} for rows in pages]
    vendors = [{"recordno": 1, "fields": {"VENDORID": "V-1", "NAME": "Baker Steel"}}]
    answers: dict[str, Any] = {
        "records/APBILL": {"records": BILLS},
        "records/VENDOR": {"records": vendors},
        "calls": {"calls": [*calls, {"object": "APBILL", "rows": None, "function": "query"}]},
        "tally": {"logins": logins},
    }
    return AdminClient(lambda _method, path, _query, _body: (200, answers[path]))


def seen(**other: Any) -> dict[str, Any]:
    return {
        "logged_in": True,
        "vendors": {"V-1": "Baker Steel"},
        "bills": ["1", "2", "3"],
        "errors": {"unknown field": "TheirError"},
        **other,
    }


def judged(account: dict[str, Any], admin: AdminClient, expected: Expected = EXPECTED) -> list[str]:
    return faults(account, expected, read_books(admin), admin)


def test_a_client_that_saw_it_all_passes() -> None:
    assert judged(seen(), book(2, 1)) == []


def test_a_client_that_cannot_see_private_entities_need_not() -> None:
    public = Expected(EXPECTED.errors, private=False)
    assert judged(seen(bills=["2", "1"]), book(1, 1), public) == []
    assert judged(seen(), book(1, 1), public) != []


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        ({"logged_in": False}, "it did not log in"),
        ({"vendors": {"V-1": "Baker St?el"}}, "its vendors are not the company's"),
        ({"bills": ["1", "2"]}, "of 3 bills it saw 2 and missed 1"),
        ({"bills": ["1", "2", "2"]}, "of 3 bills it saw 3 and missed 1"),
        ({"bills": ["1", "2", "3", "3"]}, "of 3 bills it saw 4 and missed 0"),
        ({"errors": {}}, "it met {}"),
        ({"errors": {"unknown field": "KeyError"}}, "it met {'unknown field': 'KeyError'}"),
    ],
)
def test_what_a_client_missed_is_named(other: dict[str, Any], complaint: str) -> None:
    (found,) = judged(seen(**other), book(2, 1))
    assert found.startswith(complaint)


def test_one_large_page_is_not_paging() -> None:
    assert judged(seen(), book(3)) == ["it read all bills in one page"]


def test_a_login_the_simulator_knows_nothing_of_does_not_count() -> None:
    assert judged(seen(), book(2, 1, logins=0)) == ["it did not log in"]
