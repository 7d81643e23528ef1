"""When a person may be texted or called: quiet hours, days off, and time that counts.

Every question is answered by what the clock on the person's wall shows at an instant. So an hour
that a zone leaves out never comes, and one that comes twice is quiet twice or not at all; nothing
is computed with local times that may not exist.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .frozen import frozen

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)

#: Whoever is off for longer than this is away, which is another matter: they have a substitute.
LONGEST_WAIT = timedelta(days=60)

EVERY_DAY = frozenset(range(7))
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


def minutes_of(quiet_hours: str) -> tuple[int, int]:
    """`20:00-08:00` as minutes since midnight; the same twice where the text is empty.

    Raises ValueError for another form, and for quiet hours that end when they begin.
    """
    if not quiet_hours:
        return 0, 0
    found = _QUIET.fullmatch(quiet_hours)
    if found is None:
        raise ValueError(f"{quiet_hours!r} are no hours such as 20:00-08:00")
    start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if start == end:
        raise ValueError("quiet hours end at another time than they begin")
    return start, end


@frozen
class Hours:
    """One person's hours. Times are minutes since midnight; weekdays count from Monday, 0.

    Quiet from `quiet_from` until just before `quiet_to`, over midnight where that is the earlier;
    both the same: never quiet. All of a day is quiet that is not one of `days` or is a holiday.
    """

    quiet_from: int = 0
    quiet_to: int = 0
    days: frozenset[int] = EVERY_DAY
    holidays: frozenset[date] = frozenset()

    def obstacle_at(self, now: datetime, zone: tzinfo) -> str:
        """Why a person is not to be disturbed at this instant; empty where they may be."""
        local = now.astimezone(zone)
        if local.date() in self.holidays:
            return "holiday"
        if local.weekday() not in self.days:
            return "day off"
        minute = local.hour * 60 + local.minute
        if self.quiet_from <= self.quiet_to:
            quiet = self.quiet_from <= minute < self.quiet_to
        else:
            quiet = minute >= self.quiet_from or minute < self.quiet_to
        return "quiet hours" if quiet else ""

    def next_allowed(self, now: datetime, zone: tzinfo) -> datetime:
        """The first instant from now on at which the person may be disturbed.

        After `LONGEST_WAIT` it is taken to be now all the same: better late at night than never.
        """
        if not self.obstacle_at(now, zone):
            return now
        end = now + LONGEST_WAIT
        when = _next_minute(now)
        while when < end:
            if not self.obstacle_at(when, zone):
                return when
            when = _next_day(when, zone) if self._whole_day_off(when, zone) else when + _MINUTE
        return end

    def _whole_day_off(self, when: datetime, zone: tzinfo) -> bool:
        return self.obstacle_at(when, zone) != "quiet hours"


def _next_minute(now: datetime) -> datetime:
    whole = _minute_of(now)
    return whole if whole == now else whole + _MINUTE


def _minute_of(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(second=0, microsecond=0)


def _next_day(when: datetime, zone: tzinfo) -> datetime:
    """The first whole minute of the next day on that wall; hour by hour, then minute by minute."""
    today = when.astimezone(zone).date()
    step = _minute_of(when)
    while (step + _MINUTE * 60).astimezone(zone).date() == today:
        step += _MINUTE * 60
    while step.astimezone(zone).date() == today:
        step += _MINUTE
    return step


def after_business_time(
    start: datetime,
    length: timedelta,
    zone: tzinfo,
    days: Collection[int],
    holidays: Collection[date],
) -> datetime:
    """The instant at which so much time of business days has passed since `start`.

    A length of five days that begins on a Friday noon ends on the Friday noon after it; a holiday
    in between makes it the Monday. Where no day is a business day all of them are.
    """
    if not days:
        days = EVERY_DAY
    left, when = length, start
    while left > timedelta(0):
        local = when.astimezone(zone)
        tomorrow = _next_day(when, zone)
        here = tomorrow - when
        if local.weekday() in days and local.date() not in holidays:
            # A day of 23 or 25 hours is a day.
            whole = _DAY if here > _DAY - _MINUTE * 61 and local.hour == 0 else here
            if left < whole:
                return when + left
            left -= whole
        when = tomorrow
        if when - start > LONGEST_WAIT + length * 4:
            return when
    return when


def zone_named(name: str) -> tzinfo | None:
    """The IANA zone with this name; None where there is none, or the name is empty."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None
