"""Pauses of a company's sends: one item for all of them, and one for each channel.

A version before knows the first alone, and has no `since` in it: to this one such a pause is over
when its time is.
"""

from __future__ import annotations

from ml_connector.domain.instants import from_text, to_text
from ml_connector.domain.standstill import Pause

from .attributes import instant_of, text_of
from .models import PauseItem


def pause_keys(company: str, channel: str = "") -> tuple[str, str]:
    """Where the pause of a company is, or that of one of its channels."""
    return f"pause#{company}", channel or "pause"


def pause_item(company: str, pause: Pause) -> PauseItem:
    """The item of a pause."""
    return PauseItem(
        *pause_keys(company, pause.channel),
        until=to_text(pause.until),
        reason=pause.reason,
        since=text_of(pause.since),
        probe=pause.probe or None,
    )


def pause_of(item: PauseItem, channel: str = "") -> Pause:
    """The pause in an item that was found under this channel."""
    return Pause(
        from_text(item.until), item.reason, channel, instant_of(item.since), item.probe or ""
    )
