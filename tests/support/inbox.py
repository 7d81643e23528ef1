"""What people text back, in memory: dated by the second, listed newest first, perhaps late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ml_connector.domain.replies import InboundText
from ml_connector.errors import DeliveryTransient
from ml_connector.usecases.ports import Inbox

from .clock import HandClock
from .mishaps import LIST_FAULTS, Fault, Faults


class MemoryInbox:
    """The Inbox port."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self._texts: list[tuple[InboundText, timedelta]] = []
        self.list_delay = timedelta(0)
        self.down = False
        self.looks = 0

    def receive(self, sender: str, body: str) -> str:
        """A text comes in; its SID."""
        # Begins as no SID of the provider in memory does: Twilio gives none twice either.
        sid = f"SMf{len(self._texts) + 1:031x}"
        at = self._clock.now().replace(microsecond=0)
        self._texts.append((InboundText(sid, sender, body, at), self.list_delay))
        return sid

    def received_since(self, since: datetime) -> Iterator[InboundText]:
        """All texts since then, newest first."""
        if self.down:
            raise DeliveryTransient("the list cannot be had")
        self.looks += 1
        now, since = self._clock.now(), since.replace(microsecond=0)
        for text, delay in reversed(self._texts):
            if text.at >= since and text.at + delay <= now:
                yield text


class FaultyInbox:
    """An Inbox behind an unreliable network."""

    def __init__(self, inbox: Inbox, faults: Faults) -> None:
        self._inbox = inbox
        self._faults = faults

    def received_since(self, since: datetime) -> Iterator[InboundText]:
        if self._faults.meet("inbox", LIST_FAULTS) is Fault.UNAVAILABLE:
            raise DeliveryTransient("the list cannot be had")
        return self._inbox.received_since(since)
