"""The campaign, small enough for every run of the tests; by hand it is run for thousands."""

from __future__ import annotations

import pytest

from tests.faults.campaign import CONTROLS, LATE_LISTS, Outcome, campaign, main, mixed
from tests.faults.history import History, Weather
from tests.faults.oracle import judge
from tests.faults.protections import PROTECTIONS
from tests.support.faults import Fault

SEED = 7


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return campaign(25, SEED, mixed)


def test_nothing_is_lost_and_nothing_is_sent_twice(outcome: Outcome) -> None:
    assert outcome.verdict.dispatches > 300
    assert outcome.verdict.missing == []
    assert outcome.verdict.twice == []


def test_nobody_is_texted_about_what_was_seen_handled(outcome: Outcome) -> None:
    assert outcome.verdict.unwanted == []


def test_every_audit_chain_verifies(outcome: Outcome) -> None:
    assert outcome.verdict.broken == []


@pytest.mark.parametrize(
    "point", ["commit dispatch.claimed", "post", "commit dispatch.sent", "ring"]
)
def test_processes_died_before_and_after_every_side_effect(outcome: Outcome, point: str) -> None:
    assert outcome.counts[point, Fault.KILLED_BEFORE] > 0
    assert outcome.counts[point, Fault.KILLED_AFTER] > 0


@pytest.mark.parametrize("fault", list(Fault))
def test_every_fault_happened(outcome: Outcome, fault: Fault) -> None:
    assert any(met is fault for _, met in outcome.counts)


@pytest.mark.parametrize("name", sorted(PROTECTIONS))
def test_without_a_protection_the_oracle_finds_what_it_stands_against(name: str) -> None:
    control = CONTROLS[name]
    for rounds in range(1, 6):
        found = campaign(4, SEED * rounds, control.always, without=name)
        if getattr(found.verdict, control.finds):
            return
    pytest.fail(f"20 histories without {name}, and the oracle found nothing")


@pytest.mark.parametrize("weather", [LATE_LISTS, CONTROLS["claim"].weather, Weather()])
def test_with_it_the_same_histories_are_clean(weather: Weather) -> None:
    assert campaign(4, SEED, lambda _: weather).verdict.clean


def test_the_same_seed_gives_the_same_history() -> None:
    first, second = History(3, Weather()), History(3, Weather())
    first.run()
    second.run()
    assert first.world.provider.log == second.world.provider.log
    assert judge(first, "") == judge(second, "")


def test_the_command_ends_with_one_line_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--runs", "2", "--without", "reconcile", "--seed", "7"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("runs=2 missing=")
    assert last.endswith("controls=ok")
