"""When a company is polled, and how often: its working hours, its close window, its holidays.

Business days are the calendar's working days less its holidays; the books are closed on the last
and the first of them in a month. Every hour of a calendar is an hour on the company's own clock, so
each question takes an instant and looks at what that clock shows: an hour a zone leaves out never
comes, one that comes twice counts twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, TypeVar

from .form import Refused, entries, items, shown, whole, word
from .frozen import frozen
from .hours import WEEKDAYS

_T = TypeVar("_T")

#: What one poll with nothing new asks Intacct: waiting and changed bills, and payments.
PER_POLL = 2
#: Once an hour more: payments over a longer time, and those that cleared.
PER_HOURLY_LOOK = 2

#: The functions look once a minute which companies are due.
TICK = timedelta(minutes=1)
LONGEST_INTERVAL = timedelta(days=1)
#: While it lasts a failing poll alarms nobody, so a slip of the pen must not make it a year.
LONGEST_MAINTENANCE = timedelta(days=7)

_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@frozen
class Maintenance:
    """A time in which Intacct is expected to fail: from `start` until just before `end`."""

    start: datetime
    end: datetime


@frozen
class Calendar:
    """When a company works, and how often it is polled then.

    `days` are weekdays, Monday 0; `opens` and `closes` times since midnight on the company's clock,
    the latter being the first that no longer counts. `close_last` and `close_first` are business
    days at the end and at the start of a month; on these the company is polled at `in_close` during
    working hours, on other business days at `working`, and at `otherwise` in all other time.
    """

    days: frozenset[int] = frozenset(range(5))
    opens: timedelta = timedelta(hours=7)
    closes: timedelta = timedelta(hours=19)
    close_last: int = 2
    close_first: int = 5
    working: timedelta = timedelta(minutes=2)
    in_close: timedelta = timedelta(minutes=1)
    otherwise: timedelta = timedelta(minutes=15)
    holidays: frozenset[date] = frozenset()
    maintenance: tuple[Maintenance, ...] = ()

    # ------------------------------------------------------------------------- how often
    def interval_at(self, now: datetime, zone: tzinfo) -> timedelta:
        """How often the company is polled at this instant."""
        local = now.astimezone(zone)
        clock = timedelta(
            hours=local.hour,
            minutes=local.minute,
            seconds=local.second,
            microseconds=local.microsecond,
        )
        if not self.is_business_day(local.date()) or not self.opens <= clock < self.closes:
            return self.otherwise
        return self.in_close if self.closes_books(local.date()) else self.working

    @property
    def longest_interval(self) -> timedelta:
        """The most there ever is between two polls."""
        return max(self.working, self.in_close, self.otherwise)

    def is_business_day(self, day: date) -> bool:
        """Whether the company works on that day."""
        return day.weekday() in self.days and day not in self.holidays

    def closes_books(self, day: date) -> bool:
        """Whether the books are closed on that day: one of the month's last or first."""
        return day in self.close_days(day)

    def close_days(self, month: date) -> frozenset[date]:
        """The business days of this day's month in which the books are closed."""
        business = [day for day in days_of(month) if self.is_business_day(day)]
        last = len(business) - self.close_last
        return frozenset((*business[: self.close_first], *business[max(last, 0) :]))

    # ----------------------------------------------------------------------- maintenance
    def maintenance_at(self, now: datetime) -> Maintenance | None:
        """The maintenance that is going on; the one that lasts longest where they overlap."""
        going_on = [one for one in self.maintenance if one.start <= now < one.end]
        return max(going_on, key=lambda one: one.end, default=None)

    def silent_since(self, since: datetime, now: datetime) -> datetime:
        """Since when nothing was heard that should have been: maintenance does not count."""
        ends = [one.end for one in self.maintenance if since < one.end <= now]
        return max(ends, default=since)

    def lookback(self, overlap: timedelta, since: datetime | None, now: datetime) -> timedelta:
        """How far before its watermark a poll reads again: `overlap`, and more after maintenance.

        What ended since then (the last good poll; None: there was none) is read again from its
        start: what was done meanwhile may be committed with times of any moment of it.
        """
        over = [one for one in self.maintenance if since and since < one.end <= now]
        if not over:
            return overlap
        return overlap + max(one.end for one in over) - min(one.start for one in over)


# ------------------------------------------------------------------------------ what it costs
def polls_in(calendar: Calendar, month: date) -> int:
    """How many polls the calendar makes in this day's month, to within the hour a clock change
    adds or takes."""
    return _times(calendar, month, at_least=TICK)


def monthly_transactions(calendar: Calendar, month: date) -> int:
    """The Intacct API transactions that polls with nothing new take in this day's month.

    An estimate: the hour of a clock change is left out, and so is what depends on the company and
    not on its calendar (further pages of open bills, lines of new bills, daily looks).
    """
    looks = _times(calendar, month, at_least=_HOUR)
    return polls_in(calendar, month) * PER_POLL + looks * PER_HOURLY_LOOK


