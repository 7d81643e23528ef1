"""Messages and their way from Twilio's queue to the handset.

States: https://www.twilio.com/docs/messaging/api/message-resource#message-status-values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.twilio.ids import new_sid
from sandbox.twilio.phones import Received
from sandbox.twilio.segments import count_segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sandbox.twilio.world import World

EXPIRED_IN_QUEUE, ACCOUNT_SUSPENDED, NO_SENDER = 30036, 30002, 21703
OUTBOUND, INBOUND = "outbound-api", "inbound"
#: Twilio has not handed it over yet, and refuses to change or remove the record (error 20009).
IN_FLIGHT = frozenset({"accepted", "scheduled", "queued", "sending", "receiving"})
FINAL = frozenset({"delivered", "undelivered", "failed", "canceled", "received", "read"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A create request that passed validation. `validity` is in seconds."""

    to: str
    sender: str | None
    service_sid: str | None
    body: str
    validity: int
    send_at: datetime | None


@dataclass(slots=True)
class Message:
    """One message as Twilio stores it; `listed_at` is when it begins to show in lists."""

    sid: str
    sequence: int
    to: str
    sender: str | None
    service_sid: str | None
    body: str
    direction: str
    status: str
    created: datetime
    updated: datetime
    listed_at: datetime
    validity: int = 36000
    segments: int = 0
    sent: datetime | None = None
    error_code: int | None = None
    price: Decimal | None = None
    history: list[tuple[str, datetime]] = field(default_factory=list)

    def move(self, status: str, at: datetime, error_code: int | None = None) -> None:
        """Enter a state and remember when."""
        self.status, self.updated = status, at
        if error_code is not None:
            self.error_code = error_code
        self.history.append((status, at))


class Messages:
    """All messages of the account and the rules of their life."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_sid: dict[str, Message] = {}

    def get(self, sid: str) -> Message | None:
        """Return the message with that SID, or None."""
        return self._by_sid.get(sid)

    def all(self) -> Iterable[Message]:
        """Return every message, newest first, also those that lists do not show yet."""
        return reversed(self._by_sid.values())

    def delete(self, sid: str) -> None:
        """Remove the record, as DELETE does."""
        del self._by_sid[sid]

    def create(self, draft: Draft) -> Message:
        """Accept a message and set it on its way."""
        now = self._world.clock.now()
        status = "queued"
        if draft.send_at is not None:
            status = "scheduled"
        elif draft.service_sid is not None:
            status = "accepted"
        message = self._store(draft, status, now)
        self._world.accept(
            "message", message.sid, draft.to, draft.sender or draft.service_sid or "", draft.body
        )
        timings = self._world.settings.timings
        if draft.send_at is not None:
            self._world.agenda.at(draft.send_at, lambda at: self._release(message, at))
        elif draft.service_sid is not None:
            self._after(now, timings.accepted, self._choose_sender, message)
        else:
            message.segments = count_segments(message.body)
            self._queue(message, now)
        return message

    def receive(self, sender: str, to: str, body: str) -> Message | None:
        """Store what a phone texts to one of the account's numbers; None where it is not logged."""
        now = self._world.clock.now()
        self._world.opt_outs.note(to, sender, body)
        if not self._world.services.logs_replies_to(to):
            return None
        service = self._world.services.of_number(to)
        draft = Draft(to, sender, service.sid if service else None, body, validity=0, send_at=None)
        message = self._store(draft, "received", now, direction=INBOUND)
        message.sent = now
        message.segments = count_segments(body)
        return message

    def _store(
        self, draft: Draft, status: str, now: datetime, direction: str = OUTBOUND
    ) -> Message:
        message = Message(
            sid=new_sid("SM"),
            sequence=next(self._world.order),
            to=draft.to,
            sender=draft.sender,
            service_sid=draft.service_sid,
            body=draft.body,
            direction=direction,
            status=status,
            created=now,
            updated=now,
            listed_at=self._world.listed_at("messages.create", draft.to, now),
            validity=draft.validity,
            history=[(status, now)],
        )
        self._by_sid[message.sid] = message
        return message

    def _after(
        self,
        base: datetime,
        seconds: float,
        step: Callable[[Message, datetime], None],
        message: Message,
    ) -> None:
        self._world.agenda.after(base, seconds, lambda at: step(message, at))

    def _release(self, message: Message, at: datetime) -> None:
        if message.status == "scheduled":
            message.move("accepted", at)
            self._after(at, self._world.settings.timings.accepted, self._choose_sender, message)

    def _choose_sender(self, message: Message, at: datetime) -> None:
        service = self._world.services.get(message.service_sid or "")
        if service is None or not service.pool:
            message.move("failed", at, NO_SENDER)
            return
        message.sender = message.sender or service.sender_for(message.to)
        message.segments = count_segments(message.body)
        message.move("queued", at)
        self._queue(message, at)

    def _queue(self, message: Message, at: datetime) -> None:
        settings = self._world.settings
        start = self._world.throttle.slot(
            f"sms {message.sender}",
            at + timedelta(seconds=settings.timings.queued),
            settings.segments_per_second,
            weight=message.segments,
        )
        self._world.agenda.at(start, lambda when: self._begin(message, when))

    def _begin(self, message: Message, at: datetime) -> None:
        if self._world.faults.in_force("suspended"):
            message.move("failed", at, ACCOUNT_SUSPENDED)
        elif at - message.created > timedelta(seconds=message.validity):
            message.move("failed", at, EXPIRED_IN_QUEUE)
        else:
            message.move("sending", at)
            self._after(at, self._world.settings.timings.sending, self._leave, message)

    def _leave(self, message: Message, at: datetime) -> None:
        timings = self._world.settings.timings
        message.sent = at
        message.move("sent", at)
        slow = self._world.phones.get(message.to).traits.slow
        self._after(at, timings.slow if slow else timings.receipt, self._arrive, message)
        self._after(at, timings.price, self._bill, message)

    def _arrive(self, message: Message, at: datetime) -> None:
        # The phone counts as it is at this moment: switched on in time, it gets the text.
        phone = self._world.phones.get(message.to)
        status, code = phone.text_outcome()
        if phone.shows_texts():
            phone.inbox.append(Received(message.sid, message.sender or "", message.body, at))
        if status != message.status:
            message.move(status, at, code)

    def _bill(self, message: Message, at: datetime) -> None:
        message.price = -Decimal(self._world.settings.price_per_segment) * message.segments
        message.updated = at
