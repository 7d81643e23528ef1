"""What `flow test` works out: why rules are passed over, whom and when a plan tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from cli.commands.trying import Kind
from cli.flow.tried_words import as_json, shown
from cli.flow.trying import Setting, Trial, as_in, attempt, event_for, usual_kind
from ml_connector.domain.approvers import Approver
from ml_connector.domain.bills import BillState
from ml_connector.domain.books import Books, LineCoding
from ml_connector.domain.documents import Document
from ml_connector.domain.events import EventKind, waiting_events
from ml_connector.domain.flows import parse
from ml_connector.domain.wording import TELLABLE
from ml_connector.settings import Timings
from tests.support.bills import COMPANY, a_bill, a_document

#: A Monday, nine in the morning in Chicago.
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = Approver("ann", "Ann Approver", "+15550100001", "salt", manager="lea")
BOB = Approver("bob", "Bob Approver", "+15550100002", "salt")
LEA = Approver("lea", "Lea Lead", "+15550100003", "salt")
REST = {"name": "rest", "on": ["bill.submitted"], "notify": [{"sms": {"to": "bob"}}]}


def rule(when: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    steps = [{"sms": {"to": "ann"}}]
    made = {"name": "first", "on": ["bill.submitted"], "notify": steps, **more}
    return {**made, "when": when} if when else made


def tried(
    *rules: Mapping[str, Any],
    document: Document | None = None,
    people: Sequence[Approver] = (ANN, BOB, LEA),
    kind: EventKind = EventKind.SUBMITTED,
    books: Books | None = None,
    timings: Timings | None = None,
    **more: Any,
) -> Trial:
    company = {"name": "Acme AP", "zone": "America/Chicago"}
    flow = parse({"schema": 1, "companies": {COMPANY: company}, "rules": list(rules)}, 3)
    setting = Setting(flow, books or Books(), people, timings or Timings())
    return attempt(document or a_document(), kind, setting, NOW, **more)


# --------------------------------------------------------------------------- passed over
@pytest.mark.parametrize(
    ("when", "wanted", "found"),
    [
        (
            {"amount": {"currency": "USD", "at_least": "20000"}},
            "with an amount of at least USD 20,000.00",
            "the amount is USD 12,500.00",
        ),
        (
            {"amount": {"currency": "EUR", "at_least": "1"}},
            "with an amount of at least EUR 1.00",
            "the amount is USD 12,500.00",
        ),
        ({"vendor": {"ids": ["V-1"]}}, "from vendor V-1", "the vendor is V-100 Baker Steel"),
        ({"entity": ["100"]}, "in or under entity 100", "it belongs to no entity"),
        (
            {"department": ["300"]},
            "with a line in or under department 300",
            "the lines have department 410; department none",
        ),
        (
            {"due_within_days": 2},
            "due within 2 days or overdue",
            "it is due Nov 30 2026, and today is Nov 23",
        ),
        (
            {"description": "*rent*"},
            'with a description like "*rent*"',
            'the description is "steel"',
        ),
    ],
)
def test_a_rule_that_does_not_match_names_its_condition_and_what_was_found(
    when: Mapping[str, Any], wanted: str, found: str
) -> None:
    lines = (LineCoding(department="410"), LineCoding())
    document = replace(a_document(), lines=lines, description="steel")
    trial = tried(rule(when), REST, document=document)
    (miss,) = trial.misses
    assert (miss.number, miss.rule, miss.wanted, miss.found) == (1, "first", wanted, found)
    assert trial.decision is not None
    assert trial.decision.number == 2


def test_only_the_first_condition_that_fails_is_named() -> None:
    when = {
        "amount": {"currency": "USD", "at_least": "1"},
        "vendor": {"name": "Cho*"},
        "description": "*rent*",
    }
    (miss,) = tried(rule(when), REST).misses
    assert miss.wanted == 'from a vendor whose name is like "Cho*"'


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (replace(a_document(), entity="200"), "the entity is 200"),
        (replace(a_document(), due=None), "it has no due date"),
        (a_document(), "it has no description"),
        (a_document(), "no lines are known"),
    ],
)
def test_what_a_bill_lacks_is_said(document: Document, found: str) -> None:
    conditions = (
        {"entity": ["100"]},
        {"due_within_days": 2},
        {"description": "*rent*"},
        {"account": ["6000"]},
    )
    trial = tried(*(rule(when, name=f"n{n}") for n, when in enumerate(conditions)), REST)
    again = tried(
        *(rule(when, name=f"n{n}") for n, when in enumerate(conditions)), REST, document=document
    )
    assert found in {miss.found for miss in again.misses}
    assert len(trial.misses) == len(conditions)


def test_many_lines_are_counted_and_a_parent_covers_its_children() -> None:
    lines = tuple(LineCoding(department=str(number)) for number in range(7))
    document = replace(a_document(), lines=lines)
    (miss,) = tried(rule({"department": ["300"]}), REST, document=document).misses
    assert miss.found.endswith("department 4; and 2 more")
    books = Books(parents={"department": {"6": "300"}})
    found = tried(rule({"department": ["300"]}), REST, document=document, books=books)
    assert found.misses == ()


def test_rules_for_other_events_and_other_companies_say_so() -> None:
    body = {
        "schema": 1,
        "companies": {
            COMPANY: {"name": "Acme AP", "zone": "UTC"},
            "beta": {"name": "Beta AP", "zone": "UTC"},
        },
        "rules": [rule(on=["bill.declined"]), rule(companies=["beta"], name="second"), REST],
    }
    setting = Setting(parse(body, 1), Books(), [ANN, BOB])
    trial = attempt(a_document(), EventKind.SUBMITTED, setting, NOW)
    assert [(miss.wanted, miss.found) for miss in trial.misses] == [
        ("on bill.declined", "the event is bill.submitted"),
        ("in company beta", "the company is acme"),
    ]


def test_where_no_rule_matches_every_rule_says_why_and_nobody_is_told() -> None:
    trial = tried(rule({"vendor": {"ids": ["V-1"]}}), rule(on=["bill.declined"], name="second"))
    assert len(trial.misses) == 2
    assert (trial.decision, trial.told) == (None, ())
    assert as_json(trial)["matched"] is None
    assert "nobody is told" in str(shown(trial)[-1])


def test_a_reminder_goes_by_the_rule_for_what_it_stands_for() -> None:
    trial = tried(rule({"vendor": {"ids": ["V-1"]}}), REST, kind=EventKind.REMINDER)
    assert trial.decision is not None
    assert [miss.found for miss in trial.misses] == ["the vendor is V-100 Baker Steel"]


# ------------------------------------------------------------------------ whom and when
PLAN = rule(
    notify=[
        {"voice": {"to": "ann", "confirm": True}},
        {"sms": {"to": "manager", "after": 600, "unless": "confirmed"}},
        {"sms": {"to": "ann", "after": 3600, "repeat": 86400, "at_most": 3, "until": "handled"}},
    ],
    approver="ann",
)


def times(trial: Trial) -> list[tuple[int, int, str, timedelta]]:
    return [
        (told.step, told.occurrence, told.recipient, told.sent_at - NOW)
        for told in trial.told
        if told.sent_at
    ]


def test_later_steps_count_from_the_one_before_and_repetitions_from_themselves() -> None:
    day = timedelta(days=1)
    third = timedelta(minutes=10) + HOUR
    assert times(tried(PLAN)) == [
        (1, 1, "ann", timedelta(0)),
        (2, 1, "lea", timedelta(minutes=10)),
        (3, 1, "ann", third),
        (3, 2, "ann", third + day),
        (3, 3, "ann", third + 2 * day),
    ]


def test_once_the_bill_is_handled_nothing_more_goes_out() -> None:
    assert len(times(tried(PLAN, until=NOW + 2 * HOUR))) == 3
    assert times(tried(PLAN, until=NOW)) == []


def test_quiet_hours_hold_a_step_and_what_follows_counts_from_its_real_start() -> None:
    quiet = replace(ANN, quiet_hours="20:00-10:00", zone="Europe/Berlin")
    document = a_document()
    setting_off = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
    flow = {"schema": 1, "companies": {COMPANY: {"name": "A", "zone": "America/Chicago"}}}
    setting = Setting(parse({**flow, "rules": [PLAN]}, 1), Books(), [quiet, LEA])
    trial = attempt(document, EventKind.SUBMITTED, setting, setting_off)
    first, second, *_ = trial.told
    assert (first.held, first.zone) == ("quiet hours", "Europe/Berlin")
    assert first.begun_at == setting_off
    assert first.sent_at == datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    assert second.sent_at == first.sent_at + timedelta(minutes=10)


def test_what_is_urgent_passes_quiet_hours() -> None:
    quiet = replace(ANN, quiet_hours="00:00-23:59", zone="UTC")
    urgent = rule(notify=[{"sms": {"to": "ann", "urgent": True}}])
    (told,) = tried(urgent, people=[quiet]).told
    assert (told.sent_at, told.held) == (NOW, "")


def test_what_would_go_out_after_the_plan_is_over_never_does() -> None:
    quiet = replace(ANN, quiet_hours="09:00-17:00", zone="America/Chicago")
    (told,) = tried(rule(), people=[quiet], timings=Timings(case_lifetime=3600.0)).told
    assert told.sent_at is None
    assert told.text
    trial = tried(rule(), people=[quiet], timings=Timings(case_lifetime=3600.0))
    assert as_json(trial)["steps"][0]["starts"][0]["sent_at"] is None


def test_whoever_is_passed_over_is_named_with_the_reason_and_others_stand_by() -> None:
    away = replace(ANN, substitute="bob", away_from=NOW.date(), away_until=None)
    people = [away, replace(BOB, phone=""), LEA]
    plan = rule(notify=[{"sms": {"to": "manager"}}], approver="ann")
    plain = rule(notify=[{"sms": {"to": "approver"}}], approver="ann")
    (step,) = as_json(tried(plain, people=people))["steps"]
    assert [(one["who"], one["outcome"]) for one in step["candidates"]] == [
        ("bob", "passed over: no phone number"),
        ("ann", "told by sms"),
    ]
    assert step["candidates"][0]["why"].startswith("substitute of ann until further notice")
    (step,) = as_json(tried(plan, people=people))["steps"]
    assert step["candidates"][0] == {
        "who": "lea", "why": "manager of ann", "outcome": "told by sms"
    }  # fmt: skip


def test_over_another_channel_where_the_first_is_not_theirs() -> None:
    texts = replace(ANN, channels=("sms",))
    (told, *_) = tried(PLAN, people=[texts, LEA]).told
    assert (told.channel, told.planned.step.channel) == ("sms", "voice")
    assert "in place of voice" in _printed(tried(PLAN, people=[texts, LEA]))


def test_a_step_nobody_is_left_for_hands_on_to_the_next_at_once() -> None:
    trial = tried(PLAN, people=[LEA])
    first, second, *_ = trial.told
    assert (first.text, first.sent_at) == ("", None)
    assert second.begun_at == NOW
    assert "nobody can be told" in _printed(trial)


def test_people_away_in_a_circle_are_reported() -> None:
    ann = replace(ANN, substitute="bob", away_from=NOW.date())
    bob = replace(BOB, substitute="ann", away_from=NOW.date())
    trial = tried(rule(), people=[ann, bob])
    assert trial.decision is not None
    assert "all are away" in trial.decision.problems[0]
    assert "all are away" in _printed(trial)


def test_everything_is_shown_with_the_persons_own_clock() -> None:
    berlin = replace(LEA, zone="Europe/Berlin")
    printed = _printed(tried(PLAN, people=[ANN, berlin]))
    assert "09:00 CST" in printed
    assert "16:10 CET" in printed
    assert "3 (1 of 3)" in printed
    assert "up to 3 calls, asks for a key" in printed
    assert "Press 1 to confirm" in " ".join(printed.split())
    assert "unless confirmed" in printed
    assert "again every 1 day until handled" in printed
    assert "1 segment" in printed
    assert "Waiting for approval in Intacct" in printed


def _printed(trial: Trial) -> str:
    out = StringIO()
    console = Console(file=out, width=200)
    for part in shown(trial):
        console.print(part)
    return out.getvalue()


# ------------------------------------------------------------------------- the event
def test_events_have_the_ids_a_poll_gives_them() -> None:
    document = a_document()
    submitted, approved = waiting_events(document, 1)
    today = date(2026, 11, 23)
    assert event_for(document, EventKind.SUBMITTED, today) == submitted
    once = as_in(document, EventKind.PARTIALLY_APPROVED)
    assert event_for(once, EventKind.PARTIALLY_APPROVED, today) == approved


@pytest.mark.parametrize(
    ("state", "kind", "expected"),
    [
        (BillState.SUBMITTED, EventKind.PARTIALLY_APPROVED, (BillState.PARTIALLY_APPROVED, 1)),
        (BillState.PARTIALLY_APPROVED, EventKind.SUBMITTED, (BillState.SUBMITTED, 0)),
        (BillState.SUBMITTED, EventKind.DECLINED, (BillState.DECLINED, 0)),
        (BillState.PARTIALLY_APPROVED, EventKind.OVERDUE, (BillState.PARTIALLY_APPROVED, 1)),
        (BillState.POSTED, EventKind.OVERDUE, (BillState.SUBMITTED, 0)),
    ],
)
def test_a_bill_is_taken_as_it_is_when_that_happens_to_it(
    state: BillState, kind: EventKind, expected: tuple[BillState, int]
) -> None:
    document = as_in(a_document(a_bill(state=state)), kind)
    assert (document.state, document.level) == expected


def test_a_bill_that_waits_no_more_is_tried_as_submitted() -> None:
    assert usual_kind(a_document(a_bill(state=BillState.POSTED))) is EventKind.SUBMITTED
    partly = a_document(a_bill(state=BillState.PARTIALLY_APPROVED))
    assert usual_kind(partly) is EventKind.PARTIALLY_APPROVED


def test_every_event_of_bills_with_words_can_be_tried() -> None:
    tellable = {kind.value for kind in TELLABLE if not kind.of_payment}
    assert {kind.value for kind in Kind} == tellable | {EventKind.POLL_FAILING.value}
