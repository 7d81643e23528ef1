"""A queue in memory: at least once, in no order, with visibility, delays and dead letters."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ml_connector.aws.queue import LONGEST_DELAY, dispatch_in, message_body
from ml_connector.errors import QueueUnavailable

from .clock import HandClock


@dataclass(slots=True)
class Message:
    """One message on the queue."""

    number: int
    body: str
    visible_at: datetime
    receives: int = 0


class Queue:
    """The Doorbell port and the consumer's side of it.

    `shuffle` hands messages out in a seeded random order; without it the oldest comes first.
    `duplicate` is the share of rings that are delivered twice, `slack` the seconds a message may
    come later than asked for.
    """

    def __init__(
        self,
        clock: HandClock,
        *,
        visibility: float = 180.0,
        max_receives: int = 5,
        shuffle: random.Random | None = None,
        duplicate: float = 0.0,
        slack: float = 0.0,
        least_delay: float = 0.0,
    ) -> None:
        self._clock = clock
        self._visibility = timedelta(seconds=visibility)
        self._max_receives = max_receives
        self._random = shuffle
        self._duplicate = duplicate
        self._slack = slack
        self._least_delay = least_delay
        self._messages: dict[int, Message] = {}
        self._count = 0
        self.dead: list[str] = []
        self.down = False
        self.rung: list[str] = []

    # ----------------------------------------------------------------------- the port
    def ring(self, dispatch_ids: Iterable[str], delay_seconds: int = 0) -> None:
        """Queue a message for each dispatch."""
        delay_seconds = max(0, min(delay_seconds, LONGEST_DELAY))
        ids = list(dispatch_ids)
        if self.down and ids:
            raise QueueUnavailable(f"SQS did not take {len(ids)} of {len(ids)} messages")
        for dispatch_id in ids:
            self.rung.append(dispatch_id)
            copies = 2 if self._random and self._random.random() < self._duplicate else 1
            for _ in range(copies):
                self.put(message_body(dispatch_id), delay_seconds)

    # ----------------------------------------------------------------------- consumers
    def put(self, body: str, delay_seconds: float = 0.0) -> None:
        """Queue a body as it is: how a poison message comes about."""
        late = self._random.uniform(0, self._slack) if self._random else 0.0
        delay = max(delay_seconds, self._least_delay) + late
        self._count += 1
        visible_at = self._clock.now() + timedelta(seconds=delay)
        self._messages[self._count] = Message(self._count, body, visible_at)

    def receive(self, most: int = 10) -> list[Message]:
        """Up to `most` visible messages; they are hidden for the visibility timeout.

        A message handed out too often goes to the dead letters instead.
        """
        now = self._clock.now()
        visible = [m for m in self._messages.values() if m.visible_at <= now]
        if self._random:
            self._random.shuffle(visible)
        taken: list[Message] = []
        for message in visible:
            if len(taken) == most:
                break
            if message.receives >= self._max_receives:
                self.dead.append(message.body)
                del self._messages[message.number]
                continue
            message.receives += 1
            message.visible_at = now + self._visibility
            taken.append(message)
        return taken

    def delete(self, message: Message) -> None:
        """It was handled."""
        self._messages.pop(message.number, None)

    def give_back(self, message: Message) -> None:
        """A partial batch failure: it is handed out again once its visibility is over."""

    def lose_everything(self) -> None:
        """What a purge by a tired operator does."""
        self._messages.clear()

    @property
    def waiting(self) -> list[str]:
        """The dispatches that messages on the queue name, malformed ones left out."""
        return [dispatch_in(m.body) for m in self._messages.values() if '"dispatch"' in m.body]

    def next_visible(self) -> datetime | None:
        """When the next message can be received."""
        return min((m.visible_at for m in self._messages.values()), default=None)

    def __len__(self) -> int:
        return len(self._messages)
