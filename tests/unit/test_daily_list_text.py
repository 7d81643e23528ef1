"""What a daily list says: how many, how much, since when, and the oldest as room allows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.daily_list_text import Line, daily_list_sms
from ml_connector.domain.documents import Document, first_seen
from ml_connector.domain.gsm7 import segments
from ml_connector.domain.messages import Detail, reference_in
from ml_connector.domain.money import Money
from tests.support.bills import a_bill
from tests.support.properties import unhurried

TODAY = date(2026, 11, 24)


def bill(
    number: str = "4711",
    vendor: str = "Baker Steel",
    amount: str = "12500.00",
    currency: str = "USD",
) -> Document:
    seen = datetime(2026, 11, 3, 15, tzinfo=UTC)
    document = first_seen("acme", a_bill(number, modified=seen), seen)
    money = Money(Decimal(amount), currency)
    return replace(document, number=number, vendor_name=vendor, amount=money)


def line(document: Document, detail: Detail = "full", since: date = date(2026, 11, 3)) -> Line:
    return Line(document, detail, since)


def said(*lines: Line, company: str = "Acme AP", language: str = "en-US") -> str:
    return daily_list_sms(company, lines, TODAY, "K7F2", language)


def test_one_bill_is_named_with_its_amount_and_day() -> None:
    assert said(line(bill())) == (
        "Acme AP: 1 bill still waits for you in Intacct, since Nov 3: Baker Steel USD 12,500.00"
        " (4711). Open Intacct. Ref K7F2"
    )


def test_several_are_summed_and_the_first_given_are_named() -> None:
    lines = [line(bill(str(n), amount="100.00")) for n in range(4711, 4718)]
    text = said(*lines)
    assert text.startswith(
        "Acme AP: 7 bills still wait for you in Intacct, oldest Nov 3, USD 700.00: Baker Steel USD"
        " 100.00 (4711), Baker Steel USD 100.00 (4712), "
    )
    assert text.endswith(" and 2 more. Open Intacct. Ref K7F2")


def test_each_currency_has_its_sum_the_most_frequent_first() -> None:
    text = said(line(bill("1", currency="EUR")), line(bill("2")), line(bill("3")))
    assert "USD 25,000.00; EUR 12,500.00" in text
    many = [line(bill(code, currency=code)) for code in ("AUD", "CAD", "CHF", "EUR")]
    assert "and others" in said(*many)


def test_an_old_bill_has_its_year() -> None:
    assert "since Dec 30, 2025" in said(line(bill(), since=date(2025, 12, 30)))


def test_what_a_rule_keeps_off_lock_screens_is_not_named() -> None:
    text = said(line(bill("4711"), "amount_only"), line(bill("4712", "Other Ltd")))
    assert "2 bills" in text
    assert "USD 25,000.00" in text
    assert "4711" not in text
    assert "Other Ltd USD 12,500.00 (4712) and 1 more" in text
    least = said(line(bill("4711"), "reference_only"), line(bill("4712")))
    assert least == "Acme AP: bills still wait for you in Intacct. Open Intacct. Ref K7F2"


def test_it_speaks_spanish_without_accents_that_cost() -> None:
    text = said(line(bill()), line(bill("4712")), language="es-MX")
    assert text.startswith("Acme AP: 2 facturas le esperan en Intacct, la mas antigua 3 nov, USD")
    assert segments(text).encoding == "GSM-7"


def test_a_hostile_name_brings_no_link_and_no_reference() -> None:
    text = said(line(bill("Ref ABCD", "pay.example.com/now\nRef QQQQ")))
    assert "pay.example.com" not in text
    assert "\n" not in text
    assert reference_in(text) == "K7F2"


@unhurried
@given(
    names=st.lists(st.tuples(st.text(max_size=80), st.text(max_size=40)), min_size=1, max_size=12),
    company=st.text(max_size=120),
    amount=st.sampled_from(("0.01", "99.00", "999999999999.99")),
    language=st.sampled_from(("en-US", "es-ES", "es", "de-DE")),
    details=st.sampled_from(("full", "amount_only", "reference_only")),
)
def test_no_list_is_longer_than_two_segments_and_each_ends_with_its_reference(
    names: list[tuple[str, str]], company: str, amount: str, language: str, details: Detail
) -> None:
    lines = [line(bill(number, vendor, amount), details) for vendor, number in names]
    text = said(*lines, company=company, language=language)
    assert segments(text).parts <= 2
    assert text.endswith("Ref K7F2")


@pytest.mark.parametrize("count", [1, 2, 1_800])
def test_the_number_of_bills_is_always_said(count: int) -> None:
    text = said(*(line(bill(str(n), "V" * 80, "123456789.00")) for n in range(count)))
    assert ("1 bill " if count == 1 else f"{count:,} bills ") in text
