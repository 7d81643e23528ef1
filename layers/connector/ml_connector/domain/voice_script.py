"""What a call says, and what may be said in one at all.

Names and numbers come from Intacct, where a supplier may have typed them: they are *hostile text*.
What is said travels as a parameter of a Studio flow, whose templates fill it into XML for a speech
synthesiser. `spoken` is the gate: letters, digits and plain punctuation. No character with a
meaning to XML, to SSML or to Liquid gets through, so none has to be escaped later.

A synthesiser reads `4711` as a sum of money or a year; numbers to be written down are spelled.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, assert_never

from .events import EventKind
from .messages import Detail
from .silence_words import WORDS as SILENCE_WORDS
from .voice_words import LANGUAGES, Told

if TYPE_CHECKING:
    from datetime import date

    from .documents import AnyDocument
    from .money import Money
    from .silences import Silence
    from .voice_words import Language, Prompts, Unit

#: A minute and a half of speech. Twilio's own limits are above it, said twice and all.
LONGEST_SPOKEN = 1500
#: The language of calls to people whose own is not spoken here.
FALLBACK = "en-US"
#: What is said of a name, and the letters and digits spelled of a number; what is left out of a
#: number is its beginning.
_LONGEST_NAME, _LONGEST_NUMBER = 80, 12
#: A run of letters this long in a bill's number is a word, and read as one.
_WORD = 4
_PUNCTUATION = frozenset(".,;:!?'-")
_PIECES = re.compile(r"[^\W\d_]+|\d+")
_REPEATED = re.compile(r"([.,;:!?'-])(?:\s*[.,;:!?'-])+")
_BEFORE = re.compile(r"\s+(?=[.,;:!?])")
_DOTTED_WORD = re.compile(r"(?<=\S)\.(?=[^\W\d_][^\s.,;:!?'])")
_GLUED = re.compile(r"(?<=[,;:!?])(?=[^\W\d_])")
_APOSTROPHES = frozenset("\u2018\u2019\u00b4\u0060")


def language_of(tag: str) -> str:
    """The tag a call is spoken in: the one asked for, or `FALLBACK` where it has no words here."""
    return tag if tag.split("-", 1)[0].lower() in LANGUAGES else FALLBACK


def prompts(language: str) -> Prompts:
    """What the flow says around the text."""
    return _words(language).prompts


def spoken(text: str, language: str = FALLBACK) -> str:
    """`text` as it may stand in a call. The same again changes nothing.

    Unlike `messages.plain` it keeps accents, by which a word is pronounced; like there, a dot that
    would make an address of two words becomes a space.
    """
    visible = "".join(_visible(char) for char in text)
    same = unicodedata.normalize("NFKC", visible).replace("&", f" {_words(language).ampersand} ")
    kept = unicodedata.normalize("NFC", "".join(map(_said, same)))
    words = _REPEATED.sub(r"\1", _BEFORE.sub("", " ".join(kept.split())))
    apart = _GLUED.sub(" ", _DOTTED_WORD.sub(" ", words))
    return apart.lstrip(" .,;:!?'-").rstrip(" ,;:-")


def event_call(
    kind: EventKind,
    company_name: str,
    document: AnyDocument,
    detail: Detail = "full",
    language: str = FALLBACK,
) -> str:
    """What a call says of an event, for example::

        Acme AP. A bill from Baker Steel, 12,500 US dollars, number 4 7 1 1, due November 30.
        Waiting for approval in Intacct.

    Without the prompts, which only a call with a flow has, and without a reference: nobody writes
    one down from a call. At most `LONGEST_SPOKEN` characters, and `spoken` as it is. KeyError for
    a kind there are no words for.
    """
    words = _words(language)
    told = words.told[kind]
    day = getattr(document, "cleared_on", None)
    if kind is EventKind.PAYMENT_CLEARED and day:
        told = replace(told, news=words.cleared_on.format(day=_day(day, words)))
    company = _name(company_name, language)
    match detail:
        case "full":
            said = f"{_in_full(document, told, words, language)}. {told.news}"
        case "amount_only":
            amount = spoken_amount(document.amount, language)
            said = f"{words.unnamed[told.thing].format(amount=amount)}. {told.news}"
        case "reference_only":
            said = told.briefly
        case _:
            assert_never(detail)
    return spoken(f"{company}. {said}" if company else said, language)


def silence_call(
    company_name: str, silence: Silence, detail: Detail = "full", language: str = FALLBACK
) -> str:
    """What a call says of a company nothing is read of, for example::

    Acme AP. Nothing was read from Intacct since November 23, 08:05. Nobody is told of bills
    until that works again. Please look in Intacct yourself, and call your IT.
    """
    words, own = _words(language), SILENCE_WORDS[language_of(language).split("-")[0].lower()]
    since = silence.local
    said = own.spoken.format(day=_day(since.date(), words), time=f"{since:%H:%M}")
    said = said if detail == "full" else own.spoken_briefly
    company = _name(company_name, language)
    return spoken(f"{company}. {said}" if company else said, language)


def spoken_amount(money: Money, language: str = FALLBACK) -> str:
    """`12,500 US dollars and 50 cents`; exact, for nothing is rounded."""
    words = _words(language)
    amount = money.amount.copy_abs()
    whole = amount.to_integral_value(ROUND_DOWN)
    sign = f"{words.minus} " if money.amount < 0 else ""
    text = sign + f"{whole:,}".replace(",", words.thousands)
    decimals = f"{amount:f}".partition(".")[2].rstrip("0")
    currency = words.currencies.get(money.currency.upper())
    if currency is None:
        return f"{text}{_point(decimals, words)} {_letters(money.currency)}".rstrip()
    if not decimals:
        return f"{text} {_counted(whole, currency.whole)}"
    if currency.small is None or len(decimals) > currency.digits:
        return f"{text}{_point(decimals, words)} {currency.whole.more}"
    small = Decimal(decimals.ljust(currency.digits, "0"))
    return (
        f"{text} {_counted(whole, currency.whole)} {words.joined} "
        f"{small} {_counted(small, currency.small)}"
    )


def spelled(number: str) -> str:
    """A number for somebody who writes along: `INV-4711` as `I N V, 4 7 1 1`. Words stay words."""
    pieces = _PIECES.findall(spoken(number))
    return ", ".join(piece if _is_word(piece) else " ".join(piece) for piece in pieces)


# -------------------------------------------------------------------------------- inside
def _words(language: str) -> Language:
    return LANGUAGES[language_of(language).split("-")[0].lower()]


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    return "" if unicodedata.category(char).startswith("C") else char


def _said(char: str) -> str:
    if char in _PUNCTUATION or char == " ":
        return char
    category = unicodedata.category(char)
    if category[0] in "LMN":
        return char
    if category == "Pd":
        return "-"
    return "'" if char in _APOSTROPHES else " "


def _in_full(document: AnyDocument, told: Told, words: Language, language: str) -> str:
    vendor = _name(document.vendor_name, language) or _name(document.vendor_id, language)
    said = words.named[told.thing].format(
        vendor=vendor or words.nobody,
        amount=spoken_amount(document.amount, language),
        number=_number(document, words),
    )
    return said + (words.due.format(day=_day(document.due, words)) if document.due else "")


def _number(document: AnyDocument, words: Language) -> str:
    """The number the supplier gave it, or the record's where that has neither digit nor letter."""
    kind, pieces = words.number, _PIECES.findall(spoken(document.number))
    if not pieces:
        kind, pieces = words.record, _PIECES.findall(spoken(document.record_no))
    whole = "".join(pieces)
    if len(whole) <= _LONGEST_NUMBER or any(map(_is_word, pieces)):
        return kind.format(number=spelled(" ".join(pieces)[:_LONGEST_NAME]))
    ending = spelled(whole[-_LONGEST_NUMBER:])
    return kind.format(number=words.ending_in.format(number=ending))


def _is_word(piece: str) -> bool:
    return len(piece) >= _WORD and piece[0].isalpha() and not piece.isupper()


def _name(text: str, language: str) -> str:
    name = spoken(text, language)
    if len(name) > _LONGEST_NAME:
        name = name[:_LONGEST_NAME].rsplit(" ", 1)[0]
    return name.rstrip(" .,;:!?-")


def _day(day: date, words: Language) -> str:
    return words.day.format(month=words.months[day.month - 1], day=day.day)


def _counted(amount: Decimal, unit: Unit) -> str:
    return unit.one if amount == 1 else unit.more


def _point(decimals: str, words: Language) -> str:
    return f" {words.point} {' '.join(decimals)}" if decimals else ""


def _letters(code: str) -> str:
    return " ".join(char for char in spoken(code).upper() if char.isalnum())
