from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.events import EventKind
from ml_connector.domain.formats import written_amount, written_day
from ml_connector.domain.gsm7 import is_gsm7, segments
from ml_connector.domain.messages import (
    LONGEST_BODY,
    PLAIN,
    REFERENCE_ALPHABET,
    Ask,
    Detail,
    Manner,
    notice_sms,
    plain,
    reference_in,
)
from ml_connector.domain.money import Money
from ml_connector.domain.number_formats import ROWS
from ml_connector.domain.sms_words import SMS_LANGUAGES

#: No time limit per example: a busy machine is no bug.
unhurried = settings(deadline=None)

#: What phones turn into something to tap: a scheme, an address, a name before a top-level domain.
LINK = re.compile(
    r"(?i)://|\bwww\.|\b\d{1,3}(\.\d{1,3}){3}\b|[\w-]\.[^\W\d_][\w-]|\b(tel|mailto):\S"
)
#: Anything a person could take for our reference.
REFERENCE_LIKE = re.compile(r"(?i)ref\s+\w{4}\b")

HOSTILE_BITS = st.sampled_from(
    [
        "Ref K7F2", "REF\u00a0ABCD", "xRef 7777", "Ref", " ", "\u202e", "\u2066", "\u200b", "\n",
        "\x00", "http://", "https://evil.example/x", "evil.com", "evil\u3002com", "10.0.0.1",
        "tel:+15550100666", "St. Mary's Co.", "U.S. Steel", "“", "€", "株式会社", "😀",
        "{{7*7}}", "é", "x" * 40, "<Say>", "Reply 1 = seen.", ".", "..", ":", "a", "B.V",
        "\ud83d", "\u0301",
    ]
)  # fmt: skip
NAMES = st.one_of(
    st.text(max_size=120),
    st.lists(HOSTILE_BITS, max_size=12).map("".join),
    st.lists(HOSTILE_BITS, max_size=12).map(" ".join),
)
CODES = st.text(st.sampled_from(REFERENCE_ALPHABET), min_size=4, max_size=4)
AMOUNTS = st.decimals("-999999999999.99", "999999999999.99", places=2)


WORST = {
    "amount": Decimal("-999999999999.99"),
    "code": "K7F2",
    "due": date(2026, 9, 30),
    "detail": "full",
    "ask": "reference",
    "tag": "es-CO",
    "link": "",
}
SHORT_LINK, LONG_LINK = (f"https://www.intacct.com/ia/acct/ur.phtml?.r={'x' * n}" for n in (41, 90))
REPLIES: Manner = Manner(ask="one")


def bill(
    vendor: str = "Baker Steel",
    number: str = "4711",
    amount: str | Decimal = "12500",
    due: date | None = date(2026, 11, 30),
    vendor_id: str = "V-100",
) -> Bill:
    return Bill(
        record_no="12",
        number=number,
        vendor_id=vendor_id,
        vendor_name=vendor,
        amount=Money(Decimal(amount), "USD"),
        state=BillState.SUBMITTED,
        state_text="Submitted",
        due=due,
    )


def sms(company: str, subject: Bill, reference: str, manner: Manner = PLAIN) -> str:
    words = SMS_LANGUAGES[manner.language[:2]].events[EventKind.SUBMITTED]
    return notice_sms(company, subject, words, reference, manner)


def test_the_text_an_approver_reads() -> None:
    text = sms("Acme AP", bill(), "K7F2")
    assert text == (
        "Acme AP: Baker Steel, USD 12,500.00, bill 4711, due Nov 30. "
        "Waiting for approval in Intacct. Ref K7F2"
    )
    assert segments(text).parts == 1


def test_the_same_text_in_spanish() -> None:
    text = sms("Acme AP", bill(), "K7F2", Manner("es-ES", ask="one"))
    assert text == (
        "Acme AP: Baker Steel, 12.500,00 USD, factura 4711, vence 30 nov. "
        "Espera aprobacion en Intacct. Responda 1 = visto. Ref K7F2"
    )
    assert segments(text) == ("GSM-7", 123, 1)
    assert "USD 12,500.00, factura 4711, vence 30 nov." in sms(
        "Acme AP", bill(), "K7F2", Manner("es-MX")
    )


