from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.documents import Document
from ml_connector.domain.events import EventKind
from ml_connector.domain.flows import (
    MOST_STEPS,
    AmountBand,
    Flow,
    Rule,
    Step,
    decide,
    parse,
)
from ml_connector.domain.money import Money
from ml_connector.domain.wording import TELLABLE
from ml_connector.errors import ConfigurationError
from tests.support.bills import a_bill, a_document, usd
from tests.support.properties import unhurried

PUBLISHED: dict[str, Any] = {
    "schema": 1,
    "companies": {
        "apex": {"name": "Apex AP", "zone": "Europe/Berlin"},
        "acme": {"name": "Acme AP", "zone": "America/Chicago"},
    },
    "default_approver": "dee",
    "rules": [
        {
            "name": "large bills",
            "on": ["bill.submitted", "bill.changed"],
            "when": {"amount": {"at_least": "10000", "under": "50000", "currency": "USD"}},
            "approver": "ann",
            "notify": [{"sms": {"to": "approver"}}, {"sms": {"to": "bob"}}],
        },
        {
            "name": "everything else",
            "on": ["bill.submitted", "bill.partially_approved"],
            "notify": [{"sms": {"to": "approver"}}],
        },
    ],
}


def bill_of(amount: str, currency: str = "USD") -> Document:
    return a_document(replace(a_bill(), amount=Money(Decimal(amount), currency)))


def a_rule(name: str, *kinds: EventKind, amount: AmountBand | None = None) -> Rule:
    return Rule(name, frozenset(kinds or EventKind), (Step("sms", "approver"),), amount, "ann")


# ------------------------------------------------------------------------------- deciding
def test_the_first_rule_that_matches_wins() -> None:
    flow = Flow(7, (), (a_rule("one", EventKind.CHANGED), a_rule("two"), a_rule("three")), "")
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
        a_rule(str(number), kind, amount=euros if in_euros else None)
        for number, (kind, in_euros) in enumerate(shapes, start=1)
    )
    for kind in EventKind:
        decision = decide(Flow(1, (), rules, ""), kind, bill_of("5", "USD"))
        named = any(on is kind for on, _ in shapes)
        # A reminder nobody wrote a rule for stands for what the bill waits for.
        meant = EventKind.SUBMITTED if kind is EventKind.REMINDER and not named else kind
        fitting = [
            str(n) for n, (on, in_euros) in enumerate(shapes, 1) if on is meant and not in_euros
        ]
        assert (decision.rule if decision else None) == (fitting[0] if fitting else None)


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


def test_every_event_there_is_a_text_for_can_be_named_in_a_rule() -> None:
    body = deepcopy(PUBLISHED)
    body["rules"][0]["on"] = [kind.value for kind in TELLABLE]
    assert parse(body, 1).rules[0].on == TELLABLE


def test_a_reminder_goes_by_its_own_rule_where_there_is_one() -> None:
    flow = Flow(1, (), (a_rule("one", EventKind.SUBMITTED), a_rule("two", EventKind.REMINDER)), "")
    decision = decide(flow, EventKind.REMINDER, bill_of("1"))
    assert decision
    assert decision.rule == "two"


def test_an_event_no_rule_speaks_about_is_not_decided() -> None:
    assert decide(parse(PUBLISHED, 1), EventKind.DECLINED, bill_of("1")) is None


@pytest.mark.parametrize(
    ("amount", "currency", "holds"),
    [
        ("9999.99", "USD", False),
        ("10000", "USD", True),
        ("49999.99", "USD", True),
        ("50000", "USD", False),
        ("20000", "EUR", False),
    ],
)
def test_a_band_includes_its_lower_end_and_holds_in_its_own_currency_alone(
    amount: str, currency: str, holds: bool
) -> None:
    band = AmountBand("USD", Decimal(10000), Decimal(50000))
    assert band.holds(Money(Decimal(amount), currency)) is holds


def test_a_band_may_be_open_on_either_side() -> None:
    assert AmountBand("USD", at_least=Decimal(5)).holds(usd("1000000"))
    assert AmountBand("USD", under=Decimal(5)).holds(usd("-1000000"))


def test_the_decision_cites_the_rule_as_a_sentence() -> None:
    decision = decide(parse(PUBLISHED, 3), EventKind.CHANGED, bill_of("12500"))
    assert decision
    assert decision.sentence == (
        "1. When a bill is submitted or changes while it waits with an amount of at least "
        "USD 10,000.00 and under USD 50,000.00, text ann and text bob."
    )


