"""Writing approvers so that nothing is undone that is not in the file.

A person's salt, once made, and an opt-out, whenever it came, survive every import: both are set
in DynamoDB only where there is none yet, in the same write.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ml_connector.domain.approvers import Approver
from ml_connector.store.models import ApproverItem
from ml_connector.store.transaction import translated

from .files.people_file import Row


class Effect(StrEnum):
    """What an import does to one person."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Change:
    """One row and what it does. `what` names what changes, without the values."""

    row: Row
    effect: Effect
    what: tuple[str, ...]
    opted_out: bool = False

    @property
    def obstacle(self) -> str:
        """Why this person will not be texted; empty where they will."""
        row = self.row
        return Approver(
            row.id, row.name, row.phone, "made on import", row.active, self.opted_out
        ).obstacle


def changes(rows: Sequence[Row], people: Sequence[Approver]) -> list[Change]:
    """What importing the rows would do."""
    known = {person.id: person for person in people}
    found = []
    for row in rows:
        person = known.get(row.id)
        if person is None:
            found.append(Change(row, Effect.ADDED, ()))
            continue
        differs = {
            "name": row.name != person.name,
            "phone": row.phone != person.phone,
            "active": row.active != person.active,
        }
        what = tuple(name for name, changed in differs.items() if changed)
        effect = Effect.CHANGED if what else Effect.UNCHANGED
        found.append(Change(row, effect, what, person.opted_out))
    return found


def store(row: Row) -> None:
    """Write one person. The models have to be bound; raises StoreError."""
    phone = ApproverItem.phone.set(row.phone) if row.phone else ApproverItem.phone.remove()
    salt = secrets.token_hex(16)
    with translated():
        ApproverItem(row.id).update(
            actions=[
                ApproverItem.name.set(row.name),
                phone,
                ApproverItem.active.set(row.active),
                ApproverItem.salt.set(ApproverItem.salt | salt),
                ApproverItem.opted_out.set(ApproverItem.opted_out | False),
            ]
        )
