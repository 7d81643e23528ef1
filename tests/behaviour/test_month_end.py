"""A small month end: the same bills, told in bundles and each alone. The full one is a command."""

from __future__ import annotations

import pytest

from ml_connector.settings import Timings
from tests.soak.month_end import Tally, main, month_end, run, table
from tests.support.world import EACH_ALONE

BILLS, APPROVERS = 150, 2


@pytest.fixture(scope="module")
def both() -> dict[str, Tally]:
    entered = month_end(BILLS, APPROVERS, seed=1)
    return {
        "bundled": run(entered, APPROVERS, Timings()),
        "each alone": run(entered, APPROVERS, EACH_ALONE),
    }


def test_people_get_less_than_half_of_the_texts(both: dict[str, Tally]) -> None:
    for person in range(APPROVERS):
        assert both["bundled"].texts[person] * 2 < both["each alone"].texts[person]
    assert both["bundled"].segments * 2 < both["each alone"].segments


def test_nobody_is_called_more_often(both: dict[str, Tally]) -> None:
    for person in range(APPROVERS):
        assert both["bundled"].calls[person] <= both["each alone"].calls[person]


def test_everybody_is_told_within_a_window_and_the_minutes_of_the_poll(
    both: dict[str, Tally],
) -> None:
    assert max(both["bundled"].waits) <= 10 + 4


def test_every_bill_is_told_or_was_approved_before(both: dict[str, Tally]) -> None:
    for tally in both.values():
        assert len(tally.waits) + tally.never == BILLS


def test_the_table_has_both_side_by_side(both: dict[str, Tally]) -> None:
    said = table(month_end(BILLS, APPROVERS, seed=1), APPROVERS, both)
    texts = next(line for line in said.splitlines() if line.startswith("texts "))
    assert texts.split() == ["texts", *(str(t.texts.total()) for t in both.values())]


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--bills", "30", "--approvers", "2"]) == 0
    assert capsys.readouterr().out.startswith("30 bills, 2 approvers, ")
