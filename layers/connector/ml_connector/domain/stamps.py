"""Time stamps of bills, and what it means that they moved.

Intacct gives WHENMODIFIED in the API user's zone, without saying so. Once that zone is put right,
in Intacct or by `utc_offset`, all stamps move by the same hours, and nobody edited a bill.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from .audit import Json

NO_SHIFT = timedelta(0)
#: Zones differ by whole half-hours, and no two places on earth by more than this.
_STEP, _MOST = timedelta(minutes=30), timedelta(hours=26)
#: More bills than this that move alike to the second are no coincidence.
_FEW = 5


def shift_of(
    before: timedelta | None, now: timedelta | None, moved: Collection[timedelta]
) -> timedelta:
    """By how much stamps move that nobody touched, because they are read in another zone.

    `before` and `now` are the offsets from UTC the stamps were and are read with, None where not
    known; `moved` is by how much the stamp of each waiting bill moved. Where the offset is as it
    was, Intacct may show times in another zone all the same: what it says of the user's zone is
    asked for once a day. Then every stamp moves by the same whole half-hours, and none is left.
    """
    if before is not None and now is not None and before != now:
        return before - now
    if len(moved) <= _FEW or NO_SHIFT in moved:
        return NO_SHIFT
    ((shift, bills),) = Counter(moved).most_common(1)
    alike = bills > _FEW and not shift % _STEP and abs(shift) <= _MOST
    return shift if alike else NO_SHIFT


def touched(before: datetime | None, now: datetime | None, shift: timedelta) -> bool:
    """Whether a stamp moved on by more than the zone it is read in explains."""
    if not before or not now or now in (before, before + shift):
        return False
    return now > since(before, shift)


def since(before: datetime, shift: timedelta) -> datetime:
    """From when on something may have been done to a bill that was last seen with this stamp."""
    return before + min(shift, NO_SHIFT)


def remarked(
    before: datetime | None, now: datetime | None, shift: timedelta
) -> tuple[tuple[str, Json], ...]:
    """What the audit says of a stamp that moved with the zone; nothing as a rule."""
    if not shift or not before or now != before + shift:
        return ()
    hours = shift / timedelta(hours=1)
    return (("stamp", f"moved by {hours:+g} hours with the API user's zone: no edit"),)
