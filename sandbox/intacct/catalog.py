"""Every object the simulated company holds."""

from __future__ import annotations

from . import catalog_masters as masters
from . import catalog_payables as payables
from .fields import ObjectType

OBJECTS: dict[str, ObjectType] = {
    kind.name: kind
    for kind in (
        payables.APBILL,
        payables.APBILLITEM,
        payables.APPYMT,
        payables.APPYMTDETAIL,
        masters.VENDOR,
        masters.USERINFO,
        masters.EMPLOYEE,
        masters.CONTACT,
        masters.DEPARTMENT,
        masters.LOCATION,
        masters.LOCATIONENTITY,
        masters.CLASS,
        masters.PROJECT,
        masters.GLACCOUNT,
        masters.AUDITHISTORY,
    )
}

# Lines and details belong to a header; deleting the header deletes them.
OWNED: dict[str, tuple[str, str]] = {"APBILL": ("APBILLITEM", "RECORDKEY")}

# AUDITHISTORY turns the rule about codes round: `query` takes codes, readByQuery takes words.
CODES_IN_QUERY = frozenset({("AUDITHISTORY", "ACCESSMODE")})
