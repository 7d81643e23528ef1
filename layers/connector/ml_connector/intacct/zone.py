"""The API user's clock: times in replies and in filters are in that user's zone, without saying so.

`readUserFormatting` names the offset. It does not follow daylight saving by itself. Where it
cannot be read, UTC is assumed and the caller told, so that it can look back far enough.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta

from ml_connector.domain.frozen import frozen
from ml_connector.errors import ConfigurationError, SourceRejected

from .tree import Row

#: The farthest any zone is from UTC; what a look-back needs where the zone is not known.
WIDEST_OFFSET = timedelta(hours=14)
HALF_HOUR = timedelta(minutes=30)
#: Clocks differ a little; only more than this is a zone error.
CLOCK_TOLERANCE = timedelta(minutes=5)

_OFFSET = re.compile(r"\s*([+-])\s*(\d{1,2}):?([0-5]\d)\s*", re.ASCII)
_SLASHED = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}):(\d{2}):(\d{2}))?",
    re.ASCII,
)


@frozen
class UserZone:
    """How the API user's local times relate to UTC. `verified`: Intacct or a setting said so."""

    offset: timedelta = timedelta(0)
    verified: bool = True

    def to_utc(self, text: str) -> datetime | None:
        """The moment a TIMESTAMP means, aware, UTC; None for an empty one.

        Accepts `MM/DD/YYYY HH:MM:SS`, a date alone (midnight), and ISO with or without an offset,
        which platform objects use. Raises ValueError for anything else.
        """
        text = text.strip()
        if not text:
            return None
        local = _local(text)
        if local.tzinfo is not None:
            return local.astimezone(UTC)
        try:
            return (local - self.offset).replace(tzinfo=UTC)
        except OverflowError as error:
            raise ValueError("a time outside the calendar") from error

    def to_text(self, moment: datetime) -> str:
        """A moment as a filter wants it: the user's local time, whole seconds, rounded down."""
        return (moment.astimezone(UTC) + self.offset).strftime("%m/%d/%Y %H:%M:%S")


def parse_date(text: str) -> date | None:
    """A DATE, `MM/DD/YYYY` (a time after it is ignored) or ISO; None for an empty one.

    Raises ValueError for anything else.
    """
    text = text.strip()
    if not text:
        return None
    return _local(text).date()


def parse_offset(text: str) -> timedelta:
    """`+0930`, `+09:30` or `- 7:00` as a difference from UTC. Raises ValueError."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise ValueError("not an offset like +0000 or -07:00")
    sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if offset > WIDEST_OFFSET:
        raise ValueError("no place on earth is that far from UTC")
    return -offset if sign == "-" else offset


def configured_zone(utc_offset: str) -> UserZone:
    """The zone a setting names. Raises ConfigurationError."""
    try:
        return UserZone(parse_offset(utc_offset))
    except ValueError as error:
        raise ConfigurationError(f"utc_offset in the Intacct secret is {error}") from error


def zone_of(formatting: Row) -> UserZone:
    """The zone out of a `userformatting` record.

    Raises SourceRejected where the user's preferences would make dates ambiguous: filters and
    replies follow them, and only `MM/DD/YYYY` with a 24-hour clock is understood here.
    """
    form, clock = formatting.get("DATEFORMAT", "").strip(), formatting.get("CLOCK", "").strip()
    if (form and form != "/mdY") or (clock and clock != "24"):
        raise SourceRejected(
            "the API user's preferences must be dates as mm/dd/yyyy and a 24-hour clock; change"
            " them in Intacct, or set utc_offset where replies are known to be in that form"
        )
    try:
        return UserZone(parse_offset(formatting.get("GMTOFFSET", "")))
    except ValueError:
        return UserZone(verified=False)


def zone_error(latest: datetime | None, now: datetime) -> timedelta | None:
    """The least error of the zone that explains a modification in the future; None where fine.

    A wrong zone is wrong by whole half-hours, and what was modified some time ago looks that much
    less in the future, so the difference is rounded up. Zones that make times look older than
    they are cannot be noticed this way.
    """
    if latest is None or latest - now <= CLOCK_TOLERANCE:
        return None
    return HALF_HOUR * math.ceil((latest - now) / HALF_HOUR)


def _local(text: str) -> datetime:
    match = _SLASHED.fullmatch(text)
    if match is None:
        return datetime.fromisoformat(text)
    month, day, year, hour, minute, second = (int(part or 0) for part in match.groups())
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - local to the user
