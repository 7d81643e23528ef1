"""Which rules can never match, for rules before them take everything; and whether anything is left.

Only what is certain counts: the tree of departments and the like is not known here, so a rule for a
department is never said to cover one for another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ml_connector.domain.conditions import AmountBand, When, fits

_LOWEST, _HIGHEST = Decimal("-Infinity"), Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Reach:
    """What one rule speaks about: its events, its companies, and its conditions."""

    events: frozenset[str]
    companies: frozenset[str]
    when: When


def covered_by(reach: Reach, before: Sequence[Reach]) -> list[int] | None:
    """The indexes of earlier rules that together take everything a rule could match.

    None where something is left for it.
    """
    used: set[int] = set()
    for event in sorted(reach.events):
        for company in sorted(reach.companies):
            there = [
                (index, earlier)
                for index, earlier in enumerate(before)
                if event in earlier.events and company in earlier.companies
            ]
            needed = _taken(reach.when, there)
            if needed is None:
                return None
            used |= needed
    return sorted(used)


def _taken(when: When, before: Iterable[tuple[int, Reach]]) -> set[int] | None:
    """The earlier rules that take all of it, or None."""
    bands: list[tuple[Decimal, Decimal, int]] = []
    for index, earlier in before:
        if not _implied(earlier.when, when):
            continue
        band = earlier.when.amount
        if band is None:
            return {index}
        if when.amount is not None and band.currency == when.amount.currency:
            bands.append((*_ends(band), index))
    if when.amount is None:
        return None
    return _spanned(*_ends(when.amount), bands)


def _spanned(
    low: Decimal, high: Decimal, bands: list[tuple[Decimal, Decimal, int]]
) -> set[int] | None:
    """The bands that together reach from `low` up to `high`, or None."""
    used: set[int] = set()
    at = low
    while at < high:
        reaching = [(end, index) for start, end, index in bands if start <= at < end]
        if not reaching:
            return None
        at, index = max(reaching)
        used.add(index)
    return used


def _ends(band: AmountBand) -> tuple[Decimal, Decimal]:
    low = _LOWEST if band.at_least is None else band.at_least
    return low, _HIGHEST if band.under is None else band.under


def _implied(wide: When, narrow: When) -> bool:
    """Whether whatever meets `narrow` meets `wide` as well, amounts aside."""
    return (
        _vendor_implied(wide, narrow)
        and (not wide.entities or _within(narrow.entities, wide.entities))
        and _lines_implied(wide, narrow)
        and _due_implied(wide.due_within_days, narrow.due_within_days)
        and _pattern_implied(wide.description, narrow.description)
    )


def _within(inner: Sequence[str], outer: Sequence[str]) -> bool:
    return bool(inner) and set(inner) <= set(outer)


def _vendor_implied(wide: When, narrow: When) -> bool:
    if not wide.vendor_ids and not wide.vendor_name:
        return True
    if not narrow.vendor_ids and not narrow.vendor_name:
        return False
    ids = set(narrow.vendor_ids) <= set(wide.vendor_ids)
    if not narrow.vendor_name:
        return ids
    name = bool(wide.vendor_name) and _pattern_implied(wide.vendor_name, narrow.vendor_name)
    return ids and name


def _lines_implied(wide: When, narrow: When) -> bool:
    if not wide.dimensions:
        return True
    if wide.lines == "all" and narrow.lines == "any":
        return False
    asked = dict(narrow.dimensions)
    return all(_within(asked.get(name, ()), ids) for name, ids in wide.dimensions)


def _due_implied(wide: int | None, narrow: int | None) -> bool:
    return wide is None or (narrow is not None and narrow <= wide)


def _pattern_implied(wide: str, narrow: str) -> bool:
    if not wide:
        return True
    if not narrow:
        return False
    if wide.casefold() == narrow.casefold():
        return True
    # That a pattern itself fits says the same of the texts it stands for only where each part of
    # the wide one is found within one part of the narrow one.
    return fits(wide, narrow) and ("*" not in narrow or _only_outer_stars(wide))


def _only_outer_stars(pattern: str) -> bool:
    """Whether stars stand at the ends alone: then what stands between them is one text."""
    return "*" not in pattern.strip("*")
