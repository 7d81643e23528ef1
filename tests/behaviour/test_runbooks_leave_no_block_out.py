"""Every code block of every runbook is run by a test, or is on a list that says why not.

Read from the pages and from the tests themselves: nothing is deployed for it.
"""

from __future__ import annotations

from collections.abc import Collection

import pytest

from tests.support.runbook_pages import (
    LEFT_TO_THE_READER,
    blocks_in,
    blocks_of,
    pages,
    run_by_tests,
)


def unaccounted(blocks: Collection[str], run: Collection[str], left: Collection[str]) -> list[str]:
    """Blocks that nobody runs and nobody excuses, or that are both run and excused."""
    return [
        block
        for block in blocks
        if any(part in block for part in run) == any(part in block for part in left)
    ]


@pytest.mark.parametrize("page", pages())
def test_each_block_of_a_page_is_run_or_listed_with_its_reason(page: str) -> None:
    left = LEFT_TO_THE_READER.get(page, {})
    assert not unaccounted(blocks_of(page), run_by_tests().get(page, ()), left)
    assert all(reason for reason in left.values())


def test_what_is_listed_or_named_is_in_one_block_of_its_page() -> None:
    named = [*((page, part) for page, parts in run_by_tests().items() for part in parts)]
    named += [(page, part) for page, parts in LEFT_TO_THE_READER.items() for part in parts]
    assert named
    for page, part in named:
        assert sum(part in block for block in blocks_of(page)) == 1, (page, part)


def test_a_block_that_nobody_runs_is_found() -> None:
    page = "```\nml-connector status\n```\n\n1. Then\n\n   ```\n   ml-connector ping\n   ```\n"
    blocks = blocks_in(page)
    assert blocks == ["ml-connector status\n", "ml-connector ping\n"]
    assert unaccounted(blocks, {"status"}, {}) == ["ml-connector ping\n"]
    assert unaccounted(blocks, {"status"}, {"ping"}) == []
    assert unaccounted(blocks, {"status", "ping"}, {"ping"}) == ["ml-connector ping\n"]


def test_every_page_of_the_folder_is_looked_at() -> None:
    assert {"README", "restore", "upgrade", "remove"} <= set(pages())
    assert all(blocks_of(page) for page in pages())
