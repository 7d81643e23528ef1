from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

import pytest

from ml_connector.domain.bills import BillsRead, BillState
from ml_connector.errors import SourceError, SourceUnavailable
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.errors import GatewayRefused
from ml_connector.intacct.kinds import VENDORS
from ml_connector.intacct.memory import MemoryCache
from ml_connector.intacct.ports import HttpReply
from ml_connector.intacct.records import BILLS
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.usecases.ports import BillSource
from tests.unit.intacct_stage import (
    START,
    FakeClock,
    Request,
    ScriptedGateway,
    lookup,
    make_client,
    refused,
    rows,
)

SINCE = START - timedelta(minutes=10)
LISTED = [*BILLS.wanted.required, *BILLS.wanted.optional]


def bill(number: int, state: str = "Submitted", **more: str) -> dict[str, str]:
    return {
        "RECORDNO": str(number),
        "STATE": state,
        "RECORDID": f"B-{number}",
        "VENDORID": "V-100",
        "VENDORNAME": "Baker Steel",
        "TRX_TOTALENTERED": "100.00",
        "CURRENCY": "USD",
        "WHENMODIFIED": "08/21/2026 11:59:00",
        **more,
    }


class Company:
    """Bills behind a gateway that really applies the filters it is given."""

    def __init__(self, *bills: dict[str, str], refuses_or: bool = False) -> None:
        self.bills = list(bills)
        self.refuses_or = refuses_or
        self.queries: list[Element] = []

    def __call__(self, request: Request) -> HttpReply | SourceError:
        if request.name == "lookup":
            return lookup(request, LISTED)
        query = request.functions[0][0]
        self.queries.append(query)
        where = query.find("filter")
        if self.refuses_or and where is not None and where.find(".//or") is not None:
            return refused(request, "DL02000001", "There was an error processing the request")
        size = int(query.findtext("pagesize") or "")
        found = [row for row in self.bills if where is None or _holds(where[0], row)]
        found.sort(key=lambda row: int(row["RECORDNO"]))
        return rows(request, found[:size], remaining=max(0, len(found) - size))


def _holds(condition: Element, row: dict[str, str]) -> bool:
    if condition.tag in ("and", "or"):
        outcomes = [_holds(part, row) for part in condition]
        return all(outcomes) if condition.tag == "and" else any(outcomes)
    have = row.get(condition.findtext("field") or "", "")
    values = [value.text or "" for value in condition.findall("value")]
    match condition.tag:
        case "in":
            return have in values
        case "greaterthan":
            return int(have) > int(values[0])
        case "greaterthanorequalto":
            return bool(have) and _moment(have) >= _moment(values[0])
    raise AssertionError(condition.tag)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%m/%d/%Y %H:%M:%S").replace(tzinfo=UTC)


def source(
    company: Company,
    *,
    clock: FakeClock | None = None,
    cache: MemoryCache | None = None,
    credentials: Credentials | None = None,
    page_size: int | None = None,
) -> IntacctBillSource:
    more = {"credentials": credentials} if credentials else {}
    client = make_client(ScriptedGateway(company), clock=clock, cache=cache, **more)
    return IntacctBillSource(IntacctReader(client), page_size)


def numbers(read: BillsRead) -> list[str]:
    return [bill.record_no for bill in read.bills]


def test_it_is_what_the_use_cases_ask_for() -> None:
    port: BillSource = source(Company(bill(1)))
    assert isinstance(port.read_waiting_and_changed(None), BillsRead)
    assert isinstance(port.read_by_key(["1"]), BillsRead)


def test_one_query_finds_what_waits_and_what_changed() -> None:
    company = Company(
        bill(1, WHENMODIFIED="01/05/2026 10:00:00"),
        bill(2, "Partially Approved", WHENMODIFIED=""),
        bill(3, "Posted", WHENMODIFIED="08/21/2026 11:50:00"),
        bill(4, "Declined", WHENMODIFIED="08/21/2026 11:49:59"),
        bill(5, "Paid", WHENMODIFIED="08/21/2026 11:55:00"),
    )
    read = source(company).read_waiting_and_changed(SINCE)
    assert numbers(read) == ["1", "2", "3", "5"]
    assert read.complete
    assert len(company.queries) == 1
    condition = company.queries[0].find("filter/or")
    assert condition is not None
    assert [part.tag for part in condition] == ["in", "greaterthanorequalto"]
    assert company.queries[0].findtext("options/showprivate") == "true"


def test_the_first_read_asks_for_what_waits_only() -> None:
    company = Company(bill(1), bill(2, "Posted"))
    assert numbers(source(company).read_waiting_and_changed(None)) == ["1"]