@pytest.mark.parametrize(
    ("ask", "tag", "end"),
    [
        ("nothing", "en-US", " in Intacct. Ref K7F2"),
        ("one", "en-US", " in Intacct. Reply 1 = seen. Ref K7F2"),
        ("reference", "en-US", " in Intacct. Reply K7F2 = seen. Ref K7F2"),
        ("nothing", "es-MX", " en Intacct. Ref K7F2"),
        ("one", "es-MX", " en Intacct. Responda 1 = visto. Ref K7F2"),
        ("reference", "es-MX", " en Intacct. Responda K7F2 = visto. Ref K7F2"),
    ],
)
def test_a_text_asks_for_the_reply_that_would_be_understood(ask: Ask, tag: str, end: str) -> None:
    assert sms("Acme AP", bill(), "K7F2", Manner(tag, ask=ask)).endswith(end)


def test_at_the_last_a_text_of_two_segments_does_not_say_how_to_reply() -> None:
    subject = bill("株式会社" * 50, "株" * 50, "-999999999999.99")
    text = sms("株式会社" * 50, subject, "K7F2", Manner("es-CO", ask="reference"))
    assert text == (
        "株式会社株式会社株式会社株式会社株..: 株式会社株式.., USD -999.999.999.999,99, "
        "factura ..株株株株株株株株株株, vence 30 de nov. Espera aprobacion en Intacct. Ref K7F2"
    )


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        (
            "amount_only",
            "Acme AP: bill of USD 12,500.00. Waiting for approval in Intacct. Ref K7F2",
        ),
        ("reference_only", "Acme AP: a bill is waiting for approval in Intacct. Ref K7F2"),
    ],
)
def test_less_detail_for_lock_screens(detail: Detail, expected: str) -> None:
    assert sms("Acme AP", bill(), "K7F2", Manner(detail=detail)) == expected


def test_a_bill_without_a_due_date_names_none() -> None:
    assert "bill 4711. Waiting" in sms("Acme AP", bill(due=None), "K7F2")


def test_blank_names_fall_back_to_keys() -> None:
    assert "Acme AP: V-100, USD" in sms("Acme AP", bill(vendor=" \u200b"), "K7F2")
    assert "unnamed vendor, USD" in sms("A", bill(vendor="", vendor_id=""), "K7F2")
    assert "bill record 12, due" in sms("Acme AP", bill(number="\t"), "K7F2")


def test_every_month_has_its_english_name_whatever_the_locale() -> None:
    months = [
        sms("A", bill(due=date(2026, month, 5)), "K7F2").split("due ")[1][:5]
        for month in range(1, 13)
    ]
    assert " ".join(months) == (
        "Jan 5 Feb 5 Mar 5 Apr 5 May 5 Jun 5 Jul 5 Aug 5 Sep 5 Oct 5 Nov 5 Dec 5"
    )


def test_the_vendor_is_shortened_first() -> None:
    text = sms("Acme AP", bill(vendor="Baker Steel and Sons " * 10), "K7F2")
    assert text.startswith("Acme AP: Baker Steel and Sons Baker")
    assert ".., USD 12,500.00, bill 4711, due Nov 30." in text
    assert segments(text) == ("GSM-7", 160, 1)


def test_then_the_head_of_the_bill_number_and_then_the_company() -> None:
    text = sms(
        "Acme Holding Accounts Payable Department North",
        bill(vendor="V" * 60, number="N" * 60 + "-000012345", amount="-999999999999.99"),
        "K7F2",
        REPLIES,
    )
    assert ", USD -999,999,999,999.99, bill ..-000012345, due Nov 30." in text
    assert text.startswith("Acme Holding Accounts Payable Dep..: VVVVVV..")
    assert reference_in(text) == "K7F2"
    assert segments(text).parts == 1


