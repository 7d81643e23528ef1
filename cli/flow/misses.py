"""Why a rule does not match: the first of its conditions that does not hold, and what was found.

Each condition is judged by the same code that decides, taken by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ml_connector.domain.books import Books
from ml_connector.domain.conditions import (
    When,
    description_of,
    entity_of,
    lines_of,
    value_of,
)
from ml_connector.domain.documents import AnyDocument, Subject
from ml_connector.domain.events import EventKind
from ml_connector.domain.rules import Flow, Rule
from ml_connector.domain.silences import Silence

#: Codings said of a bill; the others are counted.
MOST_CODINGS = 5


@dataclass(frozen=True, slots=True)
class Miss:
    """One rule that was passed over: `wanted` as its sentence says it, and what was `found`."""

    number: int
    rule: str
    wanted: str
    found: str


def misses(
    flow: Flow,
    kind: EventKind,
    document: Subject,
    books: Books,
    today: date,
) -> tuple[Miss, ...]:
    """The rules looked at before the one that matches; all of them where none does."""
    return tuple(_misses(flow, kind, document, books, today))


def _misses(
    flow: Flow, kind: EventKind, document: Subject, books: Books, today: date
) -> Iterator[Miss]:
    for number, rule in enumerate(flow.rules, start=1):
        why = _why_not(rule, kind, document, books, today)
        if why is None:
            return
        yield Miss(number, rule.name, *why)


def _why_not(
    rule: Rule, kind: EventKind, document: Subject, books: Books, today: date
) -> tuple[str, str] | None:
    if kind not in rule.on:
        spoken_of = " or ".join(each.value for each in EventKind if each in rule.on)
        return f"on {spoken_of}", f"the event is {kind.value}"
    if not rule.speaks_of(kind, document.company):
        return f"in company {' or '.join(rule.companies)}", f"the company is {document.company}"
    if isinstance(document, Silence):
        return None
    for part, found in _parts(rule.when, document, today):
        if not part.holds(document, books, today):
            return part.words.strip(), found
    return None


def _parts(when: When, document: AnyDocument, today: date) -> Iterator[tuple[When, str]]:
    """The conditions one by one, in the order of the sentence, each with what the bill has."""
    if when.amount:
        yield When(amount=when.amount), f"the amount is {document.amount}"
    if when.vendor_ids or when.vendor_name:
        vendor = When(vendor_ids=when.vendor_ids, vendor_name=when.vendor_name)
        named = f" {document.vendor_name}" if document.vendor_name else ""
        yield vendor, f"the vendor is {document.vendor_id}{named}"
    if when.entities:
        entity = entity_of(document)
        found = f"the entity is {entity}" if entity else "it belongs to no entity"
        yield When(entities=when.entities), found
    if when.dimensions:
        coded = When(dimensions=when.dimensions, lines=when.lines)
        yield coded, _codings(document, [name for name, _ in when.dimensions])
    if when.due_within_days is not None:
        yield When(due_within_days=when.due_within_days), _due(document.due, today)
    if when.description:
        text = description_of(document)
        found = f'the description is "{text}"' if text else "it has no description"
        yield When(description=when.description), found


def _codings(document: AnyDocument, names: list[str]) -> str:
    lines = lines_of(document)
    if not lines:
        return "no lines are known"
    said = dict.fromkeys(
        " and ".join(f"{name} {value_of(line, name) or 'none'}" for name in names) for line in lines
    )
    shown = "; ".join(list(said)[:MOST_CODINGS])
    more = len(said) - MOST_CODINGS
    return f"the lines have {shown}{f'; and {more} more' if more > 0 else ''}"


def _due(due: date | None, today: date) -> str:
    if due is None:
        return "it has no due date"
    return f"it is due {due:%b} {due.day} {due.year}, and today is {today:%b} {today.day}"
