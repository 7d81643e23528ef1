"""The kinds beside bills and payments: lines, and the master data that routing needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .catalogue import Wanted
from .entities import (
    BillLine,
    Department,
    GlAccount,
    GlClass,
    Location,
    Project,
    User,
    Vendor,
)
from .queries import KEY
from .records import Kind
from .tree import Row
from .values import Context, key, moment, money, text, yes

R = TypeVar("R")


def _line(row: Row, context: Context) -> BillLine:
    return BillLine(
        record_no=key(row, KEY),
        bill_record_no=key(row, "RECORDKEY"),
        amount=money(row, context, ("TRX_AMOUNT", "CURRENCY"), ("AMOUNT", "BASECURR")),
        line_no=text(row, "LINE_NO"),
        account_no=text(row, "ACCOUNTNO"),
        account_title=text(row, "ACCOUNTTITLE"),
        department_id=text(row, "DEPARTMENTID"),
        location_id=text(row, "LOCATIONID"),
        project_id=text(row, "PROJECTID"),
        class_id=text(row, "CLASSID"),
        memo=text(row, "ENTRYDESCRIPTION"),
    )


BILL_LINES = Kind(
    Wanted(
        "APBILLITEM",
        (KEY, "RECORDKEY"),
        (
            "TRX_AMOUNT",
            "CURRENCY",
            "AMOUNT",
            "BASECURR",
            "LINE_NO",
            "ACCOUNTNO",
            "ACCOUNTTITLE",
            "DEPARTMENTID",
            "LOCATIONID",
            "PROJECTID",
            "CLASSID",
            "ENTRYDESCRIPTION",
        ),
    ),
    _line,
)


# ------------------------------------------------------------------------ master data
def _vendor(row: Row, context: Context) -> Vendor:
    return Vendor(
        vendor_id=key(row, "VENDORID"),
        name=text(row, "NAME"),
        status=text(row, "STATUS"),
        bill_approver=text(row, "BILLAPPROVERID"),
        entity_id=text(row, "MEGAENTITYID"),
        on_hold=yes(row, "ONHOLD"),
        modified=moment(row, "WHENMODIFIED", context),
    )


VENDORS = Kind(
    Wanted(
        "VENDOR",
        (KEY, "VENDORID"),
        ("NAME", "STATUS", "BILLAPPROVERID", "MEGAENTITYID", "ONHOLD", "WHENMODIFIED"),
    ),
    _vendor,
)


def _texts(object_name: str, make: Callable[..., R], **fields: str) -> Kind[R]:
    """A kind whose record is nothing but texts: attribute = field, the first one is the key."""
    (key_attribute, key_field), *others = fields.items()

    def build(row: Row, _context: Context) -> R:
        values = {attribute: text(row, name) for attribute, name in others}
        return make(**{key_attribute: key(row, key_field)}, **values)

    return Kind(Wanted(object_name, (KEY, key_field), tuple(name for _, name in others)), build)


USERS = _texts(
    "USERINFO",
    User,
    login_id="LOGINID",
    name="CONTACTINFO.CONTACTNAME",
    description="DESCRIPTION",
    email="CONTACTINFO.EMAIL1",
    cell_phone="CONTACTINFO.CELLPHONE",
    phone="CONTACTINFO.PHONE1",
    status="STATUS",
    user_type="USERTYPE",
)
DEPARTMENTS = _texts(
    "DEPARTMENT",
    Department,
    department_id="DEPARTMENTID",
    title="TITLE",
    parent_id="PARENTID",
    supervisor_id="SUPERVISORID",
    status="STATUS",
)
LOCATIONS = _texts(
    "LOCATION",
    Location,
    location_id="LOCATIONID",
    name="NAME",
    parent_id="PARENTID",
    supervisor_id="SUPERVISORID",
    currency="CURRENCY",
    status="STATUS",
)
PROJECTS = _texts(
    "PROJECT",
    Project,
    project_id="PROJECTID",
    name="NAME",
    parent_id="PARENTID",
    manager_id="MANAGERID",
    department_id="DEPARTMENTID",
    location_id="LOCATIONID",
    status="STATUS",
)
CLASSES = _texts(
    "CLASS",
    GlClass,
    class_id="CLASSID",
    name="NAME",
    parent_id="PARENTID",
    status="STATUS",
)
GL_ACCOUNTS = _texts(
    "GLACCOUNT",
    GlAccount,
    account_no="ACCOUNTNO",
    title="TITLE",
    account_type="ACCOUNTTYPE",
    status="STATUS",
)
