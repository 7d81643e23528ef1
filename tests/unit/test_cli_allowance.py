"""What polling costs, against a count of minute after minute."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from cli.fit.allowance import TIER_1, close_window, expect, polls_in


def business_days(year: int, month: int) -> list[date]:
    day, found = date(year, month, 1), []
    while day.month == month:
        if day.isoweekday() <= 5:
            found.append(day)
        day += timedelta(days=1)
    return found


def counted(year: int, month: int) -> int:
    """Every minute of the month asked whether it is one that polls."""
    business = business_days(year, month)
    close = business[:5] + business[-2:]
    moment, polls = datetime(year, month, 1), 0  # noqa: DTZ001 - the company's own clock
    while moment.month == month:
        daytime = 7 <= moment.hour < 19
        every = 15
        if daytime and moment.date() in business:
            every = 1 if moment.date() in close else 2
        polls += moment.minute % every == 0
        moment += timedelta(minutes=1)
    return polls


@pytest.mark.parametrize(("year", "month"), [(2026, 2), (2026, 11), (2028, 2), (2026, 12)])
def test_polls_are_as_many_as_the_calendar_has(year: int, month: int) -> None:
    assert polls_in(date(year, month, 17)) == counted(year, month)


def test_the_close_window_is_the_first_five_and_last_two_business_days() -> None:
    days = sorted(day.day for day in close_window(date(2026, 11, 10)))
    assert days == [2, 3, 4, 5, 6, 27, 30]


@pytest.mark.parametrize("month", range(1, 13))
def test_an_ordinary_company_takes_about_a_quarter_of_tier_1(month: int) -> None:
    assert 0.2 < expect(date(2026, month, 1), open_bills=40, new_bills=300).share < 0.3


@pytest.mark.parametrize(("open_bills", "pages"), [(0, 0), (2000, 0), (2001, 1), (10_000, 4)])
def test_each_further_page_of_open_bills_costs_one_in_every_poll(
    open_bills: int, pages: int
) -> None:
    month = date(2026, 11, 1)
    more = expect(month, open_bills, 0).total - expect(month, 0, 0).total
    assert more == pages * polls_in(month)


def test_the_total_is_what_its_lines_add_up_to() -> None:
    allowance = expect(date(2026, 11, 1), 100, 50)
    assert allowance.total == sum(item.transactions for item in allowance.items)
    assert allowance.share == allowance.total / TIER_1
