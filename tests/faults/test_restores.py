"""Tables that go back in time: a short run, and what has to be noticed when a piece is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.replay import Told
from ml_connector.usecases import doubting, restored_dispatches
from ml_connector.usecases.last_look import LastLook

from .oracle import Verdict
from .restore_history import BY_HAND, CUTS, Cut, campaign, main

SEED = 11


@contextmanager
def claims_forgotten() -> Iterator[None]:
    """What may have been sent waits to be sent, as it did before."""
    moved = restored_dispatches._moved

    def as_before(dispatch: Dispatch, told: Told, composer: Any) -> Dispatch:
        after = moved(dispatch, told, composer)
        if after.state in (DispatchState.UNKNOWN, DispatchState.SENT) or after.sid:
            return replace(after, state=DispatchState.WAITING, sid="", claimed_at=None)
        return after

    with patch.object(restored_dispatches, "_moved", as_before):
        yield


@contextmanager
def nobody_asks_first() -> Iterator[None]:
    """After the audit went back as well, things are sent without asking the provider."""

    def look_away(*_: object) -> LastLook:
        return LastLook.NOT_FOUND

    with patch.object(doubting, "look_first", look_away):
        yield


@contextmanager
def nobody_misses_a_case() -> Iterator[None]:
    """Polls do not look whether the cases of their bills are there."""

    def none(*_: object) -> list[object]:
        return []

    with patch("ml_connector.usecases.poll.without_their_cases", none):
        yield


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    found, commands = campaign(2 * len(CUTS), SEED)
    assert commands >= len(CUTS) - len(BY_HAND)
    return found


def test_nothing_is_lost_and_nothing_is_sent_twice(verdict: Verdict) -> None:
    assert verdict.dispatches > 200
    assert verdict.missing == []
    assert verdict.twice == []


def test_nobody_is_texted_about_what_was_seen_handled(verdict: Verdict) -> None:
    assert verdict.unwanted == []


def test_every_chain_verifies_once_the_command_was_run(verdict: Verdict) -> None:
    assert verdict.broken == []


def test_it_is_noticed_when_claims_are_forgotten() -> None:
    cuts = [Cut(("alerts",))]
    assert campaign(4, SEED, cuts, without=claims_forgotten)[0].twice


def test_it_is_noticed_when_nobody_asks_after_the_audit_went_back() -> None:
    cuts = [Cut(("alerts", "documents", "audit"), command=True)]
    assert campaign(6, SEED, cuts, without=nobody_asks_first)[0].twice


def test_it_is_noticed_when_nobody_misses_a_case() -> None:
    cuts = [Cut(("alerts",), emptied=True)]
    assert campaign(20, SEED, cuts, without=nobody_misses_a_case)[0].missing


def test_the_command_ends_with_one_line_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--runs", "2", "--seed", "5"]) == 0
    assert capsys.readouterr().out.startswith("runs=2 commands=")
