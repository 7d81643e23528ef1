"""Conditions: what holds of which bill or payment, and how it reads."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.books import Books, LineCoding
from ml_connector.domain.conditions import AmountBand, When, fits
from ml_connector.domain.documents import Document
from ml_connector.domain.money import Money
from tests.support.bills import a_document, usd
from tests.support.flows import a_payment_document
from tests.support.properties import unhurried

TODAY = date(2026, 11, 25)

#: 310 and 320 belong to 300, 311 to 310; 61000 to 60000; entity 110 to 100.
BOOKS = Books(
    parents={
        "department": {"310": "300", "320": "300", "311": "310"},
        "account": {"61000": "60000"},
        "entity": {"110": "100"},
    }
)


def coded(*departments: str, account: str = "") -> tuple[LineCoding, ...]:
    return tuple(LineCoding(department=each, account=account) for each in departments)


def holds(when: When, today: date | None = TODAY, **changes: Any) -> bool:
    return when.holds(replace(a_document(), **changes), BOOKS, today)


# --------------------------------------------------------------------------------- amounts
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


# --------------------------------------------------------------------------------- vendors
def test_a_vendor_is_meant_by_id_or_by_name() -> None:
    when = When(vendor_ids=("V-1", "V-2"), vendor_name="baker*")
    assert holds(when, vendor_id="V-2", vendor_name="Cole Cement")
    assert holds(when, vendor_id="V-9", vendor_name="Baker Steel")
    assert not holds(when, vendor_id="V-9", vendor_name="Cole Cement")


def test_ids_are_compared_as_they_are() -> None:
    assert not holds(When(vendor_ids=("v-100",)), vendor_id="V-100")


@pytest.mark.parametrize(
    ("pattern", "text", "fit"),
    [
        ("baker steel", "Baker Steel", True),
        ("baker", "Baker Steel", False),
        ("Baker*", "BAKER STEEL", True),
        ("*steel", "Baker Steel", True),
        ("*ker*st*", "Baker Steel", True),
        ("*st*ker*", "Baker Steel", False),
        ("*", "", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*ab*ab", "xab", False),
        ("stra\u00dfe*", "STRASSE 1", True),
        ("b?ker*", "Baker Steel", False),
        ("[b]aker*", "Baker Steel", False),
    ],
)
def test_a_star_stands_for_any_text_and_nothing_else_is_special(
    pattern: str, text: str, fit: bool
) -> None:
    assert fits(pattern, text) is fit


@unhurried
@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="abc", max_size=10))
def test_patterns_mean_what_they_mean_in_a_shell(pattern: str, text: str) -> None:
    assert fits(pattern, text) is bool(re.match(fnmatch.translate(pattern), text))


def test_no_pattern_is_slow() -> None:
    assert not fits("*a" * 100 + "b", "a" * 5_000)


# ----------------------------------------------------------------------------- dimensions
def test_a_parent_covers_its_children_and_theirs() -> None:
    for department, fit in (("300", True), ("310", True), ("311", True), ("400", False)):
        when = When(dimensions=(("department", ("300",)),))
        assert holds(when, lines=coded(department)) is fit


def test_a_child_does_not_cover_its_parent() -> None:
    assert not holds(When(dimensions=(("department", ("310",)),)), lines=coded("300"))


@pytest.mark.parametrize(
    ("lines", "any_of_them", "all_of_them"),
    [
        (coded("310", "320"), True, True),
        (coded("310", "400"), True, False),
        (coded("400", ""), False, False),
        ((), False, False),
    ],
)
def test_any_line_is_enough_unless_all_are_asked_for(
    lines: tuple[LineCoding, ...], any_of_them: bool, all_of_them: bool
) -> None:
    asked = (("department", ("300",)),)
    assert holds(When(dimensions=asked), lines=lines) is any_of_them
    assert holds(When(dimensions=asked, lines="all"), lines=lines) is all_of_them


def test_several_dimensions_are_asked_of_one_and_the_same_line() -> None:
    when = When(dimensions=(("department", ("300",)), ("account", ("60000",))))
    assert holds(when, lines=coded("310", account="61000"))
    assert not holds(when, lines=(*coded("310", account="7"), *coded("400", account="61000")))


@pytest.mark.parametrize(
    ("dimension", "line"),
    [
        ("department", LineCoding(department="7")),
        ("location", LineCoding(location="7")),
        ("class", LineCoding(class_id="7")),
        ("project", LineCoding(project="7")),
        ("account", LineCoding(account="7")),
    ],
)
def test_every_dimension_of_a_line_can_be_asked_for(dimension: str, line: LineCoding) -> None:
    when = When(dimensions=((dimension, ("7",)),))
    assert holds(when, lines=(line,))
    assert not holds(when, lines=(LineCoding(),))


def test_an_entity_covers_those_under_it() -> None:
    when = When(entities=("100",))
    assert holds(when, entity="100")
    assert holds(when, entity="110")
    assert not holds(when, entity="200")
    assert not holds(when, entity="")


def test_master_data_that_runs_in_a_circle_decides_nothing_and_ends() -> None:
    round_about = Books({"department": {"1": "2", "2": "1"}})
    bill = replace(a_document(), lines=coded("1"))
    assert When(dimensions=(("department", ("2",)),)).holds(bill, round_about, TODAY)
    assert not When(dimensions=(("department", ("3",)),)).holds(bill, round_about, TODAY)


# ----------------------------------------------------------------------- due, description
@pytest.mark.parametrize(
    ("due", "soon"),
    [
        (date(2026, 11, 24), True),
        (date(2026, 11, 27), True),
        (date(2026, 11, 28), False),
        (None, False),
    ],
)
def test_what_is_due_within_some_days_includes_what_is_overdue(
    due: date | None, soon: bool
) -> None:
    assert holds(When(due_within_days=2), due=due) is soon


def test_where_nobody_knows_the_day_nothing_is_due() -> None:
    assert not holds(When(due_within_days=366), today=None)


def test_a_description_is_looked_at_by_pattern() -> None:
    when = When(description="*rent*")
    assert holds(when, description="Office RENT for May")
    assert not holds(when, description="Paper")


# ------------------------------------------------------------------------------- payments
@pytest.mark.parametrize(
    "when",
    [
        When(dimensions=(("department", ("",)),)),
        When(dimensions=(("department", ("300",)),), lines="all"),
        When(due_within_days=366),
        When(description="*"),
    ],
)
def test_what_a_payment_does_not_have_never_holds_of_one(when: When) -> None:
    payment = a_payment_document()
    assert not when.holds(payment, BOOKS, TODAY)
    assert when.never_of_payments


def test_amount_vendor_and_entity_hold_of_payments_too() -> None:
    payment = a_payment_document(entity="110")
    band = AmountBand(payment.amount.currency, Decimal(0))
    when = When(band, vendor_ids=(payment.vendor_id,), entities=("100",))
    assert when.holds(payment, BOOKS, TODAY)
    assert not when.never_of_payments


def test_no_condition_holds_of_everything() -> None:
    assert When().anything
    assert When().holds(a_document(), Books(), None)
    assert not When(description="*").anything


def test_every_condition_must_hold() -> None:
    when = When(AmountBand("USD", Decimal(100)), vendor_ids=("V-100",))
    bill: Document = replace(a_document(), vendor_id="V-100", amount=usd("100"))
    assert when.holds(bill, BOOKS, TODAY)
    assert not when.holds(replace(bill, amount=usd("99")), BOOKS, TODAY)
    assert not when.holds(replace(bill, vendor_id="V-2"), BOOKS, TODAY)
