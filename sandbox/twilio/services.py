"""Messaging Services: a pool of senders under one SID."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.twilio.settings import DEFAULT_SERVICE_SID

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.twilio.world import World


@dataclass(slots=True)
class MessagingService:
    """One service; `pool` are the account's numbers it may send from."""

    sid: str
    sequence: int
    friendly_name: str
    created: datetime
    pool: list[str] = field(default_factory=list)
    inbound_on_number: bool = True
    """`use_inbound_webhook_on_number`: without it and without an inbound URL, replies are not
    even logged."""
    inbound_url: str | None = None
    registered: bool = True
    """For application-to-person traffic in the United States (A2P 10DLC)."""
    validity_period: int = 36000
    usecase: str = "notifications"

    def sender_for(self, recipient: str) -> str:
        """Pick the sender; the same recipient keeps the same one (sticky sender)."""
        return self.pool[sum(recipient.encode()) % len(self.pool)]


class MessagingServices:
    """All services of the account, one of which exists from the start."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._services: dict[str, MessagingService] = {}
        self.toll_free: dict[str, datetime] = {}
        """When the verification of each toll-free number, by its SID, was asked for."""
        self.add(DEFAULT_SERVICE_SID, "Sandbox alerts", pool=world.settings.numbers[:1])

    def add(self, sid: str, friendly_name: str, pool: list[str]) -> MessagingService:
        """Make a service with that SID."""
        service = MessagingService(
            sid,
            next(self._world.order),
            friendly_name,
            self._world.clock.now(),
            pool=list(pool),
        )
        self._services[sid] = service
        return service

    def of_number(self, number: str) -> MessagingService | None:
        """Return the oldest service that has the number in its pool, or None."""
        services = sorted(self._services.values(), key=lambda service: service.sequence)
        return next((service for service in services if number in service.pool), None)

    def logs_replies_to(self, number: str) -> bool:
        """Whether texts to that number are logged; a service without inbound handling eats them."""
        return all(
            service.inbound_on_number or service.inbound_url is not None
            for service in self._services.values()
            if number in service.pool
        )

    def get(self, sid: str) -> MessagingService | None:
        """Return the service, or None."""
        return self._services.get(sid)

    def newest_first(self) -> list[MessagingService]:
        """Return every service, newest first."""
        return sorted(self._services.values(), key=lambda service: -service.sequence)
