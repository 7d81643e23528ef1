"""The sender in the secret was changed: what the one before it sent and placed is still found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from ml_connector.domain.delivery import CallStatus, ProviderCall
from ml_connector.errors import DeliveryTransient
from ml_connector.twilio.announce import AnnouncingCaller
from ml_connector.twilio.credentials import Sender
from ml_connector.twilio.studio import StudioCaller
from ml_connector.usecases.ports import Caller
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.caller_sides import CALL, SETTLED, Simulated, published, sender
from tests.adapters.twilio_world import ANN, OURS, POOL, TIMEOUT, World, fresh, sms

OTHER = "+15550100009"


@pytest.fixture(scope="module")
def simulator() -> Iterator[TwilioSimulator]:
    with TwilioSimulator() as running:
        yield running


@pytest.fixture
def world(simulator: TwilioSimulator) -> Iterator[World]:
    with fresh(simulator) as made:
        yield made


@pytest.mark.parametrize(
    ("before", "after"),
    [(OURS, Sender(number=OTHER)), (OURS, POOL), (POOL, OURS)],
    ids=["another number", "a service", "a number again"],
)
@pytest.mark.parametrize("whole", [True, False])
def test_a_text_is_found_whoever_it_came_from(
    world: World, before: Sender, after: Sender, *, whole: bool
) -> None:
    start = world.now()
    sent = world.messenger(before).send_sms(sms(), TIMEOUT)
    found = world.messenger(after).list_to(ANN, start, whole=whole)
    assert [text.sid for text in found] == [sent.sid]


class Calling:
    """Callers with and without a flow, in front of the same Twilio."""

    def __init__(self, world: World, stack: ExitStack) -> None:
        self.side = Simulated(world, stack, confirms=True)
        self.connection, self.flow = self.side.connection, self.side.flow

    def callers(self) -> dict[str, Caller]:
        """Those that somebody might have changed the first one into."""
        return {
            "another number": AnnouncingCaller(
                self.connection, replace(sender(), voice_from=OTHER)
            ),
            "another flow": StudioCaller(self.connection, sender(published(self.connection))),
            "flow": self.side.caller,
            "plain": AnnouncingCaller(self.connection, sender()),
        }


@pytest.fixture
def calling(world: World) -> Iterator[Calling]:
    with ExitStack() as stack:
        yield Calling(world, stack)


@pytest.mark.parametrize("after", ["another number", "another flow", "plain"])
def test_a_call_with_a_flow_is_found_read_and_removed_there(calling: Calling, after: str) -> None:
    start = calling.side.now()
    calling.side.phone(ANN, "presses 1")
    placed = calling.side.caller.place_call(CALL, TIMEOUT)
    now = calling.callers()[after]
    assert all(call.dispatch_id != "d-1" for call in now.list_to(ANN, start))
    then = now.with_sender(calling.flow)
    (found,) = then.list_to(ANN, start)
    assert (found.sid, found.dispatch_id) == (placed.sid, "d-1")
    calling.side.forward(SETTLED)
    assert outcome(then, placed.sid).status is CallStatus.CONFIRMED
    then.blank(placed.sid)
    assert calling.side.caller.outcome(placed.sid) is None


@pytest.mark.parametrize("after", ["another number", "another flow", "flow"])
def test_a_plain_call_is_found_at_its_number(calling: Calling, after: str) -> None:
    start, plain = calling.side.now(), calling.callers()["plain"]
    placed = plain.place_call(CALL, TIMEOUT)
    now = calling.callers()[after]
    assert list(now.list_to(ANN, start)) == []
    (found,) = now.with_sender(plain.sender).list_to(ANN, start)
    assert (found.sid, found.dispatch_id) == (placed.sid, "")


def test_of_a_sender_nobody_recorded_the_present_one_is_asked(calling: Calling) -> None:
    for caller in calling.callers().values():
        for name in ("", caller.sender, "neither a flow nor a number"):
            assert caller.with_sender(name) is caller


def test_no_more_time_is_taken_for_it_than_for_others(calling: Calling) -> None:
    plain = AnnouncingCaller(calling.connection, sender(), time_left=lambda: 0.0)
    with pytest.raises(DeliveryTransient, match="no time left"):
        list(plain.with_sender(calling.flow).list_to(ANN, calling.side.now()))


def outcome(caller: Caller, sid: str) -> ProviderCall:
    found = caller.outcome(sid)
    assert found
    return found
