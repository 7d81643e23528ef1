"""The whole simulated world in one place, and the one way its time passes."""

from __future__ import annotations

import itertools
import random
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.twilio.calls import Calls
from sandbox.twilio.clock import Agenda, Clock, Throttle
from sandbox.twilio.faults import Faults, Target
from sandbox.twilio.messages import Messages
from sandbox.twilio.phones import OptOuts, Phones
from sandbox.twilio.services import MessagingServices
from sandbox.twilio.settings import Settings
from sandbox.twilio.studio import Studio
from sandbox.twilio.verify import Verify

if TYPE_CHECKING:
    from datetime import datetime

LOG_LENGTH = 200_000


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request to Twilio's API; `status` is None when the connection was reset instead.

    Never holds credentials. `faults` are the ids of those that struck it.
    """

    seq: int
    at: datetime
    method: str
    path: str
    endpoint: str
    recipient: str
    status: int | None
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """One create Twilio said yes to inside, whether or not its answer got out.

    The basis of every check for duplicates: `text` is a message's body, a call's TwiML or an
    execution's parameters.
    """

    seq: int
    at: datetime
    kind: str
    sid: str
    recipient: str
    sender: str
    text: str


class World:
    """Everything the simulator knows; used from one thread only."""

    def __init__(self, settings: Settings | None = None, clock: Clock | None = None) -> None:
        self.settings = settings or Settings()
        self.clock = clock or Clock()
        self.reset(seed=None)

    def reset(self, seed: int | None) -> None:
        """Forget everything but the settings and the time; `seed` fixes the faults' dice."""
        self.order = itertools.count(1)
        self.born = self.clock.now()
        self.agenda = Agenda()
        self.throttle = Throttle()
        self.faults = Faults(random.Random(seed))  # nosec B311 # the same faults every time
        self.phones = Phones()
        self.opt_outs = OptOuts()
        self.requests: deque[LoggedRequest] = deque(maxlen=LOG_LENGTH)
        self.accepted: list[Accepted] = []
        self.services = MessagingServices(self)
        self.messages = Messages(self)
        self.calls = Calls(self)
        self.studio = Studio(self)
        self.verify = Verify(self)

    def advance(self) -> datetime:
        """Let everything happen that is due, and return the time."""
        now = self.clock.now()
        self.agenda.run_due(now)
        return now

    def owns(self, number: str) -> bool:
        """Whether the account may send from that number."""
        return number in self.settings.numbers

    def listed_at(self, endpoint: str, recipient: str, now: datetime) -> datetime:
        """Return when something created now begins to show in lists."""
        delay = self.faults.strike("listing", Target("POST", endpoint, recipient), now)
        return now + timedelta(seconds=delay.seconds if delay is not None else 0)

    def log(self, request: LoggedRequest) -> None:
        """Remember a request; the oldest go when the log is full."""
        self.requests.append(request)

    def accept(self, kind: str, sid: str, recipient: str, sender: str, text: str) -> None:
        """Put a successful create on record."""
        self.accepted.append(
            Accepted(len(self.accepted) + 1, self.clock.now(), kind, sid, recipient, sender, text),
        )
