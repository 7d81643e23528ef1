"""Lines and master data out of the simulated gateway: what is read, how often, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import pytest

from ml_connector.domain.books import Books, LineCoding
from ml_connector.errors import SourceUnavailable
from ml_connector.intacct import books as intacct_books
from ml_connector.intacct.books import IntacctBooksSource
from ml_connector.intacct.client import ClientOptions, IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.payments import IntacctPaymentSource
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.intacct.transport import RequestsTransport
from ml_connector.usecases.ports import BooksSource
from sandbox.intacct import (
    SENDER_ID,
    SENDER_PASSWORD,
    USER_ID,
    USER_PASSWORD,
    AdminClient,
    IntacctSimulator,
    Recipe,
)
from tests.support.books import BY_DEPARTMENT, give, told
from tests.support.clock import HandClock
from tests.support.polling import FLOW, Office

DIMENSIONS = ("department", "location", "class", "project", "entity", "account", "user")


@dataclass
class Gate:
    """A simulator, and clients of it that share a cache as containers do."""

    sim: IntacctSimulator
    http: RequestsTransport
    clock: HandClock = field(default_factory=HandClock)
    cache: MemoryCache = field(default_factory=MemoryCache)

    @property
    def admin(self) -> AdminClient:
        return self.sim.admin

    def reader(self) -> IntacctReader:
        client = IntacctClient(
            Credentials(SENDER_ID, SENDER_PASSWORD, "acme-sandbox", USER_ID, USER_PASSWORD),
            self.sim.url,
            "127.0.0.1",
            MemorySessionStore(),
            self.cache,
            http=self.http,
            clock=self.clock,
            sleep=lambda _: None,
            random=lambda: 0.5,
            options=ClientOptions(tries=1),
        )
        return IntacctReader(client, trusted_host="127.0.0.1")

    def source(self, page_size: int | None = None) -> IntacctBooksSource:
        return IntacctBooksSource(self.reader(), page_size)

    def cost(self) -> int:
        """Transactions since this was asked last."""
        used = self.admin.tally()["transactions"]
        self.admin.reset_tally()
        return used

    def submit(self, *lines: dict[str, object]) -> str:
        more = {"lines": [{"TRX_AMOUNT": "10.00", **line} for line in lines]} if lines else {}
        made = self.admin.create_bill(vendor="V-100", amount="20.00", submit=True, **more)
        return str(made.recordno)


@pytest.fixture(scope="module")
def running() -> Iterator[IntacctSimulator]:
    with IntacctSimulator(Recipe(bills=30, waiting=10)) as sim:
        yield sim


@pytest.fixture
def gate(running: IntacctSimulator) -> Iterator[Gate]:
    running.admin.reset()
    with ExitStack() as stack:
        yield Gate(running, stack.enter_context(RequestsTransport()))


def test_it_is_what_the_use_cases_ask_for(gate: Gate) -> None:
    port: BooksSource = gate.source()
    assert port.read_lines([]).transactions == 0
    assert port.read_books((), ()).books == Books({}, {}, {}, {})
    assert gate.cost() == 0


# ----------------------------------------------------------------------------------- lines
def test_the_codings_of_some_bills_are_read_in_one_question(gate: Gate) -> None:
    source = gate.source()
    two = gate.submit({"DEPARTMENTID": "100"}, {"DEPARTMENTID": "210", "PROJECTID": "P-1"})
    same = gate.submit({"DEPARTMENTID": "200"}, {"DEPARTMENTID": "200"})
    gone = gate.submit()
    gate.admin.delete_bill(int(gone))
    source.read_lines([two])
    gate.cost()
    read = source.read_lines([two, same, gone, two])
    assert (read.complete, read.permitted, read.transactions, gate.cost()) == (True, True, 1, 1)
    finance = LineCoding("6000", "100", "L110")
    assert read.codings == {
        two: (finance, replace(finance, department="210", project="P-1")),
        same: (replace(finance, department="200"),),
    }


def test_lines_come_page_by_page(gate: Gate) -> None:
    source = gate.source(page_size=2)
    number = gate.submit(*({"DEPARTMENTID": "100", "CLASSID": str(n)} for n in range(5)))
    assert [line.class_id for line in source.read_lines([number]).codings[number]] == list("01234")


def test_very_many_bills_are_asked_about_in_several_questions(gate: Gate) -> None:
    source = gate.source()
    number = gate.submit()
    source.read_lines([number])
    gate.cost()
    read = source.read_lines([*map(str, range(100_000, 101_000)), number])
    assert list(read.codings) == [number]
    assert (read.transactions, gate.cost()) == (2, 2)


def test_a_company_without_a_dimension_reads_the_others(gate: Gate) -> None:
    gate.admin.settings(absent=["APBILLITEM.CLASSID", "APBILLITEM.PROJECTID"])
    number = gate.submit({"DEPARTMENTID": "200"})
    (line,) = gate.source().read_lines([number]).codings[number]
    assert (line.department, line.class_id) == ("200", "")


def test_lines_that_may_not_be_read_are_asked_for_once_a_day(gate: Gate) -> None:
    gate.admin.settings(denied=["APBILLITEM"])
    number = gate.submit()
    read = gate.source().read_lines([number])
    assert (read.permitted, read.transactions > 0) == (False, True)
    again = gate.source().read_lines([number])
    assert (again.permitted, again.transactions) == (False, 0)
    gate.admin.settings(denied=[])
    gate.clock.forward(hours=25)
    assert number in gate.source().read_lines([number]).codings


def test_lines_that_cannot_be_read_now_are_an_error(gate: Gate) -> None:
    gate.admin.fault("gw_0001", count=9, match={"object": "APBILLITEM"})
    with pytest.raises(SourceUnavailable):
        gate.source().read_lines([gate.submit()])


# ----------------------------------------------------------------------------- master data
def test_books_hold_hierarchies_names_supervisors_and_bill_approvers(gate: Gate) -> None:
    gate.admin.create_record("CLASS", {"CLASSID": "C11", "NAME": "Rent", "PARENTID": "C1"})
    gate.admin.create_record("PROJECT", {"PROJECTID": "P-11", "NAME": "Tiles", "PARENTID": "P-1"})
    books = gate.source().read_books(DIMENSIONS, ["V-100", "V-103", "V-404", ""]).books
    assert books.lineage("department", "210") == ("210", "200")
    assert books.lineage("location", "L110") == ("L110", "E100")
    assert books.lineage("class", "C11") == ("C11", "C1")
    assert books.lineage("project", "P-11") == ("P-11", "P-1")
    assert books.lineage("entity", "E100") == ("E100",)
    assert books.supervisors == {"100": "E-3", "200": "E-2"}
    assert books.bill_approvers == {"V-100": "ann.approver"}
    assert books.names["department"]["210"] == "Warehouse"
    assert books.names["entity"]["E200"] == "Acme Overseas"
    assert books.names["account"]["6100"] == "Freight"
    assert books.names["user"]["bob.approver"] == "Bob Approver"


def test_master_data_is_read_once_a_day_by_all_containers_together(gate: Gate) -> None:
    first = gate.source().read_books(DIMENSIONS, ["V-100"])
    assert first.transactions == gate.cost() > 0
    for source in (gate.source(), gate.source()):
        again = source.read_books(DIMENSIONS, ["V-100"])
        assert (again.books, again.transactions) == (first.books, 0)
    assert gate.cost() == 0
    gate.clock.forward(hours=25)
    assert gate.source().read_books(["department"], ["V-100"]).transactions == gate.cost() > 0


def test_only_vendors_not_read_today_are_read_and_all_of_them_in_one_question(gate: Gate) -> None:
    source = gate.source()
    source.read_books((), ["V-100"])
    gate.cost()
    read = source.read_books((), ["V-100", "V-101", "V-102", "V-404"])
    assert gate.cost() == 1
    assert read.books.bill_approvers["V-101"] == "bob.approver"
    assert gate.source().read_books((), ["V-404"]).transactions == 0, "known not to be there"


def test_a_company_whose_vendors_have_no_bill_approvers_is_not_asked_for_them(gate: Gate) -> None:
    gate.admin.settings(absent=["VENDOR.BILLAPPROVERID"])
    source = gate.source()
    read = source.read_books((), ["V-100"])
    assert (read.transactions, gate.cost()) == (1, 1), "the lookup that tells"
    assert source.read_books((), ["V-101"]).transactions == 0


def test_what_may_not_be_read_is_absent_said_once_a_day_and_holds_nothing_up(gate: Gate) -> None:
    gate.admin.settings(denied=["DEPARTMENT", "VENDOR"])
    read = gate.source().read_books(["department", "location"], ["V-100"])
    assert read.refused == ("department", "vendor")
    assert read.books.lineage("department", "210") == ("210",)
    assert read.books.lineage("location", "L110") == ("L110", "E100")
    gate.cost()
    again = gate.source().read_books(["department", "location"], ["V-100"])
    assert (again.refused, gate.cost()) == ((), 0)


@pytest.mark.parametrize("denied", [True, False], ids=["refused", "down"])
def test_what_was_read_before_is_kept_while_it_cannot_be_read(gate: Gate, *, denied: bool) -> None:
    before = gate.source().read_books(["department"], ["V-100"])
    gate.clock.forward(hours=25)
    if denied:
        gate.admin.settings(denied=["DEPARTMENT", "VENDOR"])
    else:
        gate.admin.fault("gw_0001", count=99)
    read = gate.source().read_books(["department"], ["V-100"])
    assert read.books == before.books
    if denied:
        assert (read.refused, read.failed) == (("department", "vendor"), ())
    else:
        assert (read.refused, read.failed, read.kept) == ((), ("department",), ("department",))


def test_after_a_failure_nothing_is_asked_for_some_minutes(gate: Gate) -> None:
    source = gate.source()
    gate.admin.fault("gw_0001", count=99, match={"object": "DEPARTMENT"})
    assert source.read_books(["department", "location"], ["V-100"]).failed == ("department",)
    gate.admin.clear_faults()
    gate.cost()
    held = source.read_books(["department", "location"], ["V-100"])
    assert (held.failed, gate.cost()) == ((), 0)
    gate.clock.forward(minutes=11)
    read = source.read_books(["department", "location"], ["V-100"])
    assert read.books.lineage("department", "210") == ("210", "200")
    assert read.books.bill_approvers == {"V-100": "ann.approver"}


def test_of_very_much_the_beginning_is_read_and_that_is_said(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intacct_books, "MOST_PAGES", 2)
    read = gate.source(page_size=1).read_books(["department", "class"], ())
    assert read.cut == ("department",)
    assert set(read.books.names["department"]) == {"100", "200"}


# --------------------------------------------------------------------------------- a poll
def test_a_poll_of_the_simulator_goes_by_hierarchies_and_bill_approvers(gate: Gate) -> None:
    office = Office(baseline=False)
    gate.clock = office.clock
    reader = gate.reader()
    bills, books = IntacctBillSource(reader), IntacctBooksSource(reader)
    office.sources.known = bills  # type: ignore[assignment]
    office.ports = replace(
        office.ports,
        books=lambda _company: books,
        payments=lambda _company: IntacctPaymentSource(reader),
    )
    give(office, "ann", user="Ann.Approver")
    by_vendor = {**FLOW["rules"][0], "approver": ""}
    plant = {**BY_DEPARTMENT["rules"][0], "when": {"department": ["200"]}}
    office.publish(rules=[plant, by_vendor])
    office.poll()
    first = gate.submit({"DEPARTMENTID": "210"})
    second = gate.submit({"DEPARTMENTID": "100"})
    gate.cost()
    report = office.poll()
    assert (told(office, first), told(office, second)) == (["bob"], ["ann"])
    assert report.transactions == gate.cost()
    assert office.poll().transactions == gate.cost() == 2
    third = gate.submit({"DEPARTMENTID": "210"})
    assert office.poll().transactions == gate.cost() == 3, "bills, payments and the lines"
    assert told(office, third) == ["bob"]
    assert office.document(third).lines[0].department == "210"


def test_a_bill_of_an_entity_carries_its_entity(gate: Gate) -> None:
    office = Office(baseline=False)
    gate.clock = office.clock
    office.sources.known = IntacctBillSource(gate.reader())  # type: ignore[assignment]
    made = gate.admin.create_bill("V-100", "10", submit=True, entity="E200", description="Rent")
    office.poll()
    document = office.document(str(made.recordno))
    assert (document.entity, document.description) == ("E200", "Rent")


def test_what_is_kept_is_kept_for_the_company_it_was_read_of(gate: Gate) -> None:
    gate.source().read_books(["department"], ())
    other = gate.reader()
    other.catalogue.prefix = "another company"
    gate.admin.settings(denied=["DEPARTMENT"])
    assert IntacctBooksSource(other).read_books(["department"], ()).books.names == {
        "department": {}
    }


def test_a_copy_outlives_its_day_by_far(gate: Gate) -> None:
    before = gate.source().read_books(["department"], ()).books
    gate.admin.settings(denied=["DEPARTMENT"])
    gate.clock.forward(days=60)
    assert gate.source().read_books(["department"], ()).books == before
