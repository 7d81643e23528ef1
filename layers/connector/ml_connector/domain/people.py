"""Everybody who can be told, and how to find one of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from .approvers import Approver


class Directory:
    """All approvers, by id, by login in Intacct and by cost centre."""

    def __init__(self, approvers: Iterable[Approver] = ()) -> None:
        self._people = {person.id: person for person in sorted(approvers, key=lambda p: p.id)}

    @property
    def everybody(self) -> tuple[Approver, ...]:
        """All of them, by id."""
        return tuple(self._people.values())

    def person(self, approver: str) -> Approver | None:
        """The one with this id."""
        return self._people.get(approver)

    def by_user(self, user: str) -> Approver | None:
        """The one with this login; capitals do not count. Those still active come first."""
        if not user:
            return None
        folded = user.casefold()
        found = [person for person in self._people.values() if person.user.casefold() == folded]
        return next((person for person in found if person.active), found[0] if found else None)

    def by_cost_centre(self, ids: Iterable[str]) -> tuple[Approver, ...]:
        """Whose cost centres these are, in the order of the ids, each person once."""
        found = (
            person
            for cost_centre in ids
            for person in self._people.values()
            if cost_centre and cost_centre in person.cost_centres
        )
        return tuple({person.id: person for person in found}.values())

    def loops(self, today: date) -> tuple[tuple[str, ...], ...]:
        """Those who stand in for one another and will all be away on the same day.

        Each loop as ids, once, beginning with its first in the alphabet. Two who stand in for each
        other at different times are no loop.
        """
        found = {}
        for person in self._people.values():
            loop = self._loop_from(person)
            if loop and person.id == min(each.id for each in loop) and _meet(loop, today):
                found[person.id] = tuple(each.id for each in loop)
        return tuple(found.values())

    def _loop_from(self, person: Approver) -> list[Approver]:
        """The substitutes from this person back to them; empty where that leads elsewhere."""
        loop: list[Approver] = []
        each: Approver | None = person
        while each and each not in loop:
            loop.append(each)
            each = self.person(each.substitute)
        return loop if each is person else []


def _meet(loop: Iterable[Approver], today: date) -> bool:
    """Whether there is a day, today or later, on which all of them are away."""
    first, last = today, date.max
    for person in loop:
        if person.away_from is None:
            return False
        first = max(first, person.away_from)
        last = min(last, person.away_until or date.max)
    return first <= last


def is_away(person: Approver, today: date) -> bool:
    """Whether the person is out of office on this day; the last day counts."""
    if person.away_from is None or today < person.away_from:
        return False
    return person.away_until is None or today <= person.away_until
