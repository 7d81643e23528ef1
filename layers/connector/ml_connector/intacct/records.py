"""Which fields are asked for and how a row becomes a record, with bills as the first `Kind`.

A row that cannot be read is set aside as RecordInvalid; the page goes on without it. The other
kinds are in `kinds`, for a poll does not need them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.frozen import frozen
from ml_connector.errors import RecordInvalid

from .catalogue import Wanted
from .queries import KEY
from .tree import Row
from .values import Context, day, key, link, moment, text, total

R = TypeVar("R")

#: Raw codes of APBILL.STATE that the documentation names, should a label not be given.
BILL_STATE_CODES = {
    "D": "Draft",
    "S": "Submitted",
    "PA": "Partially Approved",
    "U": "Declined",
    "A": "Posted",
}


@frozen
class Kind(Generic[R]):
    """One object of Intacct: what to ask for, and how a row becomes a record."""

    wanted: Wanted
    build: Callable[[Row, Context], R]


@frozen
class Converted(Generic[R]):
    """The records of some rows, and what was wrong with the rows that gave none."""

    records: tuple[R, ...]
    invalid: tuple[RecordInvalid, ...]


def convert(kind: Kind[R], rows: Iterable[Row], context: Context) -> Converted[R]:
    """Build every record there is to build."""
    records: list[R] = []
    invalid: list[RecordInvalid] = []
    for row in rows:
        try:
            records.append(kind.build(row, context))
        except RecordInvalid as error:
            invalid.append(error)
    return Converted(tuple(records), tuple(invalid))


def _bill(row: Row, context: Context) -> Bill:
    label = text(row, "STATE")
    label = BILL_STATE_CODES.get(label, label)
    return Bill(
        record_no=key(row, KEY),
        number=text(row, "RECORDID"),
        vendor_id=text(row, "VENDORID"),
        vendor_name=text(row, "VENDORNAME"),
        amount=total(row, context),
        state=BillState.of(label),
        state_text=label,
        due=day(row, "WHENDUE"),
        entity_id=text(row, "MEGAENTITYID"),
        description=text(row, "DESCRIPTION"),
        modified=moment(row, "WHENMODIFIED", context),
        created=moment(row, "AUWHENCREATED", context),
        url=link(row, context),
        module=text(row, "MODULEKEY"),
    )


BILLS = Kind(
    Wanted(
        "APBILL",
        (KEY, "STATE"),
        (
            "RECORDID",
            "VENDORID",
            "VENDORNAME",
            "TRX_TOTALENTERED",
            "CURRENCY",
            "TOTALENTERED",
            "BASECURR",
            "WHENDUE",
            "WHENMODIFIED",
            "AUWHENCREATED",
            "MEGAENTITYID",
            "DESCRIPTION",
            "RECORD_URL",
            "MODULEKEY",
        ),
    ),
    _bill,
)