def test_an_idle_poll_costs_one_transaction_once_the_lookup_is_known() -> None:
    cache = MemoryCache()
    assert source(Company(bill(1)), cache=cache).read_waiting_and_changed(SINCE).transactions == 2
    assert source(Company(bill(1)), cache=cache).read_waiting_and_changed(SINCE).transactions == 1


def test_more_than_a_page_of_open_bills_is_read_page_by_page() -> None:
    company = Company(*(bill(number) for number in range(1, 8)))
    read = source(company, page_size=3).read_waiting_and_changed(SINCE)
    assert numbers(read) == ["1", "2", "3", "4", "5", "6", "7"]
    assert read.complete
    assert read.transactions == 4


# ------------------------------------------------------------------- tenants that refuse it
def test_a_tenant_that_refuses_the_combination_gets_two_queries_from_then_on() -> None:
    company, cache, clock = Company(bill(1), refuses_or=True), MemoryCache(), FakeClock()
    company.bills.append(bill(2, "Posted"))
    read = source(company, cache=cache, clock=clock).read_waiting_and_changed(SINCE)
    assert numbers(read) == ["1", "2"]
    assert read.complete
    company.queries.clear()
    read = source(company, cache=cache, clock=clock).read_waiting_and_changed(SINCE)
    assert numbers(read) == ["1", "2"]
    assert [query.find("filter")[0].tag for query in company.queries] == [  # type: ignore[index]
        "in",
        "greaterthanorequalto",
    ]
    assert read.transactions == 2


def test_the_combination_is_tried_again_after_a_day() -> None:
    company, cache, clock = Company(bill(1), refuses_or=True), MemoryCache(), FakeClock()
    source(company, cache=cache, clock=clock).read_waiting_and_changed(SINCE)
    company.refuses_or = False
    clock.forward(hours=24)
    company.queries.clear()
    source(company, cache=cache, clock=clock).read_waiting_and_changed(SINCE)
    assert len(company.queries) == 1


def test_a_bill_found_by_both_queries_counts_once_as_last_seen() -> None:
    company = Company(bill(1), refuses_or=True)

    def approve_between(request: Request) -> HttpReply | SourceError:
        answer = company(request)
        if len(company.queries) and company.queries[-1].find("filter/in") is not None:
            company.bills[0] = bill(1, "Posted")
        return answer

    client = make_client(ScriptedGateway(approve_between))
    read = IntacctBillSource(IntacctReader(client)).read_waiting_and_changed(SINCE)
    assert [(b.record_no, b.state) for b in read.bills] == [("1", BillState.POSTED)]


def test_a_permission_that_is_missing_is_not_taken_for_a_refused_combination() -> None:
    def answer(request: Request) -> HttpReply:
        if request.name == "lookup":
            return lookup(request, LISTED)
        return refused(request, "PL04000005", "You do not have permission")

    gateway = ScriptedGateway(answer)
    with pytest.raises(GatewayRefused, match="permission"):
        IntacctBillSource(IntacctReader(make_client(gateway))).read_waiting_and_changed(SINCE)
    assert [request.name for request in gateway.asked] == ["lookup", "query"]


def test_when_everything_is_refused_nothing_is_remembered() -> None:
    def answer(request: Request) -> HttpReply:
        if request.name == "lookup":
            return lookup(request, LISTED)
        return refused(request, "DL02000001", "There was an error processing the request")

    cache = MemoryCache()
    reader = IntacctReader(make_client(ScriptedGateway(answer), cache=cache))
    with pytest.raises(GatewayRefused):
        IntacctBillSource(reader).read_waiting_and_changed(SINCE)
    assert not reader.catalogue.refused("state or modified")


# ------------------------------------------------------------------------------ by number
def test_bills_are_read_by_their_numbers_and_those_without_a_row_are_gone() -> None:
    read = source(Company(bill(1), bill(2, "Posted"), bill(3))).read_by_key(["1", "2", "99"])
    assert numbers(read) == ["1", "2"]
    assert read.complete


def test_no_numbers_are_no_question() -> None:
    company = Company(bill(1))
    read = source(company).read_by_key([])
    assert (read.bills, read.complete, read.transactions) == ((), True, 0)
    assert company.queries == []


def test_many_numbers_are_still_one_query() -> None:
    company = Company(*(bill(number) for number in range(1, 1202)))
    read = source(company).read_by_key([str(number) for number in range(1, 1202)])
    assert len(read.bills) == 1201
    assert len(company.queries) == 1


# ------------------------------------------------------------------------- what it reports
def test_a_bad_row_is_quarantined_and_the_others_are_read_all_the_same() -> None:
    read = source(Company(bill(1), bill(2, CURRENCY="", TRX_TOTALENTERED="x"), bill(3)))
    found = read.read_waiting_and_changed(SINCE)
    assert numbers(found) == ["1", "3"]
    assert found.quarantined == 1
    assert found.problems == ("record 2: TRX_TOTALENTERED is not an amount",)
    assert found.complete


