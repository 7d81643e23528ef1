"""Random swarms of bills through storms: a short run, and what is noticed when a piece fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from unittest.mock import patch

import pytest

from ml_connector.domain.bundles import HELD
from ml_connector.domain.unit_of_work import Change
from ml_connector.usecases import bundling, send
from ml_connector.usecases.bundling import Turn
from ml_connector.usecases.dispatch_files import DispatchFile
from ml_connector.usecases.steps import DispatchPorts
from tests.support.laws import LawBroken

from .bundle_history import WINDOW, campaign

SEEDS = range(6)
FEW = range(3)


def test_each_alert_is_told_once_nobody_waits_for_nothing_and_no_limit_is_exceeded() -> None:
    verdict = campaign(SEEDS)
    assert verdict.clean, verdict
    assert verdict.bundles > 60
    assert verdict.held > 200


@contextmanager
def joining(change_it: str) -> Iterator[None]:
    """Bundles are made with a mistake in them."""
    right = bundling._joining

    def wrong(files: Sequence[DispatchFile], ports: DispatchPorts) -> Change | None:
        change = right(files, ports)
        if change is None:
            return None
        if change_it == "the old ones stay":
            return replace(change, dispatches=change.dispatches[:1])
        return replace(change, alerts=(), dispatches=change.dispatches[1:])

    with patch.object(bundling, "_joining", wrong):
        yield


def test_it_is_noticed_when_what_was_joined_is_sent_alone_as_well() -> None:
    with joining("the old ones stay"), pytest.raises(LawBroken):
        campaign(FEW)


def test_it_is_noticed_when_what_was_joined_is_in_no_bundle() -> None:
    with joining("the bundle is forgotten"):
        assert campaign(FEW).plans.loose


def test_it_is_noticed_when_a_bundle_is_sent_with_bills_that_were_handled() -> None:
    def never(_: DispatchFile) -> bool:
        return False

    with patch.object(send, "thinned", never):
        assert campaign(FEW).unwanted


def test_it_is_noticed_when_something_is_held_for_nothing_and_too_long() -> None:
    def always(file: DispatchFile, ports: DispatchPorts, now: datetime) -> Turn:
        del ports
        if file.dispatch.reason or file.dispatch.sequence > 1:
            return Turn()
        return Turn((now + 3 * WINDOW, HELD))

    with patch.object(bundling, "turn", always):
        verdict = campaign(FEW)
    assert verdict.for_nothing
    assert verdict.too_long
