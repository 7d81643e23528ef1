"""Where companies stand, and what was sent and cost lately."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from cli.alerts.companies import CompanyStanding, sums
from cli.alerts.lately import Sent, summed
from ml_connector.domain.calendars import Calendar, Maintenance
from ml_connector.domain.documents import CompanyState
from ml_connector.domain.money import Money
from ml_connector.domain.standstill import Pause
from tests.support.bills import a_bill, a_document

CHICAGO = ZoneInfo("America/Chicago")
#: Monday noon in Chicago.
NOON = datetime(2026, 11, 16, 18, 0, tzinfo=UTC)
MINUTES = timedelta(minutes=1)
ACME = CompanyStanding(
    key="acme",
    name="Acme AP",
    zone=CHICAGO,
    calendar=Calendar(),
    state=CompanyState("acme", poll_started_at=NOON - MINUTES, poll_succeeded_at=NOON - MINUTES),
    waiting=0,
    sums=(),
    oldest=None,
    pauses=(),
    transactions=24_000,
)


def read_at(moment: datetime, error: str = "") -> CompanyStanding:
    state = CompanyState("acme", poll_started_at=moment, poll_succeeded_at=moment, last_error=error)
    return replace(ACME, state=state)


# ----------------------------------------------------------------------------------- companies
def test_a_company_read_lately_is_ok_and_read_again_when_its_calendar_says() -> None:
    assert ACME.health(NOON) == "ok"
    assert ACME.next_due(NOON) == NOON + MINUTES


def test_a_poll_that_is_overdue_is_due_now() -> None:
    assert read_at(NOON - 5 * MINUTES).next_due(NOON) == NOON
    never = replace(ACME, state=CompanyState("acme"))
    assert (never.next_due(NOON), never.health(NOON), never.late(NOON)) == (
        NOON,
        "never read",
        False,
    )


def test_a_company_is_late_after_two_of_its_longest_intervals() -> None:
    assert not read_at(NOON - 30 * MINUTES).late(NOON)
    assert read_at(NOON - 31 * MINUTES).late(NOON)
    assert read_at(NOON - 31 * MINUTES).health(NOON) == "late"
    daily = replace(
        read_at(NOON - timedelta(hours=40)), calendar=Calendar(otherwise=24 * 60 * MINUTES)
    )
    assert not daily.late(NOON)


def test_the_last_error_says_more_than_being_late() -> None:
    assert read_at(NOON - timedelta(hours=3), "source_auth").health(NOON) == "failing: source_auth"


def test_maintenance_is_held_against_nobody() -> None:
    calendar = Calendar(maintenance=(Maintenance(NOON - 60 * MINUTES, NOON + 60 * MINUTES),))
    company = replace(read_at(NOON - 90 * MINUTES, "source_unavailable"), calendar=calendar)
    assert company.health(NOON) == "maintenance until 13:00 CST"
    assert not company.late(NOON)
    assert not company.late(NOON + 61 * MINUTES), "it is given its time again afterwards"


def test_only_a_pause_that_is_going_on_counts() -> None:
    calls, texts = Pause(NOON + 2 * MINUTES, "no flow", "voice"), Pause(NOON, "no sender", "sms")
    paused = replace(ACME, pauses=(calls, texts))
    assert paused.paused(NOON) == (calls,)
    assert paused.paused(calls.until) == ()
    said = paused.as_json(NOON)
    assert (said["pause_reason"], [one["channel"] for one in said["pauses"]]) == (
        "no flow",
        ["voice"],
    )
    assert paused.as_json(calls.until)["paused_until"] is None


def test_the_allowance_is_said_as_a_share_of_the_smallest_tier() -> None:
    assert ACME.share == pytest.approx(0.24)


def test_waiting_bills_are_summed_by_currency() -> None:
    bills = [a_document(a_bill(str(n), amount="0.10")) for n in range(3)]
    euro = replace(a_document(a_bill("9")), amount=Money(Decimal(5), "EUR"))
    assert [str(money) for money in sums([*bills, euro])] == ["EUR 5.00", "USD 0.30"]


# -------------------------------------------------------------------------------------- lately
def sent(at: datetime, price: str = "", unit: str = "USD", company: str = "acme") -> Sent:
    return Sent(company, "delivered", at, at, Decimal(price) if price else None, unit)


ZONES = {"acme": CHICAGO}


def test_todays_cost_is_the_sum_of_known_prices_and_a_number_of_unknown_ones() -> None:
    rows = [sent(NOON, "-0.0079"), sent(NOON, "-0.0158"), sent(NOON), sent(NOON, "-0.01", "eur")]
    found = summed(rows, ZONES, NOON)
    assert found.costs == {"USD": Decimal("0.0237"), "EUR": Decimal("0.01")}
    assert (found.sent, found.unpriced) == (4, 1)
    assert found.as_json()["costs"] == {"EUR": "0.01", "USD": "0.0237"}


def test_today_is_the_companys_own_day() -> None:
    midnight = datetime(2026, 11, 16, 6, 0, tzinfo=UTC)
    rows = [sent(midnight, "-1"), sent(midnight - timedelta(seconds=1), "-1")]
    assert summed(rows, ZONES, NOON).costs == {"USD": Decimal(1)}
    assert summed(rows, {}, NOON).sent == 2, "without a zone the day is UTC's"


def test_what_was_put_off_counts_on_the_day_it_was_sent_and_unsent_never() -> None:
    waiting = Sent("acme", "waiting", NOON)
    late = Sent("acme", "sent", NOON - timedelta(days=3), NOON)
    found = summed([waiting, late], ZONES, NOON)
    assert (found.sent, found.unpriced) == (1, 1)


def test_failures_are_counted_over_a_day() -> None:
    day = timedelta(hours=24)
    rows = [
        Sent("acme", "failed", NOON - day),
        Sent("acme", "undelivered", NOON),
        Sent("acme", "failed", NOON - day - MINUTES, NOON),
        Sent("acme", "delivered", NOON, NOON),
    ]
    assert summed(rows, ZONES, NOON).failed == 2
