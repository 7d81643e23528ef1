"""The alphabet of SMS: what fits GSM-7, how many segments a text costs, and cheaper spellings.

GSM-7 is the default alphabet of 3GPP TS 23.038 (GSM 03.38) with its extension table. One character
outside it turns the whole text into UCS-2, where a segment holds 70 units instead of 160.
"""

# ruff: noqa: RUF001 - characters that look like others are this file's subject

from __future__ import annotations

import re
import unicodedata
from typing import Literal, NamedTuple

#: 3GPP TS 23.038 section 6.2.1, in table order. ESC (0x1B) leads to the extension table and is no
#: character of its own.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Section 6.2.1.1: each costs an escape and itself, two septets.
EXTENSION = frozenset("\f^{}\\[~]|€")

#: Septets or UCS-2 units in a text of one segment, and in each of several (the header takes six
#: octets of the 140).
GSM7_SINGLE, GSM7_PART = 160, 153
UCS2_SINGLE, UCS2_PART = 70, 67
_LAST_OF_ONE_UNIT = 0xFFFF

#: What people's word processors write, in characters a phone gets for free. Letters that Unicode
#: does not decompose are here too; everything else is found by decomposition.
_SPELLINGS = {
    **dict.fromkeys("‘’‚‛′‹›ʼ`´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−⁃", "-"),
    **dict.fromkeys("•·∙●▪", "-"),
    "…": "...", "⁄": "/", "∕": "/", "×": "x", "÷": "/", "™": "TM", "©": "(c)", "®": "(R)",
    "№": "No.", "°": "deg", "¢": "c", "¦": "|", "¬": "-", "。": ".", "｡": ".", "、": ",",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L",
    "ħ": "h", "Ħ": "H", "ı": "i", "ĸ": "k", "ŋ": "n", "Ŋ": "N", "œ": "oe", "Œ": "OE",
    "ŧ": "t", "Ŧ": "T", "ŉ": "'n", "ſ": "s", "ƒ": "f", "ẞ": "SS",
}  # fmt: skip

_NUMBER = re.compile(r"\b([Nn])°(?= ?[0-9])")


class Segments(NamedTuple):
    """What a text costs: `units` are septets (GSM-7) or 16-bit units (UCS-2)."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    parts: int


def is_gsm7(text: str) -> bool:
    """Whether every character is in the GSM-7 tables."""
    return all(char in BASIC or char in EXTENSION for char in text)


def segments(text: str) -> Segments:
    """The encoding a carrier will choose for `text`, its length in units, and its segments.

    A character of two units (extension character, surrogate pair) is never split between two
    segments, so a long text can need one more than its units suggest. Empty text has no segment.
    """
    if is_gsm7(text):
        widths = [2 if char in EXTENSION else 1 for char in text]
        return Segments("GSM-7", sum(widths), _parts(widths, GSM7_SINGLE, GSM7_PART))
    widths = [2 if ord(char) > _LAST_OF_ONE_UNIT else 1 for char in text]
    return Segments("UCS-2", sum(widths), _parts(widths, UCS2_SINGLE, UCS2_PART))


def normalise(text: str) -> str:
    """`text` with every character GSM-7 lacks replaced where an equal or plain one exists.

    Curly quotes, dashes, exotic blanks, ligatures and full-width forms become their plain
    spelling, as does N° before a number; an accent GSM-7 has is kept, another is dropped from its
    letter. What has no plain spelling (other scripts, emoji) stays as it is: names are not mangled
    to save a segment.
    """
    if is_gsm7(text):
        return text
    out: list[str] = []
    for char in unicodedata.normalize("NFC", _NUMBER.sub(r"\1o.", text)):
        if spelling := _plain(char, after=out[-1] if out else ""):
            out.append(spelling)
    return "".join(out)


def _plain(char: str, *, after: str) -> str:
    """One character in GSM-7 if it has a spelling there, itself if not."""
    if char in BASIC or char in EXTENSION:
        return char
    if char in _SPELLINGS:
        return _SPELLINGS[char]
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category == "Mn":
        # A mark that would not compose: dropped from a plain letter, kept in scripts that live
        # by such marks.
        return "" if after and is_gsm7(after) else char
    bare = "".join(
        _SPELLINGS.get(part, part)
        for part in unicodedata.normalize("NFKD", char)
        if unicodedata.category(part) != "Mn"
    )
    return bare if bare and is_gsm7(bare) else char


def _parts(widths: list[int], single: int, part: int) -> int:
    total = sum(widths)
    if total <= single:
        return 1 if total else 0
    count, room = 1, part
    for width in widths:
        if width > room:
            count, room = count + 1, part
        room -= width
    return count
