"""What Intacct's master data says about the things bills name; read once a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import TypeAlias

from .frozen import frozen

_NONE: Mapping[str, str] = MappingProxyType({})


@frozen
class Books:
    """One company's master data, as far as a flow asks for it. Ids are Intacct's own.

    `parents` maps a dimension (`department`, `location`, `class`, `project`, `account`, `entity`)
    to child → parent. `bill_approvers` maps a vendor id to the login (or user group) Intacct names
    as its bill approver, `supervisors` a department id to its manager's, `names` a dimension to
    id → name.
    """

    parents: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    bill_approvers: Mapping[str, str] = field(default_factory=dict)
    supervisors: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def lineage(self, dimension: str, value: str) -> tuple[str, ...]:
        """The id, its parent, and so on up; a loop in the data ends where it closes."""
        up = self.parents.get(dimension, _NONE)
        seen: list[str] = []
        while value and value not in seen:
            seen.append(value)
            value = up.get(value, "")
        return tuple(seen)


@frozen
class LineCoding:
    """How one line of a bill is coded; ids, empty where the line has none."""

    account: str = ""
    department: str = ""
    location: str = ""
    project: str = ""
    class_id: str = ""


Codings: TypeAlias = tuple[LineCoding, ...]


@frozen
class LinesRead:
    """How the lines of some bills are coded: the distinct codings, by the bill's record number.

    A bill without lines is not among them. Not `complete`: some bills may lack lines, and nobody
    knows which. Not `permitted`: the API user may not read lines, and nothing was read; that is
    remembered for a day and costs no transaction in the meantime. Lines that name no bill are left
    out and counted as `quarantined`.
    """

    codings: Mapping[str, Codings] = field(default_factory=dict)
    complete: bool = True
    permitted: bool = True
    transactions: int = 0
    quarantined: int = 0


@frozen
class BooksRead:
    """Master data as far as it was asked for.

    `refused` names what the API user may not read, once a day. `failed` names what could not be
    read now and will be asked for again later; of these, `kept` are there as they were read before.
    `cut` names what there is too much of to be read whole.
    """

    books: Books
    transactions: int = 0
    refused: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
