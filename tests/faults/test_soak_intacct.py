"""The soak, small enough for every run of the tests; by hand it is run for thousands."""

from __future__ import annotations

import pytest

from tests.soak.__main__ import main
from tests.soak.controls import CONTROLS
from tests.soak.histories import History, Outcome
from tests.soak.runs import Run, notice, soak
from tests.soak.tally import GROUPS, table, too_rare

SEED = 5
HISTORIES = 100


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return soak(Run(SEED, http_share=0.01), HISTORIES, processes=1)


def test_events_are_what_an_observer_polling_at_the_same_instants_could_see(
    outcome: Outcome,
) -> None:
    assert outcome.verdict.expected > 800
    assert outcome.verdict.missing == []
    assert outcome.verdict.twice == []


def test_most_of_what_can_happen_happened(outcome: Outcome) -> None:
    rows = [row for rows in GROUPS.values() for row in rows]
    assert len(too_rare(outcome.counts, 1)) < len(rows) / 10
    for row in ("polled", "killed", "busy", "overtaken", "late commit", "tie longer than a page"):
        assert outcome.counts[row] > 0


def test_what_does_not_happen_is_named() -> None:
    assert too_rare(Outcome().counts, 1) == [row for rows in GROUPS.values() for row in rows]


def test_every_row_is_counted_and_nothing_else_is(outcome: Outcome) -> None:
    shown = table(outcome.counts)
    assert all(row in shown for rows in GROUPS.values() for row in rows)


@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_the_mistakes_of_other_clients_are_noticed(control: str) -> None:
    assert notice(control, SEED, patience=200).ok


def test_the_same_seed_gives_the_same_history() -> None:
    first, second = History("5/8").run(), History("5/8").run()
    assert first == second


def test_the_command_ends_with_one_line_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--histories", "12", "--seed", "5", "--processes", "1", "--http-share", "0"]
    assert main([*arguments, "--control", "ignored-endpoint"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("histories=12 missing=")
    assert last.endswith("controls=ok")


def test_a_bill_submitted_again_and_made_anew_while_it_is_read_is_one_bill() -> None:
    """A history in which one page shows the old number and a later page the new one."""
    verdict = History("1/8367").run().verdict
    assert (verdict.missing, verdict.twice) == ([], [])
