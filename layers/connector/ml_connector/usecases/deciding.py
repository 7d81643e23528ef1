"""Deciding on what is stored, writing it, and deciding again where somebody else was first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from ml_connector.domain.unit_of_work import Change
from ml_connector.errors import StoreConflict

from .behind import caught_up_on
from .commit import commit, patiently
from .steps import TRIES, DispatchPorts

#: Those who lost a race wait a random part of this before they run again.
_PAUSE_SECONDS = 0.1


def decide_and_write(
    decide: Callable[[], Change | None],
    stored_write_id: Callable[[Change], str | None],
    ports: DispatchPorts,
    until: datetime,
) -> Change | None:
    """Write what `decide` makes of what is stored now; None where there is nothing to write.

    `stored_write_id` reads that of an item such a change writes. Raises StoreConflict when a
    provider's id is recorded already, or when `TRIES` races were lost; StoreUnavailable when
    DynamoDB does not answer until `until`.
    """
    lost = 0
    while True:
        change = patiently(decide, clock=ports.clock, until=until, sleep=ports.sleep)
        if change is None:
            return None
        try:
            commit(
                ports.alerts,
                change,
                stored_write_id=partial(stored_write_id, change),
                clock=ports.clock,
                until=until,
                sleep=ports.sleep,
            )
        except StoreConflict as error:
            if caught_up_on(error, ports, until):
                continue
            lost += 1
            if acted_on(error) or lost >= TRIES or ports.clock.now() >= until:
                raise
            ports.sleep(_PAUSE_SECONDS * ports.share())
        else:
            return change


def acted_on(error: StoreConflict) -> bool:
    """Whether a change was refused because what the provider's id names was acted on already."""
    return any(name.startswith("sid:") for name in error.failed)
