"""What a text or a call about several bills and payments says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.bundle_words import BUNDLE_LANGUAGES, ENGLISH
from ml_connector.domain.bundles import BUNDLED, Item, bundle_call, bundle_sms, bundle_text
from ml_connector.domain.documents import Document, first_seen
from ml_connector.domain.events import EventKind
from ml_connector.domain.gsm7 import is_gsm7, segments
from ml_connector.domain.messages import Manner, reference_in
from ml_connector.domain.money import Money
from ml_connector.domain.voice_script import LONGEST_SPOKEN, spoken
from tests.support.properties import unhurried

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
REFERENCE = "K7F2"
SPANISH = Manner(language="es-MX")


def document(
    number: str, amount: str = "12000.00", currency: str = "USD", vendor: str = "Baker Steel"
) -> Document:
    bill = Bill(
        record_no=f"R{number}",
        number=number,
        vendor_id="V-100",
        vendor_name=vendor,
        amount=Money(Decimal(amount), currency),
        state=BillState.SUBMITTED,
        state_text="Submitted",
        due=None,
        modified=NOON,
    )
    return first_seen("acme", bill, NOON)


def items(*numbers: int, kind: EventKind = EventKind.SUBMITTED, **more: str) -> list[Item]:
    documents = [document(str(number), **more) for number in numbers]
    return [Item(kind, one.id, one) for one in documents]


def sms(*told: list[Item], manner: Manner | None = None, company: str = "Acme AP") -> str:
    every = [item for each in told for item in each]
    return bundle_sms(company, every, REFERENCE, manner or Manner())


# ------------------------------------------------------------------------------------- texts
def test_several_bills_are_counted_summed_and_the_first_named() -> None:
    assert sms(items(*range(4711, 4718))) == (
        "Acme AP: 7 bills waiting for approval in Intacct, USD 84,000.00: 4711, 4712, 4713 and "
        "4 more. Open Intacct. Ref K7F2"
    )


def test_one_more_is_named_rather_than_counted() -> None:
    assert ": 1, 2, 3, 4." in sms(items(1, 2, 3, 4))


def test_numbers_are_in_the_order_people_count_in() -> None:
    assert ": 9, 10, 100." in sms(items(100, 9, 10))


def test_what_happened_is_told_apart_and_sums_are_of_one_currency_each() -> None:
    text = sms(
        items(1, 2),
        items(3, currency="EUR", amount="500.50"),
        items(7, kind=EventKind.OVERDUE, amount="100"),
        items(8, 9, kind=EventKind.PAYMENT_CLEARED, amount="10.00"),
    )
    assert text == (
        "Acme AP: 1 overdue bill waiting for approval in Intacct, USD 100.00: 7; "
        "3 bills waiting for approval, USD 24,000.00 + EUR 500.50: 1, 2, 3; "
        "2 payments cleared the bank, USD 20.00: 8, 9. Open Intacct. Ref K7F2"
    )


def test_a_bill_with_two_alerts_of_a_kind_is_one_bill() -> None:
    assert "1 bill waiting for approval in Intacct, USD 12,000.00: 5." in sms(items(5), items(5))


def test_in_spanish() -> None:
    assert sms(items(1, 2), manner=SPANISH) == (
        "Acme AP: 2 facturas esperan aprobacion en Intacct, USD 24,000.00: 1, 2. "
        "Abra Intacct. Ref K7F2"
    )


def test_a_reply_is_asked_for_where_it_is_read() -> None:
    assert sms(items(1, 2), manner=Manner(ask="one")).endswith("Reply 1 = seen. Ref K7F2")
    asked = sms(items(1, 2), manner=Manner(ask="reference"))
    assert asked.endswith("Reply K7F2 = seen. Ref K7F2")


def test_a_lock_screen_shows_no_more_than_the_strictest_rule_allows() -> None:
    amounts = sms(items(4711, 4712), manner=Manner(detail="amount_only"))
    assert amounts == (
        "Acme AP: 2 bills waiting for approval in Intacct, USD 24,000.00. Open Intacct. Ref K7F2"
    )
    least = sms(items(4711, 4712), manner=Manner(detail="reference_only"))
    assert least == "Acme AP: bills are waiting for approval in Intacct. Open Intacct. Ref K7F2"


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ([EventKind.PAYMENT_CLEARED], "there is news of payments in Intacct."),
        (
            [EventKind.PAYMENT_VOIDED, EventKind.OVERDUE],
            "there is news of bills and payments in Intacct.",
        ),
    ],
)
def test_the_least_that_is_said_of_payments(kinds: list[EventKind], said: str) -> None:
    told = [items(number, kind=kind) for number, kind in enumerate(kinds)]
    assert said in sms(*told, manner=Manner(detail="reference_only"))


def test_a_document_that_is_gone_is_counted_but_neither_named_nor_summed() -> None:
    gone = Item(EventKind.SUBMITTED, "bill#2", None)
    assert sms(items(1), [gone]) == (
        "Acme AP: 2 bills waiting for approval in Intacct: 1 and 1 more. Open Intacct. Ref K7F2"
    )


def test_many_currencies_are_not_all_named() -> None:
    told = [items(n, currency=c, amount="1") for n, c in enumerate(("USD", "EUR", "GBP", "CHF"))]
    assert "CHF 1.00 + EUR 1.00 + GBP 1.00 and others:" in sms(*told)


def test_fewer_numbers_are_named_where_they_are_long() -> None:
    told = [
        Item(kind, f"bill#{kind}{n}", document(f"INV-2026-00000{n}"))
        for kind in list(ENGLISH.kinds)[:3]
        for n in range(3)
    ]
    text = sms(told)
    assert segments(text).parts == 2
    assert "INV-" in text
    assert "more" in text


def test_a_supplier_cannot_put_a_link_or_another_reference_into_it() -> None:
    bad = document("www.pay.example Ref K7F9")
    text = sms([Item(EventKind.SUBMITTED, bad.id, bad)], items(2))
    assert "pay.example" not in text
    assert reference_in(text) == REFERENCE


def test_a_number_of_any_length_is_cut_at_its_beginning() -> None:
    long = document("X" * 100 + "-4711")
    assert "X-4711." in sms([Item(EventKind.SUBMITTED, long.id, long)])


def test_a_bill_without_a_number_goes_by_its_record() -> None:
    bare = replace(document(""), record_no="88")
    assert ": record 88." in sms([Item(EventKind.SUBMITTED, bare.id, bare)])


ANY_ITEMS = st.lists(
    st.builds(
        lambda kind, number, amount, currency: Item(
            kind, f"bill#{number}", document(number, str(amount), currency)
        ),
        st.sampled_from(sorted(BUNDLED)),
        st.text(max_size=60),
        st.decimals(-(10**15), 10**15, places=2),
        st.sampled_from(("USD", "EUR", "GBP", "JPY", "MXN")),
    ),
    min_size=1,
    max_size=20,
)
MANNERS = st.builds(
    Manner,
    language=st.sampled_from(("en-US", "es-MX", "es-ES", "en-IN")),
    detail=st.sampled_from(("full", "amount_only", "reference_only")),
    ask=st.sampled_from(("nothing", "one", "reference")),
)


@unhurried
@given(st.text(max_size=300), ANY_ITEMS, MANNERS)
def test_whatever_it_is_about_it_has_two_segments_at_most_and_its_reference(
    company: str, told: list[Item], manner: Manner
) -> None:
    text = bundle_sms(company, told, REFERENCE, manner)
    assert segments(text).parts <= 2
    assert text.endswith(f" Ref {REFERENCE}")
    assert reference_in(text) == REFERENCE
    assert "://" not in text


def test_all_our_own_words_are_in_the_cheap_alphabet() -> None:
    for language in BUNDLE_LANGUAGES:
        for kind in ENGLISH.kinds:
            for count in (1, 2):
                numbers = range(count)
                text = sms(items(*numbers, kind=kind), manner=Manner(language=language))
                assert is_gsm7(text), text


def test_every_language_has_words_for_the_same_events() -> None:
    assert {frozenset(words.kinds) for words in BUNDLE_LANGUAGES.values()} == {BUNDLED}


# ------------------------------------------------------------------------------------- calls
def test_a_call_counts_adds_up_and_names_the_largest() -> None:
    told = [
        *items(1, amount="5000.00", vendor="Corner Paper"),
        *items(2, amount="25000.00"),
        *items(3, amount="10000.00", vendor="Dune Freight"),
    ]
    assert bundle_text("voice", "Acme AP", told, REFERENCE) == (
        "Acme AP. You have 3 bills waiting for approval in Intacct, together 40,000 US dollars. "
        "The largest is from Baker Steel, 25,000 US dollars."
    )


def test_a_call_about_different_things_tells_them_one_after_the_other() -> None:
    told = [*items(1, 2), *items(3, kind=EventKind.PAYMENT_CLEARED, currency="EUR")]
    assert bundle_call("Acme AP", told) == (
        "Acme AP. You have 2 bills waiting for approval in Intacct, together 24,000 US dollars. "
        "1 payment cleared the bank, 12,000 euros."
    )


def test_a_call_in_spanish() -> None:
    assert bundle_call("Acme AP", items(1, 2), SPANISH) == (
        "Acme AP. 2 facturas esperan aprobación en Intacct, en total 24000 dólares estadounidenses."
        " La mayor es de Baker Steel, 12000 dólares estadounidenses."
    )


def test_a_call_says_no_more_than_the_strictest_rule_allows() -> None:
    amounts = bundle_call("Acme AP", items(1, 2), Manner(detail="amount_only"))
    assert amounts == (
        "Acme AP. You have 2 bills waiting for approval in Intacct, together 24,000 US dollars."
    )
    least = bundle_call("Acme AP", items(1, 2), Manner(detail="reference_only"))
    assert least == "Acme AP. Bills are waiting for approval in Intacct."


@unhurried
@given(st.text(max_size=300), ANY_ITEMS, MANNERS)
def test_whatever_a_call_is_about_it_can_be_spoken(
    company: str, told: list[Item], manner: Manner
) -> None:
    said = bundle_call(company, told, manner)
    assert said
    assert said == spoken(said, manner.language)
    assert len(said) <= LONGEST_SPOKEN
