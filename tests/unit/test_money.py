from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.money import Money
from tests.support.properties import unhurried

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("12500", "USD 12,500.00"),
        ("12500.5", "USD 12,500.50"),
        ("0", "USD 0.00"),
        ("-3.10", "USD -3.10"),
        ("1E+3", "USD 1,000.00"),
        ("12500.000", "USD 12,500.00"),
        ("-0.00", "USD 0.00"),
        ("-0.001", "USD -0.001"),
        ("12500", "JPY 12,500"),
        ("12500.00", "KRW 12,500"),
        ("12500.5", "JPY 12,500.5"),
        ("-0", "JPY 0"),
        ("12500.5", "KWD 12,500.500"),
        ("1", "CLF 1.0000"),
        ("1", "XYZ 1.00"),
    ],
)
def test_an_amount_is_shown_with_its_currency_and_the_decimals_that_one_has(
    amount: str, shown: str
) -> None:
    assert str(Money(Decimal(amount), shown[:3])) == shown


def test_an_amount_is_never_rounded_when_it_is_shown() -> None:
    # The dinars of Bahrain, Jordan, Kuwait and Tunisia have three decimals.
    assert str(Money(Decimal("1234.567"), "KWD")) == "KWD 1,234.567"
    assert str(Money(Decimal("0.005"), "USD")) == "USD 0.005"


@unhurried
@given(AMOUNTS, st.sampled_from(["USD", "JPY", "KWD"]))
def test_what_is_shown_is_the_amount(amount: Decimal, currency: str) -> None:
    shown = str(Money(amount, currency)).removeprefix(currency).replace(",", "")
    assert Decimal(shown) == amount


@unhurried
@given(AMOUNTS, AMOUNTS)
def test_equal_amounts_have_one_canonical_spelling_and_others_have_others(
    one: Decimal, other: Decimal
) -> None:
    spellings = Money(one, "USD").canonical(), Money(other, "USD").canonical()
    assert (spellings[0] == spellings[1]) == (one == other)


@pytest.mark.parametrize(
    ("amount", "spelling"),
    [
        ("12500", "USD 12500"),
        ("12500.00", "USD 12500"),
        ("1.25E+4", "USD 12500"),
        ("12.50", "USD 12.5"),
        ("-0.00", "USD 0"),
        ("0E+3", "USD 0"),
        ("123456789012345678901234567890.12", "USD 123456789012345678901234567890.12"),
    ],
)
def test_the_canonical_spelling(amount: str, spelling: str) -> None:
    assert Money(Decimal(amount), "USD").canonical() == spelling


def test_the_canonical_spelling_does_not_depend_on_who_asks() -> None:
    money = Money(Decimal("123456.789"), "USD")
    with localcontext() as context:
        context.prec = 3
        assert money.canonical() == "USD 123456.789"


def test_currencies_are_told_apart() -> None:
    assert Money(Decimal(1), "USD") != Money(Decimal(1), "EUR")
    assert Money(Decimal("1.0"), "USD") == Money(Decimal(1), "USD")