@pytest.mark.parametrize(
    ("band", "words"),
    [
        (AmountBand("USD", Decimal(5)), "of at least USD 5.00"),
        (AmountBand("USD", None, Decimal(5)), "under USD 5.00"),
        (AmountBand("USD", Decimal(0), Decimal(5)), "of at least USD 0.00 and under USD 5.00"),
    ],
)
def test_a_band_is_said_in_words(band: AmountBand, words: str) -> None:
    assert str(band) == words


def test_each_step_names_whom_to_try_and_the_default_last_and_once() -> None:
    flow = parse(PUBLISHED, 1)
    large = decide(flow, EventKind.SUBMITTED, bill_of("12500"))
    small = decide(flow, EventKind.SUBMITTED, bill_of("1"))
    assert large
    assert small
    assert large.candidates == (("ann", "dee"), ("bob", "dee"))
    assert small.candidates == (("dee",),)


# -------------------------------------------------------------------- the published form
def test_the_published_form_is_read_whole() -> None:
    flow = parse(PUBLISHED, 9)
    assert flow.version == 9
    assert [company.key for company in flow.companies] == ["acme", "apex"]
    acme = flow.company("acme")
    assert acme
    assert (acme.name, acme.zone) == ("Acme AP", "America/Chicago")
    assert flow.company("nobody") is None
    assert flow.default_approver == "dee"
    assert flow.rules[0] == Rule(
        name="large bills",
        on=frozenset({EventKind.SUBMITTED, EventKind.CHANGED}),
        steps=(Step("sms", "approver"), Step("sms", "bob")),
        amount=AmountBand("USD", Decimal(10000), Decimal(50000)),
        approver="ann",
    )


def test_a_bound_may_be_a_whole_number() -> None:
    body = deepcopy(PUBLISHED)
    body["rules"][0]["when"]["amount"]["at_least"] = 10000
    assert parse(body, 1).rules == parse(PUBLISHED, 1).rules


Edit = Callable[[dict[str, Any]], object]
FIRST = 'rules[1] "large bills"'

