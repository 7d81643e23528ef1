"""Reading one company for `fit`: everything it needs, in at most 50 API transactions.

The limit is kept by the gateway client, which sends nothing beyond it. Within it, each read leaves
something for those after it, so that a large company is seen in part rather than half of it not at
all; what was seen in part says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from cli.gateway import BudgetSpent
from ml_connector.domain.bills import Bill
from ml_connector.errors import SourceRejected
from ml_connector.intacct.catalogue import Catalogue, Wanted
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.entities import BillLine, Department, User, Vendor
from ml_connector.intacct.errors import OF_THE_FUNCTION, GatewayRefused
from ml_connector.intacct.filters import Filter, Null, at_least, equal, every, one_of
from ml_connector.intacct.kinds import BILL_LINES, DEPARTMENTS, USERS, VENDORS
from ml_connector.intacct.queries import KEY, WAITING_STATES
from ml_connector.intacct.records import BILLS, Kind
from ml_connector.intacct.source import IntacctReader
from ml_connector.intacct.tree import Row
from ml_connector.intacct.values import Context, key, text
from ml_connector.intacct.zone import UserZone

R = TypeVar("R")

#: The most API transactions `fit` may cost.
TRANSACTIONS = 50
#: How far back volume is counted.
WINDOW = timedelta(days=30)

#: What each read leaves for those after it, in the order they are made.
_KEEP = {
    "APBILL waiting": 26,
    "VENDOR": 20,
    "DEPARTMENT": 17,
    "USERINFO": 14,
    "EMPLOYEE": 11,
    "APBILL": 6,
    "APBILLITEM": 0,
}


@dataclass(frozen=True, slots=True)
class Employee:
    """One EMPLOYEE row. Telephone numbers are free text, as somebody typed them."""

    employee_id: str
    name: str
    email: str
    cell_phone: str
    phone: str
    status: str


def _employee(row: Row, _context: Context) -> Employee:
    return Employee(
        employee_id=key(row, "EMPLOYEEID"),
        name=text(row, "PERSONALINFO.CONTACTNAME"),
        email=text(row, "PERSONALINFO.EMAIL1"),
        cell_phone=text(row, "PERSONALINFO.CELLPHONE"),
        phone=text(row, "PERSONALINFO.PHONE1"),
        status=text(row, "STATUS"),
    )


EMPLOYEES = Kind(
    Wanted(
        "EMPLOYEE",
        (KEY, "EMPLOYEEID"),
        (
            "PERSONALINFO.CONTACTNAME",
            "PERSONALINFO.EMAIL1",
            "PERSONALINFO.CELLPHONE",
            "PERSONALINFO.PHONE1",
            "STATUS",
        ),
    ),
    _employee,
)


@dataclass(frozen=True, slots=True)
class Part(Generic[R]):
    """What was read of one kind. `problem` says why it is not all; empty where it is."""

    records: tuple[R, ...] = ()
    problem: str = ""

    @property
    def complete(self) -> bool:
        """Whether this is all there is."""
        return not self.problem


@dataclass(frozen=True, slots=True)
class Facts:
    """What Intacct said, untouched. `at` is the gateway's own time."""

    at: datetime
    zone: UserZone
    waiting: Part[Bill]
    recent: Part[Bill]
    lines: Part[BillLine]
    vendors: Part[Vendor]
    """Only those that name a bill approver."""
    departments: Part[Department]
    users: Part[User]
    """Only those that a vendor names."""
    employees: Part[Employee]
    """Only those that supervise a department."""


def read_facts(client: IntacctClient, page_size: int | None = None) -> Facts:
    """Read a company. Raises the SourceError family where even its waiting bills are refused."""
    return _Reading(client, page_size).run()


