"""A company to begin with: people, vendors, dimensions, and as many bills as wanted.

Everything is made up, and the same for the same seed and size. Bills are spread over the 90 days
before the clock's start; the waiting ones were changed last. Seeding is not in the event log: the
log begins with the first change after it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from .clock import SandboxClock
from .company import Company
from .fields import Value
from .settings import Settings

DAY = 86_400
VENDORS = (
    ("V-100", "Baker Steel", "ann.approver"),
    ("V-101", "Cedar Office Supply", "bob.approver"),
    ("V-102", "Dune Logistics", "ann.approver"),
    ("V-103", "Elm & Oak Furniture", ""),
    ("V-104", "Fjord Energy", "cho.controller"),
    ("V-105", 'Gravel "Grit" Transport', ""),
    ("V-106", "Harbour Müller Catering", "bob.approver"),
    ("V-107", "Indigo Print", ""),
)
USERS = (
    ("sandbox-user", "Sandbox Web Services User", "business user", ""),
    ("ann.approver", "Ann Approver", "business user", "+15550100001"),
    ("bob.approver", "Bob Approver", "payment approver", "(555) 010-0002"),
    ("cho.controller", "Cho Controller", "business user", "+15550100003"),
    ("dee.clerk", "Dee Clerk", "business user", ""),
)
EMPLOYEES = (
    ("E-1", "Ann", "Approver", "CFO", "100", "", "+15550100001"),
    ("E-2", "Bob", "Approver", "Operations lead", "200", "E-1", "+15550100002"),
    ("E-3", "Cho", "Controller", "Controller", "100", "E-1", "+15550100003"),
)
DEPARTMENTS = (
    ("100", "Finance", "", "E-3"),
    ("200", "Operations", "", "E-2"),
    ("210", "Warehouse", "200", ""),
)
ENTITIES = (("E100", "Acme North", "USD"), ("E200", "Acme Overseas", "GBP"))
LOCATIONS = (("L110", "North plant", "E100"), ("L210", "Overseas office", "E200"))
CLASSES = (("C1", "Running costs"), ("C2", "Investments"))
PROJECTS = (("P-1", "Roof renewal", "E-2", "200"), ("P-2", "New ledger", "E-3", "100"))
ACCOUNTS = (
    ("2000", "Accounts payable", "balancesheet", "credit"),
    ("6000", "Office costs", "incomestatement", "debit"),
    ("6100", "Freight", "incomestatement", "debit"),
    ("6200", "Energy", "incomestatement", "debit"),
)
RATES = {"USD": Decimal(1), "GBP": Decimal("1.25"), "EUR": Decimal("1.1")}
SETTLED = ("Posted", "Posted", "Posted", "Paid", "Paid", "Selected", "Declined", "Draft")
CODES = {
    "Draft": "D", "Analyzing": "AN", "Submitted": "S", "Partially Approved": "PA",
    "Declined": "U", "Posted": "A", "Selected": "SE", "Partially Paid": "PP", "Paid": "P",
    "Reversed": "V", "Reversal": "RV", "No Value": "N",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to fill a company: bills in all, how many of them wait for approval, the seed."""

    bills: int = 20
    waiting: int | None = None
    """None is a fifth of the bills, at most 2,000."""
    seed: int = 1

    @property
    def open(self) -> int:
        """How many bills wait."""
        return min(self.bills, min(self.bills // 5, 2000) if self.waiting is None else self.waiting)


def seed_company(company_id: str, clock: SandboxClock, recipe: Recipe) -> Company:
    """A company filled by a recipe."""
    company = Company(company_id, clock, Settings(), recipe.seed)
    _masters(company, int(clock.now()) - 400 * DAY)
    _bills(company, recipe)
    return company


def _add(company: Company, name: str, **values: Value) -> int:
    pk, row = company.make(name, values)
    company.tables[name].put(pk, row)
    return pk


def _masters(company: Company, then: int) -> None:
    stamps: dict[str, Value] = {"WHENCREATED": then, "WHENMODIFIED": then, "CREATEDBY": 1}
    usual: dict[str, Value] = {"STATUS": "active", **stamps}
    for login, name, kind, phone in USERS:
        first, _, last = name.partition(" ")
        values: dict[str, Value] = {
            "CONTACTINFO.CONTACTNAME": name,
            "CONTACTINFO.FIRSTNAME": first,
            "CONTACTINFO.LASTNAME": last,
            "CONTACTINFO.EMAIL1": f"{login}@acme.example",
            "CONTACTINFO.CELLPHONE": phone or None,
        }
        _add(
            company, "USERINFO", LOGINID=login, DESCRIPTION=name, EMAIL=f"{login}@acme.example",
            USERTYPE=kind, ADMIN="false", LOGINDISABLED="false", UNRESTRICTED="true",
            **values, **usual,
        )  # fmt: skip
    for number, first, last, title, department, manager, phone in EMPLOYEES:
        values = {
            "PERSONALINFO.CONTACTNAME": f"{first} {last}",
            "PERSONALINFO.FIRSTNAME": first,
            "PERSONALINFO.LASTNAME": last,
            "PERSONALINFO.EMAIL1": f"{first.lower()}@acme.example",
            "PERSONALINFO.CELLPHONE": phone,
        }
        _add(company, "EMPLOYEE", EMPLOYEEID=number, TITLE=title, DEPARTMENTID=department,
             SUPERVISORID=manager or None, LOCATIONID="L110", **values, **usual)  # fmt: skip
        _add(company, "CONTACT", CONTACTNAME=f"{first} {last}", FIRSTNAME=first, LASTNAME=last,
             CELLPHONE=phone, **usual)  # fmt: skip
    for number, title, parent, manager in DEPARTMENTS:
        _add(company, "DEPARTMENT", DEPARTMENTID=number, TITLE=title, PARENTID=parent or None,
             SUPERVISORID=manager or None, **usual)  # fmt: skip
    for number, name, currency in ENTITIES:
        place: dict[str, Value] = {"LOCATIONID": number, "NAME": name, "CURRENCY": currency}
        _add(company, "LOCATIONENTITY", LOCATIONTYPE="E", **place, **usual)
        _add(company, "LOCATION", LOCATIONTYPE="E", **place, **usual)
    for number, name, entity in LOCATIONS:
        _add(company, "LOCATION", LOCATIONID=number, NAME=name, PARENTID=entity,
             LOCATIONTYPE="C", **usual)  # fmt: skip
    for number, name in CLASSES:
        _add(company, "CLASS", CLASSID=number, NAME=name, **usual)
    for number, name, manager, department in PROJECTS:
        _add(company, "PROJECT", PROJECTID=number, NAME=name, MANAGERID=manager,
             PROJECTCATEGORY="Internal", DEPARTMENTID=department, **usual)  # fmt: skip
    for number, title, kind, balance in ACCOUNTS:
        _add(company, "GLACCOUNT", ACCOUNTNO=number, TITLE=title, ACCOUNTTYPE=kind,
             NORMALBALANCE=balance, **usual)  # fmt: skip
    for number, name, approver in VENDORS:
        values = {
            "DISPLAYCONTACT.CONTACTNAME": name,
            "DISPLAYCONTACT.COMPANYNAME": name,
            "DISPLAYCONTACT.PRINTAS": name,
        }
        _add(company, "VENDOR", VENDORID=number, NAME=name, STATE="A", ONHOLD="false",
             CURRENCY="USD", BILLAPPROVERID=approver or None, APACCOUNT="2000",
             **values, **usual)  # fmt: skip
        _add(company, "CONTACT", CONTACTNAME=name, COMPANYNAME=name, **usual)


def day_of(epoch: int) -> date:
    """The calendar day of an instant, in UTC."""
    return datetime.fromtimestamp(epoch, UTC).date()


def _bills(company: Company, recipe: Recipe) -> None:
    chance = random.Random(recipe.seed)  # nosec B311 # the same company every time
    end = int(company.clock.now()) - 3600
    begin = end - 90 * DAY
    for number in range(recipe.bills):
        made = begin + (end - begin) * number // max(1, recipe.bills)
        waits = number >= recipe.bills - recipe.open
        state = (
            chance.choice(("Submitted", "Submitted", "Submitted", "Partially Approved"))
            if waits
            else chance.choice(SETTLED)
        )
        vendor = chance.randrange(len(VENDORS))
        currency = chance.choice(("USD", "USD", "USD", "USD", "GBP", "EUR"))
        amount = Decimal(chance.randrange(5_000, 5_000_000)) / 100
        entity = number % 10 == 9  # noqa: PLR2004 - every tenth belongs to an entity
        _bill(company, number, made, state, vendor, currency, amount, private=entity)


def _bill(
    company: Company, number: int, made: int, state: str, vendor: int, currency: str,
    amount: Decimal, *, private: bool,
) -> None:  # fmt: skip
    base = amount if currency == "USD" else (amount * RATES[currency]).quantize(Decimal("0.01"))
    day, nothing = day_of(made), Decimal(0)
    paid = state == "Paid"
    common: dict[str, Value] = {
        "BASECURR": "USD", "CURRENCY": currency, "CREATEDBY": 5, "MODIFIEDBY": 5,
        "WHENMODIFIED": made,
    }  # fmt: skip
    if private:
        common |= {"MEGAENTITYID": "E100"}
    pk = _add(
        company, "APBILL", RECORDTYPE="pi", RECORDID=f"INV-{10_000 + number}",
        DOCNUMBER=f"PO-{500 + number}", DESCRIPTION="Seeded bill",
        MODULEKEY="9.PO" if number % 7 == 0 else "3.AP", SYSTEMGENERATED="F", STATE=state,
        RAWSTATE=CODES[state], ONHOLD="false", PAYMENTPRIORITY="normal",
        VENDORID=VENDORS[vendor][0], VENDORNAME=VENDORS[vendor][1], VENDORKEY=vendor + 1,
        TERMNAME="Net 30", WHENCREATED=day, WHENPOSTED=day, WHENDUE=day + timedelta(days=30),
        WHENPAID=day if paid else None, AUWHENCREATED=made, TOTALENTERED=base,
        TOTALSELECTED=nothing, TOTALPAID=base if paid else nothing,
        TOTALDUE=nothing if paid else base, TRX_TOTALENTERED=amount, TRX_TOTALSELECTED=nothing,
        TRX_TOTALPAID=amount if paid else nothing, TRX_TOTALDUE=nothing if paid else amount,
        CREATEDBYLOGINID="dee.clerk", MODIFIEDBYLOGINID="dee.clerk", CREATEDUSERID="dee.clerk",
        USERID="dee.clerk", MEGAENTITYNAME="Acme North" if private else None,
        MEGAENTITYKEY=1 if private else None, **common,
    )  # fmt: skip
    _add(
        company, "APBILLITEM", RECORDKEY=pk, LINE_NO=1, LINEITEM="T", ACCOUNTNO="6000",
        ACCOUNTTITLE="Office costs", AMOUNT=base, TRX_AMOUNT=amount, ENTRY_DATE=day,
        DEPARTMENTID=DEPARTMENTS[number % 3][0], DEPARTMENTNAME=DEPARTMENTS[number % 3][1],
        LOCATIONID="L110", LOCATIONNAME="North plant", BILLABLE="false", WHENCREATED=made,
        STATE=state, **common,
    )  # fmt: skip
