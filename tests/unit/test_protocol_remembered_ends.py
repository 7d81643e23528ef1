"""What one list showed of dispatches whose turn had not come is not listed again for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ml_connector.domain.delivery import CallStatus, MessageStatus, ProviderCall, ProviderMessage
from ml_connector.domain.dispatches import DispatchState
from ml_connector.usecases import check_status as checking
from ml_connector.usecases.remembered import RememberedEnds
from tests.support.phones import GIVES_NO_RECEIPT, IS_OFF
from tests.support.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

#: Fewer than one person may get at once.
TEXTS = 9
LOOKS = 3


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Three times as many texts under way as one status check looks at."""
    monkeypatch.setattr(checking, "LOOK_LIMIT", LOOKS)
    world = World()
    world.baseline()
    for bill in range(TEXTS):
        world.ledger.submit(f"6{bill:03d}")
    world.clock.forward(minutes=2)
    world.poll()
    return world


def sent(world: World) -> None:
    """One a second, and long enough ago for everything about them to be known."""
    for dispatch_id in world.queue.waiting:
        world.send(dispatch_id)
        world.clock.forward(seconds=1)
    assert len(world.provider.log) == TEXTS
    world.clock.forward(minutes=2)
    world.provider.lists = 0


def states(world: World) -> Sequence[DispatchState]:
    """Of all dispatches."""
    return [dispatch.state for dispatch in world.tables.dispatches.values()]


def test_one_list_tells_of_all_although_it_takes_three_checks_to_note_it(world: World) -> None:
    sent(world)
    for _ in range(TEXTS // LOOKS):
        assert world.check()
    assert states(world) == [DispatchState.DELIVERED] * TEXTS
    assert world.provider.lists == 1


def test_a_failure_that_was_remembered_is_tried_again_like_any_other(world: World) -> None:
    world.ann.life = IS_OFF
    sent(world)
    for _ in range(TEXTS // LOOKS):
        assert world.check()
    assert states(world).count(DispatchState.UNDELIVERED) == TEXTS
    assert world.provider.lists == 1


def test_a_text_on_its_way_is_asked_about_anew(world: World) -> None:
    world.ann.life = GIVES_NO_RECEIPT
    sent(world)
    for _ in range(TEXTS // LOOKS):
        assert world.check()
    assert world.provider.lists == TEXTS // LOOKS


def test_a_function_that_starts_anew_reads_the_lists_again(world: World) -> None:
    sent(world)
    for _ in range(TEXTS // LOOKS):
        world.ports.ends.forget()
        assert world.check()
    assert states(world) == [DispatchState.DELIVERED] * TEXTS
    assert world.provider.lists == TEXTS // LOOKS


def test_nothing_is_remembered_once_nothing_waits_for_its_turn(world: World) -> None:
    sent(world)
    stranger = a_text(world.clock.now(), sid="SM1")
    world.ports.ends.keep(stranger)
    for _ in range(TEXTS // LOOKS):
        assert world.check()
    assert world.check()
    assert world.ports.ends.take(stranger.sid) is None


# ------------------------------------------------------------------------------ the memory
def a_text(
    at: datetime, sid: str, status: MessageStatus = MessageStatus.DELIVERED
) -> ProviderMessage:
    return ProviderMessage(sid=sid, to="+15550100001", status=status, created_at=at, body="")


@pytest.mark.parametrize("status", MessageStatus)
def test_a_text_is_remembered_where_nothing_follows(world: World, status: MessageStatus) -> None:
    ends, text = RememberedEnds(), a_text(world.clock.now(), "SM1", status)
    ends.keep(text)
    final = {"delivered", "read", "undelivered", "failed", "canceled"}
    assert ends.take("SM1") == (text if status.value in final else None)
    assert ends.take("SM1") is None, "what was not settled on it is asked for again"


@pytest.mark.parametrize("status", CallStatus)
def test_a_call_is_remembered_where_it_is_over(world: World, status: CallStatus) -> None:
    ends, call = RememberedEnds(), ProviderCall("FN1", "+15550100001", status, world.clock.now())
    ends.keep(call)
    assert ends.take("FN1") == (None if status.value in {"active", "unknown"} else call)


def test_no_more_is_remembered_than_there_is_room_for(world: World) -> None:
    ends = RememberedEnds(most=2)
    for place in range(3):
        ends.keep(a_text(world.clock.now(), f"SM{place}"))
    assert [ends.take(f"SM{place}") is not None for place in range(3)] == [True, True, False]
