"""The world as the admin API shows it: plain JSON, ISO 8601 times with microseconds."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from sandbox.twilio.phones import BEHAVIOURS

if TYPE_CHECKING:
    from sandbox.twilio.faults import Fault, Firing
    from sandbox.twilio.messages import Message
    from sandbox.twilio.phones import Phone
    from sandbox.twilio.wire import Json
    from sandbox.twilio.world import Accepted, LoggedRequest, World


def phone_view(world: World, phone: Phone) -> Json:
    """One handset with everything its owner saw and heard."""
    return {
        "number": phone.number,
        "name": phone.name,
        "behaviour": phone.behaviour,
        "meaning": BEHAVIOURS[phone.behaviour].meaning,
        "keys": phone.keys,
        "sms_outcome": phone.sms_outcome,
        "opted_out_of": world.opt_outs.of(phone.number),
        "inbox": [
            {"sid": text.sid, "from": text.sender, "body": text.body, "at": text.at.isoformat()}
            for text in phone.inbox
        ],
        "calls": [
            {
                "sid": call.sid,
                "from": call.sender,
                "at": call.at.isoformat(),
                "answered": call.answered,
                "heard": call.heard,
                "pressed": call.pressed,
                "status": call.status,
            }
            for call in phone.calls
        ],
    }


def message_view(message: Message) -> Json:
    """One message with its whole history, listed or not."""
    return {
        "sid": message.sid,
        "direction": message.direction,
        "to": message.to,
        "from": message.sender,
        "service": message.service_sid,
        "body": message.body,
        "status": message.status,
        "error_code": message.error_code,
        "segments": message.segments,
        "created": message.created.isoformat(),
        "listed_at": message.listed_at.isoformat(),
        "history": [{"status": status, "at": at.isoformat()} for status, at in message.history],
    }


def record_view(record: Accepted | LoggedRequest | Firing | Fault) -> Json:
    """A flat record, field by field."""
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in asdict(record).items()
    }
