"""What is wrong with a flow although each of its rules can be read: checks before publishing.

Nothing here knows a company's books, so hierarchies are left aside: a rule is only said to be
covered where that is certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .conditions import AmountBand, When, fits
from .events import EventKind
from .rules import Flow, Rule


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A rule that never gets its turn: its number and name, and the numbers of those before it
    that take everything it would match."""

    number: int
    rule: str
    covered_by: tuple[int, ...]


def unreachable_rules(flow: Flow) -> tuple[Unreachable, ...]:
    """The rules that can never match, for earlier ones together match all that they would."""
    found = []
    for number, rule in enumerate(flow.rules, start=1):
        covers = [
            _covered_by(flow.rules[: number - 1], rule.when, kind, company)
            for kind in sorted(rule.on)
            if not (kind.of_payment and rule.when.never_of_payments)
            for company in rule.companies or _keys(flow)
        ]
        if all(covers):
            by = sorted({each for cover in covers for each in cover})
            found.append(Unreachable(number, rule.name, tuple(by)))
    return tuple(found)


def kinds_without_catch_all(flow: Flow) -> tuple[EventKind, ...]:
    """The events some rule names although, in some company, no rule takes whatever is left of them.

    In the order of `EventKind`. What no rule takes tells nobody.
    """
    return tuple(
        kind
        for kind in EventKind
        if any(_no_catch_all(flow.rules, kind, company) for company in _keys(flow))
    )


def has_catch_all(flow: Flow) -> bool:
    """Whether every event that some rule names is told of in any case."""
    return not kinds_without_catch_all(flow)


def _keys(flow: Flow) -> Sequence[str]:
    return [company.key for company in flow.companies] or [""]


def _no_catch_all(rules: Iterable[Rule], kind: EventKind, company: str) -> bool:
    speaking = [rule for rule in rules if rule.speaks_of(kind, company)]
    return bool(speaking) and not any(rule.when.anything for rule in speaking)


def _covered_by(
    earlier: Sequence[Rule], when: When, kind: EventKind, company: str
) -> tuple[int, ...]:
    """The numbers of the rules that together take all that meets these conditions; else none."""
    bands: list[tuple[int, AmountBand]] = []
    for number, rule in enumerate(earlier, start=1):
        if not rule.speaks_of(kind, company) or not _but_for_amounts(rule.when, when):
            continue
        if rule.when.amount is None:
            return (number,)
        bands.append((number, rule.when.amount))
    return _bands_over(bands, when.amount) if when.amount else ()


def _but_for_amounts(wide: When, narrow: When) -> bool:
    """Whether, amounts aside, whatever meets the narrow conditions meets the wide ones."""
    return (
        _vendors_within(wide, narrow)
        and _within(wide.entities, narrow.entities)
        and _lines_within(wide, narrow)
        and _days_within(wide.due_within_days, narrow.due_within_days)
        and (not wide.description or _pattern_within(wide.description, narrow.description))
    )


def _vendors_within(wide: When, narrow: When) -> bool:
    if not wide.vendor_ids and not wide.vendor_name:
        return True
    if not narrow.vendor_ids and not narrow.vendor_name:
        return False
    names = not narrow.vendor_name or _pattern_within(wide.vendor_name, narrow.vendor_name)
    return names and set(narrow.vendor_ids) <= set(wide.vendor_ids)


def _within(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _lines_within(wide: When, narrow: When) -> bool:
    if not wide.dimensions:
        return True
    if wide.lines == "all" and narrow.lines == "any":
        return False
    asked = dict(narrow.dimensions)
    return all(_within(ids, asked.get(name, ())) for name, ids in wide.dimensions)


def _days_within(wide: int | None, narrow: int | None) -> bool:
    return wide is None or (narrow is not None and narrow <= wide)


def _pattern_within(wide: str, narrow: str) -> bool:
    """Whether every text that fits the narrow pattern fits the wide one, where that is certain.

    A star of the narrow one becomes a sign that no pattern holds, so only a star can take it.
    """
    return bool(wide and narrow) and fits(wide, narrow.replace("*", "\0"))


def _bands_over(bands: Iterable[tuple[int, AmountBand]], over: AmountBand) -> tuple[int, ...]:
    """The numbers of the bands that together leave no amount of the other out; none if they do."""
    same = [(*_ends(band), number) for number, band in bands if band.currency == over.currency]
    edge, end = _ends(over)
    used = []
    for low, high, number in sorted(same):
        if low <= edge < high:
            used.append(number)
            edge = high
        if edge >= end:
            return tuple(used)
    return ()


def _ends(band: AmountBand) -> tuple[Decimal, Decimal]:
    low = Decimal("-Infinity") if band.at_least is None else band.at_least
    return low, Decimal("Infinity") if band.under is None else band.under
