"""A bill as Intacct last showed it.

States and their meaning: the labels of APBILL.STATE. There is no "Approved" state on a bill; the
last approval makes it Posted.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from .frozen import frozen
from .money import Money

#: MODULEKEY of what came out of purchasing.
PURCHASING = "9.PO"


class BillState(StrEnum):
    """The label Intacct shows, in words of our own for what it means to an approver."""

    DRAFT = "draft"
    """Not submitted yet, or recalled by its submitter."""
    ANALYZING = "analyzing"
    """Intacct's AP automation is still reading the document."""
    SUBMITTED = "submitted"
    """Waiting for the first approval."""
    PARTIALLY_APPROVED = "partially_approved"
    """At least one level approved; waiting for the next."""
    DECLINED = "declined"
    """An approver said no; it must be edited and submitted again."""
    POSTED = "posted"
    """Approved (or no approval was needed) and in the general ledger."""
    SELECTED = "selected"
    """Approved; a payment request exists."""
    PARTIALLY_PAID = "partially_paid"
    """Approved; a part is paid."""
    PAID = "paid"
    """Approved and paid."""
    REVERSED = "reversed"
    """Reversed after it was posted."""
    REVERSAL = "reversal"
    """The twin that reverses another bill."""
    NO_VALUE = "no_value"
    """Intacct's own fallback label."""
    UNKNOWN = "unknown"
    """A label this version does not know; kept as text in `Bill.state_text`."""

    @property
    def waiting(self) -> bool:
        """Whether somebody still has to approve it."""
        return self in (BillState.SUBMITTED, BillState.PARTIALLY_APPROVED)

    @classmethod
    def of(cls, label: str) -> BillState:
        """The state for a label; capitals and blanks differ between places in Intacct."""
        word = "_".join(label.lower().split())
        try:
            return cls(word)
        except ValueError:
            return cls.UNKNOWN


@frozen
class Bill:
    """One APBILL row, typed. Times are UTC; dates are the company's own calendar dates."""

    record_no: str
    number: str
    vendor_id: str
    vendor_name: str
    amount: Money
    state: BillState
    state_text: str
    due: date | None = None
    entity_id: str = ""
    description: str = ""
    modified: datetime | None = None
    created: datetime | None = None
    url: str = ""
    module: str = ""
    """Where it was made, as MODULEKEY says: `3.AP`, or `9.PO` for a purchase order's bill."""
    zone_known: bool = True
    """Where it is not, `modified` may be hours off: too much to be compared with another look's."""

    @property
    def from_purchase_order(self) -> bool:
        """Whether editing the purchase order makes it anew, under another record number."""
        return self.module == PURCHASING


@frozen
class BillsRead:
    """One read of bills.

    `complete`: every function succeeded, rows equalled the counts, and nothing remained; only then
    does absence mean anything, and nothing about a row that could not be read (`problems` names
    its record). One bad row does not hold back the others. `transactions` is what Sage bills
    for, with lookups and preferences where they were due. `zone_error` is the least error of the
    API user's zone that explains a modification in the future; None where there is none.
    `zone_verified` is false where the zone could not be read and UTC was assumed; `utc_offset` is
    how far the zone times were read in is from UTC, None where it is not known.
    """

    bills: tuple[Bill, ...]
    complete: bool
    transactions: int
    quarantined: int = 0
    problems: tuple[str, ...] = ()
    """What was wrong with the quarantined rows: field and RECORDNO, no values."""
    unknown_states: tuple[str, ...] = ()
    zone_error: timedelta | None = None
    zone_verified: bool = True
    utc_offset: timedelta | None = None
    cleaned: int = 0
