"""Rules that never get their turn, and events that nobody may hear of."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.books import Books, LineCoding
from ml_connector.domain.conditions import AmountBand, When
from ml_connector.domain.documents import Document
from ml_connector.domain.events import EventKind
from ml_connector.domain.flow_checks import (
    has_catch_all,
    kinds_without_catch_all,
    unreachable_rules,
)
from ml_connector.domain.flows import DecisionContext, Flow, FlowCompany, Rule, decide
from ml_connector.domain.people import Directory
from tests.support.bills import COMPANY, a_document, usd
from tests.support.flows import a_rule
from tests.support.properties import unhurried

NEW, CHANGED = EventKind.SUBMITTED, EventKind.CHANGED
ACME, APEX = (FlowCompany(key, key.title(), "UTC") for key in (COMPANY, "apex"))


def band(low: int | None, high: int | None, currency: str = "USD") -> When:
    ends = (None if end is None else Decimal(end) for end in (low, high))
    return When(AmountBand(currency, *ends))


def dimension(name: str, *ids: str, lines: str = "any") -> When:
    return When(dimensions=((name, ids),), lines="all" if lines == "all" else "any")


def covered(*rules: Rule, companies: tuple[FlowCompany, ...] = ()) -> dict[str, tuple[int, ...]]:
    return {each.rule: each.covered_by for each in unreachable_rules(Flow(1, companies, rules))}


def last_of(*conditions: When) -> tuple[int, ...] | None:
    rules = [a_rule(str(number), NEW, when=when) for number, when in enumerate(conditions, 1)]
    return covered(*rules).get(str(len(rules)))


# ---------------------------------------------------------------------- rules out of reach
def test_after_a_rule_for_everything_no_other_has_its_turn() -> None:
    unreachable = unreachable_rules(Flow(1, (), (a_rule("all"), a_rule("some", NEW))))
    assert [(each.number, each.rule, each.covered_by) for each in unreachable] == [
        (2, "some", (1,))
    ]


def test_a_rule_is_within_reach_as_long_as_one_of_its_events_is() -> None:
    assert covered(a_rule("1", NEW), a_rule("2", NEW, CHANGED)) == {}
    assert covered(a_rule("1", NEW), a_rule("2", CHANGED), a_rule("3", NEW, CHANGED)) == {
        "3": (1, 2)
    }


def test_a_rule_is_within_reach_as_long_as_one_of_its_companies_is() -> None:
    companies = (ACME, APEX)
    acme, everywhere = a_rule("1", NEW, companies=(COMPANY,)), a_rule("2", NEW)
    apex = a_rule("3", NEW, companies=("apex",))
    assert covered(acme, everywhere, companies=companies) == {}
    assert covered(acme, apex, a_rule("4", NEW), companies=companies) == {"4": (1, 2)}


@pytest.mark.parametrize(
    ("conditions", "by"),
    [
        ((band(0, 10), band(10, None), band(5, 20)), (1, 2)),
        ((band(10, None), band(None, 10), band(None, None)), (1, 2)),
        ((band(0, 10), band(11, None), band(5, 20)), None),
        ((band(0, 10), band(0, 10)), (1,)),
        ((band(0, 10), band(0, 11)), None),
        ((band(0, 10, "EUR"), band(0, 10)), None),
        # Bands say nothing about other currencies.
        ((band(None, 10), band(10, None), When()), None),
        ((When(vendor_ids=("1", "2")), When(vendor_ids=("1",))), (1,)),
        ((When(vendor_ids=("1",)), When(vendor_ids=("1", "2"))), None),
        ((When(vendor_ids=("1",)), When()), None),
        ((When(vendor_ids=("1",)), When(vendor_ids=("1",), vendor_name="B*")), None),
        ((When(vendor_name="B*"), When(vendor_name="Bak*er")), (1,)),
        ((When(vendor_name="B*r"), When(vendor_name="B*")), None),
        ((When(vendor_name="b*"), When(vendor_name="Baker")), (1,)),
        ((When(vendor_name="*"), When(vendor_ids=("1",))), None),
        ((When(entities=("1", "2")), When(entities=("2",))), (1,)),
        ((When(entities=("2",)), When()), None),
        ((dimension("class", "1", "2"), dimension("class", "1")), (1,)),
        ((dimension("class", "1"), dimension("account", "1")), None),
        ((dimension("class", "1"), dimension("class", "1", lines="all")), (1,)),
        ((dimension("class", "1", lines="all"), dimension("class", "1")), None),
        ((When(due_within_days=3), When(due_within_days=2)), (1,)),
        ((When(due_within_days=2), When(due_within_days=3)), None),
        ((When(due_within_days=2), When()), None),
        ((When(description="*rent*"), When(description="*office rent*")), (1,)),
        ((When(description="*rent*"), When()), None),
        ((When(), When(description="*rent*")), (1,)),
    ],
)
def test_a_rule_is_covered_where_earlier_ones_take_all_that_it_would(
    conditions: tuple[When, ...], by: tuple[int, ...] | None
) -> None:
    assert last_of(*conditions) == by


# ------------------------------------------------------------------ what is left untold
def test_an_event_needs_a_rule_that_takes_what_is_left_of_it() -> None:
    flow = Flow(1, (), (a_rule("1", NEW, CHANGED, when=band(10, None)), a_rule("2", NEW)))
    assert kinds_without_catch_all(flow) == (CHANGED,)
    assert not has_catch_all(flow)


def test_an_event_no_rule_names_needs_none() -> None:
    assert has_catch_all(Flow(1, (), (a_rule("1", NEW),)))


def test_every_company_that_hears_of_an_event_needs_a_rule_for_the_rest_of_it() -> None:
    large = a_rule("large", NEW, when=band(10, None))
    acme = a_rule("rest of acme", NEW, companies=(COMPANY,))
    apex = a_rule("rest of apex", NEW, companies=("apex",))
    assert not has_catch_all(Flow(1, (ACME, APEX), (large, acme)))
    assert has_catch_all(Flow(1, (ACME, APEX), (large, acme, apex)))
    # Only acme is told of changes at all.
    changes = a_rule("changes", CHANGED, companies=(COMPANY,))
    assert has_catch_all(Flow(1, (ACME, APEX), (acme, apex, changes)))


# --------------------------------------------------------------------------- never wrong
CODES = st.lists(st.sampled_from(["1", "2", "3"]), min_size=1, max_size=2, unique=True).map(tuple)
BOUND = st.none() | st.sampled_from([0, 10, 20, 30])
BANDS = st.builds(band, BOUND, BOUND).map(lambda when: when.amount)
CONDITIONS = st.builds(
    When,
    amount=st.none() | BANDS,
    vendor_name=st.sampled_from(["", "B*", "*Steel", "Baker Steel"]),
    dimensions=st.just(()) | CODES.map(lambda ids: (("class", ids),)),
    lines=st.sampled_from(["any", "all"]),
    due_within_days=st.none() | st.integers(4, 6),
)


def a_bill_of(amount: str, name: str, classes: list[str]) -> Document:
    lines = tuple(LineCoding(class_id=each) for each in classes)
    return replace(a_document(), amount=usd(amount), vendor_name=name, lines=lines)


BILLS = st.builds(
    a_bill_of,
    st.sampled_from(["-1", "0", "9", "10", "15", "25", "40"]),
    st.sampled_from(["Baker Steel", "Bolt", "Cole Steel", ""]),
    st.lists(st.sampled_from(["", "1", "2", "3"]), max_size=2),
)


@unhurried
@given(st.lists(CONDITIONS, min_size=2, max_size=4), st.lists(BILLS, min_size=1, max_size=8))
def test_a_rule_said_to_be_out_of_reach_never_decides(
    conditions: list[When], bills: list[Document]
) -> None:
    rules = tuple(a_rule(str(number), NEW, when=when) for number, when in enumerate(conditions, 1))
    flow = Flow(1, (), rules)
    context = DecisionContext(date(2026, 11, 25), Books(), Directory())
    out_of_reach = {each.number for each in unreachable_rules(flow)}
    for bill in bills:
        decision = decide(flow, NEW, bill, context)
        assert decision is None or decision.number not in out_of_reach
