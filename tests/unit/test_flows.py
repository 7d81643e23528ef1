from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.books import Books, LineCoding
from ml_connector.domain.conditions import DIMENSIONS
from ml_connector.domain.documents import Document
from ml_connector.domain.events import EventKind
from ml_connector.domain.flows import (
    AmountBand,
    DecisionContext,
    Flow,
    FlowCompany,
    When,
    decide,
    parse,
)
from ml_connector.domain.money import Money
from ml_connector.domain.people import Directory
from tests.support.bills import a_bill, a_document
from tests.support.flows import PUBLISHED, a_rule
from tests.support.properties import unhurried


def bill_of(amount: str, currency: str = "USD") -> Document:
    return a_document(replace(a_bill(), amount=Money(Decimal(amount), currency)))


def test_the_first_rule_that_matches_wins() -> None:
    flow = Flow(7, (), (a_rule("one", EventKind.CHANGED), a_rule("two"), a_rule("three")))
    decision = decide(flow, EventKind.SUBMITTED, bill_of("1"))
    assert decision
    assert (decision.flow_version, decision.number, decision.rule) == (7, 2, "two")


@unhurried
@given(st.lists(st.tuples(st.sampled_from(EventKind), st.booleans()), max_size=6))
def test_a_rule_decides_exactly_when_none_before_it_matches(
    shapes: list[tuple[EventKind, bool]],
) -> None:
    euros = AmountBand("EUR", Decimal(0))
    rules = tuple(
        a_rule(str(number), kind, when=When(euros if in_euros else None))
        for number, (kind, in_euros) in enumerate(shapes, start=1)
    )
    for kind in EventKind:
        decision = decide(Flow(1, (), rules), kind, bill_of("5", "USD"))
        named = any(on is kind for on, _ in shapes)
        # A reminder nobody wrote a rule for stands for what the bill waits for.
        meant = EventKind.SUBMITTED if kind is EventKind.REMINDER and not named else kind
        fitting = [
            str(n) for n, (on, in_euros) in enumerate(shapes, 1) if on is meant and not in_euros
        ]
        assert (decision.rule if decision else None) == (fitting[0] if fitting else None)


def test_a_reminder_goes_by_its_own_rule_where_there_is_one() -> None:
    flow = Flow(1, (), (a_rule("one", EventKind.SUBMITTED), a_rule("two", EventKind.REMINDER)))
    decision = decide(flow, EventKind.REMINDER, bill_of("1"))
    assert decision
    assert decision.rule == "two"


def test_an_event_no_rule_speaks_about_is_not_decided() -> None:
    assert decide(parse(PUBLISHED, 1), EventKind.DECLINED, bill_of("1")) is None


def test_the_decision_cites_the_rule_as_a_sentence() -> None:
    decision = decide(parse(PUBLISHED, 3), EventKind.CHANGED, bill_of("12500"))
    assert decision
    assert decision.sentence == (
        "1. When a bill is submitted or changes while it waits with an amount of at least "
        "USD 10,000.00 and under USD 50,000.00, text ann and text bob."
    )


def test_each_step_names_whom_to_try_and_the_default_last_and_once() -> None:
    flow = parse(PUBLISHED, 1)
    large = decide(flow, EventKind.SUBMITTED, bill_of("12500"))
    small = decide(flow, EventKind.SUBMITTED, bill_of("1"))
    assert large
    assert small
    assert large.candidates == (("ann", "dee"), ("bob", "dee"))
    assert small.candidates == (("dee",),)


def test_every_candidate_has_its_reason() -> None:
    decision = decide(parse(PUBLISHED, 1), EventKind.SUBMITTED, bill_of("12500"))
    assert decision
    assert decision.reasons == (("named in rule", "default"), ("named in rule", "default"))
    assert decision.problems == ()


def test_the_decision_says_whether_a_reply_confirms() -> None:
    flow = Flow(1, (), (a_rule("one", reply_confirms=True),))
    decision = decide(flow, EventKind.SUBMITTED, bill_of("1"))
    assert decision
    assert decision.reply_confirms is True


@pytest.mark.parametrize("replies", [True, False])
def test_the_decision_says_whether_texts_of_the_company_ask_for_replies(*, replies: bool) -> None:
    companies = (FlowCompany("acme", "Acme AP", "UTC", replies=replies),)
    decision = decide(Flow(1, companies, (a_rule("one"),)), EventKind.SUBMITTED, bill_of("1"))
    assert decision
    assert decision.replies is replies


# -------------------------------------------------------------------------- several companies
TWO = (FlowCompany("acme", "Acme AP", "UTC"), FlowCompany("apex", "Apex AP", "UTC"))


def of_company(key: str) -> Document:
    return replace(bill_of("1"), company=key)


