"""Once a day the heads of all audit chains are written down where nobody can write over them.

Reading them all may take longer than one invocation has left, so it is done a little at a time:
what one invocation read becomes a part, and the next goes on behind it. The last one writes the
root over all parts. Whatever dies in between leaves the mark where it was; the part is then written
again, and both say what was true when they were written.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Protocol

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.frozen import frozen
from ml_connector.domain.instants import seconds
from ml_connector.domain.roots import (
    HeadsPage,
    RootMark,
    part_document,
    part_key,
    root_document,
    root_key,
)
from ml_connector.errors import ConnectorError

from .ports import Clock, Telemetry

#: Heads in one part: two and a half megabytes.
MOST_IN_PART = 20_000
#: Heads read at a time, between two looks at the clock.
PAGE = 1_000
#: Of one invocation no more than this is spent here, seconds, and no less is begun with.
SHARE = 5.0


class Heads(Protocol):
    """What every chain's head is now, and how far writing them down has come."""

    def page(self, cursor: str, limit: int) -> HeadsPage:
        """Up to `limit` heads from where an earlier page ended; empty is the beginning."""

    def mark(self) -> RootMark | None:
        """How far the newest root has come; None before the first."""

    def move_mark(self, mark: RootMark) -> bool:
        """Store the mark after the one of the version before; false where another was faster."""


class RootShelf(Protocol):
    """Where roots are kept, and cannot be written over."""

    def put(self, key: str, document: bytes) -> None:
        """Keep a document. Raises StoreUnavailable."""


@frozen
class RootPorts:
    """What writing a root works with."""

    heads: Heads
    shelf: RootShelf
    clock: Clock
    telemetry: Telemetry


def keep_root(ports: RootPorts, until: datetime) -> bool:
    """Go on with today's root (UTC) while there is time; whether it is done.

    Raises nothing of ours: what went wrong is said, and tried again by the next invocation.
    """
    now = ports.clock.now()
    end = min(until, now + seconds(SHARE))
    if end - now < seconds(SHARE):
        return False
    try:
        mark = ports.heads.mark()
        if mark and mark.done and mark.day >= now.date():
            return True
        return _go_on(_of_today(mark, now, ports.telemetry), ports, end)
    except ConnectorError as error:
        ports.telemetry.error(
            "root_not_kept",
            code=error.code,
            reason=error.safe_message,
            fix="see that the status check may put objects into the bucket of the roots",
        )
        return False


def _of_today(mark: RootMark | None, now: datetime, telemetry: Telemetry) -> RootMark:
    """The mark to go on from. A root that its day was too short for is left as it is."""
    today = now.date()
    if mark and mark.day == today:
        return mark
    if mark and not mark.done:
        telemetry.warning("root_not_finished", day=mark.day.isoformat(), parts=len(mark.parts))
    return RootMark(today, mark.version if mark else 0)


def _go_on(mark: RootMark, ports: RootPorts, end: datetime) -> bool:
    """Write parts until all heads are in one, then the root."""
    more = bool(mark.cursor) or not mark.parts
    while more:
        if ports.clock.now() >= end:
            return False
        heads, cursor = _some(mark.cursor, ports, end)
        number = len(mark.parts) + 1
        part, document = part_document(mark.day, number, heads)
        ports.shelf.put(part_key(mark.day, number), document)
        mark = replace(mark, version=mark.version + 1, cursor=cursor, parts=(*mark.parts, part))
        if not ports.heads.move_mark(mark):
            return False
        more = bool(cursor)
    now = ports.clock.now()
    ports.shelf.put(root_key(mark.day), root_document(mark.day, now, mark.parts))
    if not ports.heads.move_mark(replace(mark, version=mark.version + 1, done=True)):
        return False
    ports.telemetry.event(
        "root_kept",
        day=mark.day.isoformat(),
        chains=sum(part.heads for part in mark.parts),
        parts=len(mark.parts),
    )
    return True


def _some(cursor: str, ports: RootPorts, end: datetime) -> tuple[list[tuple[str, ChainHead]], str]:
    """As many heads as fit into a part and into the time, at least one page."""
    heads: list[tuple[str, ChainHead]] = []
    while True:
        page = ports.heads.page(cursor, PAGE)
        heads += page.heads
        cursor = page.cursor
        if not cursor or len(heads) >= MOST_IN_PART or ports.clock.now() >= end:
            return heads, cursor
