"""Reading a text of several alerts: does it tell of this bill or payment?

Needed where nobody wrote down what was sent, and only Twilio's list still has the words. What a
text names is certain; where it counts more than it names, it may tell of any that was there then.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from .bundle_words import BUNDLE_LANGUAGES
from .bundles import number_said
from .gsm7 import normalise
from .messages import phrases_of

if TYPE_CHECKING:
    from .bundle_words import BundleWords, Counted
    from .bundles import Item

_COUNT = r"[0-9][0-9.,]*"


class Tells(IntEnum):
    """What a text says of one bill or payment."""

    NOTHING = 0
    PERHAPS = 1
    """It counts more of the kind than it names."""
    SURELY = 2


def tells_of(body: str, item: Item) -> Tells:
    """What a text says of this one, in whichever language it is; of one alert alone, nothing."""
    text = normalise(body)
    return max(_said(text, item, tag, words) for tag, words in BUNDLE_LANGUAGES.items())


def _said(text: str, item: Item, tag: str, words: BundleWords) -> Tells:
    what, go, _ = text.rpartition(normalise(phrases_of(tag).go))
    if not go:
        return Tells.NOTHING
    if _without_kinds(what.rstrip(), item, tag, words):
        return Tells.PERHAPS
    part = _part(what, item, words)
    if part is None:
        return Tells.NOTHING
    named = part.partition(": ")[2].rstrip(" .;")
    more = re.search(f" {_pattern(words.more)}$", named)
    names = f", {named[: more.start()] if more else named}, "
    number = item.document and normalise(number_said(item.document, tag))
    if number and f", {number}, " in names:
        return Tells.SURELY
    return Tells.PERHAPS if more or not named else Tells.NOTHING


def _part(what: str, item: Item, words: BundleWords) -> str | None:
    """What is said of the item's kind: from its count to the next kind, or to the end."""
    starts = {kind: _counted(counted, what) for kind, counted in words.kinds.items()}
    own = starts.get(item.kind)
    if own is None:
        return None
    later = [each.start() for each in starts.values() if each and each.start() > own.start()]
    return what[own.end() : min(later, default=len(what))]


def _without_kinds(what: str, item: Item, tag: str, words: BundleWords) -> bool:
    """Whether it says no more than that there are bills or payments."""
    some = words.some_payments if item.kind.of_payment else phrases_of(tag).some
    if what.endswith((normalise(some), normalise(words.some))):
        return True
    bills, payments = _number_of(words.bills), _number_of(words.payments)
    both = f"{bills} {_pattern(words.joined)} {payments}"
    together = f"{both}|{payments if item.kind.of_payment else bills}"
    return re.search(f"(?<![^ ])(?:{together}){_pattern(words.place)}\\.$", what) is not None


def _counted(things: Counted, what: str) -> re.Match[str] | None:
    """Where so many of a thing are counted; the last place, for a company's name comes before."""
    found = re.finditer(f"(?<![^ ]){_number_of(things)}(?![^ ,:;.])", what)
    return next(reversed(list(found)), None)


def _number_of(things: Counted) -> str:
    return f"(?:{_pattern(things.more)}|{_pattern(things.one)})"


def _pattern(words: str) -> str:
    """A regular expression for words with a count in them."""
    return _COUNT.join(re.escape(part) for part in normalise(words).split("{count}"))
