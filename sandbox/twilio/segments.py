"""How many SMS segments a text takes, as Twilio counts them."""

from __future__ import annotations

GSM_SINGLE, GSM_PART = 160, 153
UCS2_SINGLE, UCS2_PART = 70, 67

# GSM 03.38, 7-bit default alphabet (3GPP TS 23.038, section 6.2.1).
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# The extension table: each takes the escape character and one more septet.
_EXTENDED = frozenset("^{}\\[~]|€\f")


def count_segments(text: str) -> int:
    """Return the number of segments: GSM-7 160 or 153 septets a part, UCS-2 70 or 67 units.

    A character that does not fit into what is left of a part moves to the next one whole: an
    escape is never separated from its character, nor the halves of a surrogate pair.
    """
    if all(char in _BASIC or char in _EXTENDED for char in text):
        widths = [2 if char in _EXTENDED else 1 for char in text]
        return _parts(widths, GSM_SINGLE, GSM_PART)
    widths = [len(char.encode("utf-16-be")) // 2 for char in text]
    return _parts(widths, UCS2_SINGLE, UCS2_PART)


def _parts(widths: list[int], single: int, part: int) -> int:
    if sum(widths) <= single:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > part:
            parts, used = parts + 1, 0
        used += width
    return parts
