"""What ties people together, or keeps them apart: managers, substitutes, numbers, logins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from ml_connector.domain.approvers import Approver

COLUMNS = ("manager", "substitute")


@dataclass(frozen=True, slots=True)
class Person:
    """As much of somebody as ties are about; without `phone` and `user` where not active."""

    id: str
    phone: str = ""
    user: str = ""
    manager: str = ""
    substitute: str = ""

    @classmethod
    def of(cls, person: Approver) -> Self:
        """What is stored of somebody."""
        phone, user = (person.phone, person.user) if person.active else ("", "")
        return cls(person.id, phone, user, person.manager, person.substitute)


@dataclass(frozen=True, slots=True)
class Tie:
    """A tie that cannot be: whose, in which column, what it says, what it should say."""

    at: str
    column: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.at}: {self.column}: found {self.found!r}, expected {self.expected}"


def ties(people: Iterable[Person]) -> Iterator[Tie]:
    """Every manager and substitute nobody knows, and every chain of them that is a circle."""
    by_id = {person.id: person for person in people}
    for column in COLUMNS:
        links = {who: getattr(person, column) for who, person in by_id.items()}
        for who, other in links.items():
            if other and other not in by_id:
                yield Tie(who, column, other, "the id of somebody in the list")
        for circle in circles(links):
            way = " > ".join((*circle, circle[0]))
            yield Tie(circle[0], column, way, "a chain that ends: nobody stands in for themselves")


def circles(links: Mapping[str, str]) -> list[tuple[str, ...]]:
    """The circles among links, each once, beginning with whoever comes first in `links`."""
    place = {who: number for number, who in enumerate(links)}
    found: dict[frozenset[str], tuple[str, ...]] = {}
    for start in links:
        way: list[str] = []
        here = start
        while here and here not in way:
            way.append(here)
            here = links.get(here, "")
        if here:
            circle = way[way.index(here) :]
            first = circle.index(min(circle, key=place.__getitem__))
            found.setdefault(frozenset(circle), (*circle[first:], *circle[:first]))
    return list(found.values())


def doubled_phones(people: Iterable[Person], last: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Pairs of a person and whoever has the same number before them.

    A reply is known by the number it came from, so two active people cannot share one. Those in
    `last` come after all others, in its order.
    """
    return _doubled(((one.id, one.phone) for one in people), last)


def doubled_users(people: Iterable[Person], last: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Pairs of a person and whoever has the same login in Intacct before them, as for numbers.

    A bill names its approver by login, and only one of the two would be told.
    """
    return _doubled(((one.id, one.user.casefold()) for one in people), last)


def _doubled(said: Iterable[tuple[str, str]], last: Sequence[str]) -> Iterator[tuple[str, str]]:
    place = {who: number for number, who in enumerate(last, start=1)}
    owners: dict[str, str] = {}
    for who, mark in sorted(said, key=lambda one: place.get(one[0], 0)):
        if mark and owners.setdefault(mark, who) != who:
            yield who, owners[mark]
