"""How many texts and calls one person gets at most, over several windows at once.

What is over a limit is deferred to the window's end, never dropped. The windows are fixed (they
start at multiples of their length), so that one counter per window and person is enough.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from .frozen import frozen
from .unit_of_work import Counter


@frozen
class Window:
    """At most `limit` messages in `length`."""

    length: timedelta
    limit: int


#: Carriers block a sender after a burst to one phone, and people stop reading long before that.
SMS_PER_PERSON = (
    Window(timedelta(minutes=15), 10),
    Window(timedelta(hours=1), 25),
    Window(timedelta(days=1), 60),
)

#: Nobody answers the fifth call of a quarter of an hour who did not answer the fourth.
CALLS_PER_PERSON = (
    Window(timedelta(minutes=15), 4),
    Window(timedelta(hours=1), 10),
    Window(timedelta(days=1), 25),
)
_WINDOWS = {"sms": SMS_PER_PERSON, "voice": CALLS_PER_PERSON}


def counters(recipient: str, channel: str, now: datetime) -> tuple[Counter, ...]:
    """The counters a message or a call to this person, sent now, counts on."""
    return tuple(
        Counter(
            key=f"{channel}#{recipient}#{int(window.length.total_seconds())}#{_start(window, now)}",
            limit=window.limit,
            expires_at=_end(window, now) + window.length,
        )
        for window in _WINDOWS[channel]
    )


def uncounted(recipient: str, channel: str, claimed_at: datetime) -> tuple[Counter, ...]:
    """The same counters for something that was counted when it was claimed and was not sent."""
    counted = counters(recipient, channel, claimed_at)
    return tuple(replace(counter, back=True) for counter in counted)


def wait_until(failed: tuple[str, ...], now: datetime) -> datetime:
    """When the last of the full windows ends; `failed` are the refused counters' names."""
    windows = (window for channel in _WINDOWS.values() for window in channel)
    lengths = {str(int(w.length.total_seconds())): w for w in windows}
    full = [lengths[name.split("#")[-2]] for name in failed if name.startswith("counter:")]
    return max(_end(window, now) for window in full)


def _start(window: Window, now: datetime) -> int:
    length = int(window.length.total_seconds())
    return int(now.timestamp()) // length * length


def _end(window: Window, now: datetime) -> datetime:
    return datetime.fromtimestamp(_start(window, now), UTC) + window.length
