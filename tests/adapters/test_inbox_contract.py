"""One contract for the Inbox: the fake in memory, and the adapter over the simulated Twilio."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from ml_connector.errors import DeliveryTransient
from ml_connector.twilio.credentials import Sender
from ml_connector.usecases.ports import Inbox
from tests.adapters.twilio_world import ANN, BEN, OURS, POOL, TIMEOUT, World, fresh, sms
from tests.support.clock import HandClock
from tests.support.inbox import MemoryInbox


class Side(Protocol):
    """The provider's side of an inbox, to arrange what happens there."""

    inbox: Inbox

    def now(self) -> datetime:
        """The provider's time."""

    def forward(self, seconds: float) -> None:
        """Time passes at the provider."""

    def reply(self, number: str, body: str) -> None:
        """Somebody texts our sender."""

    def list_late(self, seconds: float) -> None:
        """From now on texts are listed that long after they came in."""

    def close_lists(self) -> None:
        """From now on nothing can be read."""


class InMemory:
    """The fake."""

    def __init__(self) -> None:
        self._clock = HandClock(datetime(2026, 11, 23, 9, 30, 0, 640_000, tzinfo=UTC))
        self._memory = MemoryInbox(self._clock)
        self.inbox: Inbox = self._memory

    def now(self) -> datetime:
        return self._clock.now()

    def forward(self, seconds: float) -> None:
        self._clock.forward(seconds=seconds)

    def reply(self, number: str, body: str) -> None:
        self._memory.receive(number, body)

    def list_late(self, seconds: float) -> None:
        self._memory.list_delay = timedelta(seconds=seconds)

    def close_lists(self) -> None:
        self._memory.down = True


class Simulated:
    """The adapter, in front of the simulated Twilio."""

    def __init__(self, world: World, sender: Sender) -> None:
        self._admin = world.admin
        inbox = world.messenger(sender).inbox
        assert inbox is not None
        self.inbox: Inbox = inbox
        # Something of ours in the same account, which is no reply to anybody.
        world.messenger(sender).send_sms(sms(), TIMEOUT)

    def now(self) -> datetime:
        now: datetime = self._admin.now()
        return now

    def forward(self, seconds: float) -> None:
        self._admin.forward(seconds)

    def reply(self, number: str, body: str) -> None:
        self._admin.phone(number).reply(body, to=OURS.number)

    def list_late(self, seconds: float) -> None:
        self._admin.fault("list_delay", seconds=seconds, count=None)

    def close_lists(self) -> None:
        self._admin.fault("error_before", endpoint="messages.list", status=503, count=None)


@pytest.fixture(params=["memory", "a number", "a messaging service"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "memory":
        yield InMemory()
        return
    with fresh(request.getfixturevalue("simulator")) as world:
        yield Simulated(world, OURS if request.param == "a number" else POOL)


def test_an_empty_inbox_lists_nothing(side: Side) -> None:
    assert list(side.inbox.received_since(side.now() - timedelta(days=1))) == []


def test_texts_come_back_as_they_were_written_the_newest_first(side: Side) -> None:
    since = side.now()
    side.reply(ANN, "1 K7F2")
    side.forward(2)
    side.reply(BEN, "¿qué? \U0001f600")
    texts = list(side.inbox.received_since(since))
    assert [(text.sender, text.body) for text in texts] == [
        (BEN, "¿qué? \U0001f600"),
        (ANN, "1 K7F2"),
    ]
    assert [text.at for text in texts] == [
        (since + timedelta(seconds=wait)).replace(microsecond=0) for wait in (2, 0)
    ]
    assert len({text.sid for text in texts}) == 2


def test_what_came_in_before_is_left_out(side: Side) -> None:
    side.reply(ANN, "old")
    side.forward(5)
    since = side.now()
    side.reply(ANN, "new")
    assert [text.body for text in side.inbox.received_since(since)] == ["new"]


def test_what_is_listed_late_is_there_at_a_later_look(side: Side) -> None:
    since = side.now()
    side.list_late(30)
    side.reply(ANN, "1")
    assert list(side.inbox.received_since(since)) == []
    side.forward(31)
    assert [text.body for text in side.inbox.received_since(since)] == ["1"]


def test_a_list_that_cannot_be_had_is_no_empty_list(side: Side) -> None:
    side.reply(ANN, "1")
    side.close_lists()
    with pytest.raises(DeliveryTransient):
        list(side.inbox.received_since(side.now() - timedelta(days=1)))
