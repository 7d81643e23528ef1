"""Our client against the simulated gateway, over real HTTP: bills, payments, lines, master data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.domain.bills import BillState
from ml_connector.domain.payments import Payment
from ml_connector.errors import SourceError
from ml_connector.intacct import kinds
from ml_connector.intacct.errors import GatewayRefused, Meaning
from ml_connector.intacct.filters import equal
from ml_connector.intacct.functions import GetAuditTrail, Query, Read, ReadByName
from ml_connector.intacct.payments import PAYMENTS
from ml_connector.intacct.records import Kind
from tests.support.gateway import BILLS, WAITING, World, numbers


# -------------------------------------------------------------------------------- bills
def test_all_waiting_bills_are_read_completely(world: World) -> None:
    read = world.source().read_waiting_and_changed(None)
    assert read.complete
    assert numbers(read) == world.waiting()
    assert len(read.bills) == WAITING
    assert read.quarantined == 0


@pytest.mark.parametrize("page_size", [1, 7, WAITING, 2000])
def test_pages_of_any_size_give_the_same_bills(world: World, page_size: int) -> None:
    read = world.source(page_size=page_size).read_waiting_and_changed(None)
    assert read.complete
    assert numbers(read) == world.waiting()
    assert len(read.bills) == WAITING


def test_a_bill_comes_out_as_it_was_entered(world: World) -> None:
    made = world.admin.create_bill(
        "V-106",
        "12500.50",
        number="4711",
        currency="EUR",
        submit=True,
        description="Beams & <more>",
    )
    (bill,) = world.source().read_by_key([str(made.recordno)]).bills
    assert (bill.number, bill.vendor_id, bill.vendor_name) == (
        "4711",
        "V-106",
        "Harbour Müller Catering",
    )
    assert str(bill.amount) == "EUR 12,500.50"
    assert bill.state is BillState.SUBMITTED
    assert bill.description == "Beams & <more>"
    assert bill.modified is not None
    assert abs(bill.modified - datetime.now(UTC)) < timedelta(minutes=1)
    assert bill.url.startswith("https://www.intacct.com/")


@pytest.mark.parametrize(
    ("operation", "state"),
    [
        ("approve", BillState.POSTED),
        ("decline", BillState.DECLINED),
        ("recall", BillState.DRAFT),
        ("partially_approve", BillState.PARTIALLY_APPROVED),
    ],
)
def test_what_happens_to_a_bill_is_seen_by_the_next_read(
    world: World, operation: str, state: BillState
) -> None:
    source = world.source()
    number = world.submitted()
    source.read_waiting_and_changed(None)
    before = datetime.now(UTC) - timedelta(minutes=2)
    getattr(world.admin, operation)(number)
    read = source.read_waiting_and_changed(before)
    assert {bill.state for bill in read.bills if bill.record_no == str(number)} == {state}
    assert numbers(read) >= world.waiting()


def test_a_deleted_bill_is_absent_from_complete_reads(world: World) -> None:
    number = str(world.submitted())
    world.admin.delete_bill(int(number))
    source = world.source()
    read = source.read_waiting_and_changed(datetime.now(UTC) - timedelta(days=1))
    assert read.complete
    assert number not in numbers(read)
    by_key = source.read_by_key([number])
    assert by_key.complete
    assert by_key.bills == ()


def test_bills_of_private_entities_are_seen(world: World) -> None:
    made = world.admin.create_bill("V-100", "10", submit=True, entity="E200")
    read = world.source().read_by_key([str(made.recordno)])
    assert [bill.entity_id for bill in read.bills] == ["E200"]


def test_an_entity_login_reads_its_entity(world: World) -> None:
    ours, others = (
        str(world.admin.create_bill("V-100", "10", submit=True, entity=entity).recordno)
        for entity in ("E100", "E200")
    )
    read = world.source(world.client(entity="E100")).read_waiting_and_changed(None)
    assert ours in numbers(read)
    assert others not in numbers(read)


def test_an_idle_poll_costs_one_transaction(world: World) -> None:
    source = world.source()
    source.read_waiting_and_changed(None)
    world.admin.reset_tally()
    read = source.read_waiting_and_changed(datetime.now(UTC))
    assert read.transactions == 1
    assert world.admin.tally()["transactions"] == 1


def test_what_we_count_is_what_is_billed(world: World) -> None:
    client = world.client()
    source = world.source(client, page_size=9)
    source.read_waiting_and_changed(None)
    source.read_waiting_and_changed(datetime.now(UTC) - timedelta(days=60))
    for kind in (kinds.VENDORS, kinds.BILL_LINES):
        for _ in world.reader(client).read(kind, page_size=11):
            pass
    tally = world.admin.tally()
    assert client.usage.transactions == tally["transactions"]
    assert client.usage.logins == tally["logins"] == 1
    assert client.usage.requests == tally["requests"]


# ---------------------------------------------------------------------- master data, lines
@pytest.mark.parametrize(
    ("kind", "count"),
    [
        (kinds.VENDORS, 8),
        (kinds.USERS, 5),
        (kinds.DEPARTMENTS, 3),
        (kinds.LOCATIONS, 4),
        (kinds.PROJECTS, 2),
        (kinds.CLASSES, 2),
        (kinds.GL_ACCOUNTS, 4),
        (kinds.BILL_LINES, BILLS),
    ],
    ids=lambda value: value.wanted.object if isinstance(value, Kind) else str(value),
)
def test_master_data_and_lines_are_read_as_typed_records(
    world: World, kind: Kind[object], count: int
) -> None:
    batches = list(world.reader().read(kind))
    assert batches[-1].complete
    assert [error for batch in batches for error in batch.invalid] == []
    assert sum(len(batch.records) for batch in batches) == count


def test_a_vendor_names_its_bill_approver(world: World) -> None:
    (batch,) = world.reader().read(kinds.VENDORS, equal("VENDORID", "V-100"))
    assert [(v.name, v.bill_approver) for v in batch.records] == [("Baker Steel", "ann.approver")]


def test_a_users_telephone_number_is_whatever_was_typed(world: World) -> None:
    (batch,) = world.reader().read(kinds.USERS)
    assert {"(555) 010-0002", "+15550100001", ""} <= {user.cell_phone for user in batch.records}


def test_a_payment_is_seen_to_clear(world: World) -> None:
    bill = world.admin.bills(STATE="Posted")[0]
    made = world.admin.create_payment([bill.recordno])
    reader = world.reader()

    def payment() -> Payment:
        (batch,) = reader.read(PAYMENTS, equal("RECORDNO", str(made.recordno)))
        return batch.records[0]

    world.admin.payment(made.recordno, "confirm")
    assert not payment().cleared
    world.admin.payment(made.recordno, "clear")
    assert payment().cleared
    assert payment().cleared_on is not None
    world.admin.payment(made.recordno, "unclear")
    assert not payment().cleared


def test_the_other_functions_answer_too(world: World) -> None:
    client = world.client()
    number = str(world.submitted())
    world.admin.approve(int(number))
    read = client.call(Read("APBILL", (number,), ("RECORDNO", "STATE")))
    assert read.rows[0]["RECORDNO"] == number
    named = client.call(ReadByName("VENDOR", ("V-100",), ("NAME",)))
    assert named.rows[0]["NAME"] == "Baker Steel"
    trail = client.call(GetAuditTrail("APBILL", number))
    assert trail.rows
    assert {row["OBJECTKEY"] for row in trail.rows} == {number}


def test_several_functions_share_a_request(world: World) -> None:
    world.admin.settings(denied=["GLACCOUNT"])
    client = world.client()
    bills, accounts = client.call_each(
        [Query("APBILL", ("RECORDNO",), page_size=1), Query("GLACCOUNT", ("RECORDNO",))]
    )
    assert not isinstance(bills, SourceError)
    assert len(bills.rows) == 1
    assert isinstance(accounts, GatewayRefused)
    assert accounts.meaning is Meaning.PERMISSION
