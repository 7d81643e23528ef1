"""The date filters of Twilio's lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sandbox.twilio.wire import read_time

if TYPE_CHECKING:
    from sandbox.twilio.wire import ApiRequest


@dataclass(frozen=True, slots=True)
class DateFilter:
    """A name such as `DateSent`: exact day, `<` and `>`, all inclusive.

    What has not happened has no date: a date filter leaves it out. Twilio does not document
    this case; leaving it out is the harder reading for a client that reconciles.
    """

    earliest: datetime | None = None
    before: datetime | None = None
    last: datetime | None = None

    def admits(self, moment: datetime | None) -> bool:
        """Whether something of that date is on the list; whole seconds count, as on the wire."""
        if self.earliest is None and self.before is None and self.last is None:
            return True
        if moment is None:
            return False
        second = moment.replace(microsecond=0)
        return (
            (self.earliest is None or second >= self.earliest)
            and (self.before is None or second < self.before)
            and (self.last is None or second <= self.last)
        )


def date_filter(request: ApiRequest, name: str) -> DateFilter:
    """Read `name`, `name>` and `name<` of a query; a bad date is error 20001."""
    earliest = before = last = None
    if exact := request.param(name):
        day = read_time(exact).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        earliest, before = day, day + timedelta(days=1)
    if since := request.param(f"{name}>"):
        earliest = max(read_time(since), earliest) if earliest else read_time(since)
    if until := request.param(f"{name}<"):
        last = read_time(until)
    return DateFilter(earliest, before, last)
