"""A week's figures out of what is stored, and the mail that says them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.cases import Case, CaseState
from ml_connector.domain.dispatches import Dispatch, DispatchState, Member
from ml_connector.domain.documents import Document, first_seen
from ml_connector.domain.money import Money
from ml_connector.domain.summaries import Figures, figures_of, week_before
from ml_connector.domain.summary_text import summary_mail, summary_subject, took
from tests.support.bills import a_bill

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 30, 14, tzinfo=UTC)
WEEK = week_before(NOW, CHICAGO)


def a_case(name: str, hours: float, reason: str = "bill.approved", end: datetime = NOW) -> Case:
    ended = min(end, WEEK.end - timedelta(hours=1))
    return Case(
        id=name,
        company="acme",
        document=f"bill#{name}",
        kind="bill.submitted",
        round=1,
        state=CaseState.HANDLED,
        opened_at=ended - timedelta(hours=hours),
        expires_at=NOW,
        rule="all",
        flow_version=1,
        head=ChainHead(),
        ended_at=ended,
        end_reason=reason,
    )


def a_dispatch(name: str, person: str = "ann", **changes: object) -> Dispatch:
    sent = WEEK.start + timedelta(days=2)
    made = Dispatch(
        id=name,
        company="acme",
        channel="sms",
        recipient=person,
        members=(Member("1", name),),
        text="",
        reference="K7F2",
        validity_seconds=60,
        created_at=sent,
        due_at=sent,
        look_at=None,
        state=DispatchState.DELIVERED,
        sid=f"SM{name}",
        sent_at=sent,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def a_document(name: str, vendor: str = "Baker Steel") -> Document:
    document = first_seen("acme", a_bill(name, modified=NOW - timedelta(days=3)), NOW)
    return replace(document, vendor_name=vendor, number=name)


def figures(*, dispatches: tuple[Dispatch, ...] = (), cases: tuple[Case, ...] = ()) -> Figures:
    known = {one.document: a_document(one.id) for one in cases}
    return figures_of(WEEK, dispatches, [(one, ("ann",)) for one in cases], known, [])


def test_a_week_is_from_monday_to_sunday_on_the_companys_wall() -> None:
    assert (WEEK.name, WEEK.first) == ("2026-W48", date(2026, 11, 23))
    assert WEEK.start == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert WEEK.end == datetime(2026, 11, 30, 6, tzinfo=UTC)
    sunday_night = datetime(2026, 11, 30, 5, 59, tzinfo=UTC)
    assert week_before(sunday_night, CHICAGO).name == "2026-W47"
    assert week_before(sunday_night, ZoneInfo("Asia/Tokyo")).name == "2026-W48"


def test_the_median_and_the_slowest_are_of_what_was_approved_in_the_week() -> None:
    found = figures(
        cases=(
            a_case("1", 1),
            a_case("2", 30),
            a_case("3", 5),
            a_case("4", 99, "bill.declined"),
            a_case("5", 99, end=WEEK.start - timedelta(hours=1)),
        )
    )
    assert found.approvals == 3
    assert found.to_approval == timedelta(hours=5)
    assert [one.case.id for one in found.slowest] == ["2", "3", "1"]


def test_what_was_sent_is_counted_by_person_and_by_what_became_of_it() -> None:
    found = figures(
        dispatches=(
            a_dispatch("1", price=Decimal("-0.0079"), price_unit="USD"),
            a_dispatch("2", state=DispatchState.UNDELIVERED, members=(Member("1", "a"),) * 2),
            a_dispatch("3", "bob", channel="voice", state=DispatchState.MACHINE),
            a_dispatch("4", sid=""),
            a_dispatch("5", sent_at=WEEK.end),
        )
    )
    assert [(x.person, x.texts, x.calls, x.alerts) for x in found.told] == [
        ("ann", 2, 0, 3),
        ("bob", 0, 1, 1),
    ]
    assert (found.texts, found.calls) == (2, 1)
    assert (found.not_arrived, found.not_taken) == (1, 1)
    assert found.cost == (Money(Decimal("0.0079"), "USD"),)
    assert found.unpriced == 2


def test_the_mail_of_a_quiet_week_says_so() -> None:
    text = summary_mail("Acme AP", WEEK, figures(), NOW, CHICAGO)
    assert "Approved: nothing that anybody was told of." in text
    assert "Still waiting: nothing." in text
    assert "Cost, as Twilio billed it: nothing known." in text


def test_what_was_cut_is_said() -> None:
    text = summary_mail("Acme AP", WEEK, replace(figures(), cut=True), NOW, CHICAGO)
    assert "everything above is at least so much" in text


def test_hostile_names_bring_no_link_and_no_line() -> None:
    document = a_document("1", "pay.example.com\nTold, by person:")
    found = figures_of(WEEK, [], [(a_case("1", 1), ())], {"bill#1": document}, [document])
    text = summary_mail("Acme\nAP", WEEK, found, NOW, CHICAGO)
    assert "pay.example.com" not in text
    assert "\nTold, by person:" not in text
    assert text.startswith("Acme AP, ")


@pytest.mark.parametrize("name", ["Acme AP", "Ä" * 200, "", "A" * 200, "a\nb"])
def test_a_subject_is_one_that_sns_takes(name: str) -> None:
    subject = summary_subject(name, WEEK)
    assert subject.isascii()
    assert subject.isprintable()
    assert 0 < len(subject) <= 100
    assert subject.endswith(": approvals in the week of Nov 23")
    assert not subject.startswith((" ", ":"))


def test_times_are_said_as_people_say_them() -> None:
    said = [took(timedelta(minutes=m)) for m in (-5, 7, 245, 3060)]
    assert said == ["0 min", "7 min", "4 h 5 min", "2 d 3 h"]
