"""The text of a daily list: how many bills wait, for what sums, since when, and the oldest of them.

Vendors and numbers are hostile text and pass `messages.plain`. Spanish leaves out the accents that
GSM-7 lacks.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from .formats import HOME, language_of, written_amount, written_count, written_day
from .frozen import frozen
from .gsm7 import normalise, segments
from .messages import Detail, phrases_of, plain
from .money import Money

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from .documents import Document

MOST_SEGMENTS = 2
#: Bills named one by one, and currencies summed.
_MOST_NAMED, _MOST_SUMS = 5, 3
#: What is shown of a vendor and of a bill's number, in characters.
_LONGEST_VENDOR, _LONGEST_NUMBER, _LONGEST_NAME = 20, 12, 60
_CUT = ".."


class Line(NamedTuple):
    """One bill of a list. `since` is the day on the reader's wall since when it waits."""

    document: Document
    detail: Detail
    since: date


@frozen
class _Words:
    one: str
    many: str
    some: str
    since: str
    oldest: str
    more: str


_WORDS = MappingProxyType(
    {
        "en": _Words(
            one="1 bill still waits for you in Intacct",
            many="{count} bills still wait for you in Intacct",
            some="bills still wait for you in Intacct.",
            since=", since {day}",
            oldest=", oldest {day}",
            more="and {count} more",
        ),
        "es": _Words(
            one="1 factura le espera en Intacct",
            many="{count} facturas le esperan en Intacct",
            some="hay facturas que le esperan en Intacct.",
            since=", desde {day}",
            oldest=", la más antigua {day}",
            more="y {count} más",
        ),
    }
)


def daily_list_sms(
    company_name: str,
    lines: Sequence[Line],
    today: date,
    reference: str,
    language: str = HOME["en"],
) -> str:
    """The SMS for bills that still wait, oldest first, for example::

        Acme AP: 7 bills still wait for you in Intacct, oldest Nov 3, USD 84,000.00: Baker Steel
        USD 12,500.00 (4711), Acme Paper USD 99.00 (4712) and 5 more. Open Intacct. Ref K7F2

    At most two segments: fewer bills are named first, then no sums, then the company is shortened.
    Only bills whose rule shows everything are named; one of which the rule shows the reference
    alone keeps the number of bills and their sums off the text too.
    """
    company = plain(company_name).rstrip(" :")[:_LONGEST_NAME]
    end = f"{phrases_of(language).go} Ref {reference}"

    def text(what: str) -> str:
        said = f"{normalise(what)} {end}"
        return f"{company}: {said}" if company else said

    what = ""
    for what in _shorter_and_shorter(lines, today, language):
        if segments(text(what)).parts <= MOST_SEGMENTS:
            return text(what)
    while company and segments(text(what)).parts > MOST_SEGMENTS:
        company = company[:-1].rstrip(" :")
    return text(what)


def _shorter_and_shorter(lines: Sequence[Line], today: date, tag: str) -> Iterator[str]:
    words = _WORDS[language_of(tag)]
    if any(line.detail == "reference_only" for line in lines):
        yield words.some
        return
    counted = words.many.format(count=written_count(len(lines), tag))
    head = words.one if len(lines) == 1 else counted
    said = words.since if len(lines) == 1 else words.oldest
    oldest = min(line.since for line in lines)
    head += said.format(day=written_day(oldest, tag, year=oldest.year != today.year))
    named = [line for line in lines if line.detail == "full"][:_MOST_NAMED]
    sums = _sums(lines, tag)
    # The sum of one bill is its amount, which stands with its name.
    before = head if len(lines) == 1 else f"{head}, {sums}"
    for count in range(len(named), 0, -1):
        yield f"{before}: {_named(named[:count], len(lines), words, tag)}."
    yield f"{head}, {sums}."
    yield f"{head}."


def _named(named: Sequence[Line], of: int, words: _Words, tag: str) -> str:
    said = ", ".join(_bill(line.document, tag) for line in named)
    left = of - len(named)
    return f"{said} {words.more.format(count=written_count(left, tag))}" if left else said


def _bill(document: Document, tag: str) -> str:
    """`Baker Steel USD 12,500.00 (4711)`."""
    vendor = plain(document.vendor_name) or plain(document.vendor_id)
    if len(vendor) > _LONGEST_VENDOR:
        vendor = vendor[: _LONGEST_VENDOR - len(_CUT)].rstrip(" .,;:") + _CUT
    number = plain(document.number).rstrip(" .,;:")
    number = number or phrases_of(tag).record.format(number=plain(document.record_no))
    if len(number) > _LONGEST_NUMBER:
        number = _CUT + number[len(_CUT) - _LONGEST_NUMBER :].lstrip(" .,;:")
    amount = written_amount(document.amount, tag, plain(document.amount.currency))
    return f"{vendor} {amount} ({number})".strip()


def _sums(lines: Sequence[Line], tag: str) -> str:
    """The sum in each currency, the one most bills are in first."""
    bills: dict[str, int] = defaultdict(int)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        amount = line.document.amount
        bills[amount.currency] += 1
        sums[amount.currency] += amount.amount
    order = sorted(sums, key=lambda currency: (-bills[currency], currency))
    said = "; ".join(
        written_amount(Money(sums[one], one), tag, plain(one)) for one in order[:_MOST_SUMS]
    )
    return f"{said} {phrases_of(tag).others}" if len(order) > _MOST_SUMS else said
