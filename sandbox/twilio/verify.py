"""Verify: a code to a phone, and whether what comes back is that code.

Limits: https://www.twilio.com/docs/verify/api/programmable-rate-limits#default-limits.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.twilio.errors import ApiError
from sandbox.twilio.ids import new_sid
from sandbox.twilio.phones import Heard, Received

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.twilio.world import World

SENDS, CHECKS = 5, 5
LIFETIME = timedelta(minutes=10)
SENDER = "Verify"


@dataclass(slots=True)
class Attempt:
    """One sending of the code."""

    sid: str
    channel: str
    at: datetime


@dataclass(slots=True)
class VerifyService:
    """What codes look like and whom they speak for."""

    sid: str
    sequence: int
    friendly_name: str
    code_length: int
    created: datetime


@dataclass(slots=True)
class Verification:
    """One attempt to prove that a person holds a phone."""

    sid: str
    service: VerifyService
    to: str
    channel: str
    code: str
    created: datetime
    updated: datetime
    status: str = "pending"
    checks: int = 0
    attempts: list[Attempt] = field(default_factory=list)


class Verify:
    """All Verify services and verifications of the account."""

    def __init__(self, world: World) -> None:
        self._world = world
        # Codes are guessed by nobody here; drawn apart from the dice of the faults.
        self._dice = random.Random()  # nosec B311 # codes of the simulator open nothing
        self.services: dict[str, VerifyService] = {}
        self._verifications: list[Verification] = []

    def add_service(self, friendly_name: str, code_length: int) -> VerifyService:
        """Make a service."""
        now, order = self._world.clock.now(), next(self._world.order)
        service = VerifyService(new_sid("VA"), order, friendly_name, code_length, now)
        self.services[service.sid] = service
        return service

    def find(self, service: VerifyService, name: str) -> Verification | None:
        """Return the verification with that SID, or the open one to that number."""
        for each in reversed(self._verifications):
            open_to = each.to == name and self._is_open(each)
            if each.service is service and (each.sid == name or open_to):
                return each
        return None

    def start(self, service: VerifyService, to: str, channel: str) -> Verification:
        """Send a code, the same one while a verification is open; errors 60203, 60205, 60410."""
        now = self._world.clock.now()
        behaviour = self._world.phones.get(to).behaviour
        if behaviour == "blocked":
            raise ApiError(60410)
        if behaviour == "landline" and channel == "sms":
            raise ApiError(60205)
        verification = self.find(service, to)
        if verification is None:
            code = "".join(self._dice.choices("0123456789", k=service.code_length))
            verification = Verification(new_sid("VE"), service, to, channel, code, now, now)
            self._verifications.append(verification)
        if len(verification.attempts) >= SENDS:
            raise ApiError(60203)
        verification.attempts.append(Attempt(new_sid("VL"), channel, now))
        verification.channel, verification.updated = channel, now
        self._deliver(verification, channel, now)
        return verification

    def check(self, service: VerifyService, name: str, code: str) -> Verification:
        """Compare a code; errors 20404 when nothing is open, 60202 after five checks."""
        verification = self.find(service, name)
        if verification is None or not self._is_open(verification):
            raise ApiError(20404, f"/v2/Services/{service.sid}/VerificationCheck")
        if verification.checks >= CHECKS:
            raise ApiError(60202)
        verification.checks += 1
        verification.updated = self._world.clock.now()
        if code == verification.code:
            verification.status = "approved"
        return verification

    def _is_open(self, verification: Verification) -> bool:
        age = self._world.clock.now() - verification.created
        return verification.status == "pending" and age < LIFETIME

    def _deliver(self, verification: Verification, channel: str, now: datetime) -> None:
        # The messages and calls of Verify are not the account's: its lists do not show them.
        text = (
            f"Your {verification.service.friendly_name} verification code is: {verification.code}"
        )
        phone = self._world.phones.get(verification.to)
        sid = verification.attempts[-1].sid
        timings = self._world.settings.timings

        def show(at: datetime) -> None:
            if phone.shows_texts():
                phone.inbox.append(Received(sid, SENDER, text, at))

        def ring(at: datetime) -> None:
            if phone.traits.rings and phone.traits.call == "answered":
                heard = Heard(sid, SENDER, at, answered=True, heard=[text], status="completed")
                phone.calls.append(heard)

        if channel == "sms":
            self._world.agenda.after(now, timings.sending + timings.receipt, show)
        else:
            self._world.agenda.after(now, timings.call_queued + timings.ring, ring)
