"""Taking characters XML forbids out of a reply that would not parse.

The rule is the Char production of XML 1.0 (section 2.2): tab, line feed, carriage return,
U+0020-U+D7FF, U+E000-U+FFFD and U+10000-U+10FFFF are allowed, everything else is removed, whether
it stands there itself or as a numeric reference such as `&#1;`. Bytes that are no text in the
declared encoding become U+FFFD, so that what stands around them is kept. The same rule frees the
values of requests.
"""

from __future__ import annotations

import re

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile("&#(?:x0*([0-9a-fA-F]+)|0*([0-9]+));")

#: More digits than any code point has, in either base; such numbers are never converted.
_MAX_DIGITS = 7
_MAX_CODE_POINT = 0x10FFFF


def allowed(text: str) -> str:
    """The text without the characters XML forbids."""
    return _FORBIDDEN.sub("", text)


def holds_forbidden(text: str) -> bool:
    """Whether any character of the text is one XML forbids."""
    return _FORBIDDEN.search(text) is not None


def clean(body: bytes, encoding: str | None) -> tuple[bytes, int]:
    """The body as UTF-8 without forbidden characters and references, and how many there were.

    `encoding` is what the document declared; None means the default, UTF-8 (or UTF-16 by its
    byte order mark).
    """
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    text = body.decode(encoding or "utf-8", "replace")
    broken = max(0, text.count("\ufffd") - body.count("\ufffd".encode()))
    text, characters = _FORBIDDEN.subn("", text.removeprefix("\ufeff"))
    references = 0

    def reference(match: re.Match[str]) -> str:
        nonlocal references
        if _names_allowed_character(match):
            return match.group()
        references += 1
        return ""

    text = _REFERENCE.sub(reference, text)
    return text.encode(), characters + references + broken


def _names_allowed_character(match: re.Match[str]) -> bool:
    hexadecimal, decimal = match.groups()
    digits = hexadecimal or decimal
    if len(digits) > _MAX_DIGITS:
        return False
    code_point = int(digits, 16 if hexadecimal else 10)
    return code_point <= _MAX_CODE_POINT and not holds_forbidden(chr(code_point))
