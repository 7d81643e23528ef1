"""States and times in the words a person is told them in.

The sentences are those the states' own docstrings say; a test holds the two together.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.domain.dispatches import Dispatch, DispatchState

DISPATCH: dict[DispatchState, str] = {
    DispatchState.WAITING: "It will be sent when it is due; nothing has been sent yet.",
    DispatchState.SENDING: ("One function holds the claim and may be talking to Twilio right now."),
    DispatchState.UNKNOWN: "Twilio may or may not have accepted it; only Twilio's lists can tell.",
    DispatchState.SENT: "Twilio accepted it; whether it arrived is not known yet.",
    DispatchState.DELIVERED: "It arrived.",
    DispatchState.UNDELIVERED: "The carrier says it did not arrive.",
    DispatchState.FAILED: "Twilio refused it or could not send it.",
    DispatchState.UNCONFIRMED: (
        "Sent long ago and no receipt came; or the call was taken and no key was asked for."
    ),
    DispatchState.CONFIRMED: "The call was taken, and somebody pressed 1.",
    DispatchState.DECLINED: "The call was taken, and somebody pressed 2: not theirs.",
    DispatchState.UNANSWERED: "Nobody took the call, or nobody pressed a key.",
    DispatchState.MACHINE: "A voicemail or a fax took the call.",
    DispatchState.NOT_SENT: "It certainly was not sent, and never will be under this id.",
}

CASE: dict[CaseState, str] = {
    CaseState.OPEN: "Somebody is being told, or is to be.",
    CaseState.ACKNOWLEDGED: "Somebody replied: seen. Reminders pause.",
    CaseState.CONFIRMED: "Somebody pressed the key: they know and take it on.",
    CaseState.HANDLED: (
        "Intacct shows that the bill no longer waits for this. Silence from here on."
    ),
    CaseState.EXPIRED: "Too old to be worth a phone's buzz.",
    CaseState.CANCELLED: "An operator stopped it.",
}

STOP: dict[StopReason, str] = {
    StopReason.HANDLED: "The bill was approved, declined, recalled or deleted.",
    StopReason.EXPIRED: "The plan's time is over.",
    StopReason.NO_CHANNEL: "The person has no usable phone number.",
    StopReason.OPTED_OUT: "The person asked not to be texted.",
    StopReason.UNREACHABLE: "The provider says this number cannot be reached this way, ever.",
    StopReason.EXHAUSTED: "Every attempt the plan allows was made.",
    StopReason.NEEDLESS: "The case came as far as the rule's `unless` says before this was sent.",
    StopReason.UNANSWERED: ("Nobody took any of the calls; the plan goes on with its next step."),
    StopReason.DECLINED: "The person pressed 2: it is not theirs.",
    StopReason.CANCELLED: "An operator stopped it.",
}


def state_of(dispatch: Dispatch, now: datetime, zone: tzinfo) -> str:
    """Where a dispatch stands; of one that waits until when, and why."""
    reason = f": {dispatch.reason}" if dispatch.reason else ""
    if dispatch.state is DispatchState.WAITING:
        if dispatch.due_at > now:
            return f"waits until {local(dispatch.due_at, now, zone)}{reason}"
        # What it was put off for is over.
        return "due: it is sent as soon as a function takes it"
    said = DISPATCH[dispatch.state].rstrip(".")
    code = f" (Twilio's error {dispatch.error_code})" if dispatch.error_code else ""
    return f"{said}{code}{reason}"


def local(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """`08:00 CST`; on another day than today `Tue Nov 24, 08:00 CST`."""
    there, today = moment.astimezone(zone), now.astimezone(zone).date()
    clock = f"{there:%H:%M %Z}"
    if there.date() == today:
        return clock
    year = "" if there.year == today.year else f" {there.year}"
    return f"{there:%a %b} {there.day}{year}, {clock}"


def ago(then: datetime, now: datetime) -> str:
    """The time since then in its largest unit."""
    seconds = max(0, int((now - then).total_seconds()))
    for name, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {name}"
    return f"{seconds} s"


@cache
def zone_named(name: str) -> tzinfo:
    """An IANA zone; UTC for one this machine does not know, or for none."""
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, OSError, ValueError):
        return UTC


def count(number: int, noun: str, many: str = "") -> str:
    """`1 bill`, `2 bills`."""
    return f"{number:,} {noun if number == 1 else many or f'{noun}s'}"
