"""What texts and calls cost: when it is looked for, and what is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.delivery import CallStatus, MessageStatus, ProviderCall, ProviderMessage
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.pricing import (
    LOOKS,
    Cost,
    await_price,
    awaits_price,
    cost_of,
    with_cost,
)
from ml_connector.usecases.prices import learn_price
from ml_connector.usecases.steps import DispatchPorts, write_quietly
from tests.support import samples
from tests.support.clock import START
from tests.support.memory_store import MemoryAlertStore
from tests.support.world import World

FIRST = timedelta(hours=1)
TEXT_SHOWN = ProviderMessage(
    "SM1",
    "+15550100001",
    MessageStatus.DELIVERED,
    START,
    segments=2,
    price=Decimal("-0.0166"),
    price_unit="USD",
)
CALL_SHOWN = ProviderCall(
    "FN1",
    "+15550100001",
    CallStatus.CONFIRMED,
    START,
    duration=41,
    price=Decimal("-0.014"),
    price_unit="USD",
)
UNBILLED = replace(TEXT_SHOWN, price=None, price_unit="")


def settled(state: DispatchState = DispatchState.DELIVERED, **changes: Any) -> Dispatch:
    """A text that was sent at the start, and is over."""
    given: dict[str, Any] = {"sid": "SM1", "sent_at": START, "look_at": None}
    return samples.dispatch(state=state, **{**given, **changes})


def looks_of(dispatch: Dispatch, now: datetime) -> list[datetime]:
    """All looks at a price that never comes."""
    looks: list[datetime] = []
    while True:
        dispatch = await_price(dispatch, now=now, first=FIRST)
        if dispatch.look_at is None:
            return looks
        now = dispatch.look_at
        looks.append(now)


# ------------------------------------------------------------------------------ when to look
def test_a_price_is_looked_for_after_an_hour_six_hours_and_a_day() -> None:
    looks = looks_of(settled(), START + timedelta(seconds=9))
    expected = [START + times * FIRST for times in LOOKS]
    assert len(looks) == len(expected)
    for look, at in zip(looks, expected, strict=True):
        assert at <= look <= at + FIRST / 4


def test_what_is_settled_late_has_fewer_looks_left() -> None:
    assert len(looks_of(settled(), START + timedelta(hours=3))) == 2
    assert looks_of(settled(), START + timedelta(days=3)) == []


def test_looks_of_about_the_same_time_fall_together() -> None:
    sent = (START + timedelta(minutes=minute) for minute in range(60))
    looks = {looks_of(settled(sent_at=at), at)[0] for at in sent}
    assert len(looks) <= 5


@given(
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3)),
    st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(hours=2)),
)
def test_looks_lie_ahead_and_come_to_an_end(age: timedelta, first: timedelta) -> None:
    dispatch, now = settled(), START + age
    for _ in range(len(LOOKS) + 1):
        dispatch = await_price(dispatch, now=now, first=first)
        if dispatch.look_at is None:
            return
        assert now < dispatch.look_at <= START + (LOOKS[-1] + 1) * first
        now = dispatch.look_at
    raise AssertionError("a price is looked for without end")


def test_a_known_price_is_not_looked_for() -> None:
    known = settled(price=Decimal(0))
    assert not awaits_price(known)
    assert await_price(known, now=START, first=FIRST).look_at is None


@pytest.mark.parametrize(
    "dispatch",
    [
        samples.dispatch(),
        samples.dispatch(state=DispatchState.UNKNOWN),
        samples.told_dispatch(),
        settled(DispatchState.FAILED, sid=""),
        settled(DispatchState.NOT_SENT, look_at=START),
        settled(DispatchState.UNCONFIRMED, look_at=START),
    ],
    ids=lambda dispatch: str(dispatch.state),
)
def test_what_is_not_over_at_the_provider_is_looked_at_as_before(dispatch: Dispatch) -> None:
    assert not awaits_price(dispatch)
    assert await_price(dispatch, now=START, first=FIRST) == dispatch


@pytest.mark.parametrize(
    "dispatch",
    [
        settled(DispatchState.UNDELIVERED),
        settled(DispatchState.FAILED),
        settled(DispatchState.CONFIRMED, channel="voice"),
        settled(DispatchState.MACHINE, channel="voice"),
        settled(DispatchState.UNCONFIRMED, channel="voice"),
    ],
    ids=lambda dispatch: str(dispatch.state),
)
def test_whatever_the_provider_ends_may_cost_something(dispatch: Dispatch) -> None:
    assert awaits_price(dispatch)
    assert await_price(dispatch, now=START, first=FIRST).look_at is not None


# -------------------------------------------------------------------------------- what is kept
def test_a_text_costs_by_segments_and_a_call_by_its_duration() -> None:
    text = with_cost(settled(), cost_of(TEXT_SHOWN))
    assert (text.price, text.price_unit) == (Decimal("-0.0166"), "USD")
    assert (text.segments, text.duration) == (2, None)
    call = with_cost(settled(channel="voice"), cost_of(CALL_SHOWN))
    assert (call.price, call.price_unit) == (Decimal("-0.014"), "USD")
    assert (call.segments, call.duration) == (0, 41)


def test_what_is_known_of_a_cost_is_never_forgotten() -> None:
    known = settled(price=Decimal("-0.01"), price_unit="EUR", segments=3, duration=7)
    assert with_cost(known, Cost()) == known
    assert with_cost(known, Cost(Decimal(0), "EUR")).price == 0


# ----------------------------------------------------------------------------------- the look
@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ports(world: World) -> DispatchPorts:
    return replace(world.ports, alerts=MemoryAlertStore(world.tables))


def sent_and_settled(world: World, ports: DispatchPorts) -> Dispatch:
    """A text that arrived, waiting for its price."""
    dispatch = world.open()
    world.drain()
    world.clock.forward(minutes=1)
    world.check()
    stored = world.dispatch(dispatch.id)
    first = timedelta(seconds=world.timings.price_wait)
    waiting = await_price(stored, now=world.clock.now(), first=first)
    write_quietly(stored, waiting, ports, world.clock.ahead(30))
    return world.dispatch(dispatch.id)


def test_a_price_that_has_come_is_filled_in_and_the_dispatch_rests(
    world: World, ports: DispatchPorts
) -> None:
    dispatch = sent_and_settled(world, ports)
    world.provider.price_delay = timedelta(minutes=30)
    world.clock.forward(hours=1, minutes=15)
    shown = world.provider.fetch(dispatch.sid)
    kinds = world.kinds(dispatch)
    assert learn_price(dispatch, shown, ports, world.clock.ahead(30))
    after = world.dispatch(dispatch.id)
    assert (after.price, after.price_unit, after.segments) == (Decimal("-0.0083"), "USD", 1)
    assert after.look_at is None
    assert after.state is DispatchState.DELIVERED
    assert world.kinds(dispatch) == kinds


def test_a_price_that_never_comes_is_asked_for_three_times(
    world: World, ports: DispatchPorts
) -> None:
    dispatch, looks = sent_and_settled(world, ports), 0
    while dispatch.look_at:
        world.clock.forward_to(dispatch.look_at)
        shown = world.provider.fetch(dispatch.sid)
        assert not learn_price(dispatch, shown, ports, world.clock.ahead(30))
        dispatch, looks = world.dispatch(dispatch.id), looks + 1
    assert looks == len(LOOKS)
    assert dispatch.segments == 1


def test_what_the_provider_no_longer_knows_is_asked_for_no_more_often(
    world: World, ports: DispatchPorts
) -> None:
    dispatch = sent_and_settled(world, ports)
    world.clock.forward(days=2)
    assert not learn_price(dispatch, None, ports, world.clock.ahead(30))
    assert world.dispatch(dispatch.id).look_at is None


def test_segments_are_kept_although_the_price_is_not_known_yet(
    world: World, ports: DispatchPorts
) -> None:
    dispatch = sent_and_settled(world, ports)
    learn_price(dispatch, UNBILLED, ports, world.clock.ahead(30))
    assert (world.dispatch(dispatch.id).segments, world.dispatch(dispatch.id).price) == (2, None)


def test_somebody_who_was_first_is_left_alone(world: World, ports: DispatchPorts) -> None:
    dispatch = sent_and_settled(world, ports)
    world.touch(dispatch.id)
    learn_price(dispatch, TEXT_SHOWN, ports, world.clock.ahead(30))
    assert world.dispatch(dispatch.id).price is None
