"""What an SMS says, and how its reference is made and found again.

Names and numbers come from Intacct, where a supplier may have typed them: they are *hostile text*.
`plain` is the one gate they pass. Its rules, in order:

1. Control, format and bidirectional characters, private and unassigned code points: removed.
   Blanks of every kind, line breaks included: one space.
2. Spellings GSM-7 has (`gsm7.normalise`): curly quotes, dashes, accents.
3. No link survives. A dot between a character and a word of two or more that starts with a letter
   becomes a space (`pay.example.com` → `pay example com`), so do the dots of an IP address;
   `://` becomes a space and a colon glued to a word gets one (`tel: 5`). `St. Mary's Co.`,
   `U.S. Steel`, `No.4711` and `12.50` stay as they are: no phone makes a link of those.
4. `Ref` before a blank becomes `Ref.`, at the end of a longer word too, for shortening may cut
   off its beginning: only our own reference reads `Ref K7F2`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING, Literal, Protocol, assert_never

from .formats import HOME, language_of, written_amount, written_day
from .frozen import frozen
from .gsm7 import EXTENSION, GSM7_PART, GSM7_SINGLE, UCS2_PART, is_gsm7, normalise, segments
from .sms_words import SMS_LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from .money import Money
    from .sms_words import Phrases, Words

    #: A text without its end, of vendor, number and company.
    Said = Callable[[str, str, str], str]

Detail = Literal["full", "amount_only", "reference_only"]

#: The reply a text asks for: none, a 1, or its reference, where a 1 could be meant for a call.
Ask = Literal["nothing", "one", "reference"]

#: Twilio refuses longer bodies (error 21617). Nothing written here comes near it.
LONGEST_BODY = 1600

#: No digit or letter that is taken for another on a small screen or over the phone (0 O, 1 I L,
#: 2 Z, 5 S, 8 B), and no vowel, so that no code reads as a word.
REFERENCE_ALPHABET = "234679CDFGHJKMNPQRTVWXY"  # pragma: allowlist secret
REFERENCE_LENGTH = 4

_REFERENCE = re.compile(rf"\bRef\s+([{REFERENCE_ALPHABET}]{{{REFERENCE_LENGTH}}})\b")

#: Letters and marks that show nothing: blanks in disguise.
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u180b\u180c\u180d")
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_DOTTED_WORD = re.compile(r"(?<=\S)\.(?=[^\W\d_][^\s.,;:!?()'\"])")
_ADDRESS = re.compile(r"(?<!\d)\d{1,3}(?:\.\d{1,3}){3,}(?!\d)")
_SCHEME = re.compile(r":\s*//+")
_GLUED_COLON = re.compile(r"(?<=[^\W\d_]):(?=\S)")
_OUR_WORD = re.compile(r"ref(?=\s)", re.IGNORECASE)

#: Characters of a name that shortening begins with. Intacct's own fields are no longer.
_LONGEST_NAME = 200
_CUT = ".."
#: What shortening leaves at least, in characters: enough to recognise the thing.
_LEAST_VENDOR, _LEAST_NUMBER, _LEAST_COMPANY = 8, 12, 8
#: Two segments, less the unit that a character of two units can waste at the seam.
_UCS2_ROOM, _TWO_GSM7 = 2 * UCS2_PART - 1, 2 * GSM7_PART - 1
#: More segments no text may have.
_MOST_PARTS = 2
#: So long that names have no less room beside it in two segments than without it in one.
_LINK = re.compile(r"https?://[!-~]{4,136}")


class Facts(Protocol):
    """What a text has to know of a bill or a payment, as Intacct gave it or as it is stored."""

    @property
    def record_no(self) -> str:
        """Its key in Intacct, named where it has no number."""

    @property
    def number(self) -> str:
        """The number on the bill, as the supplier wrote it; or the payment's."""

    @property
    def vendor_id(self) -> str:
        """Named where the vendor has no name."""

    @property
    def vendor_name(self) -> str:
        """Hostile text, like the number."""

    @property
    def amount(self) -> Money:
        """Exact, with its currency."""

    @property
    def due(self) -> date | None:
        """The company's own calendar date."""