def _times(calendar: Calendar, month: date, at_least: timedelta) -> int:
    """How often something happens that is done by the first poll after each `at_least`."""
    close = calendar.close_days(month)
    open_for = calendar.closes - calendar.opens
    lasting = dict.fromkeys((calendar.working, calendar.in_close, calendar.otherwise), timedelta(0))
    for day in days_of(month):
        worked = open_for if calendar.is_business_day(day) else timedelta(0)
        lasting[calendar.in_close if day in close else calendar.working] += worked
        lasting[calendar.otherwise] += _DAY - worked
    return sum(-(-time // max(interval, at_least)) for interval, time in lasting.items())


def days_of(month: date) -> Iterator[date]:
    """All days of this day's month."""
    day = month.replace(day=1)
    while day.month == month.month:
        yield day
        day += _DAY


# ------------------------------------------------------------------------ the published form
def calendar_of(body: object, place: str) -> Calendar:
    """The calendar in its published form; what it leaves out is as it is by default.

    `place` is where the form stands in the flow. Raises Refused for whatever this version does not
    know and for what cannot be, such as hours that end before they begin.
    """
    parts = ("working", "close", "intervals", "holidays", "maintenance")
    form = entries(body, place, (), parts)
    usual = Calendar()
    working = entries(form.get("working", {}), f"{place}.working", (), ("days", "from", "to"))
    close = entries(form.get("close", {}), f"{place}.close", (), ("last", "first"))
    intervals = f"{place}.intervals"
    every = entries(form.get("intervals", {}), intervals, (), ("working", "close", "otherwise"))
    opens = _clock(working.get("from", "07:00"), f"{place}.working.from")
    closes = _clock(working.get("to", "19:00"), f"{place}.working.to")
    if opens >= closes:
        raise Refused(f"{place}.working", "`from` must be earlier in the day than `to`")
    return Calendar(
        days=_weekdays(working.get("days", list(WEEKDAYS[:5])), f"{place}.working.days"),
        opens=opens,
        closes=closes,
        close_last=whole(close.get("last", usual.close_last), f"{place}.close.last", 0, 31),
        close_first=whole(close.get("first", usual.close_first), f"{place}.close.first", 0, 31),
        working=_interval(every, "working", intervals, usual.working),
        in_close=_interval(every, "close", intervals, usual.in_close),
        otherwise=_interval(every, "otherwise", intervals, usual.otherwise),
        holidays=frozenset(_each(form.get("holidays", []), f"{place}.holidays", _date)),
        maintenance=tuple(_each(form.get("maintenance", []), f"{place}.maintenance", _window)),
    )


def _each(value: object, place: str, read: Callable[[object, str], _T]) -> Iterator[_T]:
    for number, item in enumerate(items(value, place), start=1):
        yield read(item, f"{place}[{number}]")


def _weekdays(value: object, place: str) -> frozenset[int]:
    found = frozenset(WEEKDAYS.index(word(day, place, WEEKDAYS)) for day in items(value, place))
    if not found:
        raise Refused(place, "names no day")
    return found


_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


def _clock(value: object, place: str) -> timedelta:
    if value == "24:00":
        return _DAY
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Refused(place, f"{shown(value)} is no time of day such as 07:00")
    return timedelta(hours=int(match[1]), minutes=int(match[2]))


def _interval(body: Mapping[str, Any], key: str, place: str, usual: timedelta) -> timedelta:
    if key not in body:
        return usual
    seconds = whole(body[key], f"{place}.{key}", TICK // _SECOND, LONGEST_INTERVAL // _SECOND)
    interval = timedelta(seconds=seconds)
    if interval % TICK:
        raise Refused(f"{place}.{key}", "must be whole minutes: companies are due on the minute")
    return interval


_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _date(value: object, place: str) -> date:
    reason = f"{shown(value)} is no date such as 2026-12-25"
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise Refused(place, reason)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Refused(place, reason) from error


def _window(value: object, place: str) -> Maintenance:
    body = entries(value, place, ("from", "to"))
    start, end = (_instant(body[key], f"{place}.{key}") for key in ("from", "to"))
    if start >= end:
        raise Refused(place, "`from` must be earlier than `to`")
    if end - start > LONGEST_MAINTENANCE:
        raise Refused(place, f"is longer than {LONGEST_MAINTENANCE.days} days")
    return Maintenance(start, end)


def _instant(value: object, place: str) -> datetime:
    reason = f"{shown(value)} is no instant with its offset such as 2026-11-21T22:00:00-06:00"
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
        if instant is None or instant.tzinfo is None:
            raise Refused(place, reason)
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(place, reason) from error
