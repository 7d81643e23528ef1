"""Who approves bills, as far as Intacct says: vendors' bill approvers, departments' supervisors.

Users and employees are two lists in Intacct with nothing that ties them. Two entries are taken for
one person where the mail address or the telephone number is the same, or the name where no two
numbers speak against it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from cli.console.terminal import printable
from cli.files.people_file import LONGEST_NAME, Row
from ml_connector.domain.bills import Bill
from ml_connector.intacct.entities import User

from .phones import Phone, best
from .reading import Employee, Facts

#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = "=+-@\t "
NAME_MISSING = "(name to fill in)"


@dataclass(slots=True)
class Person:
    """Somebody found. `bills` counts those submitted whose vendor names this person."""

    name: str
    phone: Phone | None = None
    active: bool = True
    id: str = ""
    emails: set[str] = field(default_factory=set)
    logins: set[str] = field(default_factory=set)
    employee_ids: set[str] = field(default_factory=set)
    vendors: list[str] = field(default_factory=list)
    departments: list[str] = field(default_factory=list)
    bills: int = 0

    @property
    def reachable(self) -> bool:
        """Whether a text could be sent as things stand."""
        return self.active and self.phone is not None

    @property
    def roles(self) -> list[str]:
        """What this person approves, in words."""
        roles = [f"bill approver of {len(self.vendors)} vendor(s)"] if self.vendors else []
        return roles + [f"supervises {title}" for title in self.departments]

    def row(self) -> Row:
        """The line of approvers.csv."""
        return Row(self.id, self.name, self.phone.value if self.phone else "", self.active)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody found, the busiest first, and who approves which vendor."""

    found: tuple[Person, ...]
    by_login: dict[str, Person]
    approver_of: dict[str, str]
    """Vendor id → what the vendor names as its bill approver."""
    unknown: dict[str, int]
    """What vendors name and no user is called: how many vendors do."""

    def approving(self, vendor_id: str) -> Person | None:
        """Who approves a vendor's bills, where Intacct says so."""
        return self.by_login.get(self.approver_of.get(vendor_id, "").casefold())


def find_people(facts: Facts, region: str, bills: Iterable[Bill] = ()) -> People:
    """Everybody who approves, with how many of these bills are of vendors that name them.

    `region` is that of telephone numbers without a country code.
    """
    approver_of = {v.vendor_id: v.bill_approver for v in facts.vendors.records if v.bill_approver}
    register = _Register(region)
    for user in facts.users.records:
        register.user(user)
    if not facts.users.complete:
        for login in approver_of.values():
            register.login(login)
    titles = _supervised(facts)
    for employee in facts.employees.records:
        if employee.employee_id in titles:
            register.employee(employee, titles[employee.employee_id])
    named = Counter(approver_of.values())
    unknown = {n: c for n, c in sorted(named.items()) if n.casefold() not in register.by_login}
    names = _vendor_names(facts)
    for vendor_id, login in sorted(approver_of.items()):
        person = register.by_login.get(login.casefold())
        if person:
            person.vendors.append(names[vendor_id])
    _count_bills(bills, approver_of, register.by_login)
    order = sorted(register.people, key=lambda p: (-p.bills, -len(p.vendors), p.name.casefold()))
    for number, person in enumerate(order, start=1):
        person.id = f"approver-{number}"
    return People(tuple(order), register.by_login, approver_of, unknown)


def _supervised(facts: Facts) -> dict[str, list[str]]:
    titles: dict[str, list[str]] = {}
    for department in facts.departments.records:
        if department.supervisor_id:
            title = printable(department.title) or department.department_id
            titles.setdefault(department.supervisor_id, []).append(title)
    return titles


def _vendor_names(facts: Facts) -> dict[str, str]:
    return {v.vendor_id: printable(v.name) or v.vendor_id for v in facts.vendors.records}


def _count_bills(
    bills: Iterable[Bill], approver_of: dict[str, str], by_login: dict[str, Person]
) -> None:
    for bill in bills:
        person = by_login.get(approver_of.get(bill.vendor_id, "").casefold())
        if person:
            person.bills += 1


class _Register:
    """Collects people and puts those together who are one."""

    def __init__(self, region: str) -> None:
        self.people: list[Person] = []
        self.by_login: dict[str, Person] = {}
        self._region = region

    def user(self, user: User) -> None:
        phone = best((user.cell_phone, user.phone), self._region)
        name = user.name or user.description or user.login_id
        person = self._person(name, user.email, phone)
        person.logins.add(user.login_id)
        person.active = person.active and user.status.lower() in {"", "active"}
        self.by_login[user.login_id.casefold()] = person

    def login(self, login: str) -> None:
        """Somebody of whom only the login is known."""
        if login.casefold() not in self.by_login:
            self.by_login[login.casefold()] = self._person(login, "", None)

    def employee(self, employee: Employee, departments: list[str]) -> None:
        phone = best((employee.cell_phone, employee.phone), self._region)
        person = self._person(employee.name or employee.employee_id, employee.email, phone)
        person.employee_ids.add(employee.employee_id)
        person.departments += departments
        person.active = person.active and employee.status.lower() in {"", "active"}

    def _person(self, name: str, email: str, phone: Phone | None) -> Person:
        name = csv_name(name)
        person = next((p for p in self.people if _same(p, name, email, phone)), None)
        if person is None:
            person = Person(name)
            self.people.append(person)
        if email:
            person.emails.add(email.casefold())
        if phone and (person.phone is None or (person.phone.doubt and not phone.doubt)):
            person.phone = phone
        return person


def _same(person: Person, name: str, email: str, phone: Phone | None) -> bool:
    if email and email.casefold() in person.emails:
        return True
    if person.phone and phone:
        return person.phone.value == phone.value
    return person.name.casefold() == name.casefold()


def csv_name(name: str) -> str:
    """A name that goes into a spreadsheet as a name and nothing else."""
    return printable(name).lstrip(_FORMULA)[:LONGEST_NAME].strip() or NAME_MISSING
