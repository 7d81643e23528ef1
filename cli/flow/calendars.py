"""A company's calendar as people write it. What a calendar may be is for the domain to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, model_validator

from ml_connector.domain.calendars import LONGEST_INTERVAL, TICK, Calendar, calendar_of
from ml_connector.domain.form import Refused
from ml_connector.domain.hours import WEEKDAYS
from ml_connector.domain.sentences import duration

from .days_off import Holidays, dates_of
from .part import Part
from .values import LISTED, checked, seconds_of, unfit, words

_LONGEST = int(LONGEST_INTERVAL.total_seconds())
_TICK = int(TICK.total_seconds())


def _ask(published: Mapping[str, Any], expected: str = "") -> Calendar:
    """The calendar in its published form; refused with what was expected, or the domain's words."""
    try:
        return calendar_of(published, "calendar")
    except Refused as error:
        raise unfit(expected or f"something else: {error.reason}") from error


def _by(place: Callable[[Any], Mapping[str, Any]], expected: str) -> Callable[[Any], Any]:
    """A validator that asks the domain for one value; `place` puts it where it belongs."""

    def check(value: object) -> object:
        _ask(place(value), expected)
        return value

    return check


def _interval(value: object) -> int:
    seconds = seconds_of(value)
    if seconds % _TICK or not _TICK <= seconds <= _LONGEST:
        raise unfit("whole minutes from 1m to 1d, such as 2m")
    return seconds


def _instant(value: object) -> str:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise unfit("an instant with its offset, such as 2026-11-21T22:00:00-06:00")
    return instant.astimezone(UTC).isoformat()


_CLOCK = "a time of day such as 07:00"
_CLOCK_SCHEMA = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"}

Opens = Annotated[
    str,
    *checked(_by(lambda v: {"working": {"from": v, "to": "24:00"}}, _CLOCK), **_CLOCK_SCHEMA),
]
Closes = Annotated[
    str,
    *checked(_by(lambda v: {"working": {"from": "00:00", "to": v}}, _CLOCK), **_CLOCK_SCHEMA),
]
Days = Annotated[
    int,
    *checked(
        _by(lambda v: {"close": {"last": v}}, "a number of business days from 0 to 31"),
        type="integer",
        minimum=0,
        maximum=31,
    ),
]
Interval = Annotated[int, *checked(_interval, type="string", pattern="^[1-9][0-9]*[smhd]$")]
Instant = Annotated[str, *checked(_instant, type="string", format="date-time")]
Weekday = Annotated[str, *words(*WEEKDAYS)]


class HoursIs(Part):
    """When the company works, on its own clock."""

    days: Annotated[
        Annotated[list[Weekday], *LISTED],
        Field(
            default_factory=lambda: list(WEEKDAYS[:5]), description="By default Monday to Friday"
        ),
    ]
    from_: Annotated[Opens, Field(alias="from", description="By default 07:00")] = "07:00"
    to: Annotated[Closes, Field(description="By default 19:00")] = "19:00"

    @model_validator(mode="after")
    def _ends_later(self) -> HoursIs:
        _ask({"working": {"from": self.from_, "to": self.to}}, "`from` earlier than `to`")
        return self


class CloseIs(Part):
    """The business days of a month on which the books are closed."""

    last: Annotated[Days, Field(description="Of the end of a month; by default 2")] = 2
    first: Annotated[Days, Field(description="Of the start of a month; by default 5")] = 5


class IntervalsIs(Part):
    """How often the company is polled."""

    working: Annotated[Interval, Field(description="In working hours; by default 2m")] = 120
    close: Annotated[Interval, Field(description="While the books are closed; by default 1m")] = 60
    otherwise: Annotated[Interval, Field(description="At all other times; by default 15m")] = 900


class MaintenanceIs(Part):
    """A time in which Intacct is expected to fail."""

    from_: Annotated[Instant, Field(alias="from", description="the first instant of it")]
    to: Annotated[Instant, Field(description="the first instant after it")]

    @model_validator(mode="after")
    def _is_a_time(self) -> MaintenanceIs:
        _ask({"maintenance": [self.published]})
        return self

    @property
    def published(self) -> dict[str, Any]:
        """As functions read it."""
        return {"from": self.from_, "to": self.to}


class CalendarIs(Part):
    """When a company is polled, and how often."""

    working: Annotated[
        HoursIs, Field(default_factory=HoursIs, description="Working days and hours")
    ]
    close: Annotated[CloseIs, Field(default_factory=CloseIs, description="The close window")]
    intervals: Annotated[
        IntervalsIs, Field(default_factory=IntervalsIs, description="How often to poll")
    ]
    holidays: Annotated[
        Holidays,
        Field(
            default_factory=list,
            description="Days on which nobody works: dates, a country such as US or US-TX, or both",
        ),
    ]
    maintenance: Annotated[
        list[MaintenanceIs],
        Field(default_factory=list, description="Times in which failing polls alarm nobody"),
    ]

    @property
    def published(self) -> dict[str, Any]:
        """As functions read it, with nothing left to their defaults."""
        return {
            "working": {
                "days": sorted(set(self.working.days), key=WEEKDAYS.index),
                "from": self.working.from_,
                "to": self.working.to,
            },
            "close": {"last": self.close.last, "first": self.close.first},
            "intervals": {
                "working": self.intervals.working,
                "close": self.intervals.close,
                "otherwise": self.intervals.otherwise,
            },
            "holidays": dates_of(self.holidays),
            "maintenance": [window.published for window in self.maintenance],
        }


def spoken(calendar: Calendar) -> str:
    """A calendar in words: when the company is looked at, and how often."""
    names = [WEEKDAYS[day].title() for day in sorted(calendar.days)]
    in_a_row = max(calendar.days) - min(calendar.days) == len(names) - 1
    days = f"{names[0]}-{names[-1]}" if in_a_row and len(names) > 1 else ", ".join(names)
    said = (
        f"looked at every {duration(calendar.working)} {days} {_clock(calendar.opens)}-"
        f"{_clock(calendar.closes)}, every {duration(calendar.in_close)} on the last "
        f"{calendar.close_last} and first {calendar.close_first} business days of a month, every "
        f"{duration(calendar.otherwise)} otherwise"
    )
    if calendar.holidays:
        said += f"; holidays {', '.join(map(str, sorted(calendar.holidays)))}"
    for window in calendar.maintenance:
        said += (
            f"; maintenance from {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC"
        )
    return said


def _clock(since_midnight: timedelta) -> str:
    minutes = since_midnight // timedelta(minutes=1)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
