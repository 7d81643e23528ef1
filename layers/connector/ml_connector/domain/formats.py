"""Amounts, numbers and days as their reader writes them at home.

The patterns are CLDR's (`number_formats`). Two things are ours. An amount shows the code of its
currency, for `$` is the sign of twenty of them; and it is exact, with the decimals the currency
has or more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .number_formats import ROWS

if TYPE_CHECKING:
    from datetime import date

    from .money import Money

#: Whose way is taken for a language without a country: where most of its readers here live.
HOME = {"en": "en-US", "es": "es-MX"}
#: The language of those whose own is not written here.
FALLBACK = "en"


class Format(NamedTuple):
    """How one country writes. `sizes` are those of the last group of digits and of the others.

    `money` has `code` and `digits` to fill in, `day` has `day` and `month`, `day_of_year` has
    `year` too. `months` begin with January.
    """

    decimal: str
    group: str
    sizes: tuple[int, int]
    money: str
    day: str
    day_of_year: str
    months: tuple[str, ...]


def language_of(tag: str) -> str:
    """The language of an IETF tag where it is one of `HOME`'s, else `FALLBACK`."""
    language = tag.split("-", 1)[0].lower()
    return language if language in HOME else FALLBACK


def format_of(tag: str) -> Format:
    """The format for an IETF tag such as `es-ES`; of a language alone, that of its `HOME`."""
    language, _, country = tag.partition("-")
    row = ROWS.get(f"{language.lower()}-{country.upper()}") or ROWS[HOME[language_of(tag)]]
    return Format(*row)


def written_amount(money: Money, tag: str, code: str = "") -> str:
    """`USD 12,500.00` for `en-US`, `12.500,00 USD` for `es-ES`; exact, for nothing is rounded.

    `code` is what stands for the currency where that is not the currency's own.
    """
    form = format_of(tag)
    currency, _, digits = str(money).rpartition(" ")
    whole, _, fraction = digits.replace(",", "").partition(".")
    sign = "-" if whole.startswith("-") else ""
    point = form.decimal if fraction else ""
    number = f"{sign}{_grouped(whole.removeprefix('-'), form)}{point}{fraction}"
    return form.money.format(code=code or currency, digits=number).strip()


def written_count(count: int, tag: str) -> str:
    """`1,800` for `en-US`."""
    return _grouped(str(count), format_of(tag))


def written_day(day: date, tag: str, *, year: bool = False) -> str:
    """`Nov 30` for `en-US`, `30 nov` for `es-MX`; with the year where that is asked for."""
    form = format_of(tag)
    pattern = form.day_of_year if year else form.day
    return pattern.format(day=day.day, month=form.months[day.month - 1], year=day.year)


def _grouped(digits: str, form: Format) -> str:
    last, others = form.sizes
    head, groups = digits[:-last], [digits[-last:]]
    while head:
        groups.insert(0, head[-others:])
        head = head[:-others]
    return form.group.join(groups)
