"""The provider's side of a Messenger: of the fake, and of the adapter over the simulated Twilio."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Protocol

from ml_connector.domain.delivery import MessageStatus
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.messages import TwilioMessenger
from ml_connector.usecases.ports import Messenger
from tests.adapters.provider_sides import FakeSide, ProviderSide, SimulatedSide, a_clock
from tests.adapters.twilio_world import OURS, World
from tests.support.phones import Turn
from tests.support.provider import Provider


class Side(ProviderSide, Protocol):
    """The provider's side of one kind of messenger."""

    messenger: Messenger

    def fate(self, number: str, status: MessageStatus, code: int | None) -> None:
        """What texts to this number end as."""


class InMemory(FakeSide):
    """The fake."""

    def __init__(self) -> None:
        clock = a_clock()
        self._provider = Provider(clock)
        super().__init__(clock, self._provider)
        self.messenger: Messenger = self._provider

    def refuse(self, number: str, code: int) -> None:
        self._provider.phone(number).refuses_with = code

    def fate(self, number: str, status: MessageStatus, code: int | None) -> None:
        life = (Turn(0, MessageStatus.QUEUED), Turn(5, status, code))
        self._provider.phone(number).life = life


class Simulated(SimulatedSide):
    """The adapter, in front of the simulated Twilio."""

    def __init__(self, world: World, stack: ExitStack) -> None:
        super().__init__(world, stack, "messages")
        self.messenger: Messenger = world.messenger()

    def connect(self, connection: TwilioConnection) -> None:
        self.messenger = TwilioMessenger(connection, OURS)

    def fate(self, number: str, status: MessageStatus, code: int | None) -> None:
        self._admin.phone(number).set(sms_outcome={"status": status.value, "code": code})
