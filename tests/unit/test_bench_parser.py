"""The benchmarks of reading Intacct: the pinned page, the arithmetic, what must not be measured."""

from __future__ import annotations

import pytest

from bench import idle_poll, page, read_memory
from bench.parser import summary
from bench.parser_candidates import ASKED, COMPACT, DIRTY, EXPAT, INDENTED, OURS, element_tree, ours
from bench.read_memory import BILLS, FEW, PAGE, THEIRS, Reading
from bench.report import verdict


@pytest.mark.parametrize("indented", [True, False])
def test_the_page_is_the_pinned_one_and_holds_what_it_says(indented: bool) -> None:
    rows = ours(page.page(indented=indented))
    assert len(rows) == page.RECORDS
    assert {tuple(row) for row in rows} == {page.FIELDS}
    assert len(set(page.FIELDS)) == 60


def test_a_page_that_changed_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "RECORDS", 3)
    with pytest.raises(ValueError, match="not the one"):
        page.page(indented=True)
    few = page.page(("RECORDNO", "STATE"), indented=False)
    assert [row["RECORDNO"] for row in element_tree(few)] == ["1", "2", "3"]


def test_ratios_are_to_bare_expat_on_the_same_page_and_targets_to_the_pinned_one() -> None:
    rows = summary(
        {
            INDENTED: {OURS: 0.090, EXPAT: 0.030, "other": 0.300},
            COMPACT: {EXPAT: 0.020, OURS: 0.060},
            ASKED: {EXPAT: 0.005, OURS: 0.027},
            DIRTY: {OURS: 0.080},
        }
    )
    found = {(row.page, row.name): (round(row.ratio, 3), row.met) for row in rows}
    assert found == {
        (INDENTED, EXPAT): (1.0, None),
        (INDENTED, OURS): (3.0, True),
        (INDENTED, "other"): (10.0, None),
        (COMPACT, EXPAT): (1.0, None),
        (COMPACT, OURS): (3.0, None),
        (ASKED, EXPAT): (1.0, None),
        (ASKED, OURS): (5.4, False),
        (DIRTY, OURS): (4.0, None),
    }
    assert [row.name for row in rows][:3] == [EXPAT, OURS, "other"]


def test_a_target_is_met_or_not_or_there_is_none() -> None:
    assert [verdict(met) for met in (True, False, None)] == ["met", "not met", ""]


def test_memory_grows_against_what_three_pages_take() -> None:
    readings = [
        Reading(read_memory.OURS, PAGE, 4.0, 0.1),
        Reading(read_memory.OURS, FEW, 10.0, 0.2),
        Reading(read_memory.OURS, BILLS, 11.0, 3.0),
        Reading(THEIRS, BILLS, 150.0, 4.0),
    ]
    assert read_memory.grown(readings) == pytest.approx(1.1)


def test_an_idle_poll_is_counted_by_the_simulator() -> None:
    cost = idle_poll.measure(30, 7)
    assert (cost.bills, cost.waiting, cost.read) == (30, 7, 7)
    assert cost.idle == 2 < cost.first
    assert cost.met
