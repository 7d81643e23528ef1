"""What polling costs, and which share of the smallest tier that is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cli.fit.allowance import TIER_1, expect
from ml_connector.domain.calendars import Calendar, monthly_transactions, polls_in

MONTH = date(2026, 11, 1)


@pytest.mark.parametrize("month", range(1, 13))
def test_an_ordinary_company_takes_about_a_quarter_of_tier_1(month: int) -> None:
    assert 0.2 < expect(date(2026, month, 1), open_bills=40, new_bills=300).share < 0.3


@pytest.mark.parametrize(("open_bills", "pages"), [(0, 0), (2000, 0), (2001, 1), (10_000, 4)])
def test_each_further_page_of_open_bills_costs_one_in_every_poll(
    open_bills: int, pages: int
) -> None:
    more = expect(MONTH, open_bills, 0).total - expect(MONTH, 0, 0).total
    assert more == pages * polls_in(Calendar(), MONTH)


def test_a_company_with_nothing_new_costs_its_calendar_and_the_daily_looks() -> None:
    assert expect(MONTH, 0, 0).total == monthly_transactions(Calendar(), MONTH) + 30 * 16


def test_another_calendar_costs_what_that_calendar_costs() -> None:
    seldom = Calendar(working=timedelta(hours=1), in_close=timedelta(hours=1))
    saved = expect(MONTH, 0, 0).total - expect(MONTH, 0, 0, seldom).total
    assert saved == monthly_transactions(Calendar(), MONTH) - monthly_transactions(seldom, MONTH)
    assert saved > 10_000


def test_the_total_is_what_its_lines_add_up_to() -> None:
    allowance = expect(MONTH, 100, 50)
    assert allowance.total == sum(item.transactions for item in allowance.items)
    assert allowance.share == allowance.total / TIER_1
