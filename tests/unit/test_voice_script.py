"""What calls say, and that nothing else can be made to be said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.events import EventKind
from ml_connector.domain.messages import Detail
from ml_connector.domain.money import Money
from ml_connector.domain.payments import PaymentDocument, PaymentPhase, PaymentState
from ml_connector.domain.voice_script import (
    LONGEST_SPOKEN,
    event_call,
    language_of,
    prompts,
    spelled,
    spoken,
    spoken_amount,
)
from ml_connector.domain.voice_words import ENGLISH, LANGUAGES, SPANISH
from ml_connector.domain.wording import WORDS
from tests.support.samples import document

BILL = replace(
    document(),
    number="4711",
    vendor_name="Baker Steel",
    amount=Money(Decimal("25000.00"), "USD"),
    due=date(2026, 11, 30),
)


def payment(**changes: object) -> PaymentDocument:
    made = PaymentDocument(
        company=BILL.company,
        id="payment#9",
        record_no="9",
        number="CHK 20",
        vendor_id="V-100",
        vendor_name="Baker Steel",
        amount=Money(Decimal("0.50"), "EUR"),
        phase=PaymentPhase.CLEARED,
        state=PaymentState.CONFIRMED,
        cleared_on=date(2026, 2, 3),
        modified=None,
        first_seen=BILL.first_seen,
        head=BILL.head,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_bill_is_told_in_full() -> None:
    assert event_call(EventKind.SUBMITTED, "Acme AP", BILL) == (
        "Acme AP. A bill from Baker Steel, 25,000 US dollars, number 4 7 1 1, due November 30. "
        "Waiting for approval in Intacct."
    )


def test_a_bill_is_told_in_spanish() -> None:
    assert event_call(EventKind.SUBMITTED, "Acme AP", BILL, language="es-MX") == (
        "Acme AP. Una factura de Baker Steel, 25000 dólares estadounidenses, número 4 7 1 1, "
        "vence el 30 de noviembre. Espera aprobación en Intacct."
    )


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("amount_only", "Acme AP. A bill of 25,000 US dollars. Waiting for approval in Intacct."),
        ("reference_only", "Acme AP. A bill is waiting for approval in Intacct."),
    ],
)
def test_less_is_told_where_less_is_asked_for(detail: Detail, said: str) -> None:
    assert event_call(EventKind.SUBMITTED, "Acme AP", BILL, detail) == said


def test_a_cleared_payment_names_the_day() -> None:
    said = event_call(EventKind.PAYMENT_CLEARED, "Acme AP", payment())
    assert said == (
        "Acme AP. A payment to Baker Steel, 0 euros and 50 cents, number C H K, 2 0. "
        "Cleared the bank on February 3, says Intacct."
    )
    spanish = event_call(EventKind.PAYMENT_CLEARED, "", payment(), language="es-ES")
    assert spanish.endswith("El banco lo pagó el 3 de febrero, según Intacct.")


@pytest.mark.parametrize("language", ["en-US", "es-MX"])
@pytest.mark.parametrize("detail", ["full", "amount_only", "reference_only"])
@pytest.mark.parametrize("kind", WORDS)
def test_every_event_has_words_in_every_language(
    kind: EventKind, detail: Detail, language: str
) -> None:
    subject = payment() if kind.value.startswith("payment") else BILL
    said = event_call(kind, "Acme AP", subject, detail, language)
    assert said.startswith("Acme AP. ")
    assert said.endswith(".")
    assert said == spoken(said, language)
    assert ".." not in said


def test_both_languages_have_the_same_words() -> None:
    assert set(ENGLISH.told) == set(SPANISH.told) == set(WORDS)
    assert set(ENGLISH.currencies) == set(SPANISH.currencies)
    assert {"en", "es"} == set(LANGUAGES)


def test_where_names_are_missing_the_call_still_makes_sense() -> None:
    bare = replace(BILL, vendor_name="", vendor_id="", number=" - ", record_no="17", due=None)
    assert event_call(EventKind.SUBMITTED, "", bare) == (
        "A bill from an unnamed vendor, 25,000 US dollars, record 1 7. "
        "Waiting for approval in Intacct."
    )


@pytest.mark.parametrize(
    ("amount", "english", "spanish"),
    [
        ("1", "1 US dollar", "1 dólar estadounidense"),
        ("12500", "12,500 US dollars", "12500 dólares estadounidenses"),
        ("12500.50", "12,500 US dollars and 50 cents", None),
        ("0.01", "0 US dollars and 1 cent", "0 dólares estadounidenses con 1 centavo"),
        ("-3.20", "minus 3 US dollars and 20 cents", None),
        ("1.005", "1 point 0 0 5 US dollars", "1 punto 0 0 5 dólares estadounidenses"),
    ],
)
def test_amounts_are_spoken_exactly(amount: str, english: str, spanish: str | None) -> None:
    money = Money(Decimal(amount), "USD")
    assert spoken_amount(money) == english
    if spanish:
        assert spoken_amount(money, "es-ES") == spanish


@pytest.mark.parametrize(
    ("money", "said"),
    [
        (Money(Decimal(5000), "JPY"), "5,000 Japanese yen"),
        (Money(Decimal(5000), "XAF"), "5,000 X A F"),
        (Money(Decimal("5000.5"), "XAF"), "5,000 point 5 X A F"),
        (Money(Decimal(7), "gbp"), "7 British pounds"),
        (Money(Decimal(7), "{{"), "7"),
    ],
)
def test_currencies_are_named_or_spelled(money: Money, said: str) -> None:
    assert spoken_amount(money) == said


def test_nothing_of_a_long_amount_is_rounded() -> None:
    money = Money(Decimal("123456789012345678901234567890.12"), "USD")
    assert spoken_amount(money) == (
        "123,456,789,012,345,678,901,234,567,890 US dollars and 12 cents"
    )


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("4711", "4 7 1 1"),
        ("INV-2026/0815", "I N V, 2 0 2 6, 0 8 1 5"),
        ("June rent", "June, rent"),
        ("ABC", "A B C"),
        ("", ""),
    ],
)
def test_numbers_are_spelled_and_words_read(number: str, said: str) -> None:
    assert spelled(number) == said


def test_of_a_very_long_number_the_end_is_told() -> None:
    said = event_call(EventKind.SUBMITTED, "Acme", replace(BILL, number="0" * 500 + "4711"))
    assert "number ending in 0 0 0 0 0 0 0 0 4 7 1 1, due" in said


@pytest.mark.parametrize(
    ("hostile", "said"),
    [
        ("{{7*7}}", "7 7"),
        ("<Say>", "Say"),
        ("</Say><Hangup/>", "Say Hangup"),
        ("{% raw %}", "raw"),
        ("<break time='9s'/>", "break time '9s'"),
        ("&lt;Say&gt;", "and lt; Say and gt"),
        ("Smith & Sons", "Smith and Sons"),
        ("pay.example.com", "pay example com"),
        ("\u202eabc\u0000", "abc"),
        ("a . . . b", "a. b"),
        ("🙂", ""),
        ("O\u2019Neill \u2013 Sons", "O'Neill - Sons"),
        ("\uff1cSay\uff1e", "Say"),
        ("ab\u200bc", "abc"),
        ("Ünïcode & Co", "Ünïcode and Co"),
        ("St. Mary's Co.", "St. Mary's Co."),
    ],
)
def test_hostile_text_becomes_words(hostile: str, said: str) -> None:
    assert spoken(hostile).rstrip(";") == said


@given(st.text(max_size=300))
def test_nothing_gets_through_that_means_anything_to_a_machine(text: str) -> None:
    said = spoken(text)
    assert not set(said) & set('<>&{}[]%|\\"`~^*#@_=$+/()\n\r\t')
    assert spoken(said) == said


@given(
    company=st.text(max_size=5000),
    vendor=st.text(max_size=5000),
    number=st.text(max_size=5000),
    language=st.sampled_from(["en-US", "es-MX", "xx"]),
)
def test_a_call_is_never_longer_than_it_may_be(
    company: str, vendor: str, number: str, language: str
) -> None:
    subject = replace(BILL, vendor_name=vendor, number=number)
    said = event_call(EventKind.SUBMITTED, company, subject, language=language)
    assert 0 < len(said) <= LONGEST_SPOKEN
    assert said == spoken(said, language)


def test_prompts_follow_the_language_and_may_be_said() -> None:
    assert prompts("es-ES") is SPANISH.prompts
    assert prompts("de-DE") is prompts("en-GB") is ENGLISH.prompts
    for said in (ENGLISH.prompts, SPANISH.prompts):
        for text in (said.ask, said.again, said.confirmed, said.declined):
            assert spoken(text) == text
        assert "1" in said.ask
        assert "2" in said.ask


@pytest.mark.parametrize(
    ("tag", "language"),
    [("es-AR", "es-AR"), ("en", "en"), ("ES-mx", "ES-mx"), ("de-DE", "en-US"), ("", "en-US")],
)
def test_a_language_without_words_is_english(tag: str, language: str) -> None:
    assert language_of(tag) == language
