"""Twilio's words for where a message is, in ours."""

from __future__ import annotations

from ml_connector.domain.delivery import RANK, MessageStatus

#: The enumeration of the Message resource, outbound. `receiving` and `received` belong to inbound
#: messages, which are no status of anything we sent.
WORDS = {
    "accepted": MessageStatus.ACCEPTED,
    "scheduled": MessageStatus.SCHEDULED,
    "queued": MessageStatus.QUEUED,
    "sending": MessageStatus.SENDING,
    "sent": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    # Deprecated: a part of the segments arrived. Not enough to call it delivered.
    "partially_delivered": MessageStatus.SENT,
    "read": MessageStatus.READ,
    "undelivered": MessageStatus.UNDELIVERED,
    "failed": MessageStatus.FAILED,
    "canceled": MessageStatus.CANCELED,
}


def status_of(word: str | None) -> MessageStatus:
    """The status for Twilio's word; one this version does not know is still on its way."""
    return WORDS.get((word or "").strip().lower(), MessageStatus.UNKNOWN)


def forward(known: MessageStatus, seen: MessageStatus) -> MessageStatus:
    """What to believe after seeing `seen`: lists and reads may lag, so a status never goes back.

    Between two final words of the same rank the first stands: what was reported to people as
    delivered does not turn into a failure, and the other way round.
    """
    return seen if RANK[seen] > RANK[known] else known
