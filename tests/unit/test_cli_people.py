"""Who approves, put together from two lists that nothing ties."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cli.fit.people import NAME_MISSING, csv_name, find_people
from cli.fit.reading import Employee, Facts, Part
from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.money import Money
from ml_connector.intacct.entities import Department, User, Vendor
from ml_connector.intacct.zone import UserZone

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def user(login: str, name: str, cell: str = "", *, email: str = "", status: str = "active") -> User:
    return User(login, name, "", email, cell, "", status, "business user")


def employee(number: str, name: str, cell: str = "", *, email: str = "") -> Employee:
    return Employee(number, name, email, cell, "", "active")


def vendor(number: str, approver: str) -> Vendor:
    return Vendor(number, f"Vendor {number}", "active", approver, "", on_hold=False, modified=None)


def department(number: str, supervisor: str) -> Department:
    return Department(number, f"Department {number}", "", supervisor, "active")


def bill(number: int, vendor_id: str) -> Bill:
    amount = Money(Decimal(100), "USD")
    return Bill(str(number), f"B{number}", vendor_id, "", amount, BillState.SUBMITTED, "Submitted")


def facts(
    *,
    users: tuple[User, ...] = (),
    employees: tuple[Employee, ...] = (),
    vendors: tuple[Vendor, ...] = (),
    departments: tuple[Department, ...] = (),
    users_problem: str = "",
) -> Facts:
    return Facts(
        at=NOW,
        zone=UserZone(),
        waiting=Part(),
        recent=Part(),
        lines=Part(),
        vendors=Part(vendors),
        departments=Part(departments),
        users=Part(users, users_problem),
        employees=Part(employees),
    )


def pair(one: User, other: Employee) -> list[str]:
    found = find_people(
        facts(
            users=(one,),
            employees=(other,),
            vendors=(vendor("V1", one.login_id),),
            departments=(department("10", other.employee_id),),
        ),
        "US",
    )
    return [person.name for person in found.found]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (user("a", "Ann", email="A@x.example"), employee("E1", "Annie", email="a@X.example"), True),
        (user("a", "Ann", "201 555 0123"), employee("E1", "A. Approver", "+12015550123"), True),
        (user("a", "Ann Approver"), employee("E1", "ann approver", "201 555 0123"), True),
        (user("a", "Ann", "201 555 0123"), employee("E1", "Ann", "201 555 0199"), False),
        (user("a", "Ann"), employee("E1", "Bob"), False),
    ],
)
def test_two_entries_are_one_person_by_mail_phone_or_name(
    one: User, other: Employee, same: bool
) -> None:
    assert len(pair(one, other)) == (1 if same else 2)


def test_a_certain_phone_takes_the_place_of_a_doubtful_one() -> None:
    found = find_people(
        facts(
            users=(user("a", "Ann", "(555) 010-0001", email="ann@x.example"),),
            employees=(employee("E1", "Ann", "201 555 0123", email="ann@x.example"),),
            vendors=(vendor("V1", "a"),),
            departments=(department("10", "E1"),),
        ),
        "US",
    )
    (ann,) = found.found
    assert ann.phone is not None
    assert ann.phone.value == "+12015550123"
    assert ann.roles == ["bill approver of 1 vendor(s)", "supervises Department 10"]


def test_the_busiest_come_first_and_ids_say_nothing_of_them() -> None:
    found = find_people(
        facts(
            users=(user("ann", "Ann"), user("Bob", "Bob")),
            vendors=(vendor("V1", "ann"), vendor("V2", "bob")),
        ),
        "US",
        (bill(1, "V1"), bill(2, "V2"), bill(3, "V2"), bill(4, "V9")),
    )
    assert [(p.id, p.name, p.bills) for p in found.found] == [
        ("approver-1", "Bob", 2),
        ("approver-2", "Ann", 1),
    ]
    # Logins are compared without their case.
    person = found.approving("V2")
    assert person is not None
    assert person.name == "Bob"
    assert found.approving("V9") is None


def test_whoever_is_no_user_is_told_apart_from_users_that_could_not_be_read() -> None:
    vendors = (vendor("V1", "AP managers"), vendor("V2", "AP managers"))
    group = find_people(facts(vendors=vendors), "US")
    assert (group.found, group.unknown) == ((), {"AP managers": 2})
    unread = find_people(facts(vendors=vendors, users_problem="no permission"), "US")
    assert [person.name for person in unread.found] == ["AP managers"]
    assert unread.unknown == {}


def test_locked_out_users_are_not_active() -> None:
    found = find_people(
        facts(
            users=(user("a", "Ann", "201 555 0123", status="lockedout"),),
            vendors=(vendor("V1", "a"),),
        ),
        "US",
    )
    (ann,) = found.found
    assert not ann.reachable
    assert not ann.row().active


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ann Approver", "Ann Approver"),
        ("=HYPERLINK(1)", "HYPERLINK(1)"),
        ("-+@=Ann", "Ann"),
        ("Ann\nApprover\x1b", "Ann Approver"),
        ("", NAME_MISSING),
        ("=", NAME_MISSING),
        ("n" * 150, "n" * 100),
    ],
)
def test_a_name_is_no_formula_to_a_spreadsheet(name: str, written: str) -> None:
    assert csv_name(name) == written
