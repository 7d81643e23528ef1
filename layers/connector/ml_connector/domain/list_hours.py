"""When the daily list of what waits goes out: a company's hour, on the wall of whoever reads it."""

from __future__ import annotations

import re
from datetime import date, datetime, time, tzinfo
from typing import TYPE_CHECKING

from .form import Refused, entries, items, shown, word
from .frozen import frozen
from .hours import WEEKDAYS
from .people import is_away

if TYPE_CHECKING:
    from collections.abc import Collection

    from .approvers import Approver

#: A list that could not be made within so many hours of its hour is left out for the day.
LASTS_HOURS = 4

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


@frozen
class DailyList:
    """From when on a day the list goes out, and on which weekdays, Monday 0.

    Without `days` those of the company's calendar count. The company's holidays never do.
    """

    at: time
    days: frozenset[int] = frozenset()

    def is_late(self, now: datetime, zone: tzinfo) -> bool:
        """Whether the day's hours for a list are over on that wall."""
        return self._passed(now, zone) >= LASTS_HOURS * 60

    def day_at(self, now: datetime, zone: tzinfo) -> date | None:
        """The day whose list may go out at this instant on that wall, or could have; else None."""
        return now.astimezone(zone).date() if self._passed(now, zone) >= 0 else None

    def _passed(self, now: datetime, zone: tzinfo) -> int:
        """Minutes that the wall is past the hour. One it leaves out comes with what follows it."""
        local = now.astimezone(zone)
        return (local.hour - self.at.hour) * 60 + local.minute - self.at.minute

    def goes_out_on(
        self, day: date, working: Collection[int], holidays: Collection[date], person: Approver
    ) -> bool:
        """Whether the person gets a list on that day: the company and they both work.

        `working` and `holidays` are the company's. ValueError for hours of a person in no form
        there is.
        """
        if day.weekday() not in (self.days or working) or day in holidays or is_away(person, day):
            return False
        hours = person.hours
        return day.weekday() in hours.days and day not in hours.holidays

    @property
    def words(self) -> str:
        """`at 08:00`, `at 08:00 on mon and thu`."""
        named = " and ".join(WEEKDAYS[day] for day in sorted(self.days))
        return f"at {self.at:%H:%M}{f' on {named}' if named else ''}"


def daily_list_of(body: object, place: str) -> DailyList:
    """The daily list in its published form, `{"at": "08:00", "days": ["mon"]}`. Raises Refused."""
    form = entries(body, place, {"at"}, {"days"})
    clock = form["at"]
    found = _CLOCK.fullmatch(clock) if isinstance(clock, str) else None
    if found is None:
        raise Refused(f"{place}.at", f"{shown(clock)} is no time of day such as 08:00")
    days: frozenset[int] = frozenset()
    if "days" in form:
        named = items(form["days"], f"{place}.days")
        days = frozenset(WEEKDAYS.index(word(day, f"{place}.days", WEEKDAYS)) for day in named)
        if not days:
            raise Refused(f"{place}.days", "names no day")
    return DailyList(time(int(found[1]), int(found[2])), days)