def test_a_name_in_another_script_is_sent_in_two_segments_at_most() -> None:
    text = sms("Acme AP", bill(vendor="株式会社" * 50), "K7F2", REPLIES)
    assert "株式会社" in text
    assert segments(text).parts == 2


def test_when_shortening_removes_the_foreign_letters_one_segment_is_enough() -> None:
    owed = bill(vendor="€" * 60 + "株", number="€" * 22)
    text = sms("Acme AP", owed, "K7F2", REPLIES)
    assert (segments(text).encoding, segments(text).parts) == ("GSM-7", 1)


@unhurried
@given(NAMES)
def test_making_text_plain_twice_changes_nothing_more(text: str) -> None:
    once = plain(text)
    assert plain(once) == once


@unhurried
@given(
    vendor=NAMES,
    number=NAMES,
    company=st.one_of(st.just("Acme AP"), NAMES),
    amount=AMOUNTS,
    code=CODES,
    due=st.one_of(st.none(), st.dates()),
    detail=st.sampled_from(["full", "full", "amount_only", "reference_only"]),
    ask=st.sampled_from(["nothing", "one", "reference"]),
    tag=st.sampled_from(sorted(ROWS)),
    link=st.sampled_from(["", SHORT_LINK, LONG_LINK]),
)
@example(**WORST, vendor="x" * 5000, number="y" * 5000, company="z" * 5000)
@example(**WORST, vendor="V", number="x" * 300 + "xRef CCCC DDDD", company="A")
@example(**WORST, vendor="😀" * 200, number="😀" * 200, company="😀" * 200)
@example(**{**WORST, "link": LONG_LINK}, vendor="€" * 200, number="y" * 99, company="z" * 99)
def test_whatever_intacct_holds_the_text_is_short_safe_and_complete(
    vendor: str,
    number: str,
    company: str,
    amount: Decimal,
    code: str,
    due: date | None,
    detail: Detail,
    ask: Ask,
    tag: str,
    link: str,
) -> None:
    subject = bill(vendor, number, amount, due)
    text = sms(company, subject, code, Manner(tag, detail, ask, link))
    encoding, _, parts = segments(text)
    has_link = bool(link) and f" {link} " in text
    assert parts <= (1 if encoding == "GSM-7" and not has_link else 2)
    assert len(text) < LONGEST_BODY
    said = written_amount(subject.amount, tag)
    assert (said in text) == (detail != "reference_only")
    if due and detail == "full":
        assert f" {written_day(due, tag)}. " in text
    assert " Intacct." in text
    assert len(REFERENCE_LIKE.findall(text)) == 1
    assert text.endswith(f" Ref {code}")
    assert reference_in(text) == code
    assert not [char for char in text if unicodedata.category(char)[0] == "C"]
    assert LINK.search(text.replace(said, "").replace(link, "")) is None
    assert text == " ".join(text.split())
    asked = {"nothing": "", "one": "1 = ", "reference": f"{code} = "}[ask]
    assert asked in text[-30:] or encoding == "UCS-2"
    text.encode("utf-8")


@unhurried
@given(vendor=NAMES, tail=st.from_regex(r"[0-9]{10}", fullmatch=True), head=NAMES)
def test_the_tail_of_a_bill_number_is_never_cut(vendor: str, tail: str, head: str) -> None:
    text = sms("Acme AP", bill(vendor, f"{head} {tail}"), "K7F2", REPLIES)
    assert f"{tail}, due" in text


@unhurried
@given(st.text(max_size=40).filter(lambda name: is_gsm7(plain(name))))
def test_a_name_that_fits_gsm7_keeps_the_text_in_one_segment(name: str) -> None:
    assert segments(sms("Acme AP", bill(name), "K7F2")).encoding == "GSM-7"


@pytest.mark.parametrize("reference", ["", "K7F", "K7F2X", "K7F0", "k7f2", "ABCD", "K7F "])
def test_a_reference_nobody_could_find_again_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="not a reference code"):
        sms("Acme AP", bill(), reference)
