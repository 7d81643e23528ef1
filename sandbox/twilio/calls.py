"""Calls: queued, dialled one after another, answered or not, and over.

States: https://www.twilio.com/docs/voice/api/call-resource#call-status-values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from sandbox.twilio.ids import new_sid
from sandbox.twilio.line import Line
from sandbox.twilio.phones import Heard
from sandbox.twilio.wire import Json, rfc2822

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sandbox.twilio.phones import Behaviour
    from sandbox.twilio.world import World

WAITING = frozenset({"queued", "ringing"})
FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
MINUTE = 60
_CAPITAL = re.compile(r"(?<=.)([A-Z])")


class Script(Protocol):
    """What drives a call: TwiML or a Studio execution."""

    def answered(self, line: Line, at: datetime) -> None:
        """Somebody, or something, picked up."""

    def ended(self, call: Call, at: datetime) -> None:
        """The call is over: never answered, hung up by either side, or cancelled."""


@dataclass(frozen=True, slots=True)
class CallDraft:
    """A call to be placed. `timeout` is how long it may ring, in seconds."""

    to: str
    sender: str
    timeout: int = 60
    detect_machine: bool = False
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One request of a call and its answer, as Call Events show it."""

    sequence: int
    body: Json


@dataclass(slots=True)
class Call:
    """One call as Twilio stores it; `started` is when it was dialled."""

    sid: str
    sequence: int
    draft: CallDraft
    status: str
    created: datetime
    updated: datetime
    listed_at: datetime
    script: Script
    started: datetime | None = None
    answered: datetime | None = None
    ended: datetime | None = None
    answered_by: str | None = None
    price: Decimal | None = None
    line: Line | None = None
    events: list[CallEvent] = field(default_factory=list)

    @property
    def duration(self) -> int | None:
        """Whole seconds of conversation, at least 1 once answered; None while it lasts."""
        if self.ended is None:
            return None
        if self.answered is None:
            return 0
        return max(1, round((self.ended - self.answered).total_seconds()))

    def note_create(self, url: str, parameters: dict[str, str], at: datetime) -> None:
        """Put the request that placed the call on record."""
        self._note(url, parameters, HTTPStatus.CREATED, f'{{"sid": "{self.sid}"}}', at)

    def note_request(self, url: str, parameters: dict[str, str], at: datetime) -> None:
        """Put a request for more TwiML on record, answered with an empty document."""
        self._note(url, parameters, HTTPStatus.OK, "<Response/>", at)

    def _note(
        self, url: str, parameters: dict[str, str], code: int, body: str, at: datetime
    ) -> None:
        # Events write parameter names in snake case: `MachineDetection` → `machine_detection`.
        names = {_CAPITAL.sub(r"_\1", key).lower(): value for key, value in parameters.items()}
        request: Json = {"method": "POST", "url": url, "parameters": names}
        response: Json = {
            "response_code": code,
            "request_duration": 50,
            "content_type": "application/json" if code == HTTPStatus.CREATED else "text/xml",
            "response_body": body,
            "date_created": rfc2822(at),
        }
        entry = CallEvent(len(self.events) + 1, {"request": request, "response": response})
        self.events.append(entry)


class Calls:
    """All calls of the account and the rules of their life."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_sid: dict[str, Call] = {}

    def get(self, sid: str) -> Call | None:
        """Return the call with that SID, or None."""
        return self._by_sid.get(sid)

    def all(self) -> Iterable[Call]:
        """Return every call, newest first, also those that lists do not show yet."""
        return reversed(self._by_sid.values())

    def delete(self, sid: str) -> None:
        """Remove the record, as DELETE does."""
        del self._by_sid[sid]

    def with_phone(self, number: str) -> Call | None:
        """Return the call a phone is in, or None."""
        talking = (call for call in self.all() if call.draft.to == number)
        return next((call for call in talking if call.status == "in-progress"), None)

    def place(self, draft: CallDraft, script: Script, now: datetime) -> Call:
        """Queue a call; it is dialled when the account's calls per second allow."""
        settings = self._world.settings
        call = Call(
            sid=new_sid("CA"),
            sequence=next(self._world.order),
            draft=draft,
            status="queued",
            created=now,
            updated=now,
            listed_at=self._world.listed_at("calls.create", draft.to, now),
            script=script,
        )
        self._by_sid[call.sid] = call
        wanted = now + timedelta(seconds=settings.timings.call_queued)
        slot = self._world.throttle.slot("calls", wanted, settings.calls_per_second)
        self._world.agenda.at(slot, lambda at: self._dial(call, at))
        return call

    def end(self, call: Call, status: str, at: datetime) -> None:
        """Bring a call to a final state and tell its script."""
        if call.status in FINAL:
            return
        call.status, call.updated, call.ended = status, at, at
        if call.line is not None:
            call.line.close(status)
        if call.answered is not None:
            bill = self._world.settings.timings.price
            self._world.agenda.after(at, bill, lambda when: self._bill(call, when))
        call.script.ended(call, at)

    def _dial(self, call: Call, at: datetime) -> None:
        if call.status != "queued":
            return
        call.started = at
        phone = self._world.phones.get(call.draft.to)
        traits = phone.traits
        timings = self._world.settings.timings
        if self._world.faults.in_force("suspended") or traits.call == "failed":
            self.end(call, "failed", at)
            return
        call.status, call.updated = "ringing", at
        heard = Heard(call.sid, call.draft.sender, at)
        if traits.rings:
            phone.calls.append(heard)
        call.line = Line(self._world, call, phone, heard)
        ringing = timings.slow if traits.slow else timings.ring
        patience = min(call.draft.timeout, timings.no_answer)
        outcome = traits.call
        if outcome == "no-answer" or ringing > patience:
            outcome, ringing = "no-answer", patience
        self._world.agenda.after(at, ringing, lambda when: self._rung(call, traits, outcome, when))

    def _rung(self, call: Call, traits: Behaviour, outcome: str, at: datetime) -> None:
        if call.status != "ringing" or call.line is None:
            return
        if outcome != "answered":
            self.end(call, outcome, at)
            return
        call.status, call.updated, call.answered = "in-progress", at, at
        if call.draft.detect_machine:
            call.answered_by = traits.answered_by
        call.line.open(traits)
        if traits.hangs_up_after is not None:
            self._world.agenda.after(
                at, traits.hangs_up_after, lambda when: self.end(call, "completed", when)
            )
        call.script.answered(call.line, at)

    def _bill(self, call: Call, at: datetime) -> None:
        minutes = -(-(call.duration or 0) // MINUTE)
        call.price = -Decimal(self._world.settings.price_per_minute) * minutes
        call.updated = at
