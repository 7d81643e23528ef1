"""A write that AWS does not allow: said at once to whoever waits, borne with where it matters."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ml_connector.domain.unit_of_work import Change
from ml_connector.errors import StoreRefused
from ml_connector.usecases.commit import commit
from tests.support.clock import HandClock
from tests.support.memory_store import MemoryAlertStore


class Refusing(MemoryAlertStore):
    """Refuses the first writes."""

    def __init__(self, refusals: int) -> None:
        super().__init__()
        self.refusals = refusals
        self.tries = 0

    def commit(self, change: Change) -> None:
        self.tries += 1
        if self.tries <= self.refusals:
            raise StoreRefused("AWS does not allow dynamodb:PutItem", action="dynamodb:PutItem")
        super().commit(change)


def write(store: Refusing, clock: HandClock, *, stubborn: bool) -> None:
    commit(
        store,
        Change("w1"),
        stored_write_id=lambda: None,
        clock=clock,
        until=clock.now() + timedelta(seconds=20),
        sleep=clock.sleep,
        stubborn=stubborn,
    )


def test_a_refusal_is_said_at_once() -> None:
    store, clock = Refusing(1), HandClock()
    began = clock.now()
    with pytest.raises(StoreRefused, match="dynamodb:PutItem"):
        write(store, clock, stubborn=False)
    assert store.tries == 1
    assert clock.now() == began


def test_what_was_sent_already_is_recorded_once_a_refusal_is_lifted() -> None:
    store, clock = Refusing(3), HandClock()
    write(store, clock, stubborn=True)
    assert store.tries == 4