class _Reading:
    def __init__(self, client: IntacctClient, page_size: int | None) -> None:
        self._client = client
        self._page_size = page_size
        self._reader = IntacctReader(client)
        self._catalogue: Catalogue = self._reader.catalogue

    def run(self) -> Facts:
        zone = self._catalogue.zone()
        where = one_of("STATE", WAITING_STATES)
        waiting = self._part(BILLS, where, "APBILL waiting", required=True)
        at = self._client.server_time or self._client.clock.now()
        vendors = self._vendors()
        departments = self._part(DEPARTMENTS, None, "DEPARTMENT")
        approvers = {vendor.bill_approver for vendor in vendors.records}
        supervisors = {department.supervisor_id for department in departments.records} - {""}
        users = self._named(USERS, "LOGINID", approvers)
        employees = self._named(EMPLOYEES, "EMPLOYEEID", supervisors)
        since = zone.to_text(at - WINDOW)
        recent = self._recent(since)
        return Facts(
            at=at,
            zone=zone,
            waiting=waiting,
            recent=recent,
            lines=self._lines(since) if recent.records else Part(),
            vendors=vendors,
            departments=departments,
            users=users,
            employees=employees,
        )

    def _vendors(self) -> Part[Vendor]:
        if not self._has(VENDORS, "BILLAPPROVERID"):
            return Part((), "this company has no bill approver on vendors")
        return self._part(VENDORS, Null("BILLAPPROVERID", negated=True), "VENDOR")

    def _named(self, kind: Kind[R], field: str, names: Iterable[str]) -> Part[R]:
        wanted = sorted(set(names))
        if not wanted:
            return Part()
        return self._part(kind, one_of(field, wanted), kind.wanted.object)

    def _recent(self, since: str) -> Part[Bill]:
        """Bills by when they were entered; by their own date where that is not kept."""
        if self._has(BILLS, "AUWHENCREATED"):
            return self._part(BILLS, at_least("AUWHENCREATED", since), "APBILL")
        return self._part(BILLS, at_least("WHENCREATED", since.partition(" ")[0]), "APBILL")

    def _lines(self, since: str) -> Part[BillLine]:
        """Lines by when they were entered, without those the system adds for tax and offset."""
        wanted = BILL_LINES.wanted
        extended = Wanted(wanted.object, wanted.required, (*wanted.optional, "LINEITEM"))
        kind = Kind(extended, BILL_LINES.build)
        own = equal("LINEITEM", "T") if self._has(kind, "LINEITEM") else None
        where = every(at_least("WHENCREATED", since), own)
        return self._part(kind, where, "APBILLITEM")

    def _has(self, kind: Kind[R], field: str) -> bool:
        """Whether the company has a field; false too where that cannot be found out any more."""
        try:
            return field in self._catalogue.fields(kind.wanted)
        except SourceRejected:
            return False

    def _part(
        self, kind: Kind[R], where: Filter | None, step: str, *, required: bool = False
    ) -> Part[R]:
        """As much of a kind as there is, and as the transactions for it allow."""
        records: list[R] = []
        unreadable = 0
        limit = TRANSACTIONS - _KEEP[step]
        try:
            for batch in self._reader.read(kind, where, self._page_size):
                records += batch.records
                unreadable += len(batch.invalid)
                if self._client.usage.transactions >= limit and not batch.complete:
                    return _in_part(records)
        except BudgetSpent:
            return _in_part(records)
        except SourceRejected as error:
            if required or not _of_this_read(error):
                raise
            return Part(tuple(records), error.safe_message)
        return Part(tuple(records), f"{unreadable} could not be read" if unreadable else "")


def _in_part(records: list[R]) -> Part[R]:
    """What the transactions allowed were enough for."""
    if not records:
        return Part((), f"not read, for the {TRANSACTIONS} API transactions allowed were used")
    return Part(tuple(records), f"only the first {len(records):,} were read")


def _of_this_read(error: SourceRejected) -> bool:
    """Whether a refusal says nothing about the next read."""
    return not isinstance(error, GatewayRefused) or error.meaning in OF_THE_FUNCTION
