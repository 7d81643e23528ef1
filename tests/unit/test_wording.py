"""What is said of each event, and that it always fits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.events import EventKind
from ml_connector.domain.gsm7 import is_gsm7, segments
from ml_connector.domain.messages import Detail, reference_in
from ml_connector.domain.money import Money
from ml_connector.domain.payment_events import payment_seen
from ml_connector.domain.wording import TELLABLE, WORDS, event_sms
from tests.support.bills import COMPANY, MORNING, a_bill, a_document
from tests.support.paying import a_payment

CLEARED = payment_seen(COMPANY, None, a_payment(cleared_on=date(2026, 11, 20)), MORNING)
assert CLEARED
PAYMENT = CLEARED.document
HUGE = Money(Decimal("-999999999999.99"), "USD")


def subject(kind: EventKind) -> AnyDocument:
    return PAYMENT if kind.of_payment else a_document()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (EventKind.SUBMITTED, "Waiting for approval in Intacct."),
        (EventKind.PARTIALLY_APPROVED, "Partly approved, waiting for the next level in Intacct."),
        (EventKind.CHANGED, "Changed, and waiting for approval in Intacct."),
        (EventKind.DECLINED, "Declined in Intacct."),
        (EventKind.OVERDUE, "Overdue, and waiting for approval in Intacct."),
        (EventKind.REMINDER, "Edited, and still waiting for approval in Intacct."),
    ],
)
def test_a_bill_is_named_before_what_happened_to_it(kind: EventKind, text: str) -> None:
    assert event_sms(kind, "Acme AP", a_document(), "K7F2") == (
        f"Acme AP: Baker Steel, USD 12,500.00, bill INV-4711, due Nov 30. {text} Ref K7F2"
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (EventKind.PAYMENT_CLEARED, "Cleared the bank Nov 20."),
        (EventKind.PAYMENT_VOIDED, "Voided in Intacct."),
        (EventKind.PAYMENT_DECLINED, "Declined in Intacct."),
        (EventKind.PAYMENT_UNCLEARED, "No longer cleared in Intacct."),
    ],
)
def test_a_payment_is_named_before_what_happened_to_it(kind: EventKind, text: str) -> None:
    assert event_sms(kind, "Acme AP", PAYMENT, "K7F2") == (
        f"Acme AP: Baker Steel, USD 12,500.00, payment PAY-12. {text} Ref K7F2"
    )


def test_a_clearing_without_a_date_names_none() -> None:
    text = event_sms(
        EventKind.PAYMENT_CLEARED, "Acme AP", replace(PAYMENT, cleared_on=None), "K7F2"
    )
    assert text.endswith("Cleared the bank. Ref K7F2")


def test_nobody_is_told_what_needs_nothing_of_them() -> None:
    assert set(EventKind) - TELLABLE == {
        EventKind.APPROVED,
        EventKind.RECALLED,
        EventKind.DELETED,
    }


@pytest.mark.parametrize("kind", sorted(TELLABLE))
@pytest.mark.parametrize("name", ["x" * 500, "株式会社" * 90, "😀" * 200, "Ref K7F2 evil.com"])
def test_every_text_fits_whatever_the_names(kind: EventKind, name: str) -> None:
    document = replace(subject(kind), vendor_name=name, number=name, amount=HUGE)
    text = event_sms(kind, name, document, "CCCC")
    encoding, _, parts = segments(text)
    assert parts <= (1 if encoding == "GSM-7" else 2)
    assert "USD -999,999,999,999.99" in text
    assert (reference_in(text), text.count("Ref ")) == ("CCCC", 1)
    assert "evil.com" not in text


@pytest.mark.parametrize("kind", sorted(TELLABLE))
def test_our_own_words_are_plain(kind: EventKind) -> None:
    words = WORDS[kind]
    assert is_gsm7(words.news + words.briefly)
    assert len(words.news) <= 56


@pytest.mark.parametrize("kind", sorted(TELLABLE))
@pytest.mark.parametrize("detail", ["amount_only", "reference_only"])
def test_less_detail_names_no_vendor(kind: EventKind, detail: Detail) -> None:
    text = event_sms(kind, "Acme AP", subject(kind), "K7F2", detail)
    assert "Baker" not in text
    assert ("12,500" in text) == (detail == "amount_only")
    assert ("payment" in text) == kind.of_payment
    assert a_bill().number not in text
