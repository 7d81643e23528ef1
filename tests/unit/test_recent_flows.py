"""The flow for those who ask with every message: read once a minute."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.domain.flows import Flow
from ml_connector.errors import StoreUnavailable
from ml_connector.store.recent_flows import KEEP, RecentFlows


class Shelf:
    """A store of flows that counts how often it is asked, and may be down."""

    def __init__(self) -> None:
        self.flow: Flow | None = Flow(1, (), ())
        self.asked = 0
        self.down = False

    def current(self) -> Flow | None:
        self.asked += 1
        if self.down:
            raise StoreUnavailable("DynamoDB does not answer")
        return self.flow


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def made() -> tuple[RecentFlows, Shelf, Clock]:
    shelf, clock = Shelf(), Clock()
    store: Any = lambda: shelf  # noqa: E731
    return RecentFlows(store, clock), shelf, clock


def test_a_flow_is_read_once_a_minute(made: tuple[RecentFlows, Shelf, Clock]) -> None:
    flows, shelf, clock = made
    first = flows.current()
    shelf.flow = Flow(2, (), ())
    clock.now = KEEP - 1
    assert flows.current() is first
    assert shelf.asked == 1
    clock.now = KEEP
    assert flows.current() == shelf.flow
    assert shelf.asked == 2


def test_that_there_is_none_yet_is_known_for_a_minute_too(
    made: tuple[RecentFlows, Shelf, Clock],
) -> None:
    flows, shelf, _ = made
    shelf.flow = None
    assert (flows.current(), flows.current(), shelf.asked) == (None, None, 1)


def test_what_was_known_stands_while_the_store_is_down(
    made: tuple[RecentFlows, Shelf, Clock],
) -> None:
    flows, shelf, clock = made
    shelf.down = True
    with pytest.raises(StoreUnavailable):
        flows.current()
    shelf.down = False
    known = flows.current()
    clock.now, shelf.down = KEEP, True
    assert flows.current() is known
