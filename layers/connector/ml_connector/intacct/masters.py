"""The master data that routing goes by: what stands above what, and who looks after it.

Of each object only these few fields are asked for; `kinds` has the objects in full.
"""

from __future__ import annotations

from typing import NamedTuple

from .catalogue import Wanted
from .queries import KEY
from .records import Kind
from .tree import Row
from .values import Context, key, text


class Entry(NamedTuple):
    """One record: its own key, its parent's, its name, and the person it names; "" is null."""

    id: str
    parent: str = ""
    name: str = ""
    person: str = ""


def _entries(
    object_name: str, id_field: str, *, parent: str = "", name: str = "", person: str = ""
) -> Kind[Entry]:
    def build(row: Row, _context: Context) -> Entry:
        return Entry(
            key(row, id_field),
            text(row, parent) if parent else "",
            text(row, name) if name else "",
            text(row, person) if person else "",
        )

    optional = tuple(field for field in (parent, name, person) if field)
    return Kind(Wanted(object_name, (KEY, id_field), optional), build)


#: By the names that `Books` has for them. Projects and GL accounts may be many, and nobody is told
#: their names.
MASTERS: dict[str, Kind[Entry]] = {
    "department": _entries(
        "DEPARTMENT", "DEPARTMENTID", parent="PARENTID", name="TITLE", person="SUPERVISORID"
    ),
    "location": _entries("LOCATION", "LOCATIONID", parent="PARENTID", name="NAME"),
    "entity": _entries("LOCATIONENTITY", "LOCATIONID", parent="PARENTID", name="NAME"),
    "class": _entries("CLASS", "CLASSID", parent="PARENTID", name="NAME"),
    "project": _entries("PROJECT", "PROJECTID", parent="PARENTID"),
    "account": _entries("GLACCOUNT", "ACCOUNTNO", name="TITLE"),
    "user": _entries("USERINFO", "LOGINID", name="DESCRIPTION"),
}

APPROVER = "BILLAPPROVERID"
VENDOR_APPROVERS = _entries("VENDOR", "VENDORID", person=APPROVER)
