"""Holidays by country: in a company's calendar, in the approvers' file, and when they run out."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cli import holidays
from cli.console.failures import Failure
from cli.files.flow_file import read_flow
from cli.files.people_file import parse_people, read_people, write_people
from cli.flow.problems import Wrong
from cli.holidays import NoSuchPlace, Place, days_of, known_place, place, running_out
from cli.people_plan import Effect, plan, remaining
from ml_connector.domain.approvers import Approver
from ml_connector.domain.flows import Flow, parse

FLOW = """\
schema: 1
companies:
  acme:
    name: Acme AP
    zone: America/Chicago
    calendar: {{holidays: {written}}}
default_approver: cho
rules:
  - name: all
    on: [bill.submitted, bill.partially_approved]
    notify: [{{sms: {{to: approver}}}}]
"""
HEADING = "id,name,phone,holidays\n"
TEXAS = "2026-03-02"
"""Texas Independence Day, which the other states do not have."""


@pytest.fixture(autouse=True)
def of_2026(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("cli.holidays", "cli.flow.days_off", "cli.files.people_cells"):
        monkeypatch.setattr(f"{module}.this_year", lambda: 2026)


def published(written: str, folder: Path) -> list[str]:
    path = folder / "flow.yaml"
    path.write_text(FLOW.format(written=written))
    days: list[str] = read_flow(path).body["companies"]["acme"]["calendar"]["holidays"]
    return days


# ------------------------------------------------------------------------------ a country's
def test_a_country_stands_for_this_year_and_the_next_two() -> None:
    days = days_of(Place("US"), 2026)
    assert {day.year for day in days} == {2026, 2027, 2028}
    assert {date(2026, 7, 3), date(2026, 11, 26), date(2027, 1, 1), date(2028, 12, 25)} <= days
    assert date.fromisoformat(TEXAS) not in days


def test_a_part_of_a_country_has_its_own_as_well() -> None:
    assert date.fromisoformat(TEXAS) in days_of(Place("US", "TX"), 2026)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("USA", "'US'"),
        ("UK", "'GB'"),
        ("United States", "'US'"),
        ("Germani", "'DE'"),
        ("us", "'US'"),
        ("US-TXX", "'TX'"),
        ("DE-By", "'BY'"),
        ("UX-TX", "'US-TX'"),
        ("USA-TX", "'US-TX'"),
        ("us-tx", "'US-TX'"),
        ("UK-ENG", "'GB-ENG'"),
        ("Germany-BY", "'DE-BY'"),
    ],
)
def test_what_nobody_knows_is_refused_with_the_nearest_known(written: str, expected: str) -> None:
    with pytest.raises(NoSuchPlace, match=f"did you mean {expected}"):
        place(written)


@pytest.mark.parametrize("written", ["UX", "DX-QQ", "QQQQ-TX", ""])
def test_where_many_are_as_near_or_none_is_nothing_is_suggested(written: str) -> None:
    with pytest.raises(NoSuchPlace) as refused:
        place(written)
    assert str(refused.value) == "a country by its two letters, such as US"


def test_a_country_without_parts_says_so() -> None:
    with pytest.raises(NoSuchPlace, match="MX alone"):
        known_place("MX", "JAL")


def test_the_library_is_loaded_only_where_a_country_is_named() -> None:
    code = (
        "import sys, cli.main, cli.files.people_cells as cells\n"
        "cells.holidays('2026-12-24')\n"
        "assert 'holidays' not in sys.modules\n"
        "cells.holidays('US')\n"
        "assert 'holidays' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---------------------------------------------------------------------------------- in a flow
def test_dates_are_published_as_they_stand(tmp_path: Path) -> None:
    assert published("[2027-01-01, 2026-12-25]", tmp_path) == ["2026-12-25", "2027-01-01"]
    assert published("2026-12-25", tmp_path) == ["2026-12-25"]


@pytest.mark.parametrize("written", ["US-TX", "[US-TX]", "{country: US, subdivision: TX}"])
def test_a_country_is_published_as_plain_dates(written: str, tmp_path: Path) -> None:
    days = published(written, tmp_path)
    assert days == sorted(day.isoformat() for day in days_of(Place("US", "TX"), 2026))


def test_days_more_and_days_less(tmp_path: Path) -> None:
    usual = set(published("US", tmp_path))
    written = "{country: US, also: 2026-12-24, except: [2026-11-11, 2026-10-12]}"
    assert set(published(written, tmp_path)) == (usual | {"2026-12-24"}) - {
        "2026-11-11",
        "2026-10-12",
    }
    assert set(published("[US, 2026-12-24]", tmp_path)) == usual | {"2026-12-24"}


@pytest.mark.parametrize(
    ("written", "place", "expected"),
    [
        ("USA", "holidays", "a country by its two letters, such as US; did you mean 'US'?"),
        ("[2026-12-25, UK]", "holidays[2]", "did you mean 'GB'?"),
        ("UX-TX", "holidays", "did you mean 'US-TX'?"),
        ("[2026-02-30]", "holidays[1]", "a date such as 2026-12-25"),
        ("{country: USA}", "holidays.country", "did you mean 'US'?"),
        ("{country: US, subdivision: TXX}", "holidays", "did you mean 'TX'?"),
        ("{subdivision: TX}", "holidays", "'country': the country, by its ISO 3166 code"),
        ("{country: US, also: [2026-13-01]}", "holidays.also[1]", "a date such as 2026-12-25"),
        (
            "{country: US, but: [2026-12-24]}",
            "holidays.but",
            "country, subdivision, also or except",
        ),
        ("[]", "holidays", "at least one entry"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(
    written: str, place: str, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(Wrong) as wrong:
        published(written, tmp_path)
    (problem,) = wrong.value.problems
    assert (problem.line, problem.path) == (6, f"companies.acme.calendar.{place}")
    assert expected in problem.expected


# --------------------------------------------------------------------------- of the approvers
def rows(cell: str) -> Any:
    found, wrong = parse_people(f"{HEADING}ann,Ann Approver,+15550100001,{cell}\n")
    assert wrong == []
    return found[0]


def test_a_country_in_the_approvers_file_stands_for_its_dates() -> None:
    row = rows("US-TX;2026-12-23;-2026-11-27")
    usual = days_of(Place("US", "TX"), 2026)
    assert set(row.holidays) == (usual | {date(2026, 12, 23)}) - {date(2026, 11, 27)}
    assert row.holidays_as == "US-TX;2026-12-23;-2026-11-27"


def test_an_unknown_country_is_refused_with_line_and_column() -> None:
    _, (wrong,) = parse_people(f"{HEADING}ann,Ann Approver,+15550100001,USA\n")
    assert (wrong.line, wrong.column) == (2, "holidays")
    assert "did you mean 'US'?" in wrong.expected


@pytest.mark.parametrize("cell", ["US", "US-TX;2026-12-23", "2026-12-23;2026-12-28", ""])
def test_what_was_written_goes_out_as_it_came_in(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "approvers.csv"
    path.write_text(f"{HEADING}ann,Ann Approver,+15550100001,{cell}\n")
    (person,) = remaining([], plan(read_people(path), []))
    text = write_people([person])
    assert text.splitlines()[1].split(",")[-2] == cell
    path.write_text(text)
    (again,) = plan(read_people(path), [person])
    assert again.effect is Effect.UNCHANGED


def test_a_later_import_brings_the_dates_of_a_later_year(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "approvers.csv"
    path.write_text(f"{HEADING}ann,Ann Approver,+15550100001,US\n")
    (person,) = remaining([], plan(read_people(path), []))
    monkeypatch.setattr("cli.files.people_cells.this_year", lambda: 2027)
    (planned,) = plan(read_people(path), [person])
    assert planned.fields == ("holidays",)
    assert max(planned.after.holidays).year == 2029


def test_a_bad_country_imports_nobody(tmp_path: Path) -> None:
    path = tmp_path / "approvers.csv"
    path.write_text(f"{HEADING}ann,Ann,+15550100001,US\nbob,Bob,+15550100002,XX\n")
    with pytest.raises(Failure, match="nothing was imported"):
        read_people(path)


# -------------------------------------------------------------------------------- running out
def flow_with(*days: str) -> Flow:
    company = {"name": "Acme AP", "zone": "UTC", "calendar": {"holidays": list(days)}}
    told = {"name": "all", "on": ["bill.submitted"], "notify": [{"sms": {"to": "ann"}}]}
    return parse({"schema": 1, "companies": {"acme": company}, "rules": [told]}, 1)


@pytest.mark.parametrize(("today", "warned"), [("2028-10-26", 0), ("2028-10-27", 1)])
def test_sixty_days_before_the_last_holiday_somebody_is_told(today: str, warned: int) -> None:
    said = running_out(flow_with("2026-12-25", "2028-12-25"), (), date.fromisoformat(today))
    assert len(said) == warned
    assert all("acme: the last holiday known is 2028-12-25" in line for line in said)


def test_who_has_no_holidays_is_told_nothing() -> None:
    assert running_out(flow_with(), (), date(2030, 1, 1)) == []


def test_people_whose_country_runs_out_are_named_and_those_of_dates_are_not() -> None:
    days = (date(2028, 12, 25),)
    people = [
        Approver("ann", "Ann", "", salt="s", holidays=days, holidays_as="US"),
        Approver("bob", "Bob", "", salt="s", holidays=days),
        Approver("cho", "Cho", "", salt="s", holidays=days, holidays_as="US", active=False),
    ]
    (said,) = running_out(flow_with(), people, date(2028, 12, 1))
    assert "of ann is near; import the approvers' file again" in said


def test_the_years_are_those_from_now_on() -> None:
    assert holidays.YEARS == 3
