from __future__ import annotations

import sys
from xml.parsers import expat

import pytest

from ml_connector.intacct.cleaning import allowed, clean, holds_forbidden


def xml_char(code: int) -> bool:
    """The Char production of XML 1.0, section 2.2, written down again."""
    return (
        code in (0x9, 0xA, 0xD)
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or 0x10000 <= code <= 0x10FFFF
    )


def test_the_rule_agrees_with_the_specification_on_every_code_point() -> None:
    wrong = [c for c in range(sys.maxunicode + 1) if holds_forbidden(chr(c)) == xml_char(c)]
    assert wrong == []


@pytest.mark.parametrize("form", ["&#{:d};", "&#x{:x};", "&#x{:X};", "&#000{:d};", "&#x00{:x};"])
def test_references_agree_with_the_specification_on_every_code_point(form: str) -> None:
    codes = [
        *range(0x3000),
        *range(0xD700, 0xE010),
        *range(0xFFF0, 0x10010),
        *range(0x10FFF0, 0x110020),
    ]
    for code in codes:
        reference = form.format(code)
        cleaned, removed = clean(f"<a>{reference}</a>".encode(), None)
        kept = cleaned == f"<a>{reference}</a>".encode()
        assert kept == xml_char(code), reference
        assert removed == (not kept)


def test_expat_accepts_what_is_left() -> None:
    for code in [*range(0x300), *range(0xD7F0, 0xE010), *range(0xFFF0, 0x10010)]:
        for text in (chr(code), f"&#{code};", f"&#x{code:x};"):
            if text in "<&":
                continue
            cleaned, _ = clean(f"<a>{text}</a>".encode("utf-8", "surrogatepass"), None)
            expat.ParserCreate().Parse(cleaned, True)


def test_references_of_endless_length_are_removed_without_being_counted_out() -> None:
    body = b"<a>&#" + b"9" * 100_000 + b";&#x" + b"f" * 100_000 + b";</a>"
    assert clean(body, None) == (b"<a></a>", 2)


def test_php_style_and_named_references_stay() -> None:
    body = b"<a>Jane&#039;s &amp; &#38;#1; &#1</a>"
    assert clean(body, None) == (body, 0)


def test_bytes_that_are_no_utf_8_are_replaced_and_counted() -> None:
    cleaned, removed = clean(b"<a>Caf\xe9 \xff</a>", None)
    assert cleaned == "<a>Caf\ufffd \ufffd</a>".encode()
    assert removed == 2


def test_replacement_characters_that_were_there_are_not_counted() -> None:
    body = "<a>\ufffd</a>".encode()
    assert clean(body, None) == (body, 0)


def test_the_declared_encoding_is_followed() -> None:
    body = '<?xml version="1.0" encoding="iso-8859-1"?><a>Caf\xe9\x01</a>'.encode("latin-1")
    cleaned, removed = clean(body, "iso-8859-1")
    assert cleaned.decode().endswith("<a>Café</a>")
    assert removed == 1


def test_a_byte_order_mark_means_utf_16() -> None:
    cleaned, removed = clean("<a>x\x01</a>".encode("utf-16"), None)
    assert (cleaned, removed) == (b"<a>x</a>", 1)


def test_texts_of_requests_follow_the_same_rule() -> None:
    assert allowed("a\x00b\x1fc\td\ne\ud800f\uffff\U0001f600") == "abc\td\nef\U0001f600"