REFUSALS: list[tuple[str, Edit, str]] = [
    # Unknown things are refused, never skipped: a misspelt condition would match everything.
    ("a key", lambda b: b.update(quiet=True), "flow: unknown key 'quiet'"),
    (
        "a key of a company",
        lambda b: b["companies"]["acme"].update(country="US"),
        "companies.acme: unknown key 'country'",
    ),
    ("a key of a rule", lambda b: b["rules"][0].update(of="x"), "rules[1]: unknown key 'of'"),
    (
        "a condition",
        lambda b: b["rules"][0]["when"].update(vendor="V-1"),
        f"{FIRST}.when: unknown key 'vendor'",
    ),
    (
        "a bound",
        lambda b: b["rules"][0]["when"]["amount"].update(over=1),
        f"{FIRST}.when.amount: unknown key 'over'",
    ),
    (
        "a key of a step",
        lambda b: b["rules"][0]["notify"][1]["sms"].update(after="10m"),
        f"{FIRST}.notify[2].sms: unknown key 'after'",
    ),
    (
        "a channel",
        lambda b: b["rules"][0]["notify"].append({"fax": {"to": "ann"}}),
        f"{FIRST}.notify[3]: unknown key 'fax'",
    ),
    ("an event", lambda b: b["rules"][0]["on"].append("bill.lost"), f"{FIRST}.on: unknown event"),
    # What is missing is named.
    ("no companies", lambda b: b.pop("companies"), "flow: 'companies' is missing"),
    ("no rules", lambda b: b.pop("rules"), "flow: 'rules' is missing"),
    ("a nameless company", lambda b: b["companies"]["acme"].pop("name"), "companies.acme: 'name'"),
    ("a nameless rule", lambda b: b["rules"][1].pop("name"), "rules[2]: 'name' is missing"),
    ("a step for nobody", lambda b: b["rules"][1]["notify"][0].update(sms={}), "'to' is missing"),
    (
        "a threshold without currency",
        lambda b: b["rules"][0]["when"]["amount"].pop("currency"),
        f"{FIRST}.when.amount: 'currency' is missing",
    ),
    # What can match nothing or reach nobody.
    ("no event", lambda b: b["rules"][0].update(on=[]), f"{FIRST}.on: names no event"),
    ("no step", lambda b: b["rules"][0].update(notify=[]), f"{FIRST}.notify: tells nobody"),
    (
        "no bound",
        lambda b: b["rules"][0]["when"].update(amount={"currency": "USD"}),
        f"{FIRST}.when.amount: needs at_least, under or both",
    ),
    (
        "an empty band",
        lambda b: b["rules"][0]["when"]["amount"].update(under="10000"),
        f"{FIRST}.when.amount: no amount is at least 10000 and under 10000",
    ),
    (
        "a currency in small letters",
        lambda b: b["rules"][0]["when"]["amount"].update(currency="usd"),
        f"{FIRST}.when.amount.currency: 'usd' is not an ISO 4217 code",
    ),
    (
        "an approver nobody named",
        lambda b: b.update(default_approver=""),
        'rules[2] "everything else".notify[1]: reaches nobody',
    ),
    # What nobody has to hear of has no text.
    (
        "an event without a text",
        lambda b: b["rules"][1]["on"].append("bill.approved"),
        'rules[2] "everything else".on: there is no text for bill.approved',
    ),
    # Amounts are exact.
    (
        "a float",
        lambda b: b["rules"][0]["when"]["amount"].update(at_least=0.1),
        f"{FIRST}.when.amount.at_least: an amount is text or a whole number",
    ),
    (
        "a truth value",
        lambda b: b["rules"][0]["when"]["amount"].update(at_least=True),
        f"{FIRST}.when.amount.at_least: an amount is text or a whole number",
    ),
    (
        "no number",
        lambda b: b["rules"][0]["when"]["amount"].update(at_least="ten"),
        f"{FIRST}.when.amount.at_least: 'ten' is no amount",
    ),
    (
        "an endless number",
        lambda b: b["rules"][0]["when"]["amount"].update(at_least="Infinity"),
        f"{FIRST}.when.amount.at_least: 'Infinity' is no amount",
    ),
    (
        "not a number",
        lambda b: b["rules"][0]["when"]["amount"].update(under="NaN"),
        f"{FIRST}.when.amount.under: 'NaN' is no amount",
    ),
    # Shapes.
    ("companies as a list", lambda b: b.update(companies=["acme"]), "companies: must be an object"),
    ("rules as an object", lambda b: b.update(rules={}), "rules: must be a list"),
    (
        "events as a word",
        lambda b: b["rules"][0].update(on="bill.submitted"),
        ".on: must be a list",
    ),
    ("a rule as a word", lambda b: b["rules"].append("all"), "rules[3]: must be an object"),
    ("a name as a number", lambda b: b["rules"][0].update(name=7), "rules[1].name: must be text"),
    ("an empty name", lambda b: b["companies"]["acme"].update(name=" "), "acme.name: is empty"),
    ("no recipient", lambda b: b["rules"][0]["notify"][0]["sms"].update(to=None), "must be text"),
    (
        "two channels in one step",
        lambda b: b["rules"][0]["notify"][0].update(fax={}),
        f"{FIRST}.notify[1]: unknown key 'fax'",
    ),
    (
        "more steps than one transaction can hold",
        lambda b: b["rules"][0].update(notify=[{"sms": {"to": "ann"}}] * (MOST_STEPS + 1)),
        f"{FIRST}.notify: {MOST_STEPS + 1} steps are more than the {MOST_STEPS} possible",
    ),
]


@pytest.mark.parametrize(
    ("edit", "complaint"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS]
)
def test_what_is_not_understood_is_refused_with_place_and_reason(
    edit: Edit, complaint: str
) -> None:
    body = deepcopy(PUBLISHED)
    edit(body)
    with pytest.raises(ConfigurationError) as refused:
        parse(body, 12)
    assert complaint in refused.value.safe_message
    assert refused.value.safe_message.startswith("flow version 12: ")


@pytest.mark.parametrize("schema", [None, 0, 2, "1"])
def test_a_flow_of_another_schema_is_refused_and_never_guessed_at(schema: object) -> None:
    with pytest.raises(ConfigurationError, match=r"schema .* is not 1"):
        parse({**PUBLISHED, "schema": schema}, 1)


@pytest.mark.parametrize("body", [None, [], "flow", 1])
def test_a_flow_that_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(ConfigurationError, match="must be an object"):
        parse(body, 1)


@unhurried
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "name",
                        "on",
                        "when",
                        "notify",
                        "sms",
                        "to",
                        "amount",
                        "currency",
                        "under",
                        "x",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_whatever_stands_in_a_flow_it_is_read_or_refused(anything: object) -> None:
    for key in ("companies", "rules", "default_approver"):
        for value in (anything, [anything], {"acme": anything}):
            try:
                parse({**PUBLISHED, key: value}, 1)
            except ConfigurationError:
                continue
