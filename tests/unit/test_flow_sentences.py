"""Rules as sentences that finance people can sign."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from ml_connector.domain.conditions import AmountBand, When
from ml_connector.domain.events import EventKind
from ml_connector.domain.plans import Step, Until
from ml_connector.domain.sentences import duration
from tests.support.flows import a_rule

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def said(*steps: Step, approver: str = "") -> str:
    sentence = a_rule("one", EventKind.SUBMITTED, steps=steps, approver=approver).sentence
    return sentence.removeprefix("When a bill is submitted, ").removesuffix(".")


def condition(when: When) -> str:
    sentence = a_rule("one", EventKind.SUBMITTED, when=when).sentence
    return sentence.removeprefix("When a bill is submitted ").removesuffix(", text ann.")


@pytest.mark.parametrize(
    ("kinds", "sentence"),
    [
        ({EventKind.DECLINED}, "When a bill is declined, text ann."),
        (
            {EventKind.PAYMENT_VOIDED, EventKind.PAYMENT_UNCLEARED},
            "When a payment is voided or is no longer cleared, text ann.",
        ),
        (
            {EventKind.OVERDUE, EventKind.PAYMENT_CLEARED},
            "When a bill waits past its due date, or a payment clears, text ann.",
        ),
    ],
)
def test_a_rule_says_what_it_is_about(kinds: set[EventKind], sentence: str) -> None:
    assert a_rule("one", *kinds).sentence == sentence


def test_a_plan_reads_in_the_order_in_which_it_happens() -> None:
    rule = a_rule(
        "large bills are called",
        EventKind.SUBMITTED,
        when=When(AmountBand("USD", Decimal(10000))),
        approver="",
        steps=(
            Step("voice", "approver", confirm=True, attempts=3),
            Step("sms", "approver", 10 * MINUTE, Until.CONFIRMED),
            Step("voice", "manager", 30 * MINUTE, Until.CONFIRMED, confirm=True),
        ),
    )
    assert rule.sentence == (
        "When a bill is submitted with an amount of at least USD 10,000.00, call the approver and "
        "ask for confirmation (up to 3 calls); after 10 minutes, unless confirmed, text the "
        "approver; 30 minutes after that, unless confirmed, call the approver's manager and ask "
        "for confirmation (up to 3 calls)."
    )


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step("sms", "approver"), "text the approver"),
        (Step("sms", "manager"), "text the approver's manager"),
        (Step("sms", "next_level"), "text the next approver"),
        (Step("sms", "ap_lead"), "text the AP lead"),
        (Step("sms", "bob"), "text bob"),
        (Step("voice", "bob", attempts=1), "call bob (up to 1 call)"),
        (Step("sms", "bob", attempts=2), "text bob (up to 2 attempts)"),
        (Step("sms", "bob", DAY), "after 1 day, text bob"),
        (Step("sms", "bob", unless=Until.ACKNOWLEDGED), "unless acknowledged, text bob"),
        (
            Step("sms", "bob", repeat=DAY, at_most=5),
            "text bob (again every day, 5 times in all)",
        ),
        (
            Step("sms", "bob", repeat=2 * DAY, at_most=5, until=Until.CONFIRMED),
            "text bob (again every 2 days until confirmed, 5 times in all)",
        ),
        (Step("sms", "bob", urgent=True), "text bob (also in quiet hours)"),
        (
            Step("voice", "bob", urgent=True, detail="amount_only"),
            "call bob (up to 3 calls, also in quiet hours, showing only the amount)",
        ),
        (
            Step("sms", "bob", detail="reference_only"),
            "text bob (showing only the reference)",
        ),
        (Step("sms", "bob", link=True), "text bob (with a link to Intacct)"),
    ],
)
def test_a_step_says_who_is_told_how(step: Step, words: str) -> None:
    assert said(step) == words


def test_the_approver_is_called_by_the_name_the_rule_gives() -> None:
    steps = (Step("sms", "approver"), Step("sms", "manager"))
    assert said(*steps, approver="ann") == "text ann and text the approver's manager"


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (When(vendor_ids=("V-1",)), "from vendor V-1"),
        (When(vendor_ids=("V-1", "V-2")), "from vendor V-1 or V-2"),
        (When(vendor_name="Baker*"), 'from a vendor whose name is like "Baker*"'),
        (
            When(vendor_ids=("V-1", "V-2", "V-3"), vendor_name="Baker*"),
            'from vendor V-1, V-2 or V-3 or a vendor whose name is like "Baker*"',
        ),
        (When(entities=("100",)), "in or under entity 100"),
        (
            When(dimensions=(("department", ("300", "400")),)),
            "with a line in or under department 300 or 400",
        ),
        (
            When(dimensions=(("department", ("300",)), ("account", ("60000",))), lines="all"),
            "with every line in or under department 300 and account 60000",
        ),
        (When(due_within_days=0), "due today or overdue"),
        (When(due_within_days=1), "due within 1 day or overdue"),
        (When(due_within_days=2), "due within 2 days or overdue"),
        (When(description="*rent*"), 'with a description like "*rent*"'),
        (
            When(AmountBand("USD", Decimal(5)), vendor_ids=("V-1",), due_within_days=2),
            "with an amount of at least USD 5.00, from vendor V-1, due within 2 days or overdue",
        ),
    ],
)
def test_a_condition_is_said_in_words(when: When, words: str) -> None:
    assert condition(when) == words


def test_a_rule_says_which_companies_it_is_for() -> None:
    rule = a_rule("one", EventKind.DECLINED, companies=("acme", "apex"))
    assert rule.sentence == "When a bill is declined in company acme or apex, text ann."


def test_a_rule_names_its_levels_and_says_that_replies_confirm() -> None:
    rule = a_rule(
        "one", EventKind.SUBMITTED, approver="", levels=("ann", "bob"), reply_confirms=True
    )
    assert rule.sentence == (
        "When a bill is submitted, text the approver; approvers by level are ann, then bob; "
        "a reply counts as confirmation."
    )


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=90), "90 seconds"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(days=7), "7 days"),
    ],
)
def test_a_duration_is_said_in_the_largest_unit_that_leaves_nothing_over(
    length: timedelta, words: str
) -> None:
    assert duration(length) == words


def test_every_event_has_its_words() -> None:
    for kind in EventKind:
        assert a_rule("one", kind).sentence.startswith(("When a ", "When nothing "))
