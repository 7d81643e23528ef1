"""Simulated phones: what becomes of a message that the provider accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ml_connector.domain.delivery import ARRIVED, FINAL, NOT_ARRIVED, MessageStatus

Status = MessageStatus


@dataclass(frozen=True, slots=True)
class Turn:
    """From `after` seconds behind acceptance on, the message has this status and error code."""

    after: float
    status: MessageStatus
    error_code: int | None = None


_ON_ITS_WAY = (Turn(0, Status.QUEUED), Turn(1, Status.SENDING), Turn(2, Status.SENT))

#: On, and within reach.
ANSWERS = (*_ON_ITS_WAY, Turn(4, Status.DELIVERED))
#: Off: the carrier gives up after a while.
IS_OFF = (*_ON_ITS_WAY, Turn(20, Status.UNDELIVERED, 30003))
#: The carrier never says more than that it has the message.
GIVES_NO_RECEIPT = _ON_ITS_WAY
#: A receipt, but hours later.
ANSWERS_LATE = (*_ON_ITS_WAY, Turn(18_000, Status.DELIVERED))
#: The number is gone.
IS_GONE = (*_ON_ITS_WAY, Turn(6, Status.UNDELIVERED, 30005))
#: The sender is not registered: nobody gets anything.
SENDER_IS_BLOCKED = (Turn(0, Status.QUEUED), Turn(3, Status.FAILED, 30034))


@dataclass(slots=True)
class Text:
    """One message the provider accepted: what it costs, and what the phone may show."""

    sid: str
    to: str
    body: str
    accepted_at: datetime
    listed_from: datetime
    life: Sequence[Turn]

    def turn(self, now: datetime) -> Turn:
        """Where it stands."""
        age = (now - self.accepted_at).total_seconds()
        return [turn for turn in self.life if turn.after <= age][-1]

    def status(self, now: datetime) -> MessageStatus:
        """Its status."""
        return self.turn(now).status

    def arrived(self, now: datetime) -> bool:
        """Whether the phone shows it."""
        return self.status(now) in ARRIVED

    def failed(self, now: datetime) -> bool:
        """Whether it is settled that the phone never will."""
        return self.status(now) in NOT_ARRIVED

    def final_at(self) -> datetime | None:
        """When its last word is spoken, if there ever is one."""
        last = self.life[-1]
        return self.accepted_at + timedelta(seconds=last.after) if last.status in FINAL else None


@dataclass(slots=True)
class Phone:
    """One phone. What it does with a message is decided when the message is accepted."""

    number: str
    life: Sequence[Turn] = ANSWERS
    refuses_with: int | None = None
    """The error code the provider refuses this number with at the door."""
    texts: list[Text] = field(default_factory=list)

    def turn_off(self) -> None:
        """From now on messages do not arrive."""
        self.life = IS_OFF

    def turn_on(self) -> None:
        """From now on messages arrive again; those that failed stay failed."""
        self.life = ANSWERS

    def inbox(self, now: datetime) -> list[str]:
        """The texts it shows."""
        return [text.body for text in self.texts if text.arrived(now)]