@frozen
class Manner:
    """How a text is written: the reader's IETF tag, how much a lock screen may show, which reply it
    asks for, and a link to the record, which may be empty.
    """

    language: str = HOME["en"]
    detail: Detail = "full"
    ask: Ask = "nothing"
    link: str = ""


PLAIN = Manner()


def notice_sms(
    company_name: str, subject: Facts, words: Words, reference: str, manner: Manner = PLAIN
) -> str:
    """The SMS for something that happened to a bill or a payment, for example::

        Acme AP: Baker Steel, USD 12,500.00, bill 4711, due Nov 30. Waiting for approval in
        Intacct. Reply 1 = seen. Ref K7F2

    One GSM-7 segment, or at most two of UCS-2 where a name needs it: the vendor is shortened first,
    then the head of the bill number, then the company; amount, due date, the number's tail and the
    reference never. With a GSM-7 text's link there are at most two segments; beside UCS-2 there is
    no room for one. What is no link is left out, and at the last how to reply is. Raises ValueError
    for a reference that `reference_in` could not find again.
    """
    if not _is_reference(reference):
        raise ValueError(f"not a reference code: {reference!r}")
    said, parts = _said(company_name, subject, words, manner)
    end, least = (ending(ask, reference, manner.language) for ask in (manner.ask, "nothing"))
    if _LINK.fullmatch(manner.link) and is_gsm7(said(*parts)):
        return _fitted(said, f" {manner.link}{end}", parts, room=_TWO_GSM7)
    text = _fitted(said, end, parts)
    cost = segments(text)
    if cost.parts <= (1 if cost.encoding == "GSM-7" else _MOST_PARTS):
        return text
    return _fitted(said, least, parts, company_least=0)


def _said(
    company_name: str, subject: Facts, words: Words, manner: Manner
) -> tuple[Said, tuple[str, str, str]]:
    """The text without its end, as a function of vendor, number and company; and these."""
    tag, phrases = manner.language, phrases_of(manner.language)
    company = plain(company_name).rstrip(" :")
    vendor = plain(subject.vendor_name) or plain(subject.vendor_id) or phrases.nobody
    number = plain(subject.number).rstrip(" .,;:")
    number = number or phrases.record.format(number=plain(subject.record_no))
    # Its digits are ours, and a sum with points between them is no address to be taken apart.
    amount = written_amount(subject.amount, tag, plain(subject.amount.currency))
    due = phrases.due.format(day=written_day(subject.due, tag)) if subject.due else ""

    def said(vendor: str, number: str, company: str) -> str:
        match manner.detail:
            case "full":
                who = f"{vendor}, " if vendor else ""
                what = f"{who}{amount}, {words.thing} {number}{due}. {words.news}"
            case "amount_only":
                of_amount = phrases.of_amount.format(thing=words.thing, amount=amount)
                what = f"{of_amount}. {words.news}"
            case "reference_only":
                what = words.briefly
            case _:
                assert_never(manner.detail)
        return f"{company}: {what}" if company else what

    names = (vendor.rstrip(" ,;:")[:_LONGEST_NAME], number[-_LONGEST_NAME:])
    return said, (*names, company[:_LONGEST_NAME])


def phrases_of(tag: str) -> Phrases:
    """What stands between the facts, in the language of an IETF tag."""
    return SMS_LANGUAGES[language_of(tag)].phrases


def ending(ask: Ask, reference: str, language: str) -> str:
    """The end of a text: how to reply, if at all, and the reference, always last."""
    if ask == "nothing":
        return f" Ref {reference}"
    code = "1" if ask == "one" else reference
    return f" {phrases_of(language).seen.format(code=code)} Ref {reference}"


def renewed_text(text: str, old_reference: str, new_reference: str) -> str:
    """The same text with another reference at its end, for another try; a reply names it too.

    Raises ValueError for a text that does not end with the old one.
    """
    for language in SMS_LANGUAGES:
        old, new = (ending("reference", code, language) for code in (old_reference, new_reference))
        if text.endswith(old):
            return text.removesuffix(old) + new
    head = text.removesuffix(old_reference)
    if head == text:
        raise ValueError("the text does not end with its reference")
    return head + new_reference


