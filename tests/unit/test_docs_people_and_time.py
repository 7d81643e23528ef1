"""Every test that docs/people-and-time.md calls as a witness exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "people-and-time.md"
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE.read_text())))


def test_the_page_names_many_tests() -> None:
    assert len(NAMED) > 50


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_test_that_is_named_is_there(file: str, test: str) -> None:
    assert re.search(rf"^def {test}\(", (TESTS / file).read_text(), re.MULTILINE)


def test_every_row_of_the_page_names_a_test() -> None:
    rows = [
        line
        for line in PAGE.read_text().splitlines()
        if line.startswith("| ") and not line.startswith(("| what holds", "| ---"))
    ]
    assert [row for row in rows if "::test_" not in row] == []