def test_a_rule_for_one_company_leaves_the_bills_of_the_others_to_later_rules() -> None:
    rules = (a_rule("apex alone", companies=("apex",)), a_rule("all"))
    flow = Flow(1, TWO, rules)
    told = {key: decide(flow, EventKind.SUBMITTED, of_company(key)) for key in ("acme", "apex")}
    assert {key: decision and decision.rule for key, decision in told.items()} == {
        "acme": "all",
        "apex": "apex alone",
    }


def test_reminders_that_only_another_company_has_a_rule_for_stand_for_what_the_bill_waits_for() -> (
    None
):
    reminders = a_rule("reminders", EventKind.REMINDER, companies=("apex",))
    flow = Flow(1, TWO, (reminders, a_rule("new", EventKind.SUBMITTED)))
    assert flow.speaks_of(EventKind.REMINDER)
    assert not flow.speaks_of(EventKind.REMINDER, "acme")
    decision = decide(flow, EventKind.REMINDER, of_company("acme"))
    assert decision
    assert decision.rule == "new"


def test_a_rule_that_only_takes_some_reminders_leaves_the_others_untold() -> None:
    small = a_rule("small", EventKind.REMINDER, when=When(AmountBand("USD", None, Decimal(1))))
    flow = Flow(1, TWO, (small, a_rule("new", EventKind.SUBMITTED)))
    assert decide(flow, EventKind.REMINDER, of_company("acme")) is None


# ----------------------------------------------------------------------------- what is known
SOON = When(due_within_days=2)


def test_the_companys_own_day_decides_what_is_due_soon() -> None:
    flow = Flow(1, (), (a_rule("soon", when=SOON), a_rule("rest")))
    bill = bill_of("1")  # due on November 30
    for day, rule in ((27, "rest"), (28, "soon"), (30, "soon")):
        context = DecisionContext(date(2026, 11, day), Books(), Directory())
        decision = decide(flow, EventKind.SUBMITTED, bill, context)
        assert decision
        assert decision.rule == rule


def test_without_a_context_nothing_is_due_and_the_next_rule_is_looked_at() -> None:
    flow = Flow(1, (), (a_rule("soon", when=SOON), a_rule("rest")))
    decision = decide(flow, EventKind.SUBMITTED, bill_of("1"))
    assert decision
    assert decision.rule == "rest"


# --------------------------------------------------------------------------- any flow, any bill
IDS = st.sampled_from(["100", "200", "300", "310"])
SOME = st.lists(IDS, min_size=1, max_size=2, unique=True).map(tuple)
CONDITIONS = st.builds(
    When,
    amount=st.none() | st.builds(AmountBand, st.sampled_from(["USD", "EUR"]), st.just(Decimal(50))),
    vendor_ids=st.just(()) | st.just(("V-100",)),
    vendor_name=st.sampled_from(["", "Baker*", "*Cement*"]),
    entities=st.just(()) | SOME,
    dimensions=st.dictionaries(st.sampled_from(DIMENSIONS), SOME, max_size=2).map(
        lambda asked: tuple(asked.items())
    ),
    lines=st.sampled_from(["any", "all"]),
    due_within_days=st.none() | st.integers(0, 9),
    description=st.sampled_from(["", "*rent*"]),
)
CODING = st.builds(LineCoding, account=IDS, department=IDS, location=IDS, project=IDS, class_id=IDS)
PARENTS = st.dictionaries(IDS, IDS, max_size=4)
"""Loops included, as broken master data may have them."""


@unhurried
@given(
    conditions=st.lists(CONDITIONS, max_size=5),
    lines=st.lists(CODING, max_size=3).map(tuple),
    entity=IDS | st.just(""),
    parents=st.dictionaries(st.sampled_from([*DIMENSIONS, "entity"]), PARENTS),
    amount=st.sampled_from(["1", "50", "51"]),
)
def test_a_bill_is_decided_by_the_first_rule_whose_conditions_it_meets_and_by_no_other(
    conditions: list[When],
    lines: tuple[LineCoding, ...],
    entity: str,
    parents: dict[str, dict[str, str]],
    amount: str,
) -> None:
    flow = Flow(1, (), tuple(a_rule(str(n), when=when) for n, when in enumerate(conditions)))
    bill = replace(bill_of(amount), lines=lines, entity=entity, description="Rent")
    context = DecisionContext(date(2026, 11, 25), Books(parents), Directory())
    met = [
        str(number)
        for number, when in enumerate(conditions)
        if when.holds(bill, context.books, context.today)
    ]
    decision = decide(flow, EventKind.SUBMITTED, bill, context)
    assert (decision.rule if decision else None) == (met[0] if met else None)