def day_of_month(day: date) -> str:
    """`Nov 30`, as the audit has it."""
    return written_day(day, HOME["en"])


def plain(text: str) -> str:
    """`text` as it may stand in a message; the rules are in this module's docstring."""
    visible = "".join(_visible(char) for char in text)
    words = " ".join(normalise(visible).split())
    words = _SCHEME.sub(" ", words)
    words = _ADDRESS.sub(lambda found: found[0].replace(".", " "), words)
    words = _DOTTED_WORD.sub(" ", words)
    words = _GLUED_COLON.sub(": ", words)
    return _OUR_WORD.sub(r"\g<0>.", " ".join(words.split()))


def reference_code(dispatch_id: str) -> str:
    """Four characters that stand for a dispatch in its text; the same id gives the same code.

    279,841 codes: not unique for ever, and need not be. It is only looked for among the recent
    messages to one number.
    """
    number = int.from_bytes(hashlib.sha256(dispatch_id.encode()).digest()[:8])
    code = ""
    for _ in range(REFERENCE_LENGTH):
        number, place = divmod(number, len(REFERENCE_ALPHABET))
        code += REFERENCE_ALPHABET[place]
    return code


def reference_in(text: str) -> str | None:
    """The reference in the body of one of our messages, or None.

    The last one counts, wherever it stands: Twilio puts a line before the text of trial accounts,
    and some carriers one after it.
    """
    found = _REFERENCE.findall(text)
    return str(found[-1]) if found else None


def _visible(char: str) -> str:
    if char in _INVISIBLE or char.isspace():
        return " "
    if ord(char) in _VARIATION_SELECTORS or unicodedata.category(char).startswith("C"):
        return ""
    return char


def _is_reference(text: str) -> bool:
    return len(text) == REFERENCE_LENGTH and all(char in REFERENCE_ALPHABET for char in text)


# ----------------------------------------------------------------------------- shortening
def _fitted(
    said: Said,
    end: str,
    parts: tuple[str, str, str],
    *,
    room: int = GSM7_SINGLE,
    company_least: int = _LEAST_COMPANY,
) -> str:
    """What is said of vendor, number and company, shortened in that order until it and `end` fit.

    `room` is what there is in septets; UCS-2 has two segments.
    """
    vendor, number, company = parts
    text = said(vendor, number, company) + end
    if segments(text).parts <= 1:
        return text
    gsm7 = is_gsm7(text)
    most, width = (room, _septets) if gsm7 else (_UCS2_ROOM, _ucs2_units)

    def over() -> int:
        return max(0, width(said(vendor, number, company) + end) - most)

    name = vendor
    vendor = _head(name, max(width(vendor) - over(), _LEAST_VENDOR), width)
    number = _tail(number, max(width(number) - over(), _LEAST_NUMBER), width)
    company = _head(company, max(width(company) - over(), _LEAST_COMPANY), width)
    vendor = _head(name, width(vendor) - over(), width)
    company = _head(company, max(width(company) - over(), company_least), width)
    text = said(vendor, number, company) + end
    if not gsm7 and is_gsm7(text):
        # What needed UCS-2 was cut off: other widths, and one segment is within reach.
        shorter = (vendor, number, company)
        return _fitted(said, end, shorter, room=room, company_least=company_least)
    return text


def _septets(text: str) -> int:
    return sum(2 if char in EXTENSION else 1 for char in text)


def _ucs2_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _head(text: str, room: int, width: Callable[[str], int]) -> str:
    """The beginning of `text` within `room` units, marked as cut; nothing if a mark is all."""
    if width(text) <= room:
        return text
    while text and width(text) + len(_CUT) > room:
        text = text[:-1].rstrip(" .,;:")
    return text + _CUT if text else ""


def _tail(text: str, room: int, width: Callable[[str], int]) -> str:
    """The end of `text` within `room` units, marked as cut."""
    if width(text) <= room:
        return text
    while text and width(text) + len(_CUT) > room:
        text = text[1:].lstrip(" .,;:")
    return _CUT + text
