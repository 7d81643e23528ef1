"""What a provider says about one message or one call, in words of ours."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from .frozen import frozen


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


class CallStatus(StrEnum):
    """Where a call is, as far as Twilio knows. Each sentence is what a person would be told."""

    ACTIVE = "active"
    """Dialling, ringing, or somebody is listening."""
    ENDED = "ended"
    """Over; how it ended has not been read yet."""
    CONFIRMED = "confirmed"
    """Somebody pressed 1: they know and take it on."""
    DECLINED = "declined"
    """Somebody pressed 2: it is not theirs."""
    NO_INPUT = "no_input"
    """Answered, but nobody pressed a key, or they hung up first."""
    WRONG_KEY = "wrong_key"
    """Answered, and other keys than the ones asked for were pressed."""
    MACHINE = "machine"
    """A voicemail or a fax answered: nobody heard it."""
    BUSY = "busy"
    """The line was busy."""
    NO_ANSWER = "no_answer"
    """It rang and nobody took it."""
    ANNOUNCED = "announced"
    """A call that cannot be confirmed was taken by somebody or something."""
    FAILED = "failed"
    """It could not be connected."""
    CANCELED = "canceled"
    """Ended by us before anybody answered."""
    UNKNOWN = "unknown"
    """A word this version does not know: treated as still going on."""

    @property
    def final(self) -> bool:
        """Whether this is how a call ended."""
        return self not in (CallStatus.ACTIVE, CallStatus.ENDED, CallStatus.UNKNOWN)


#: How calls end that nobody took, in the sense of a person who could have pressed a key.
NOBODY_TOOK_IT = frozenset(
    {
        CallStatus.NO_INPUT,
        CallStatus.WRONG_KEY,
        CallStatus.BUSY,
        CallStatus.NO_ANSWER,
        CallStatus.CANCELED,
    }
)


@frozen
class CallRequest:
    """One call to place: `to` in E.164, what is said (plain text), and whose call it is.

    `dispatch_id` travels with the call, so that it can be found again. `language` is an IETF tag.
    """

    to: str
    text: str
    dispatch_id: str
    language: str = "en-US"


@frozen
class ProviderCall:
    """One call as the provider shows it. `created_at` is UTC; `sid` is what we know it by.

    `dispatch_id` is what the call itself carries, empty where that was not read or it carries none.
    `call_sid` is the leg on the telephone network, empty before it is dialled. `witness` is the
    second source's word on how it ended, `duration` in seconds, `price` negative or None. `taken`:
    somebody, or something, picked it up.
    """

    sid: str
    to: str
    status: CallStatus
    created_at: datetime
    dispatch_id: str = ""
    call_sid: str = ""
    answered_by: str = ""
    witness: str = ""
    error_code: int | None = None
    duration: int | None = None
    price: Decimal | None = None
    price_unit: str = ""
    taken: bool = False

    @property
    def over(self) -> bool:
        """Whether it is known how it ended."""
        return self.status.final


@frozen
class SmsRequest:
    """One SMS to create: `to` in E.164, the final text, seconds after which it may be dropped."""

    to: str
    body: str
    validity_seconds: int


@frozen
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

    @property
    def over(self) -> bool:
        """Whether nothing more will be heard of it."""
        return self.status in FINAL


#: What the provider shows of a dispatch.
Sending: TypeAlias = ProviderMessage | ProviderCall


class Cure(StrEnum):
    """What helps against a failure."""

    RETRY = "retry"
    """Time does: the same channel, later."""
    PERMANENT = "permanent"
    """Nothing does, for this person on this channel."""
    BLOCKED = "blocked"
    """An operator does: account or configuration."""


@frozen
class Verdict:
    """A provider's error code, understood. `wait_seconds` is the least wait before a retry.

    `retries` says how often the same channel is worth another try; None leaves it to the plan.
    `account` says of what is blocked that the account is, and not this channel alone.
    """

    cure: Cure
    reason: str
    wait_seconds: float = 0.0
    operator_action: str = ""
    retries: int | None = None
    account: bool = False
