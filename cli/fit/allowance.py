"""What polling costs in API transactions, and which share of Intacct's smallest tier that is.

What a calendar causes by itself is worked out where calendars are; here comes on top what depends
on the company: how many bills are open, and how many are new.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from ml_connector.domain.calendars import Calendar, monthly_transactions, polls_in

#: API transactions a month in Intacct's performance tier 1.
TIER_1 = 100_000

#: Open bills in one page; each further page is one more in every poll.
PAGE = 2_000
#: Once a day: fields of each object, preferences, vendors and departments.
PER_DAY = 16


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


def expect(
    month: date, open_bills: int, new_bills: int, calendar: Calendar | None = None
) -> Allowance:
    """What the month of this day costs, with so many open bills and so many new ones in it.

    Without a calendar it is the usual one, which knows of no holidays; they would save a little.
    """
    calendar = calendar or Calendar()
    days = monthrange(month.year, month.month)[1]
    polls = polls_in(calendar, month)
    pages = max(0, -(-open_bills // PAGE) - 1)
    items = (
        Item(
            f"{polls:,} polls, and the longer looks back once an hour",
            monthly_transactions(calendar, month),
        ),
        Item(f"{pages} further page(s) of open bills in each poll", polls * pages),
        Item("lines of new bills, at most one read for each", new_bills),
        Item(f"{days} daily looks at fields and master data, {PER_DAY} each", days * PER_DAY),
    )
    return Allowance(tuple(item for item in items if item.transactions))
