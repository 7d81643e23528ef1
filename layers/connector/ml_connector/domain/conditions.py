"""What a rule asks of a bill or a payment, and how that reads.

A condition on something a document does not have (a payment has no lines, no description and no due
date) never holds: such a rule is passed over, and the next one is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from .bills import BillState
from .books import Books, LineCoding
from .documents import AnyDocument, Document, Subject
from .frozen import frozen
from .money import Money

Lines = Literal["any", "all"]

#: The parts of a line's coding a rule can ask for, as the form calls them.
DIMENSIONS = ("department", "location", "class", "project", "account")


@frozen
class AmountBand:
    """At least `at_least`, and under `under`, in one currency; None is open on that side."""

    currency: str
    at_least: Decimal | None = None
    under: Decimal | None = None

    def holds(self, amount: Money) -> bool:
        """Whether the amount lies inside; another currency never does."""
        if amount.currency != self.currency:
            return False
        above = self.at_least is None or amount.amount >= self.at_least
        return above and (self.under is None or amount.amount < self.under)

    def __str__(self) -> str:
        low = None if self.at_least is None else Money(self.at_least, self.currency)
        high = None if self.under is None else Money(self.under, self.currency)
        if low and high:
            return f"of at least {low} and under {high}"
        return f"of at least {low}" if low else f"under {high}"


@frozen
class When:
    """The conditions of a rule: all that are given must hold. Empty ones ask for nothing.

    A vendor is meant when its id is listed or its name fits the pattern. `dimensions` are pairs of
    a name from `DIMENSIONS` and the ids that count; with several of them, one and the same line
    must fit all. `due_within_days` counts the company's own days, and what is overdue is due.
    """

    amount: AmountBand | None = None
    vendor_ids: tuple[str, ...] = ()
    vendor_name: str = ""
    entities: tuple[str, ...] = ()
    dimensions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    lines: Lines = "any"
    due_within_days: int | None = None
    description: str = ""

    def holds(self, document: AnyDocument, books: Books, today: date | None) -> bool:
        """Whether the document meets every condition.

        Where nobody knows which day it is (`today` is None), nothing is due.
        """
        return (
            (self.amount is None or self.amount.holds(document.amount))
            and self._vendor_holds(document)
            and (not self.entities or _listed(books, "entity", entity_of(document), self.entities))
            and self._lines_hold(lines_of(document), books)
            and self._due_holds(document.due, today)
            and self._description_holds(description_of(document))
        )

    @property
    def anything(self) -> bool:
        """Whether it asks for nothing."""
        return self == _ANYTHING

    @property
    def never_of_payments(self) -> bool:
        """Whether it asks for what no payment has."""
        return bool(self.dimensions or self.description) or self.due_within_days is not None

    @property
    def words(self) -> str:
        """The conditions in English, to follow the event; empty where there are none."""
        return "".join(f"{', ' if n else ' '}{said}" for n, said in enumerate(self._said()))

    def _vendor_holds(self, document: AnyDocument) -> bool:
        if not self.vendor_ids and not self.vendor_name:
            return True
        named = bool(self.vendor_name) and fits(self.vendor_name, document.vendor_name)
        return document.vendor_id in self.vendor_ids or named

    def _lines_hold(self, lines: tuple[LineCoding, ...], books: Books) -> bool:
        if not self.dimensions:
            return True
        fitting = (self._line_holds(line, books) for line in lines)
        return any(fitting) if self.lines == "any" else bool(lines) and all(fitting)

    def _line_holds(self, line: LineCoding, books: Books) -> bool:
        return all(
            _listed(books, dimension, value_of(line, dimension), ids)
            for dimension, ids in self.dimensions
        )

    def _due_holds(self, due: date | None, today: date | None) -> bool:
        if self.due_within_days is None:
            return True
        if due is None or today is None:
            return False
        return due <= today + timedelta(days=self.due_within_days)

    def _description_holds(self, description: str | None) -> bool:
        if not self.description:
            return True
        return description is not None and fits(self.description, description)

    def _said(self) -> Iterator[str]:
        if self.amount:
            yield f"with an amount {self.amount}"
        vendors = [f"vendor {either(self.vendor_ids)}"] if self.vendor_ids else []
        if self.vendor_name:
            vendors.append(f'a vendor whose name is like "{self.vendor_name}"')
        if vendors:
            yield f"from {' or '.join(vendors)}"
        if self.entities:
            yield f"in or under entity {either(self.entities)}"
        if self.dimensions:
            coded = " and ".join(f"{name} {either(ids)}" for name, ids in self.dimensions)
            yield f"with {'a' if self.lines == 'any' else 'every'} line in or under {coded}"
        if self.due_within_days is not None:
            yield _due_in_words(self.due_within_days)
        if self.description:
            yield f'with a description like "{self.description}"'


_ANYTHING = When()


def either(words: tuple[str, ...]) -> str:
    """`300`, `300 or 400`, `300, 400 or 500`."""
    return " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _due_in_words(days: int) -> str:
    if days == 0:
        return "due today or overdue"
    return f"due within {days} day{'s' if days > 1 else ''} or overdue"


def _listed(books: Books, dimension: str, value: str, ids: tuple[str, ...]) -> bool:
    return any(each in ids for each in books.lineage(dimension, value))


def fits(pattern: str, found: str) -> bool:
    """Whether a text fits a pattern, where `*` stands for any text; capitals do not count.

    Looked for from left to right without ever going back, so that no pattern is slow.
    """
    first, *rest = pattern.casefold().split("*")
    folded = found.casefold()
    if not rest:
        return folded == first
    if not folded.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        place = folded.find(part, at)
        if place < 0:
            return False
        at = place + len(part)
    last = rest[-1]
    return len(folded) - len(last) >= at and folded.endswith(last)


# ------------------------------------------------------------- what a document has, if it has it
def lines_of(document: Subject) -> tuple[LineCoding, ...]:
    """How its lines are coded; a payment has none."""
    return document.lines if isinstance(document, Document) else ()


def entity_of(document: AnyDocument) -> str:
    """The id of the entity it belongs to; empty at the top level."""
    return document.entity


def description_of(document: AnyDocument) -> str | None:
    """What was written on a bill, hostile text; None for a payment."""
    return document.description if isinstance(document, Document) else None


def levels_done(document: Subject) -> int:
    """How many levels have approved a bill that waits for the next."""
    if not isinstance(document, Document) or document.state is not BillState.PARTIALLY_APPROVED:
        return 0
    return max(document.level, 1)


def value_of(line: LineCoding, dimension: str) -> str:
    """The id a line has in one of the `DIMENSIONS`."""
    return str(getattr(line, "class_id" if dimension == "class" else dimension))
