"""Several alerts in one text or one call to the same person: which may join, and what it says.

The first text to a person goes out at once. Those that would follow it too soon wait for one
another, and become one; `usecases/bundling.py` says when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from .bundle_words import BUNDLE_LANGUAGES, ENGLISH
from .events import EventKind
from .formats import language_of, written_amount, written_count
from .gsm7 import normalise, segments
from .messages import PLAIN, phrases_of, plain
from .money import Money

if TYPE_CHECKING:
    from .bundle_words import BundleWords, Counted
    from .documents import AnyDocument
    from .messages import Manner

#: Why a text or a call waits, in the audit and in what operators see.
HELD = "bundle"
#: Alerts in one text or call. Each takes four of the hundred items of a transaction: its case, the
#: audit entry, the alert, and the dispatch it was in.
MOST_MEMBERS = 20
#: The events whose alerts may join others.
BUNDLED = frozenset(ENGLISH.kinds)
MOST_SEGMENTS = 2
#: Numbers named of each kind of event, and currencies.
_MOST_NUMBERS, _MOST_SUMS = 3, 3
_LONGEST_NUMBER, _LONGEST_NAME, _LONGEST_SPOKEN_NAME = 16, 200, 80
_CUT = ".."


class Item(NamedTuple):
    """What one alert is about. `document` is None where it is no longer stored."""

    kind: EventKind
    document_id: str
    document: AnyDocument | None


def bundle_text(
    channel: str, company_name: str, items: Sequence[Item], reference: str, manner: Manner = PLAIN
) -> str:
    """What several alerts say over one channel."""
    if channel == "voice":
        return bundle_call(company_name, items, manner)
    return bundle_sms(company_name, items, reference, manner)


def bundle_sms(
    company_name: str, items: Sequence[Item], reference: str, manner: Manner = PLAIN
) -> str:
    """The SMS for several alerts, for example::

        Acme AP: 7 bills waiting for approval in Intacct, USD 84,000.00: 4711, 4712, 4713 and
        4 more. Open Intacct. Ref K7F2

    At most two segments: fewer numbers are named first, then no sums, then events of different
    kinds are counted together, then the company is shortened; the reference never is. A sum is
    named where every document in it is still stored.
    """
    phrases = phrases_of(manner.language)
    company = plain(company_name).rstrip(" :")[:_LONGEST_NAME]
    code = "1" if manner.ask == "one" else reference
    seen = "" if manner.ask == "nothing" else f" {phrases.seen.format(code=code)}"
    end = f"{phrases.go}{seen} Ref {reference}"

    def text(what: str) -> str:
        said = f"{normalise(what)} {end}"
        return f"{company}: {said}" if company else said

    shorter = _shorter_and_shorter(items, manner)
    for what in shorter:
        if segments(text(what)).parts <= MOST_SEGMENTS:
            return text(what)
    while company and segments(text(what)).parts > MOST_SEGMENTS:
        company = company[:-1].rstrip(" :")
    return text(what)


def bundle_call(company_name: str, items: Sequence[Item], manner: Manner = PLAIN) -> str:
    """What a call says of several alerts, for example::

        Acme AP. You have 3 bills waiting for approval in Intacct, together 40,000 US dollars.
        The largest is from Baker Steel, 25,000 US dollars.

    The largest is named where all are in one currency, and where nothing forbids naming it.
    """
    # Only those who call need it.
    from .voice_script import spoken, spoken_amount  # noqa: PLC0415

    tag = manner.language
    words = _words(tag)
    company = _spoken_name(company_name, tag)
    if manner.detail == "reference_only":
        said = _least(items, tag)
        return spoken(f"{company}. {said[:1].upper()}{said[1:]}", tag)
    sentences: list[str] = []
    for place, (kind, group) in enumerate(_groups(items)):
        sums = f" {words.joined} ".join(spoken_amount(money, tag) for money in _sums(group))
        if sums and len(group) > 1:
            sums = words.together.format(sums=sums)
        said = _told(kind, len(group), words, tag, first=place == 0) + (f", {sums}" if sums else "")
        if place == 0 and not kind.of_payment:
            said = words.you_have.format(things=said)
        sentences.append(f"{said}.")
    largest = _largest(items) if manner.detail == "full" else None
    if largest:
        vendor = _spoken_name(largest.vendor_name, tag) or _spoken_name(largest.vendor_id, tag)
        amount = spoken_amount(largest.amount, tag)
        sentences += [words.largest.format(vendor=vendor, amount=amount)] if vendor else []
    return spoken(" ".join((f"{company}.", *sentences)), tag)


# ------------------------------------------------------------------------- how much is said
def _shorter_and_shorter(items: Sequence[Item], manner: Manner) -> Iterator[str]:
    if manner.detail == "reference_only":
        yield _least(items, manner.language)
        return
    if manner.detail == "full":
        for numbers in range(_MOST_NUMBERS, 0, -1):
            yield _in_groups(items, manner.language, numbers)
    yield _in_groups(items, manner.language, 0)
    yield _in_groups(items, manner.language, 0, sums=False)
    yield _together(items, manner.language)


def _in_groups(items: Sequence[Item], tag: str, numbers: int, *, sums: bool = True) -> str:
    """`7 bills waiting for approval in Intacct, USD 84,000.00: 4711, 4712; 1 bill declined.`"""
    words = _words(tag)
    said: list[str] = []
    for place, (kind, group) in enumerate(_groups(items)):
        one = _told(kind, len(group), words, tag, first=place == 0)
        total = _written_sums(group, tag) if sums else ""
        one += f", {total}" if total else ""
        named = _named(group, numbers, words, tag)
        said.append(f"{one}: {named}" if named else one)
    return f"{'; '.join(said)}."


def _together(items: Sequence[Item], tag: str) -> str:
    """`9 bills and 2 payments in Intacct.`"""
    words = _words(tag)
    ids = {item.document_id: item.kind.of_payment for item in items}
    payments = sum(ids.values())
    things = ((words.bills, len(ids) - payments), (words.payments, payments))
    said = [_counted(thing, count, tag) for thing, count in things if count]
    return f"{f' {words.joined} '.join(said)}{words.place}."


def _least(items: Sequence[Item], tag: str) -> str:
    payments = {item.kind.of_payment for item in items}
    if payments == {False}:
        return phrases_of(tag).some
    words = _words(tag)
    return words.some_payments if payments == {True} else words.some


def _told(kind: EventKind, count: int, words: BundleWords, tag: str, *, first: bool) -> str:
    said = _counted(words.kinds[kind], count, tag)
    if not first:
        return said
    return said + (words.source if kind is EventKind.PAYMENT_CLEARED else words.place)


def _counted(things: Counted, count: int, tag: str) -> str:
    return things.one if count == 1 else things.more.format(count=written_count(count, tag))


# --------------------------------------------------------------------------------- the facts
def _groups(items: Sequence[Item]) -> Iterator[tuple[EventKind, tuple[Item, ...]]]:
    """The items by the kind of their event, each document once."""
    for kind in ENGLISH.kinds:
        group = {item.document_id: item for item in items if item.kind is kind}
        if group:
            yield kind, tuple(group.values())


def _sums(group: Sequence[Item]) -> list[Money]:
    """The sum in each currency, the one most are in first; nothing where one is not known."""
    counts: dict[str, int] = defaultdict(int)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for item in group:
        if item.document is None:
            return []
        amount = item.document.amount
        counts[amount.currency] += 1
        sums[amount.currency] += amount.amount
    order = sorted(sums, key=lambda currency: (-counts[currency], currency))
    return [Money(sums[currency], currency) for currency in order]


def _written_sums(group: Sequence[Item], tag: str) -> str:
    sums = _sums(group)
    shown = (written_amount(money, tag, plain(money.currency)) for money in sums[:_MOST_SUMS])
    said = " + ".join(shown)
    return f"{said} {phrases_of(tag).others}" if len(sums) > _MOST_SUMS else said


def _named(group: Sequence[Item], most: int, words: BundleWords, tag: str) -> str:
    """`4711, 4712, 4713 and 4 more`; one more is named rather than counted."""
    known = sorted((number_said(one.document, tag) for one in group if one.document), key=_place)
    shown = known if len(group) == len(known) <= most + 1 else known[:most]
    if not most or not shown:
        return ""
    left = len(group) - len(shown)
    if not left:
        return ", ".join(shown)
    return f"{', '.join(shown)} {words.more.format(count=written_count(left, tag))}"


def _place(number: str) -> tuple[int, str]:
    """9 before 10."""
    return len(number), number


def number_said(document: AnyDocument, tag: str) -> str:
    """How a text of several names a bill or a payment."""
    number = plain(document.number).rstrip(" .,;:")
    number = number or phrases_of(tag).record.format(number=plain(document.record_no))
    if len(number) <= _LONGEST_NUMBER:
        return number
    return _CUT + number[len(_CUT) - _LONGEST_NUMBER :].lstrip(" .,;:")


def _largest(items: Sequence[Item]) -> AnyDocument | None:
    documents = [item.document for item in items if item.document]
    if len(documents) < len(items) or len({one.amount.currency for one in documents}) != 1:
        return None
    return max(documents, key=lambda one: one.amount.amount)


def _spoken_name(text: str, tag: str) -> str:
    from .voice_script import spoken  # noqa: PLC0415

    return spoken(text, tag)[:_LONGEST_SPOKEN_NAME].rstrip(" .,;:!?-")


def _words(tag: str) -> BundleWords:
    return BUNDLE_LANGUAGES[language_of(tag)]
