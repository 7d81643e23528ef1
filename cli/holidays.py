"""The holidays of a country, as dates: written as `US` or `US-TX`, expanded for three years.

Functions know dates alone. The library behind this is read by the command only, when a file names a
country, and it knows of each year what the country has decided so far.

days = days_of(place("US-TX"), 2026)   # those of 2026, 2027 and 2028
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

from ml_connector.domain.approvers import Approver
from ml_connector.domain.flows import Flow

#: For this year and the two after it.
YEARS = 3
#: So long before the last holiday that is known somebody is told to publish again.
RUNS_OUT = timedelta(days=60)
_LEAST_ALIKE = 0.4
#: What the same first letter is worth: with it, two letters of which one is right are as near as
#: three of which two are.
_SAME_BEGINNING = 0.3


class NoSuchPlace(ValueError):
    """A country or subdivision nothing is known of; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class Place:
    """A country by its ISO 3166 code, and a part of it where it has holidays of its own."""

    country: str
    subdivision: str = ""

    def __str__(self) -> str:
        return f"{self.country}-{self.subdivision}" if self.subdivision else self.country


def place(text: str) -> Place:
    """`US` or `US-TX`. Raises NoSuchPlace with the nearest that is known."""
    country, _, subdivision = text.partition("-")
    return known_place(country, subdivision)


def known_place(country: str, subdivision: str = "") -> Place:
    """The place of these codes. Raises NoSuchPlace with the nearest that is known."""
    parts = _countries().get(country)
    if parts is None:
        near = _likely(country, subdivision)
        raise NoSuchPlace(f"a country by its two letters, such as US{_asked(near)}")
    if not subdivision or subdivision in parts:
        return Place(country, subdivision)
    if not parts:
        raise NoSuchPlace(f"{country} alone: nothing more is known of its parts")
    near = max(parts, key=lambda part: _alike(part, subdivision))
    near = near if _alike(near, subdivision) >= _LEAST_ALIKE else ""
    raise NoSuchPlace(f"a part of {country}, one of {', '.join(parts)}{_asked(near)}")


def days_of(where: Place, year: int, years: int = YEARS) -> frozenset[date]:
    """All public holidays of a place, of this year and those after it."""
    from holidays import country_holidays  # noqa: PLC0415 - only for files that name a country

    wanted = range(year, year + years)
    found = country_holidays(where.country, subdiv=where.subdivision or None, years=wanted)
    # A year's last days may belong to the next one's holidays; no year is left half.
    return frozenset(day for day in found if day.year in wanted)


def this_year() -> int:
    """The year expansions begin with."""
    return datetime.now(UTC).year


# ---------------------------------------------------------------------------- running out
def running_out(flow: Flow, people: Iterable[Approver], today: date) -> list[str]:
    """What to do where the holidays that are known come to an end, in words."""
    said = [
        f"{company.key}: the last holiday known is {max(company.calendar.holidays)}; publish the "
        "flow again, or write down those of the years to come"
        for company in flow.companies
        if _ends_soon(company.calendar.holidays, today)
    ]
    ending = [person.id for person in people if person.active and _ends(person, today)]
    if ending:
        said.append(
            f"the last holiday known of {', '.join(ending)} is near; import the approvers' file "
            "again"
        )
    return said


def _ends(person: Approver, today: date) -> bool:
    return bool(person.holidays_as) and _ends_soon(person.holidays, today)


def _ends_soon(days: Collection[date], today: date) -> bool:
    return bool(days) and max(days) < today + RUNS_OUT


# ------------------------------------------------------------------------------- what is known
@cache
def _countries() -> Mapping[str, tuple[str, ...]]:
    """Every country of two letters, with its parts."""
    from holidays import list_supported_countries  # noqa: PLC0415

    found = list_supported_countries(include_aliases=False)
    return {code: tuple(parts) for code, parts in found.items()}


@cache
def _names() -> Mapping[str, str]:
    """What people write in place of a country's code, and the code."""
    from holidays.registry import COUNTRIES  # noqa: PLC0415

    said = {
        str(name): str(code)
        for called, code, *more in COUNTRIES.values()
        for name in (called, code, *more)
        if str(code) in _countries()
    }
    return {**said, "UK": "GB"}


def _likely(country: str, subdivision: str) -> str:
    """The place that was probably meant; empty where several are as likely.

    Codes are so short that many are alike: the subdivision and the first letter tell more.
    """
    ranks: dict[str, tuple[bool, float]] = {}
    for name, code in _names().items():
        alike = _alike(name, country)
        if alike >= _LEAST_ALIKE:
            if _folded(name)[:1] == _folded(country)[:1]:
                alike += _SAME_BEGINNING
            rank = (bool(_part_of(code, subdivision)), alike)
            ranks[code] = max(rank, ranks.get(code, rank))
    best = max(ranks.values(), default=None)
    likely = [code for code, rank in ranks.items() if rank == best]
    if len(likely) != 1:
        return ""
    return str(Place(likely[0], _part_of(likely[0], subdivision)))


def _part_of(country: str, subdivision: str) -> str:
    """The subdivision as the country has it; empty where it has none such."""
    wanted = _folded(subdivision)
    return next((part for part in _countries()[country] if _folded(part) == wanted), "")


def _asked(near: str) -> str:
    return f"; did you mean {near!r}?" if near else ""


def _alike(known: str, found: str) -> float:
    return difflib.SequenceMatcher(None, _folded(known), _folded(found)).ratio()


def _folded(text: str) -> str:
    return text.casefold().replace(" ", "")
