"""When a daily list goes out, and which forms of it are refused."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ml_connector.domain.approvers import Approver
from ml_connector.domain.flows import parse
from ml_connector.domain.list_hours import DailyList
from ml_connector.errors import ConfigurationError
from tests.support.flows import PUBLISHED

CHICAGO = ZoneInfo("America/Chicago")
ANN = Approver("ann", "Ann", "+15550100001", "salt")
WEEK = frozenset(range(5))


def published(**company: Any) -> dict[str, Any]:
    body = deepcopy(PUBLISHED)
    body["companies"]["acme"].update(company)
    return body


def test_a_flow_says_at_which_hour_and_on_which_days() -> None:
    flow = parse(published(daily_list={"at": "08:30", "days": ["thu", "mon"]}), 1)
    company = flow.company("acme")
    assert company
    assert company.daily_list == DailyList(time(8, 30), frozenset({0, 3}))
    assert company.daily_list.words == "at 08:30 on mon and thu"
    other = flow.company("apex")
    assert other
    assert other.daily_list is None


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ("08:00", "companies.acme.daily_list: must be an object"),
        ({}, "companies.acme.daily_list: 'at' is missing"),
        ({"at": "24:00"}, "daily_list.at: '24:00' is no time of day such as 08:00"),
        ({"at": 8}, "daily_list.at: 8 is no time of day such as 08:00"),
        ({"at": "08:00", "days": []}, "daily_list.days: names no day"),
        ({"at": "08:00", "days": ["monday"]}, "'monday' is not one of: mon"),
        ({"at": "08:00", "until": "noon"}, "unknown key 'until'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(form: Any, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match="functions keep the last good") as refused:
        parse(published(daily_list=form), 1)
    assert complaint in str(refused.value)


def test_it_is_of_a_day_from_its_hour_on_and_late_four_hours_after() -> None:
    hours = DailyList(time(8))
    before = datetime(2026, 11, 24, 13, 59, tzinfo=UTC)
    assert hours.day_at(before, CHICAGO) is None
    eight = datetime(2026, 11, 24, 14, tzinfo=UTC)
    assert hours.day_at(eight, CHICAGO) == date(2026, 11, 24)
    assert not hours.is_late(eight.replace(hour=17, minute=59), CHICAGO)
    assert hours.is_late(eight.replace(hour=18), CHICAGO)


def test_both_the_company_and_the_person_have_to_work_that_day() -> None:
    hours = DailyList(time(8))
    tuesday = date(2026, 11, 24)
    assert hours.goes_out_on(tuesday, WEEK, (), ANN)
    assert not hours.goes_out_on(date(2026, 11, 28), WEEK, (), ANN)
    assert not hours.goes_out_on(tuesday, WEEK, {tuesday}, ANN)
    assert not hours.goes_out_on(tuesday, WEEK, (), _ann(working_days=("mon",)))
    assert not hours.goes_out_on(tuesday, WEEK, (), _ann(holidays=(tuesday,)))
    assert not hours.goes_out_on(tuesday, WEEK, (), _ann(away_from=tuesday))
    assert not DailyList(time(8), frozenset({0})).goes_out_on(tuesday, WEEK, (), ANN)


def _ann(**changes: Any) -> Approver:
    return Approver("ann", "Ann", "+15550100001", "salt", **changes)
