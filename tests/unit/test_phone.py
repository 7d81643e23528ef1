from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.domain.phone import PhoneNumber, PhoneNumberInvalid, fingerprint, is_e164, mask
from ml_connector.errors import RecordInvalid

#: No time limit per example: a busy machine is no bug.
unhurried = settings(deadline=None)


@pytest.mark.parametrize("text", ["+15550100123", "+4930901820", "+6421123456", "+123456789012345"])
def test_e164_numbers_are_taken_as_they_are(text: str) -> None:
    assert PhoneNumber.parse(text).value == text
    assert is_e164(text)


def test_blanks_around_a_number_are_forgiven() -> None:
    assert PhoneNumber.parse(" +15550100123\n").value == "+15550100123"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("15550109876", "no + and country code"),
        ("5550109876", "no + and country code"),
        ("+1 (555) 010-0123", "something other than digits"),
        ("+1555O1OO123", "something other than digits"),
        ("+\uff11\uff15\uff15\uff15\uff10\uff11\uff10\uff10", "something other than digits"),
        ("+05550100123", "starts with 0"),
        ("+123456", "has 6 digits"),
        ("+1234567890123456", "has 16 digits"),
        ("+15550100123\u202e", "something other than digits"),
    ],
)
def test_anything_else_is_refused_with_the_reason_and_without_the_number(
    text: str, complaint: str
) -> None:
    with pytest.raises(PhoneNumberInvalid) as refused:
        PhoneNumber.parse(text)
    assert complaint in refused.value.safe_message
    assert isinstance(refused.value, ValueError)
    assert isinstance(refused.value, RecordInvalid)
    if text:
        assert text not in str(refused.value)
    assert not is_e164(text)


def test_a_number_shows_itself_masked_only() -> None:
    number = PhoneNumber("+15550100123")
    for shown in (str(number), repr(number), f"{number}"):
        assert "5550100123" not in shown
        assert "0123" in shown


def test_a_mask_keeps_the_last_four_digits() -> None:
    assert mask("+15550100123") == "+1******0123"
    assert mask(" +4930901820 ") == "+4*****1820"


@pytest.mark.parametrize("short", ["+12345678", "+1234567", "12345", "", "not a number"])
def test_short_or_odd_text_is_masked_whole(short: str) -> None:
    assert mask(short) == "*" * len(short)


@unhurried
@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_a_mask_is_ascii_as_long_as_the_number_and_hides_at_least_four_digits(number: str) -> None:
    masked = mask(number)
    assert masked.isascii()
    assert len(masked) == len(number)
    assert masked.count("*") >= 4


def test_a_fingerprint_is_keyed_short_and_stable() -> None:
    one = fingerprint("salt", "+15550100123")
    assert one == fingerprint(b"salt", "+15550100123") == fingerprint("salt", " +15550100123 ")
    assert len(one) == 16
    assert set(one) <= set("0123456789abcdef")
    assert one != fingerprint("pepper", "+15550100123")
    assert one != fingerprint("salt", "+15550100124")


def test_a_fingerprint_is_hmac_sha256_as_anybody_computes_it() -> None:
    # printf '+15550100123' | openssl dgst -sha256 -hmac salt
    known = "ac1512db9dba953d"  # pragma: allowlist secret
    assert fingerprint("salt", "+15550100123") == known


@pytest.mark.parametrize("salt", ["", b""])
def test_a_fingerprint_without_a_salt_is_refused(salt: str | bytes) -> None:
    with pytest.raises(ValueError, match="salt"):
        fingerprint(salt, "+15550100123")
