"""What is read beside bills and payments, typed. All texts are Intacct's own; "" is null."""

from __future__ import annotations

from datetime import datetime

from ml_connector.domain.frozen import frozen
from ml_connector.domain.money import Money


@frozen
class BillLine:
    """One APBILLITEM row: what is bought, and the dimensions it is charged to."""

    record_no: str
    bill_record_no: str
    amount: Money
    line_no: str
    account_no: str
    account_title: str
    department_id: str
    location_id: str
    project_id: str
    class_id: str
    memo: str


@frozen
class Vendor:
    """One VENDOR row. `bill_approver` is a user or a user group, where the company uses it."""

    vendor_id: str
    name: str
    status: str
    bill_approver: str
    entity_id: str
    on_hold: bool
    modified: datetime | None


@frozen
class User:
    """One USERINFO row. Telephone numbers are free text, as somebody typed them."""

    login_id: str
    name: str
    description: str
    email: str
    cell_phone: str
    phone: str
    status: str
    user_type: str


@frozen
class Department:
    """One DEPARTMENT row; the supervisor is an employee id."""

    department_id: str
    title: str
    parent_id: str
    supervisor_id: str
    status: str


@frozen
class Location:
    """One LOCATION row, entities among them; the supervisor is an employee id."""

    location_id: str
    name: str
    parent_id: str
    supervisor_id: str
    currency: str
    status: str


@frozen
class Project:
    """One PROJECT row; the manager is an employee id."""

    project_id: str
    name: str
    parent_id: str
    manager_id: str
    department_id: str
    location_id: str
    status: str


@frozen
class GlClass:
    """One CLASS row."""

    class_id: str
    name: str
    parent_id: str
    status: str


@frozen
class GlAccount:
    """One GLACCOUNT row."""

    account_no: str
    title: str
    account_type: str
    status: str
