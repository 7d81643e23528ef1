"""The holidays of a calendar: dates, a country, or a country with some days more or less.

::

    holidays: [2026-12-25, 2027-01-01]
    holidays: US-TX
    holidays: {country: US, subdivision: TX, also: 2026-12-24, except: [2026-11-27]}

A country stands for its holidays of this year and the next two, expanded when it is published.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

from pydantic import Discriminator, Field, Tag, model_validator

from cli.holidays import NoSuchPlace, days_of, known_place, place, this_year

from .part import Part
from .values import LISTED, checked, unfit

#: What a list of them and keys of them are told apart by; no key of a file.
BY_LIST, BY_KEYS = "#list", "#keys"

_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PLACE = "^[A-Z]{2}(-.+)?$"


def _day(value: object) -> str:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise unfit("a date such as 2026-12-25") from error
    raise unfit("a date such as 2026-12-25")


def _day_or_place(value: object) -> str:
    if not isinstance(value, str) or value[:1].isdigit():
        return _day(value)
    try:
        return str(place(value))
    except NoSuchPlace as error:
        raise unfit(f"a date such as 2026-12-25, or {error}") from error


def _country(value: object) -> str:
    try:
        return known_place(value if isinstance(value, str) else "").country
    except NoSuchPlace as error:
        raise unfit(str(error)) from error


Holiday = Annotated[str, *checked(_day, type="string", format="date")]
DayOrPlace = Annotated[
    str,
    *checked(
        _day_or_place,
        anyOf=[
            {"type": "string", "format": "date"},
            {"type": "string", "pattern": _PLACE},
        ],
    ),
]


class HolidaysIs(Part):
    """The holidays of a country, with days more or less."""

    country: Annotated[
        Annotated[str, *checked(_country, type="string", pattern="^[A-Z]{2}$")],
        Field(description="the country, by its ISO 3166 code such as US"),
    ]
    subdivision: Annotated[
        str | None, Field(description="A part of it with holidays of its own, such as TX")
    ] = None
    also: Annotated[
        Annotated[list[Holiday], *LISTED],
        Field(default_factory=list, description="Further days on which nobody works"),
    ]
    except_: Annotated[
        Annotated[list[Holiday], *LISTED],
        Field(
            default_factory=list,
            alias="except",
            description="Its holidays on which people work all the same",
        ),
    ]

    @model_validator(mode="after")
    def _is_a_place(self) -> HolidaysIs:
        try:
            known_place(self.country, self.subdivision or "")
        except NoSuchPlace as error:
            raise unfit(f"in `subdivision` {error}") from error
        return self


def _shape(value: object) -> str:
    return BY_KEYS if isinstance(value, Mapping | HolidaysIs) else BY_LIST


Holidays = Annotated[
    Annotated[list[DayOrPlace], *LISTED, Tag(BY_LIST)] | Annotated[HolidaysIs, Tag(BY_KEYS)],
    Discriminator(_shape),
]


def dates_of(written: Sequence[str] | HolidaysIs) -> list[str]:
    """As functions read them: every date, in order."""
    if isinstance(written, HolidaysIs):
        inside = _of_place(f"{written.country}-{written.subdivision or ''}".rstrip("-"))
        return sorted((inside - set(written.except_)) | set(written.also))
    days: set[str] = set()
    for each in written:
        days |= {each} if each[:1].isdigit() else _of_place(each)
    return sorted(days)


def _of_place(text: str) -> set[str]:
    return {day.isoformat() for day in days_of(place(text), this_year())}
