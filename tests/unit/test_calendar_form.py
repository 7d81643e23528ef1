"""Calendars in their published form: read whole, or refused with place and reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ml_connector.domain.calendars import Calendar, Maintenance, calendar_of
from ml_connector.domain.form import Refused

PLACE = "companies.acme.calendar"
MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_what_the_form_leaves_out_is_as_by_default() -> None:
    assert calendar_of({}, PLACE) == Calendar()
    some = calendar_of({"close": {"first": 3}, "working": {"to": "18:00"}}, PLACE)
    assert some == Calendar(close_first=3, closes=timedelta(hours=18))


def test_the_whole_form_is_read() -> None:
    calendar = calendar_of(
        {
            "working": {"days": ["sun", "mon"], "from": "06:30", "to": "24:00"},
            "close": {"last": 3, "first": 0},
            "intervals": {"working": 180, "close": 60, "otherwise": 86400},
            "holidays": ["2026-12-25", "2027-01-01"],
            "maintenance": [
                {"from": "2026-11-21T16:00:00-06:00", "to": "2026-11-22T04:00:00Z"},
                {"from": "2026-11-22T03:00:00+00:00", "to": "2026-11-22T12:00+06:00"},
            ],
        },
        PLACE,
    )
    assert calendar == Calendar(
        days=frozenset({6, 0}),
        opens=timedelta(hours=6, minutes=30),
        closes=timedelta(hours=24),
        close_last=3,
        close_first=0,
        working=3 * MINUTE,
        in_close=MINUTE,
        otherwise=timedelta(days=1),
        holidays=frozenset({date(2026, 12, 25), date(2027, 1, 1)}),
        maintenance=(
            Maintenance(utc("2026-11-21T22:00"), utc("2026-11-22T04:00")),
            Maintenance(utc("2026-11-22T03:00"), utc("2026-11-22T06:00")),
        ),
    )


def slot(start: object, end: object) -> dict[str, Any]:
    return {"maintenance": [{"from": start, "to": end}]}


@pytest.mark.parametrize(
    ("body", "place", "reason"),
    [
        (None, "", "must be an object"),
        ([], "", "must be an object"),
        ({"hours": {}}, "", "unknown key 'hours'"),
        ({"working": {"until": "19:00"}}, ".working", "unknown key 'until'"),
        ({"working": {"days": []}}, ".working.days", "names no day"),
        ({"working": {"days": ["Monday"]}}, ".working.days", "'Monday' is not one of: mon, tue"),
        ({"working": {"days": "mon"}}, ".working.days", "must be a list"),
        ({"working": {"days": [0]}}, ".working.days", "must be text"),
        ({"working": {"from": "7:00"}}, ".working.from", "'7:00' is no time of day"),
        ({"working": {"from": "24:00"}}, ".working", "`from` must be earlier"),
        ({"working": {"to": "24:01"}}, ".working.to", "no time of day"),
        ({"working": {"to": 1140}}, ".working.to", "no time of day"),
        ({"working": {"to": "07:00"}}, ".working", "`from` must be earlier"),
        ({"working": {"from": "20:00"}}, ".working", "`from` must be earlier"),
        ({"close": {"last": -1}}, ".close.last", "not from 0 to 31"),
        ({"close": {"first": 32}}, ".close.first", "not from 0 to 31"),
        ({"close": {"first": True}}, ".close.first", "whole number"),
        ({"close": {"first": 1.0}}, ".close.first", "whole number"),
        ({"intervals": {"working": 0}}, ".intervals.working", "not from 60 to 86400"),
        ({"intervals": {"close": -60}}, ".intervals.close", "not from 60 to 86400"),
        ({"intervals": {"otherwise": 86460}}, ".intervals.otherwise", "not from 60 to 86400"),
        ({"intervals": {"working": 90}}, ".intervals.working", "whole minutes"),
        ({"intervals": {"working": "120"}}, ".intervals.working", "whole number"),
        ({"intervals": {"night": 60}}, ".intervals", "unknown key 'night'"),
        ({"holidays": "2026-12-25"}, ".holidays", "must be a list"),
        ({"holidays": ["2026-12-25", "2026-02-29"]}, ".holidays[2]", "no date such as"),
        ({"holidays": ["20261225"]}, ".holidays[1]", "no date such as"),
        ({"holidays": [20261225]}, ".holidays[1]", "no date such as"),
        ({"maintenance": {}}, ".maintenance", "must be a list"),
        ({"maintenance": [{"from": "2026-11-21T22:00:00Z"}]}, ".maintenance[1]", "'to' is missing"),
        (slot("2026-11-21T22:00:00", "2026-11-22T04:00:00Z"), ".maintenance[1].from", "its offset"),
        (slot("2026-11-21T22:00:00Z", "2026-11-31T04:00:00Z"), ".maintenance[1].to", "no instant"),
        (slot("2026-11-21T22:00:00Z", None), ".maintenance[1].to", "no instant"),
        (slot("0001-01-01T00:00:00+14:00", "0001-01-02T00:00:00Z"), ".maintenance[1].from", "no i"),
        (slot("2026-11-21T22:00Z", "2026-11-21T16:00-06:00"), ".maintenance[1]", "earlier than"),
        (slot("2026-11-21T22:00Z", "2026-11-28T22:01Z"), ".maintenance[1]", "longer than 7 days"),
    ],
)
def test_what_is_unknown_or_cannot_be_is_refused_with_place_and_reason(
    body: object, place: str, reason: str
) -> None:
    with pytest.raises(Refused) as refused:
        calendar_of(body, PLACE)
    assert refused.value.place == f"{PLACE}{place}"
    assert reason in refused.value.reason
