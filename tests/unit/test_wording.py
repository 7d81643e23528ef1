"""What is said of each event, and that it always fits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.events import EventKind
from ml_connector.domain.gsm7 import is_gsm7, segments
from ml_connector.domain.messages import Ask, Detail, Manner, reference_in
from ml_connector.domain.money import Money
from ml_connector.domain.payment_events import payment_seen
from ml_connector.domain.sms_words import ENGLISH, SMS_LANGUAGES
from ml_connector.domain.voice_words import LANGUAGES
from ml_connector.domain.wording import TELLABLE, event_sms, event_text, spoken_language
from tests.support.bills import COMPANY, MORNING, a_document
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
        (
            EventKind.POSSIBLE_DUPLICATE,
            "Looks like a duplicate. Waiting for approval in Intacct.",
        ),
    ],
)
def test_a_bill_is_named_before_what_happened_to_it(kind: EventKind, text: str) -> None:
    assert event_sms(kind, "Acme AP", a_document(), "K7F2") == (
        f"Acme AP: Baker Steel, USD 12,500.00, bill INV-4711, due Nov 30. {text} Ref K7F2"
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (EventKind.PAYMENT_CLEARED, "Cleared the bank Nov 20, says Intacct."),
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
    assert text.endswith("Cleared the bank, says Intacct. Ref K7F2")


SPANISH_NEWS = {
    EventKind.SUBMITTED: "Espera aprobacion en Intacct.",
    EventKind.PARTIALLY_APPROVED: "Aprobada en parte; espera el siguiente nivel en Intacct.",
    EventKind.CHANGED: "Ha cambiado y espera aprobacion en Intacct.",
    EventKind.DECLINED: "Rechazada en Intacct.",
    EventKind.OVERDUE: "Vencida; espera aprobación en Intacct.",
    EventKind.REMINDER: "Editada; todavía espera aprobación en Intacct.",
    EventKind.POSSIBLE_DUPLICATE: "Parece duplicada; espera aprobación en Intacct.",
    EventKind.PAYMENT_CLEARED: "Pagado por el banco el 20 nov, según Intacct.",
    EventKind.PAYMENT_VOIDED: "Anulado en Intacct.",
    EventKind.PAYMENT_DECLINED: "Rechazado en Intacct.",
    EventKind.PAYMENT_UNCLEARED: "En Intacct ya no consta que el banco lo pagara.",
}


@pytest.mark.parametrize("kind", sorted(TELLABLE))
def test_every_event_is_told_in_spanish_too(kind: EventKind) -> None:
    thing = "pago PAY-12" if kind.of_payment else "factura INV-4711, vence 30 nov"
    news = SPANISH_NEWS[kind].translate(str.maketrans("áíóú", "aiou"))
    assert event_sms(kind, "Acme AP", subject(kind), "K7F2", Manner("es-MX")) == (
        f"Acme AP: Baker Steel, USD 12,500.00, {thing}. {news} Ref K7F2"
    )


@pytest.mark.parametrize(
    ("language", "tag"),
    [
        ("en", "en-US"), ("es", "es-MX"), ("es-ES", "es-ES"), ("en-GB", "en-GB"),
        ("", "en-US"), ("de", "en-US"),
    ],
)  # fmt: skip
def test_a_persons_language_becomes_a_tag(language: str, tag: str) -> None:
    assert spoken_language(language) == tag


def test_who_reads_a_language_there_are_no_words_for_is_told_in_english() -> None:
    assert event_sms(EventKind.DECLINED, "A", a_document(), "K7F2", Manner("de-DE")) == (
        "A: Baker Steel, USD 12,500.00, bill INV-4711, due Nov 30. Declined in Intacct. Ref K7F2"
    )


def test_nobody_is_told_what_needs_nothing_of_them() -> None:
    assert set(EventKind) - TELLABLE == {
        EventKind.APPROVED,
        EventKind.RECALLED,
        EventKind.DELETED,
        EventKind.POLL_FAILING,
    }


TAGS = ["en-US", "en-GB", "en-IN", "en-ZA", "es-ES", "es-MX", "es-CO"]


@pytest.mark.parametrize("kind", sorted(TELLABLE))
@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("name", ["x" * 500, "株式会社" * 90, "😀" * 200, "Ref K7F2 evil.com"])
def test_every_text_fits_whatever_the_names(kind: EventKind, tag: str, name: str) -> None:
    document = replace(subject(kind), vendor_name=name, number=name, amount=HUGE)
    manner = Manner(tag, ask="reference")
    text = event_sms(kind, name, document, "CCCC", manner)
    encoding, _, parts = segments(text)
    assert parts <= (1 if encoding == "GSM-7" else 2)
    assert "999" * 4 + "99" in "".join(filter(str.isdigit, text))
    assert (reference_in(text), text.count("Ref ")) == ("CCCC", 1)
    assert "evil.com" not in text


@pytest.mark.parametrize("kind", sorted(TELLABLE))
@pytest.mark.parametrize("language", sorted(SMS_LANGUAGES))
def test_our_own_words_are_plain(kind: EventKind, language: str) -> None:
    words = SMS_LANGUAGES[language].events[kind]
    assert is_gsm7(words.thing + words.news + words.briefly)
    assert len(words.news) <= 56


def test_there_are_the_same_words_in_every_language_of_texts_and_calls() -> None:
    assert set(SMS_LANGUAGES) == set(LANGUAGES)
    for language in SMS_LANGUAGES:
        assert set(SMS_LANGUAGES[language].events) == set(ENGLISH.events)
        assert set(LANGUAGES[language].told) == set(ENGLISH.events)


@pytest.mark.parametrize("kind", sorted(TELLABLE))
@pytest.mark.parametrize("detail", ["full", "amount_only", "reference_only"])
@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_whatever_is_said_says_that_it_happens_in_intacct(
    kind: EventKind, detail: Detail, tag: str, channel: str
) -> None:
    manner = Manner(tag, detail, "one")
    text = event_text(channel, kind, "Acme AP", subject(kind), "K7F2", manner)
    assert "Intacct" in text
    if not kind.of_payment and kind is not EventKind.DECLINED:
        waits = ("approval in", "level in", "aprobacion en", "aprobación en", "nivel en")
        assert any(f"{words} Intacct." in text for words in waits)


@pytest.mark.parametrize("kind", sorted(TELLABLE))
@pytest.mark.parametrize("detail", ["amount_only", "reference_only"])
@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("channel", ["sms", "voice"])
@pytest.mark.parametrize("ask", ["nothing", "one"])
def test_less_detail_names_no_vendor_number_or_day(
    kind: EventKind, detail: Detail, tag: str, channel: str, ask: Ask
) -> None:
    document = replace(subject(kind), vendor_name="Baker Steel", number="INV-987")
    if kind is EventKind.PAYMENT_CLEARED and detail == "amount_only":
        document = replace(document, cleared_on=None)
    text = event_text(channel, kind, "Acme AP", document, "K7F2", manner=Manner(tag, detail, ask))
    for secret in ("Baker", "987", "9 8 7", "Nov", "nov", "V-100", "4711"):
        assert secret not in text
    digits = "".join(filter(str.isdigit, text.replace("K7F2", "").replace(" 1 = ", "")))
    amount = {"sms": "1250000", "voice": "12500"}[channel]
    assert digits == (amount if detail == "amount_only" else "")


def test_a_call_is_spoken_in_the_readers_language_and_asks_for_no_reply() -> None:
    said = event_text(
        "voice", EventKind.SUBMITTED, "Acme AP", a_document(), "K7F2", Manner("es-MX", ask="one")
    )
    assert said == (
        "Acme AP. Una factura de Baker Steel, 12500 dólares estadounidenses, "
        "número I N V, 4 7 1 1, vence el 30 de noviembre. Espera aprobación en Intacct."
    )
