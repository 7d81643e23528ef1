"""Our client against the simulated gateway, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.domain.bills import BillsRead, BillState
from ml_connector.domain.payments import Payment
from ml_connector.errors import SourceAuthError, SourceError, SourceRejected
from ml_connector.intacct import kinds
from ml_connector.intacct.client import ClientOptions, IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.errors import GatewayRefused, Meaning
from ml_connector.intacct.filters import equal
from ml_connector.intacct.functions import GetAuditTrail, Query, Read, ReadByName
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.payments import PAYMENTS
from ml_connector.intacct.ports import Cache, SessionStore
from ml_connector.intacct.records import Kind
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.intacct.transport import RequestsTransport
from sandbox.intacct import (
    SENDER_ID,
    SENDER_PASSWORD,
    USER_ID,
    USER_PASSWORD,
    AdminClient,
    IntacctSimulator,
    Recipe,
)

BILLS, WAITING = 60, 25


class RunningClock:
    """Real time, moved on by what is slept, so that no test really waits.

    With `waits` sleeping takes its time: for callers that wait for one another.
    """

    def __init__(self, *, waits: bool = False) -> None:
        self.waits = waits
        self.slept: list[float] = []
        self._ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def forward(self, seconds: float) -> None:
        self._ahead += seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.waits:
            time.sleep(seconds)
        else:
            self.forward(seconds)


@dataclass
class World:
    """A simulator and ways to reach it."""

    sim: IntacctSimulator
    http: RequestsTransport
    clock: RunningClock = field(default_factory=RunningClock)
    store: SessionStore = field(default_factory=MemorySessionStore)
    cache: Cache = field(default_factory=MemoryCache)

    @property
    def admin(self) -> AdminClient:
        return self.sim.admin

    def client(
        self,
        *,
        password: str = USER_PASSWORD,
        entity: str = "",
        utc_offset: str = "",
        options: ClientOptions | None = None,
        http: RequestsTransport | None = None,
    ) -> IntacctClient:
        credentials = Credentials(
            SENDER_ID,
            SENDER_PASSWORD,
            "acme-sandbox",
            USER_ID,
            password,
            entity_id=entity,
            utc_offset=utc_offset,
        )
        return IntacctClient(
            credentials,
            self.sim.url,
            "127.0.0.1",
            self.store,
            self.cache,
            http=http or self.http,
            clock=self.clock,
            sleep=self.clock.sleep,
            random=lambda: 0.5,
            options=options,
        )

    def reader(self, client: IntacctClient | None = None) -> IntacctReader:
        return IntacctReader(client or self.client(), trusted_host="127.0.0.1")

    def source(
        self, client: IntacctClient | None = None, page_size: int | None = None
    ) -> IntacctBillSource:
        return IntacctBillSource(self.reader(client), page_size)

    def submitted(self) -> int:
        """The number of some submitted bill."""
        return min(bill.recordno for bill in self.admin.bills(STATE="Submitted"))

    def waiting(self) -> set[str]:
        states = ("Submitted", "Partially Approved")
        return {str(bill.recordno) for state in states for bill in self.admin.bills(STATE=state)}


@pytest.fixture(scope="module")
def running() -> Iterator[IntacctSimulator]:
    with IntacctSimulator(Recipe(bills=BILLS, waiting=WAITING)) as sim:
        yield sim


@pytest.fixture
def world(running: IntacctSimulator) -> Iterator[World]:
    running.admin.reset()
    with RequestsTransport() as http:
        yield World(running, http)


def numbers(read: BillsRead) -> set[str]:
    return {bill.record_no for bill in read.bills}


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


# --------------------------------------------------------------------------------- sessions
def test_the_session_is_used_where_it_is_served(world: World) -> None:
    world.admin.settings(node="na12")
    client = world.client()
    assert world.source(client).read_waiting_and_changed(None).complete
    assert world.admin.call("GET", "sessions")["sessions"] != []
    paths = {entry["path"] for entry in world.admin.call("GET", "sessions")["sessions"]}  # type: ignore[attr-defined]
    assert paths == {"/na12/ia/xml/xmlgw.phtml"}
    assert client.usage.logins == 1


def test_an_endpoint_elsewhere_is_refused(world: World) -> None:
    world.admin.settings(endpoint="https://gateway.example/ia/xml/xmlgw.phtml")
    with pytest.raises(SourceError, match=r"outside intacct\.com"):
        world.client().call(Query("APBILL", ("RECORDNO",)))


def test_killed_sessions_cost_one_login_for_everybody(world: World) -> None:
    sources = [world.source() for _ in range(3)]
    for source in sources:
        source.read_waiting_and_changed(None)
    assert world.admin.kill_sessions() == 1
    for source in sources:
        assert source.read_waiting_and_changed(None).complete
    assert world.admin.tally()["logins"] == 2


POLLERS = 50


@pytest.fixture
def crowd(world: World) -> Iterator[list[IntacctBillSource]]:
    """Fifty pollers, each with a connection of its own."""
    world.admin.settings(per_company=POLLERS, per_sender=POLLERS)
    world.clock.waits = True
    with ExitStack() as stack:
        wires = [stack.enter_context(RequestsTransport()) for _ in range(POLLERS)]
        yield [world.source(world.client(http=wire)) for wire in wires]


def poll_at_once(sources: list[IntacctBillSource]) -> None:
    with ThreadPoolExecutor(POLLERS) as pool:
        reads = list(pool.map(lambda source: source.read_waiting_and_changed(None), sources))
    assert all(read.complete and len(read.bills) == WAITING for read in reads)


def test_fifty_pollers_without_a_session_make_one_login(
    world: World, crowd: list[IntacctBillSource]
) -> None:
    poll_at_once(crowd)
    assert world.admin.tally()["logins"] == 1


def test_fifty_pollers_with_an_expiring_session_make_one_more(
    world: World, crowd: list[IntacctBillSource]
) -> None:
    poll_at_once(crowd)
    world.clock.forward(45 * 60)
    poll_at_once(crowd)
    assert world.admin.tally()["logins"] == 2


def test_a_wrong_password_is_tried_once(world: World) -> None:
    source = world.source(world.client(password="wrong"))
    for _ in range(5):
        with pytest.raises(SourceAuthError):
            source.read_waiting_and_changed(None)
        world.clock.forward(120)
    assert world.admin.tally()["logins_failed"] == 1


def test_a_locked_user_is_an_authentication_problem(world: World) -> None:
    world.admin.user(USER_ID, status="lockedout")
    with pytest.raises(SourceAuthError):
        world.source().read_waiting_and_changed(None)


def test_one_request_is_in_flight_per_client(world: World) -> None:
    client = world.client()
    client.call(Query("APBILL", ("RECORDNO",)))
    world.admin.reset_tally()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.call(Query("APBILL", ("RECORDNO",))), range(24)))
    assert world.admin.tally()["max_in_flight"] == 1


# ------------------------------------------------------------------------------------ faults
PASSING = [
    "gw_0010",
    "gw_0010_in_200",
    "gw_0001",
    "http_429",
    "http_500",
    "http_502",
    "http_503",
    "http_504",
    "cloudflare",
    "html_in_200",
    "empty",
    "reset",
    "truncated",
    "cut",
    "control_character",
    "control_reference",
    "bad_name",
    "two_roots",
    "session_lost",
    "offline",
    "query_trouble",
]


@pytest.mark.parametrize("kind", PASSING)
def test_a_fault_that_passes_costs_no_bill(world: World, kind: str) -> None:
    source = world.source()
    source.read_waiting_and_changed(None)
    fault = world.admin.fault(kind)
    read = source.read_waiting_and_changed(None)
    assert world.admin.fired(fault) == 1
    assert read.complete
    assert numbers(read) == world.waiting()


@pytest.mark.parametrize("kind", [k for k in PASSING if k not in ("session_lost", "query_trouble")])
def test_a_fault_during_the_login_passes_too(world: World, kind: str) -> None:
    fault = world.admin.fault(kind, match={"auth": "login"})
    assert world.source().read_waiting_and_changed(None).complete
    assert world.admin.fired(fault) == 1


@pytest.mark.parametrize("kind", ["http_503", "truncated", "html_in_200", "gw_0010", "reset"])
def test_a_fault_that_stays_is_an_error_that_says_so(world: World, kind: str) -> None:
    source = world.source()
    source.read_waiting_and_changed(None)
    world.admin.fault(kind, count=None)
    with pytest.raises(SourceError) as caught:
        source.read_waiting_and_changed(None)
    assert caught.value.retryable
    world.admin.clear_faults()
    assert source.read_waiting_and_changed(None).complete


def test_a_page_lost_on_the_way_is_asked_for_again_and_nothing_else(world: World) -> None:
    source = world.source(page_size=10)
    source.read_waiting_and_changed(None)
    world.admin.reset_tally()
    world.admin.fault("truncated", skip=1)
    read = source.read_waiting_and_changed(None)
    assert read.complete
    assert numbers(read) == world.waiting()
    assert read.transactions == world.admin.tally()["transactions"] == 4


def test_forbidden_characters_are_counted(world: World) -> None:
    source = world.source()
    source.read_waiting_and_changed(None)
    world.admin.fault("control_character")
    assert source.read_waiting_and_changed(None).cleaned == 1


def test_retry_after_is_waited_for(world: World) -> None:
    source = world.source()
    source.read_waiting_and_changed(None)
    world.admin.fault("http_429", retry_after=11)
    source.read_waiting_and_changed(None)
    assert world.clock.slept == [11.5]


def test_a_slow_gateway_is_given_up_on(world: World) -> None:
    client = world.client(options=ClientOptions(request_seconds=0.3, tries=2))
    source = world.source(client)
    source.read_waiting_and_changed(None)
    world.admin.fault("slow")
    assert source.read_waiting_and_changed(None).complete
    world.admin.release()
    assert client.usage.retries == 1


def test_maintenance_is_an_error_and_over_when_it_is_over(world: World) -> None:
    source = world.source()
    source.read_waiting_and_changed(None)
    now = datetime.now(UTC)
    window = {
        "from": (now - timedelta(hours=1)).isoformat(),
        "to": (now + timedelta(hours=1)).isoformat(),
    }
    for level in ("control", "function", "html"):
        world.admin.settings(maintenance=[{**window, "level": level}])
        with pytest.raises(SourceError) as caught:
            source.read_waiting_and_changed(None)
        assert caught.value.retryable
    world.admin.settings(maintenance=[])
    assert source.read_waiting_and_changed(None).complete


def test_a_company_that_is_gone_is_tried_twice_and_then_left_alone(world: World) -> None:
    world.admin.settings(active=False)
    source = world.source()
    with pytest.raises(GatewayRefused) as caught:
        source.read_waiting_and_changed(None)
    assert caught.value.errorno == "GW-0011"
    world.clock.forward(61)
    for _ in range(3):
        with pytest.raises(SourceAuthError):
            source.read_waiting_and_changed(None)
    assert world.admin.tally()["logins"] == 0


# -------------------------------------------------------------------------------- tenants
def test_a_field_a_tenant_lacks_does_not_fail_the_poll(world: World) -> None:
    world.admin.settings(absent=["APBILL.DESCRIPTION", "APBILL.RECORD_URL", "APBILL.MEGAENTITYID"])
    read = world.source().read_waiting_and_changed(None)
    assert read.complete
    assert numbers(read) == world.waiting()
    assert {(bill.description, bill.url) for bill in read.bills} == {("", "")}


def test_a_field_that_disappears_during_the_day_does_not_either(world: World) -> None:
    source = world.source()
    source.read_waiting_and_changed(None)
    world.admin.settings(absent=["APBILL.DESCRIPTION"])
    read = source.read_waiting_and_changed(None)
    assert read.complete
    assert numbers(read) == world.waiting()
    assert source.read_waiting_and_changed(None).transactions == 1


def test_a_missing_permission_is_named(world: World) -> None:
    world.admin.settings(denied=["APBILL"])
    with pytest.raises(GatewayRefused, match="permission") as caught:
        world.source().read_waiting_and_changed(None)
    assert caught.value.meaning is Meaning.PERMISSION
    assert "APBILL" in caught.value.safe_message


def test_replies_may_leave_out_what_they_like(world: World) -> None:
    world.admin.settings(omit=["senderid", "locationid", "sessiontimeout", "uniqueid", "errorno"])
    read = world.source().read_waiting_and_changed(None)
    assert read.complete
    assert numbers(read) == world.waiting()


# ------------------------------------------------------------------------------------ zones
@pytest.mark.parametrize("offset", ["-11:00", "-07:00", "+00:00", "+09:30", "+14:00"])
def test_times_are_right_in_every_zone_of_the_api_user(world: World, offset: str) -> None:
    world.admin.settings(utc_offset=offset)
    source = world.source()
    made = world.admin.create_bill("V-100", "10", submit=True)
    world.admin.approve(made.recordno)
    now = datetime.now(UTC)
    read = source.read_waiting_and_changed(now - timedelta(minutes=1))
    (found,) = [bill for bill in read.bills if bill.record_no == str(made.recordno)]
    assert found.modified is not None
    assert abs(found.modified - now) < timedelta(seconds=30)
    assert read.zone_verified
    assert read.zone_error is None
    changed = [bill for bill in read.bills if not bill.state.waiting]
    assert [bill.record_no for bill in changed] == [found.record_no]


def test_a_preference_that_misleads_is_noticed(world: World) -> None:
    world.admin.settings(utc_offset="+05:30", formatting_offset="+00:00")
    world.admin.create_bill("V-100", "10", submit=True)
    read = world.source().read_waiting_and_changed(None)
    assert read.zone_error == timedelta(hours=5, minutes=30)


def test_a_setting_overrides_the_preference(world: World) -> None:
    world.admin.settings(utc_offset="+05:30", formatting_offset="+00:00")
    world.admin.create_bill("V-100", "10", submit=True)
    client = world.client(utc_offset="+0530")
    assert world.source(client).read_waiting_and_changed(None).zone_error is None


def test_preferences_we_cannot_read_dates_in_are_refused_with_what_to_do(world: World) -> None:
    world.admin.settings(date_format=".dmY")
    with pytest.raises(SourceRejected, match="mm/dd/yyyy"):
        world.source().read_waiting_and_changed(None)
