"""What a provider says about one message, in words of ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class MessageStatus(StrEnum):
    """Where an SMS is on its way, as far as Twilio knows."""

    ACCEPTED = "accepted"
    """A messaging service took it and has not chosen a sender yet."""
    SCHEDULED = "scheduled"
    """Taken for a later time; we never ask for that, but an operator might."""
    QUEUED = "queued"
    """Waiting in Twilio for its turn."""
    SENDING = "sending"
    """Being handed to the carrier."""
    SENT = "sent"
    """The carrier has it. Some carriers never say more."""
    DELIVERED = "delivered"
    """The carrier, and where it can the handset, confirmed it."""
    READ = "read"
    """Read on a channel that reports it."""
    UNDELIVERED = "undelivered"
    """The carrier reported that it did not arrive."""
    FAILED = "failed"
    """It never left Twilio."""
    CANCELED = "canceled"
    """Stopped before it left Twilio."""
    UNKNOWN = "unknown"
    """A word this version does not know: treated as still on its way."""


#: States only move forward: a lower rank never replaces a higher one.
RANK: dict[MessageStatus, int] = {
    MessageStatus.UNKNOWN: 0,
    MessageStatus.ACCEPTED: 1,
    MessageStatus.SCHEDULED: 1,
    MessageStatus.QUEUED: 2,
    MessageStatus.SENDING: 3,
    MessageStatus.SENT: 4,
    MessageStatus.DELIVERED: 5,
    MessageStatus.UNDELIVERED: 5,
    MessageStatus.FAILED: 5,
    MessageStatus.CANCELED: 5,
    MessageStatus.READ: 6,
}

ARRIVED = frozenset({MessageStatus.DELIVERED, MessageStatus.READ})
NOT_ARRIVED = frozenset(
    {MessageStatus.UNDELIVERED, MessageStatus.FAILED, MessageStatus.CANCELED},
)
FINAL = ARRIVED | NOT_ARRIVED


@dataclass(frozen=True, slots=True)
class SmsRequest:
    """One SMS to create: `to` in E.164, the final text, seconds after which it may be dropped."""

    to: str
    body: str
    validity_seconds: int


@dataclass(frozen=True, slots=True)
class ProviderMessage:
    """One message as the provider lists it. `created_at` is UTC; `price` is negative or None."""

    sid: str
    to: str
    status: MessageStatus
    created_at: datetime
    body: str = ""
    error_code: int | None = None
    segments: int = 0
    price: Decimal | None = None
    price_unit: str = ""


class Cure(StrEnum):
    """What helps against a failure."""

    RETRY = "retry"
    """Time does: the same channel, later."""
    PERMANENT = "permanent"
    """Nothing does, for this person on this channel."""
    BLOCKED = "blocked"
    """An operator does: account or configuration."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A provider's error code, understood. `wait_seconds` is the least wait before a retry."""

    cure: Cure
    reason: str
    wait_seconds: float = 0.0
    operator_action: str = ""
