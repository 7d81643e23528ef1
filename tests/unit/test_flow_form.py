"""The published form: what is read, and that whatever it holds is read or refused."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.events import EventKind
from ml_connector.domain.flows import AmountBand, Rule, Step, When, parse
from ml_connector.domain.plans import Until
from ml_connector.domain.wording import TELLABLE
from ml_connector.errors import ConfigurationError
from tests.support.flows import FULL, PUBLISHED, telling
from tests.support.properties import unhurried


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
        when=When(AmountBand("USD", Decimal(10000), Decimal(50000))),
        approver="ann",
    )


def test_a_bound_may_be_a_whole_number() -> None:
    body = deepcopy(PUBLISHED)
    body["rules"][0]["when"]["amount"]["at_least"] = 10000
    assert parse(body, 1).rules == parse(PUBLISHED, 1).rules


def test_every_event_there_is_a_text_for_can_be_named_in_a_rule() -> None:
    body = deepcopy(PUBLISHED)
    body["rules"][0]["on"] = [kind.value for kind in TELLABLE]
    assert parse(body, 1).rules[0].on == TELLABLE


def test_every_word_of_a_rule_is_read() -> None:
    rule = parse(FULL, 1).rules[0]
    day = timedelta(days=1)
    assert rule == Rule(
        name="large bills are called",
        on=frozenset({EventKind.SUBMITTED}),
        companies=("acme",),
        when=When(
            amount=AmountBand("USD", Decimal(10000), Decimal(50000)),
            vendor_ids=("V-100",),
            vendor_name="Baker*",
            entities=("100",),
            dimensions=(
                ("department", ("300",)),
                ("location", ("L1",)),
                ("class", ("C1",)),
                ("project", ("P1",)),
                ("account", ("60000",)),
            ),
            lines="all",
            due_within_days=2,
            description="*rent*",
        ),
        approver="ann",
        levels=("ann", "bob", "ann"),
        reply_confirms=True,
        steps=(
            Step("voice", "approver", confirm=True, attempts=3),
            Step("sms", "approver", timedelta(minutes=10), Until.CONFIRMED),
            Step("voice", "manager", timedelta(minutes=30), Until.CONFIRMED),
            Step(
                *("sms", "ann", day, None, day, 5, Until.HANDLED),
                urgent=True,
                detail="amount_only",
                link=True,
            ),
        ),
    )


def test_a_company_has_its_own_calendar_default_and_lead() -> None:
    flow = parse(FULL, 1)
    acme = flow.company("acme")
    assert acme
    assert (acme.default_approver, acme.ap_lead) == ("bob", "lou")
    assert acme.calendar.working == timedelta(minutes=5)
    assert (flow.default_approver, flow.ap_lead) == ("cho", "lea")


def test_texts_of_a_company_ask_for_replies_unless_it_says_otherwise() -> None:
    acme, other = parse(FULL, 1).company("acme"), parse(PUBLISHED, 1).company("acme")
    assert acme
    assert other
    assert (acme.replies, other.replies) == (False, True)


def test_a_first_step_may_be_left_out_without_a_wait_before_it() -> None:
    body = deepcopy(FULL)
    body["rules"][0]["notify"] = [{"sms": {"to": "ann", "unless": "acknowledged"}}]
    assert parse(body, 1).rules[0].steps == (Step("sms", "ann", unless=Until.ACKNOWLEDGED),)


@pytest.mark.parametrize("to", ["approver", "manager", "next_level", "ap_lead", "ann"])
def test_every_role_and_every_id_can_be_told(to: str) -> None:
    body = {**FULL, "rules": [telling(to)]}
    assert parse(body, 1).rules[0].steps == (Step("sms", to),)


def test_blanks_around_names_do_not_count() -> None:
    body = deepcopy(FULL)
    body["rules"][0].update(approver=" ann ", when={"department": [" 300"]})
    rule = parse(body, 1).rules[0]
    assert rule.approver == "ann"
    assert rule.when.dimensions == (("department", ("300",)),)


# -------------------------------------------------------------------------- whatever it is
def _places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a flow, the whole of it included."""
    entries: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    if isinstance(value, list):
        entries = list(enumerate(value))
    return [path, *(place for key, each in entries for place in _places(each, (*path, key)))]


PLACES = _places(FULL)
WORDS = sorted({key for place in PLACES for key in place if isinstance(key, str)} | {"x"})
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["sms", "approver", "USD", "1e999999999", "sNaN", "bill.submitted", "*"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(WORDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


def flow_with(anything: Any, place: tuple[Any, ...]) -> Any:
    """The full flow with something else in one place of it."""
    flow: dict[str, Any] = {"whole": deepcopy(FULL)}
    *path, last = ("whole", *place)
    inner: Any = flow
    for key in path:
        inner = inner[key]
    inner[last] = anything
    return flow["whole"]


@unhurried
@given(st.sampled_from(PLACES), ANYTHING)
def test_whatever_stands_wherever_in_a_flow_it_is_read_or_refused(
    place: tuple[Any, ...], anything: Any
) -> None:
    try:
        read = parse(flow_with(anything, place), 1)
    except ConfigurationError:
        return
    assert all(rule.sentence for rule in read.rules)


@pytest.mark.parametrize(
    "endless", [10**5000, [10**5000], {"schema": [10**5000]}], ids=["alone", "list", "object"]
)
def test_a_number_too_long_to_be_written_is_refused_wherever_it_stands(endless: Any) -> None:
    for place in PLACES:
        with pytest.raises(ConfigurationError):
            parse(flow_with(endless, place), 1)
