"""Who is told in the campaign: for each bill somebody of its own, so that a phone tells all.

Three kinds of plans take turns: one text; one call that is confirmed; a text, and later one to
somebody else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from ml_connector.domain.approvers import Approver
from sandbox.world import COMPANY, LocalWorld

#: The lowest band of amounts, USD, and how wide each person's is.
_LOWEST, _BAND = 1000, 10


class Kind(StrEnum):
    """What the plan of a bill does."""

    TEXT = "text"
    CALL = "call"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Place:
    """One bill of the campaign: its amount leads to a rule and to people nobody else has."""

    index: int

    @property
    def kind(self) -> Kind:
        """What is done about it."""
        return list(Kind)[self.index % len(Kind)]

    @property
    def amount(self) -> str:
        """Within the rule's band."""
        return f"{_LOWEST + self.index * _BAND + 1}.00"

    @property
    def people(self) -> tuple[str, ...]:
        """Ids of those who have to be told, once each."""
        first = f"p{self.index}"
        return (first, f"q{self.index}") if self.kind is Kind.LATER else (first,)

    @property
    def phones(self) -> tuple[str, ...]:
        """Their numbers."""
        return tuple(f"+1555010{1000 + 2 * self.index + i}" for i in range(len(self.people)))

    def rule(self) -> dict[str, Any]:
        """The rule of the published flow."""
        low = _LOWEST + self.index * _BAND
        notify: list[dict[str, Any]]
        if self.kind is Kind.CALL:
            notify = [{"voice": {"to": "approver", "confirm": True, "attempts": 1}}]
        elif self.kind is Kind.LATER:
            notify = [{"sms": {"to": "approver"}}, {"sms": {"to": self.people[1], "after": 5}}]
        else:
            notify = [{"sms": {"to": "approver"}}]
        band = {"currency": "USD", "at_least": str(low), "under": str(low + _BAND)}
        return {
            "name": f"bill {self.index}",
            "on": ["bill.submitted"],
            "when": {"amount": band},
            "approver": self.people[0],
            "notify": notify,
        }


def settle_in(world: LocalWorld, places: Sequence[Place]) -> None:
    """Store the people, give them phones, and publish their flow."""
    for place in places:
        for person, phone in zip(place.people, place.phones, strict=True):
            salt = hashlib.sha256(f"campaign {person}".encode()).hexdigest()[:32]
            channels = ("voice",) if place.kind is Kind.CALL else ("sms",)
            world.approvers.put(
                Approver(person, f"Person {person}", phone, salt, channels=channels)
            )
            handle = world.twilio.phone(phone, name=person)
            if place.kind is Kind.CALL:
                handle.will_press("1")
    flow = {
        "schema": 1,
        "companies": {COMPANY: {"name": "Acme AP", "zone": "America/Chicago"}},
        "rules": [place.rule() for place in places],
        "default_approver": "eli",
    }
    world.flows.publish(flow, now=datetime.now(UTC), by="campaign", reason="somebody for each bill")
