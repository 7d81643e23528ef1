"""Amounts and days as people in each country write them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.domain.formats import HOME, format_of, written_amount, written_count, written_day
from ml_connector.domain.gsm7 import is_gsm7
from ml_connector.domain.money import Money
from ml_connector.domain.number_formats import ROWS


@pytest.mark.parametrize(
    ("tag", "amount", "day", "with_year"),
    [
        ("en-US", "USD 1,234,567.50", "Sep 5", "Sep 5, 2026"),
        ("en-GB", "USD 1,234,567.50", "5 Sept", "5 Sept 2026"),
        ("en-IN", "USD 12,34,567.50", "5 Sept", "5 Sept 2026"),
        ("en-ZA", "USD 1 234 567,50", "05 Sept", "05 Sept 2026"),
        ("es-ES", "1.234.567,50 USD", "5 sept", "5 sept 2026"),
        ("es-MX", "USD 1,234,567.50", "5 sep", "5 sep 2026"),
        ("es-US", "USD 1,234,567.50", "5 sept", "5 sept 2026"),
        ("es-CO", "USD 1.234.567,50", "5 de sept", "5 de sept de 2026"),
        ("es-PE", "USD 1,234,567.50", "5 set", "5 set 2026"),
    ],
)
def test_each_country_has_its_own_way(tag: str, amount: str, day: str, with_year: str) -> None:
    september = date(2026, 9, 5)
    assert written_amount(Money(Decimal("1234567.5"), "USD"), tag) == amount
    assert written_day(september, tag) == day
    assert written_day(september, tag, year=True) == with_year


@pytest.mark.parametrize(
    ("tag", "home"),
    [
        ("en", "en-US"), ("es", "es-MX"), ("es-es", "es-ES"), ("ES-ES", "es-ES"),
        ("es-XX", "es-MX"), ("de-DE", "en-US"), ("de", "en-US"), ("", "en-US"),
    ],
)  # fmt: skip
def test_a_language_alone_or_an_unknown_tag_is_written_as_at_home(tag: str, home: str) -> None:
    assert format_of(tag) == format_of(home)
    assert home in ROWS


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0", "0,00 EUR"),
        ("-0.5", "-0,50 EUR"),
        ("999", "999,00 EUR"),
        ("-1000", "-1.000,00 EUR"),
        ("12.3456", "12,3456 EUR"),
        ("1E+3", "1.000,00 EUR"),
    ],
)
def test_amounts_are_exact_and_have_two_decimals_at_least(amount: str, said: str) -> None:
    assert written_amount(Money(Decimal(amount), "EUR"), "es-ES") == said


@pytest.mark.parametrize(
    ("amount", "code", "said"),
    [
        ("1234567", "JPY", "1.234.567 JPY"),
        ("-0.00", "EUR", "0,00 EUR"),
        ("1234.5", "KWD", "1.234,500 KWD"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(amount: str, code: str, said: str) -> None:
    assert written_amount(Money(Decimal(amount), code), "es-ES") == said


def test_counts_are_grouped_the_same_way() -> None:
    assert [written_count(count, "es-ES") for count in (0, 7, 1800, 1_000_000)] == [
        "0", "7", "1.800", "1.000.000",
    ]  # fmt: skip


@settings(deadline=None)
@given(
    st.sampled_from(sorted(ROWS)),
    st.decimals("-999999999999.9999", "999999999999.9999", places=4),
)
def test_an_amount_can_be_read_back(tag: str, amount: Decimal) -> None:
    form = format_of(tag)
    said = written_amount(Money(amount, "USD"), tag).replace("USD", "").replace(" ", "")
    assert Decimal(said.replace(form.group, "").replace(form.decimal, ".")) == amount


@pytest.mark.parametrize("tag", sorted(ROWS))
def test_a_row_is_whole_and_no_character_costs_a_segment(tag: str) -> None:
    form = format_of(tag)
    assert tag.split("-", maxsplit=1)[0] in HOME
    assert len(set(form.months)) == 12
    assert form.decimal != form.group
    assert is_gsm7("".join([form.decimal, form.group, form.money, *form.months]))
    assert is_gsm7(written_day(date(2026, 11, 30), tag, year=True))
