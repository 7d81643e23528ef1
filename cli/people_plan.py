"""What an import would do to each person. Nothing is written here."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ml_connector.domain.approvers import EVERY_CHANNEL, Approver

from .console.failures import Failure
from .files.people_file import COLUMNS, Row
from .files.people_ties import Person, doubled_phones, doubled_users, ties


class Effect(StrEnum):
    """What an import does to one person."""

    ADDED = "added"
    CHANGED = "changed"
    LEFT = "left"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Planned:
    """One person before and after. `fields` names what changes, without the values.

    `doubt` is what Lookup says against the number, empty where it says nothing.
    """

    before: Approver | None
    after: Approver
    effect: Effect
    fields: tuple[str, ...] = ()
    doubt: str = ""
    looked_up: bool = False

    @property
    def id(self) -> str:
        """The person's id."""
        return self.after.id

    @property
    def new_number(self) -> bool:
        """Whether the person gets a number they did not have."""
        known = self.before.phone if self.before else ""
        return self.after.phone not in ("", known)

    @property
    def obstacle(self) -> str:
        """Why this person will be told on no channel; empty where there is one."""
        return unusable(self.after)


def unusable(person: Approver) -> str:
    """Why no channel reaches a person, in words without the number; empty where one does."""
    said = [person.obstacle_to(channel) for channel in EVERY_CHANNEL]
    return "" if "" in said else ", ".join(dict.fromkeys(said))


def plan(
    rows: Sequence[Row], people: Sequence[Approver], *, keep_others: bool = False
) -> list[Planned]:
    """What importing the rows does to everybody: those of the file in its order, then who leaves.

    Whoever was active and is in no row leaves, unless the others are to be kept. Raises Failure
    where the people, as they would then be, hang together in no possible way.
    """
    known = {person.id: person for person in people}
    refused = {one.phone: one.opted_out_by for one in people if one.phone and one.opted_out}
    planned = [_planned(row, known.get(row.id), refused) for row in rows]
    if not keep_others:
        named = {row.id for row in rows}
        gone = (person for person in people if person.active and person.id not in named)
        planned += [_leaving(person) for person in gone]
    _refuse_impossible(known, planned)
    return planned


def remaining(people: Iterable[Approver], planned: Iterable[Planned]) -> list[Approver]:
    """Everybody as they are after the import, by id."""
    after = {person.id: person for person in people}
    after |= {one.id: one.after for one in planned}
    return [after[who] for who in sorted(after)]


def newcomer(row: Row) -> Approver:
    """Who a row would be if nothing were known of them."""
    return _planned(row, None, {}).after


def _planned(row: Row, before: Approver | None, refused: Mapping[str, str]) -> Planned:
    """`refused` are the numbers that opted out, with who said so."""
    known = before or Approver(row.id, row.name, "", salt="")
    said = {name: getattr(row, name) for name in COLUMNS if name in row.columns}
    if "holidays" in said:
        said["holidays_as"] = row.holidays_as
    after = replace(known, **said, salt=known.salt or secrets.token_hex(16))
    if after.phone != known.phone:
        # What was proven, asked or refused was about the other number.
        after = replace(
            after,
            verified_at=None,
            line_type="",
            opted_out=after.phone in refused,
            opted_out_by=refused.get(after.phone, ""),
        )
    if before is None:
        return Planned(None, after, Effect.ADDED)
    fields = _differing(before, after)
    if not fields:
        return Planned(before, before, Effect.UNCHANGED)
    left = before.active and not after.active
    next_one = replace(after, version=before.version + 1)
    return Planned(before, next_one, Effect.LEFT if left else Effect.CHANGED, fields)


def _leaving(person: Approver) -> Planned:
    after = replace(person, active=False, version=person.version + 1)
    return Planned(person, after, Effect.LEFT, ("active",))


def _differing(before: Approver, after: Approver) -> tuple[str, ...]:
    fields = [name for name in COLUMNS if getattr(before, name) != getattr(after, name)]
    if "holidays" not in fields and before.holidays_as != after.holidays_as:
        fields.append("holidays")
    return tuple(fields)


def _refuse_impossible(known: Mapping[str, Approver], planned: Sequence[Planned]) -> None:
    """A file of few columns is judged together with what stays as it is."""
    people = [Person.of(person) for person in remaining(known.values(), planned)]
    wrong = [str(tie) for tie in ties(people)]
    wrong += [
        f"{one}: phone: the number is already that of {two}" for one, two in doubled_phones(people)
    ]
    wrong += [
        f"{one}: user: the login is already that of {two}" for one, two in doubled_users(people)
    ]
    if wrong:
        raise Failure("with what is stored the people do not fit; nothing was imported", wrong)
