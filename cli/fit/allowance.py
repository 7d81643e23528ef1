"""What polling costs in API transactions, and which share of Intacct's smallest tier that is.

The calendar: every 2 minutes on working days from 7 to 19, every minute then in the close window
(the last two and the first five business days of a month), every 15 minutes otherwise. Business
days are Mondays to Fridays; holidays, which would save a little, are not known here.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

#: API transactions a month in Intacct's performance tier 1.
TIER_1 = 100_000

DAYTIME_HOURS = 12
DAYTIME_MINUTES, CLOSE_MINUTES, OTHER_MINUTES = 2, 1, 15
CLOSE_LAST, CLOSE_FIRST = 2, 5

#: What one poll with nothing new asks: waiting and changed bills, and payments.
PER_POLL = 2
#: Open bills in one page; each further page is one more.
PAGE = 2_000
#: Once an hour: a longer look back, and payments that cleared.
PER_HOUR = 2
#: Once a day: fields of each object, preferences, vendors and departments.
PER_DAY = 16

_SATURDAY = 5
_HOUR = 60
_DAY_HOURS = 24


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the bill: what it is for, and transactions a month."""

    what: str
    transactions: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a month costs."""

    items: tuple[Item, ...]

    @property
    def total(self) -> int:
        """Transactions a month."""
        return sum(item.transactions for item in self.items)

    @property
    def share(self) -> float:
        """Of tier 1; 1.0 is all of it."""
        return self.total / TIER_1


def expect(month: date, open_bills: int, new_bills: int) -> Allowance:
    """What the month of this day costs, with so many open bills and so many new ones in it."""
    days = calendar.monthrange(month.year, month.month)[1]
    polls = polls_in(month)
    pages = max(0, -(-open_bills // PAGE) - 1)
    hours = days * _DAY_HOURS
    items = (
        Item(f"{polls:,} polls, {PER_POLL} each", polls * PER_POLL),
        Item(f"{pages} further page(s) of open bills in each poll", polls * pages),
        Item("lines of new bills, at most one read for each", new_bills),
        Item(f"{hours} hourly looks, {PER_HOUR} each", hours * PER_HOUR),
        Item(f"{days} daily looks at fields and master data, {PER_DAY} each", days * PER_DAY),
    )
    return Allowance(tuple(item for item in items if item.transactions))


def polls_in(month: date) -> int:
    """How many polls the calendar makes in the month of this day."""
    close = close_window(month)
    total = 0
    for day in _days(month):
        minutes = OTHER_MINUTES
        if day.weekday() < _SATURDAY:
            minutes = CLOSE_MINUTES if day in close else DAYTIME_MINUTES
        daytime = DAYTIME_HOURS * _HOUR // minutes
        total += daytime + (_DAY_HOURS - DAYTIME_HOURS) * _HOUR // OTHER_MINUTES
    return total


def close_window(month: date) -> frozenset[date]:
    """The business days in which books are closed: the first five and the last two."""
    business = [day for day in _days(month) if day.weekday() < _SATURDAY]
    return frozenset((*business[:CLOSE_FIRST], *business[-CLOSE_LAST:]))


def _days(month: date) -> Iterator[date]:
    for day in range(1, calendar.monthrange(month.year, month.month)[1] + 1):
        yield date(month.year, month.month, day)
