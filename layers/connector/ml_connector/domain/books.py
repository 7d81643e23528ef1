"""What Intacct's master data says about the things bills name; read once a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Books:
    """One company's master data, as far as a flow asks for it. Ids are Intacct's own.

    `parents` maps a dimension (`department`, `location`, `class`, `project`, `account`, `entity`)
    to child → parent. `bill_approvers` maps a vendor id to the login (or user group) Intacct names
    as its bill approver, `supervisors` a department id to its manager's, `names` a dimension to
    id → name.
    """

    parents: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    bill_approvers: Mapping[str, str] = _NONE
    supervisors: Mapping[str, str] = _NONE
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def lineage(self, dimension: str, value: str) -> tuple[str, ...]:
        """The id, its parent, and so on up; a loop in the data ends where it closes."""
        up = self.parents.get(dimension, _NONE)
        seen: list[str] = []
        while value and value not in seen:
            seen.append(value)
            value = up.get(value, "")
        return tuple(seen)


@dataclass(frozen=True, slots=True)
class LineCoding:
    """How one line of a bill is coded; ids, empty where the line has none."""

    account: str = ""
    department: str = ""
    location: str = ""
    project: str = ""
    class_id: str = ""