def test_unknown_states_are_reported_and_kept() -> None:
    found = source(Company(bill(1, "Awaiting Moon"))).read_waiting_and_changed(SINCE)
    assert found.unknown_states == ("Awaiting Moon",)
    assert found.bills[0].state is BillState.UNKNOWN


def test_a_modification_in_the_future_names_the_zone_error() -> None:
    company = Company(bill(1, WHENMODIFIED="08/21/2026 17:29:30"))
    found = source(company).read_waiting_and_changed(SINCE)
    assert found.zone_error == timedelta(hours=5, minutes=30)
    assert source(Company(bill(1))).read_waiting_and_changed(SINCE).zone_error is None


def test_the_gateways_clock_decides_what_is_the_future() -> None:
    """Ours may be wrong: the gateway says 12:00 whatever we think."""
    behind = FakeClock(START - timedelta(hours=3))
    found = source(Company(bill(1)), clock=behind).read_waiting_and_changed(SINCE)
    assert found.zone_error is None


def test_filters_and_replies_are_in_the_users_zone() -> None:
    company = Company(bill(1, "Posted", WHENMODIFIED="08/21/2026 04:55:00"))
    pacific = Credentials("s", "p", "c", "u", "p", utc_offset="-0700")
    found = source(company, credentials=pacific).read_waiting_and_changed(SINCE)
    assert company.queries[0].findtext(".//greaterthanorequalto/value") == "08/21/2026 04:50:00"
    assert found.bills[0].modified == START - timedelta(minutes=5)
    assert found.zone_verified
    assert found.bills[0].zone_known


@pytest.mark.parametrize("offset", ["-0700", "+0000"])
def test_a_read_says_in_which_zone_times_were_read(offset: str) -> None:
    there = Credentials("s", "p", "c", "u", "p", utc_offset=offset)
    found = source(Company(bill(1)), credentials=there).read_waiting_and_changed(SINCE)
    assert found.utc_offset == timedelta(hours=int(offset[:3]))


def test_rows_that_name_no_currency_have_the_one_of_the_company() -> None:
    bare = bill(1, CURRENCY="", BASECURR="")
    said = Credentials("s", "p", "c", "u", "p", utc_offset="+0000", currency="CAD")
    company = Company(bare, bill(2))
    found = source(company, credentials=said).read_waiting_and_changed(SINCE)
    assert [known.amount.currency for known in found.bills] == ["CAD", "USD"]
    unsaid = source(company).read_waiting_and_changed(SINCE)
    assert (numbers(unsaid), unsaid.quarantined) == (["2"], 1)
    assert "`currency` of the company in the Intacct secret" in unsaid.problems[0]


def test_without_a_known_zone_it_looks_back_far_enough_for_any() -> None:
    company = Company(bill(1, "Posted", WHENMODIFIED="08/20/2026 22:00:00"))
    unknown = Credentials("s", "p", "c", "u", "p")

    def answer(request: Request) -> HttpReply | SourceError:
        if request.name == "readByName":
            return refused(request, "PL04000005", "You do not have permission")
        return company(request)

    client = make_client(ScriptedGateway(answer), credentials=unknown)
    found = IntacctBillSource(IntacctReader(client)).read_waiting_and_changed(SINCE)
    assert numbers(found) == ["1"]
    assert not found.zone_verified
    assert found.utc_offset is None
    assert [known.zone_known for known in found.bills] == [False]


def test_a_read_that_breaks_off_gives_nothing() -> None:
    company = Company(*(bill(number) for number in range(1, 8)))

    def answer(request: Request) -> HttpReply | SourceError:
        return SourceUnavailable("reset") if len(company.queries) == 2 else company(request)

    reader = IntacctReader(make_client(ScriptedGateway(answer)))
    with pytest.raises(SourceUnavailable):
        IntacctBillSource(reader, 3).read_waiting_and_changed(SINCE)


# ---------------------------------------------------------------------------- other kinds
def vendors() -> Iterator[dict[str, str]]:
    for number in range(1, 6):
        yield {"RECORDNO": str(number), "VENDORID": f"V-{number}", "NAME": f"Vendor {number}"}


def test_any_kind_is_read_page_by_page() -> None:
    company = Company(*vendors())
    reader = IntacctReader(
        make_client(
            ScriptedGateway(
                lambda r: (
                    lookup(r, ["RECORDNO", "VENDORID", "NAME"])
                    if r.name == "lookup"
                    else company(r)
                )
            )
        )
    )
    batches = list(reader.read(VENDORS, page_size=2))
    assert [len(batch.records) for batch in batches] == [2, 2, 1]
    assert [batch.complete for batch in batches] == [False, False, True]
    assert batches[0].records[0].vendor_id == "V-1"
