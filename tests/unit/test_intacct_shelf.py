"""Copies of master data in the cache: whole or not at all, and never in the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.errors import StoreUnavailable
from ml_connector.intacct.memory import MemoryCache
from ml_connector.intacct.shelf import ROWS_A_PART, Copy, Rows, Shelf

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
#: DynamoDB takes items of this size.
MOST_BYTES = 400_000


class Notes(MemoryCache):
    """A cache whose texts can be looked at, and that may be out of order."""

    broken = False

    def __init__(self) -> None:
        super().__init__()
        self.written: dict[str, str] = {}

    def get(self, key: str, *, now: datetime) -> str | None:
        if self.broken:
            raise StoreUnavailable("throttled")
        return super().get(key, now=now)

    def put(self, key: str, text: str, *, until: datetime) -> None:
        if self.broken:
            raise StoreUnavailable("throttled")
        self.written[key] = text
        super().put(key, text, until=until)


def many(count: int) -> Rows:
    return tuple((f"P-{n}", f"P-{n // 2}", f"Project nümber {n}", "") for n in range(count))


@pytest.mark.parametrize("count", [0, 1, ROWS_A_PART, 2 * ROWS_A_PART + 1])
def test_another_process_finds_a_copy_as_it_was(count: int) -> None:
    cache = Notes()
    copy = Copy(NOW, many(count))
    Shelf(cache, "acme").put("project", copy)
    later = NOW + timedelta(days=30)
    assert Shelf(cache, "acme").take("project", later) == copy
    assert Shelf(cache, "other").take("project", later) is None
    assert Shelf(cache, "acme").take("class", later) is None
    assert all(len(text) < MOST_BYTES for text in cache.written.values())


def test_parts_of_two_copies_are_no_copy() -> None:
    cache = Notes()
    Shelf(cache, "acme").put("project", Copy(NOW, many(ROWS_A_PART + 1)))
    old_part = cache.written["books/project/1/acme"]
    later = NOW + timedelta(days=1)
    Shelf(cache, "acme").put("project", Copy(later, many(ROWS_A_PART + 1)))
    cache.put("books/project/1/acme", old_part, until=later + timedelta(days=1))
    assert Shelf(cache, "acme").take("project", later) is None


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"at": "never", "parts": 1, "rows": "####"}']
)
def test_something_else_in_its_place_is_no_copy(text: str) -> None:
    cache = Notes()
    cache.put("books/project/0/acme", text, until=NOW + timedelta(days=1))
    assert Shelf(cache, "acme").take("project", NOW) is None


def test_a_part_whose_rows_cannot_be_unpacked_is_no_copy() -> None:
    cache = Notes()
    Shelf(cache, "acme").put("project", Copy(NOW, many(3)))
    text = cache.written["books/project/0/acme"]
    at = text.index('"rows": "') + 9
    cache.put("books/project/0/acme", f'{text[:at]}AAAA"}}', until=NOW + timedelta(days=1))
    assert Shelf(cache, "acme").take("project", NOW) is None


def test_a_cache_that_fails_leaves_what_this_process_knows() -> None:
    cache = Notes()
    cache.broken = True
    shelf, copy = Shelf(cache, "acme"), Copy(NOW, many(3))
    assert shelf.take("project", NOW) is None
    shelf.put("project", copy)
    assert shelf.take("project", NOW) == copy
