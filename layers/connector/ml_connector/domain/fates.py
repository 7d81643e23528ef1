"""Whether anybody was told of a case, and if not why: what its audit chain says.

Somebody was told once the provider took a text or a call for it: an id of the provider's stands in
the chain. Where none does, the chain holds the reason, or what is still to come; a chain that holds
neither is one nobody can account for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from .dispatches import DispatchState
from .entry_shapes import mappings, texts
from .frozen import frozen
from .instants import from_text

#: What was due so long ago and nobody wrote anything about since is not on its way.
PATIENCE = timedelta(hours=2)
#: No plan is longer, business days and holidays counted: then its end is in the chain.
LONGEST_PLAN = timedelta(days=14)

_STOPPED: Mapping[str, str] = {
    "handled": "it was handled before",
    "expired": "its time was over before",
    "no_channel": "whoever it was for has no usable number",
    "opted_out": "whoever it was for asked for no texts",
    "unreachable": "the number cannot be reached this way",
    "exhausted": "every attempt the rule allows failed",
    "needless": "the case had come far enough before",
    "unanswered": "nobody took any of the calls",
    "declined": "the person said it is not theirs",
    "cancelled": "an operator stopped it",
}
_ENDS: Mapping[str, str] = {
    "case.handled": "it was handled before",
    "case.expired": "its time was over before",
    "case.cancelled": "an operator stopped it",
}
_BEGINS = frozenset({"case.opened", "case.stepped", "case.resent"})
_PUT_OFF = frozenset({"dispatch.deferred", "dispatch.returned"})
#: The id of a dispatch, where other words may stand in its place.
_ID = re.compile(r"[a-z2-7]{26}", re.ASCII)


#: When an entry was written whose time nobody can read: nothing it speaks of is still to come.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Said(NamedTuple):
    """One entry of a case's chain."""

    at: datetime
    kind: str
    data: Mapping[str, Any]


def said_at(at: object, kind: str, data: Mapping[str, Any]) -> Said:
    """An entry with its time as it is stored; one that is no time is long ago."""
    return Said(_instant(at) or _LONG_AGO, kind, data)


@frozen
class Fate:
    """What became of one case: somebody was `told`, or `why` nobody was.

    `until` is how long that is reason enough, None where it is for good. Without a reason nothing
    in the chain accounts for it.
    """

    told: bool = False
    why: str = ""
    until: datetime | None = None

    def accounted(self, now: datetime | None) -> bool:
        """Whether the chain accounts for it, as of then."""
        late = self.until is not None and now is not None and now > self.until
        return self.told or (bool(self.why) and not late)


def fate_of(entries: Iterable[Said]) -> Fate:
    """What a chain says, from its entries in order."""
    reading = _Reading()
    for entry in entries:
        reading.take(entry)
    return reading.fate


class _Reading:
    """The entries read so far. `_due` holds by dispatch when it was to be heard of."""

    def __init__(self) -> None:
        self._told = False
        self._ended = ""
        self._stopped = ""
        self._put_off = ""
        self._due: dict[str, datetime] = {}
        self._to_come: datetime | None = None

    def take(self, entry: Said) -> None:
        """What one entry says."""
        data = entry.data
        self._told = self._told or bool(data.get("sid"))
        self._ended = self._ended or _ENDS.get(entry.kind, "")
        if entry.kind in _BEGINS:
            if data.get("later_steps"):
                self._to_come = entry.at + LONGEST_PLAN
            for alert in mappings(data.get("alerts")):
                self._begun(alert, entry.at)
        elif entry.kind.startswith("dispatch."):
            self._step(entry)

    @property
    def fate(self) -> Fate:
        """The strongest of what was said."""
        if self._told:
            return Fate(told=True)
        if self._ended:
            # Why it had not been sent by then says more than that it was over.
            why = f"{self._put_off}; then {self._ended}" if self._put_off else self._ended
            return Fate(why=self._stopped or why)
        if self._due:
            why = self._put_off or "it is on its way"
            return Fate(why=why, until=max(self._due.values()) + PATIENCE)
        if self._stopped:
            return Fate(why=self._stopped)
        if self._to_come:
            return Fate(why="its first step is still to come", until=self._to_come)
        return Fate()

    def _begun(self, alert: Mapping[str, Any], at: datetime) -> None:
        stopped = str(alert.get("stopped") or "")
        if stopped:
            self._stopped = _STOPPED.get(stopped, stopped)
        if alert.get("dispatch"):
            self._due[str(alert["dispatch"])] = at

    def _step(self, entry: Said) -> None:
        data = entry.data
        for name in (data.get("dispatch"), *texts(data.get("instead_of"))):
            self._due.pop(str(name), None)
        reason = str(data.get("reason") or "")
        if entry.kind in _PUT_OFF:
            self._put_off = f"put off ({reason})" if reason else "put off"
        if _settled(str(data.get("state") or "")):
            follower = str(data.get("next") or "")
            if _ID.fullmatch(follower):
                self._due[follower] = _instant(data.get("next_due_at")) or entry.at
            elif reason:
                self._stopped = _STOPPED.get(reason, reason)
        else:
            self._due[str(data.get("dispatch"))] = _instant(data.get("due_at")) or entry.at


def _settled(state: str) -> bool:
    try:
        return DispatchState(state).settled
    except ValueError:
        return False


def _instant(text: object) -> datetime | None:
    try:
        return from_text(text) if isinstance(text, str) else None
    except ValueError:
        return None
