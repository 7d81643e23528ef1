"""When a schedule is due: EventBridge Scheduler's expressions as pure functions of time.

`rate(5 minutes)`, `cron(0/15 8-18 ? * MON-FRI *)` with a time zone, `at(2026-11-30T09:00:00)`
(https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html). Not the letters L and
W nor #, which nothing here uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
# Sunday is 1, as in AWS and unlike everywhere else.
_DAYS = {
    name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)
}
_LAST_YEAR = 2199
# How far ahead an occurrence is looked for: a leap day is the rarest that comes back.
_HORIZON = timedelta(days=8 * 366)


def next_occurrence(
    expression: str, zone: str, start: datetime, after: datetime
) -> datetime | None:
    """The first occurrence later than `after`, in UTC; None where there is none any more.

    `start` is when the schedule came into being: a rate counts from there and is first due one
    interval later. `zone` is an IANA name; rates have no use for it. Local times that a clock
    change skips do not occur, those it repeats occur once.
    Raises ValueError for an expression that is none of the three kinds.
    """
    if match := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        interval = timedelta(minutes=int(match[1]) * _MINUTES[match[2]])
        return start + interval * max((after - start) // interval + 1, 1)
    if match := re.fullmatch(r"at\((.+)\)", expression):
        once = datetime.fromisoformat(match[1]).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        return once if once > after else None
    if match := re.fullmatch(r"cron\((.+)\)", expression):
        return _next_cron(_Cron.parse(match[1]), ZoneInfo(zone), after)
    raise ValueError(f"not a schedule expression: {expression!r}")


class _Cron(NamedTuple):
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> _Cron:
        fields = text.split()
        if len(fields) != len(cls._fields):
            raise ValueError(f"a cron expression has six fields: {text!r}")
        minutes, hours, days, months, weekdays, years = fields
        return cls(
            _field(minutes, 0, 59),
            _field(hours, 0, 23),
            _field(days, 1, 31),
            _field(months, 1, 12, _MONTHS),
            _field(weekdays, 1, 7, _DAYS),
            _field(years, 1970, _LAST_YEAR),
        )

    def on(self, day: date) -> bool:
        return (
            day.day in self.days
            and day.month in self.months
            and day.isoweekday() % 7 + 1 in self.weekdays
            and day.year in self.years
        )


def _field(text: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    """The numbers one cron field stands for: `*`, `?`, lists, ranges and steps of them."""
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\*|\?|\w+)(?:-(\w+))?(?:/(\d+))?", part)
        if match is None:
            raise ValueError(f"not a cron field: {text!r}")
        first, last, step = match.groups()
        begin = low if first in {"*", "?"} else _number(first, names)
        if last is not None:
            end = _number(last, names)
        else:
            end = high if first in {"*", "?"} or step else begin
        if not low <= begin <= end <= high:
            raise ValueError(f"cron field {text!r} is not within {low}-{high}")
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, names: dict[str, int] | None) -> int:
    return (names or {}).get(text.upper()) or int(text)


def _next_cron(cron: _Cron, zone: ZoneInfo, after: datetime) -> datetime | None:
    today = after.astimezone(zone).date()
    for day in (today + timedelta(days=n) for n in range(_HORIZON.days)):
        if cron.on(day):
            later = [moment for moment in _moments(cron, zone, day) if moment > after]
            if later:
                return min(later)
    return None


def _moments(cron: _Cron, zone: ZoneInfo, day: date) -> Iterator[datetime]:
    for hour in cron.hours:
        for minute in cron.minutes:
            local = datetime.combine(day, time(hour, minute), zone)
            moment = local.astimezone(UTC)
            # A local time that does not exist comes back as another one.
            if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                yield moment
