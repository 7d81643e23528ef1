"""The past replayed: what happened by the audit, what a flow makes of it, and the chart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

from rich.console import Console

from cli.flow.history import Tally, replay
from cli.flow.history_words import compared
from cli.flow.past import Happening, Record, Sight, happenings, record_of
from ml_connector.domain.approvers import Approver
from ml_connector.domain.bills import BillState
from ml_connector.domain.books import Books
from ml_connector.domain.documents import AnyDocument, Document
from ml_connector.domain.events import EventKind
from ml_connector.domain.flows import parse
from ml_connector.settings import Timings
from tests.support.bills import COMPANY, a_document, usd
from tests.support.flows import a_payment_document

#: Nine in the morning in Chicago.
START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
NOW = START + timedelta(days=10)
BILL = a_document()
ANN = Approver("ann", "Ann Approver", "+15550100001", "salt")
BOB = Approver("bob", "Bob Approver", "+15550100002", "salt", zone="Europe/Berlin")


def seen(hours: float, kind: str, excluded: str = "", **facts: Any) -> Sight:
    """The bill was seen so many hours after the start."""
    said = {"amount": "USD 12500", "round": 1, "level": 0, "state": "submitted", **facts}
    event = {"id": "x", "kind": kind, "case": "", "excluded": excluded}
    moment = START + timedelta(hours=hours)
    return Sight(COMPANY, BILL.id, moment, {**said, "events": [event]})


def what_happened(
    *sights: Sight, since: datetime = START, document: AnyDocument = BILL
) -> list[Happening]:
    known = {(COMPANY, BILL.id): document}
    return list(happenings(record_of(sights), known, since))


# --------------------------------------------------------------------------- what happened
def test_events_have_the_amount_the_state_and_the_round_they_had_then() -> None:
    approved = replace(BILL, amount=usd("99"), state=BillState.POSTED, round=2)
    (one,) = what_happened(
        seen(0, "bill.submitted", amount="EUR 7.5", level=1, state="partially_approved"),
        document=approved,
    )
    assert isinstance(one.document, Document)
    assert (one.at, one.kind) == (START, EventKind.SUBMITTED)
    assert one.document.amount.canonical() == "EUR 7.5"
    assert (one.document.state, one.document.level) == (BillState.PARTIALLY_APPROVED, 1)
    assert one.document.round == 1
    assert one.document.vendor_name == BILL.vendor_name


def test_an_event_matters_until_the_next_that_ends_its_case() -> None:
    submitted, changed, approved = what_happened(
        seen(0, "bill.submitted"), seen(2, "bill.changed"), seen(5, "bill.approved")
    )
    end = START + timedelta(hours=5)
    assert (submitted.until, changed.until, approved.until) == (end, end, None)
    first, second = what_happened(seen(0, "bill.changed"), seen(3, "bill.changed"))
    assert (first.until, second.until) == (START + timedelta(hours=3), None)


def test_what_no_flow_had_a_say_about_is_left_out() -> None:
    kept = what_happened(
        seen(0, "bill.submitted", "baseline: found before the first complete poll"),
        seen(1, "bill.changed", "no rule of flow version 3"),
        seen(2, "bill.declined", "found late: last modified long before"),
        seen(3, "bill.unheard_of"),
    )
    assert [one.kind for one in kept] == [EventKind.CHANGED]


def test_what_is_older_than_asked_for_or_has_no_document_is_left_out() -> None:
    later = what_happened(
        seen(0, "bill.submitted"), seen(5, "bill.changed"), since=START + timedelta(hours=1)
    )
    assert [one.kind for one in later] == [EventKind.CHANGED]
    assert list(happenings(record_of([seen(0, "bill.submitted")]), {}, START)) == []


def test_payments_are_replayed_too() -> None:
    payment = a_payment_document()
    sight = replace(seen(0, "payment.cleared"), document=payment.id)
    known: dict[tuple[str, str], AnyDocument] = {(COMPANY, payment.id): payment}
    (one,) = happenings(record_of([sight]), known, START)
    assert one.kind is EventKind.PAYMENT_CLEARED
    assert one.document.amount == usd("12500")


def test_a_company_is_watched_since_its_first_sight() -> None:
    record = record_of([seen(4, "bill.changed"), seen(1, "bill.submitted")])
    assert record.watched_since == {COMPANY: START + timedelta(hours=1)}
    assert [sight.at for sight in record.sights] == sorted(sight.at for sight in record.sights)
    assert Record(()).watched_since == {}


# ------------------------------------------------------------------------------- replayed
def flow(*rules: dict[str, Any]) -> Any:
    company = {"name": "Acme AP", "zone": "America/Chicago"}
    return parse({"schema": 1, "companies": {COMPANY: company}, "rules": list(rules)}, 1)


def texting(who: str, **more: Any) -> dict[str, Any]:
    notify = [{"sms": {"to": who}}, {"voice": {"to": who, "after": 3600}}]
    return {"name": "x", "on": ["bill.submitted"], "notify": notify, **more}


def replayed(happened: list[Happening], *rules: dict[str, Any]) -> Tally:
    people = [ANN, BOB]
    return replay(happened, flow(*rules), {COMPANY: Books()}, people, NOW, Timings())


def test_alerts_are_counted_per_person_channel_and_hour_on_their_own_wall() -> None:
    happened = what_happened(seen(0, "bill.submitted"))
    tally = replayed(happened, texting("bob"))
    assert dict(tally.persons) == {("bob", "sms"): 1, ("bob", "voice"): 1}
    assert dict(tally.hours) == {16: 1, 17: 1}
    assert (tally.alerts, tally.events, tally.unmatched) == (2, 1, 0)
    assert dict(replayed(happened, texting("ann")).hours) == {9: 1, 10: 1}


def test_what_was_handled_in_time_is_told_no_further() -> None:
    happened = what_happened(seen(0, "bill.submitted"), seen(0.5, "bill.approved"))
    tally = replayed(happened, texting("ann"))
    assert dict(tally.channels) == {"sms": 1}
    assert (tally.events, tally.unmatched) == (2, 1)


def test_what_is_still_to_come_is_not_counted() -> None:
    late = [replace(one, at=NOW) for one in what_happened(seen(0, "bill.submitted"))]
    assert replayed(late, texting("ann")).alerts == 0


def test_a_company_that_is_not_compared_or_not_in_the_flow_tells_nobody() -> None:
    happened = what_happened(seen(0, "bill.submitted"))
    elsewhere = replay(happened, flow(texting("ann")), {}, [ANN], NOW, Timings())
    assert (elsewhere.alerts, elsewhere.unmatched) == (0, 1)
    moved = [replace(one, document=replace(BILL, company="beta")) for one in happened]
    other = replay(moved, flow(texting("ann")), {"beta": Books()}, [ANN], NOW, Timings())
    assert (other.alerts, other.unmatched) == (0, 1)


def test_steps_nobody_is_left_for_are_counted() -> None:
    tally = replayed(what_happened(seen(0, "bill.submitted")), texting("cho"))
    assert (tally.alerts, tally.unreachable) == (0, 2)


# ------------------------------------------------------------------------------ the chart
def printed(present: Tally | None, tried: Tally) -> str:
    out = StringIO()
    console = Console(file=out, width=100)
    for part in compared(present, tried):
        console.print(part)
    return out.getvalue()


def test_two_flows_stand_side_by_side_with_bars_in_proportion() -> None:
    present, tried = Tally(), Tally()
    for tally, count in ((present, 40), (tried, 1)):
        tally.persons["ann", "sms"] += count
        tally.channels["sms"] += count
        tally.hours[9] += count
    lines = printed(present, tried).splitlines()
    (now,) = [line for line in lines if "in force  " in line]
    (then,) = [line for line in lines if "tried  " in line]
    assert now.startswith("09:00")
    # The longest bar is thirty wide; one of forty is still something.
    assert (now.count("█"), then.count("█")) == (30, 1)
    assert any("ann" in line and "40 > 1" in line for line in lines)


def test_without_a_flow_in_force_the_tried_one_stands_alone() -> None:
    said = printed(None, replayed(what_happened(seen(0, "bill.submitted")), texting("ann")))
    assert ">" not in said
    assert "09:00" in said


def test_no_alerts_are_said_to_be_none() -> None:
    assert "no alerts" in printed(Tally(), Tally())
