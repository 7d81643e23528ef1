"""The client: trying again, results and functions, paging, and that nothing gets out."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import pytest
from defusedxml.ElementTree import fromstring

from ml_connector.errors import (
    SourceError,
    SourceProtocolError,
    SourceRateLimited,
    SourceUnavailable,
)
from ml_connector.intacct.client import ClientOptions, IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.errors import GatewayRefused, GatewayUnreachable, Meaning
from ml_connector.intacct.filters import equal
from ml_connector.intacct.functions import Lookup, Order, Query, Read, ReadMore
from ml_connector.intacct.memory import MemorySessionStore
from ml_connector.intacct.ports import HttpReply
from tests.unit.intacct_stage import (
    BILLS,
    Answer,
    FakeClock,
    Request,
    ScriptedGateway,
    control_failed,
    envelope,
    http,
    in_turn,
    make_client,
    refused,
    refused_result,
    result,
    rows,
    rows_result,
    sign_in_failed,
    some_rows,
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


# ------------------------------------------------------------------------------ trying again
PASSING: list[HttpReply | SourceError] = [
    http("<html>busy</html>", 503),
    http("<html>busy</html>"),
    http(""),
    http("<response><control>"),
    SourceUnavailable("reset"),
    GatewayUnreachable("no connection"),
    control_failed("GW-0001", "Unable to process request", 500),
    control_failed("GW-0010", "API rate limit exceeded", 429),
    control_failed("", "The Service is Temporarily Off-line"),
]


@pytest.mark.parametrize("trouble", PASSING)
def test_what_may_pass_is_tried_again(trouble: HttpReply | SourceError, clock: FakeClock) -> None:
    gateway = ScriptedGateway(in_turn(trouble, trouble, trouble, some_rows))
    client = make_client(gateway, clock=clock)
    assert client.call(BILLS).rows
    assert clock.slept == [0.5, 1.0, 2.0], "full jitter: half of 1, 2 and 4 s with this random"
    assert client.usage.retries == 3


def test_a_result_that_counts_wrong_is_asked_for_again(clock: FakeClock) -> None:
    def short(request: Request) -> HttpReply:
        return rows(request, [{"RECORDNO": "1"}], count=2)

    assert make_client(ScriptedGateway(in_turn(short, some_rows)), clock=clock).call(BILLS).rows


def test_after_five_tries_the_error_stands(clock: FakeClock) -> None:
    gateway = ScriptedGateway(lambda _: http("<html>", 503))
    with pytest.raises(SourceUnavailable, match="HTTP 503"):
        make_client(gateway, clock=clock).call(BILLS)
    assert len(gateway.asked) == 5


@pytest.mark.parametrize(
    ("number", "text", "tries"),
    [
        ("PL04000005", "You do not have permission", 1),
        ("XL03000003", "XML Parse schema error", 1),
        ("GW-0011", "Invalid Request", 1),
        ("Query Failed", "Object definition FOO not found", 1),
        ("DL02000001", "There was an error processing the request", 2),
    ],
)
def test_a_refusal_is_final_unless_it_may_be_passing_trouble(
    number: str, text: str, tries: int, clock: FakeClock
) -> None:
    gateway = ScriptedGateway(lambda request: refused(request, number, text))
    with pytest.raises(GatewayRefused):
        make_client(gateway, clock=clock).call(BILLS)
    assert len(gateway.asked) == tries


def test_malformed_xml_is_asked_for_once_more(clock: FakeClock) -> None:
    gateway = ScriptedGateway(lambda _: http("<response></reponse>"))
    with pytest.raises(SourceProtocolError):
        make_client(gateway, clock=clock).call(BILLS)
    assert len(gateway.asked) == 2


def test_retry_after_is_honoured(clock: FakeClock) -> None:
    busy = control_failed("GW-0010", "API rate limit exceeded", 429, retry_after="7")
    gateway = ScriptedGateway(in_turn(busy, some_rows))
    assert make_client(gateway, clock=clock).call(BILLS).rows
    assert clock.slept == [7.5]


def test_a_wait_that_leads_beyond_the_deadline_is_not_begun(clock: FakeClock) -> None:
    busy = control_failed("GW-0010", "API rate limit exceeded", 429, retry_after="120")
    with pytest.raises(SourceRateLimited) as caught:
        make_client(ScriptedGateway(lambda _: busy), clock=clock).call(BILLS)
    assert caught.value.retry_after == 120
    assert clock.slept == []


def test_the_time_left_of_the_function_bounds_everything(clock: FakeClock) -> None:
    gateway = ScriptedGateway(lambda _: http("<html>", 503))
    client = make_client(gateway, clock=clock, time_left=lambda: 2.0)
    with pytest.raises(SourceUnavailable):
        client.call(BILLS)
    assert clock.monotonic() < 2.0
    assert all(seconds <= 2.0 for seconds in gateway.seconds[1:])


def test_without_time_left_nothing_is_sent(clock: FakeClock) -> None:
    gateway = ScriptedGateway(some_rows)
    client = make_client(gateway, clock=clock, time_left=lambda: 0.0)
    make_client(gateway, clock=clock)
    with pytest.raises(SourceUnavailable, match="no time is left"):
        client.call(BILLS)
    assert gateway.asked == []


def test_a_login_gets_less_time_than_its_lock_lasts() -> None:
    gateway = ScriptedGateway(some_rows)
    make_client(gateway).call(BILLS)
    assert gateway.seconds[0] <= 20
    assert gateway.seconds[1] == ClientOptions().request_seconds


# ------------------------------------------------------------------- results and functions
def test_several_functions_in_one_request_are_told_apart_by_their_ids() -> None:
    def answer(request: Request) -> HttpReply:
        parts = [
            rows_result(request, [{"RECORDNO": "1"}], index=0),
            refused_result(request, "PL04000005", "no permission", index=1),
            rows_result(request, [{"RECORDNO": "3"}], index=2),
        ]
        return http(envelope(request, "".join(reversed(parts))))

    client = make_client(ScriptedGateway(answer))
    first, second, third = client.call_each([BILLS, Query("VENDOR", ("RECORDNO",)), BILLS])
    assert not isinstance(first, SourceError)
    assert first.rows == [{"RECORDNO": "1"}]
    assert isinstance(second, GatewayRefused)
    assert second.meaning is Meaning.PERMISSION
    assert "VENDOR" in second.safe_message
    assert not isinstance(third, SourceError)
    assert third.rows == [{"RECORDNO": "3"}]
    assert client.usage.transactions == 3


def _with_ids(*ids: str) -> Answer:
    def answer(request: Request) -> HttpReply:
        body = "".join(
            f"<result><status>success</status><controlid>{id_}</controlid><data/></result>"
            for id_ in ids
        )
        return http(envelope(request, body))

    return answer


@pytest.mark.parametrize("answer", [_with_ids(), _with_ids("other"), _with_ids("a", "b")])
def test_results_for_other_functions_than_those_asked_are_refused(
    answer: Answer, clock: FakeClock
) -> None:
    with pytest.raises(SourceUnavailable, match="each function asked"):
        make_client(ScriptedGateway(answer), clock=clock).call(BILLS)


def test_a_single_result_may_leave_its_id_out() -> None:
    assert make_client(ScriptedGateway(_with_ids(""))).call(BILLS).succeeded


# ----------------------------------------------------------------------------------- paging
class Table:
    """Records by number, paged as the gateway does, with something happening between pages."""

    def __init__(self, numbers: Iterable[int], page: int) -> None:
        self.numbers = sorted(numbers)
        self.page = page
        self.between = lambda: None

    def __call__(self, request: Request) -> HttpReply:
        query = request.functions[0][0]
        after = -1
        for condition in query.iter("greaterthan"):
            if condition.findtext("field") == "RECORDNO":
                after = int(condition.findtext("value") or "")
        rest = [number for number in self.numbers if number > after]
        shown = rest[: self.page]
        answer = rows(
            request,
            [{"RECORDNO": str(number), "STATE": "x"} for number in shown],
            remaining=len(rest) - len(shown),
        )
        self.between()
        return answer


def numbers_of(client: IntacctClient, query: Query) -> list[int]:
    return [int(row["RECORDNO"]) for page in client.pages(query) for row in page.result.rows]


def test_pages_follow_one_another_by_record_number() -> None:
    gateway = ScriptedGateway(Table(range(1, 8), 3))
    client = make_client(gateway)
    query = Query("APBILL", ("STATE",), equal("STATE", "x"), page_size=3)
    pages = list(client.pages(query))
    assert [len(page.result.rows) for page in pages] == [3, 3, 1]
    assert [page.complete for page in pages] == [False, False, True]
    first, second, third = (request.functions[0][0] for request in gateway.asked)
    assert [field.text for field in first.findall("select/field")] == ["RECORDNO", "STATE"]
    assert [order.findtext("field") for order in first.findall("orderby/order")] == ["RECORDNO"]
    assert first.find("filter/equalto") is not None
    assert second.find("filter/and/equalto") is not None
    assert [v.text for v in third.findall("filter/and/greaterthan/value")] == ["6"]
    assert {query.findtext("offset") for query in (first, second, third)} == {"0"}


def test_what_leaves_the_set_between_two_pages_hides_nothing() -> None:
    """With offsets, page two would begin two records too late."""
    table = Table(range(1, 10), 3)
    table.between = lambda: table.numbers.__delitem__(slice(0, 2))
    seen = numbers_of(make_client(ScriptedGateway(table)), Query("A", ("RECORDNO",), page_size=3))
    assert seen == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_an_empty_result_is_complete() -> None:
    (page,) = make_client(ScriptedGateway()).pages(BILLS)
    assert page.complete
    assert page.result.rows == []


def test_order_and_offset_of_the_query_are_the_pagers_own() -> None:
    gateway = ScriptedGateway(some_rows)
    query = Query("APBILL", ("RECORDNO",), order=(Order("STATE"),), offset=9)
    list(make_client(gateway).pages(query))
    asked = gateway.asked[0].functions[0][0]
    assert asked.findtext("orderby/order/field") == "RECORDNO"
    assert asked.findtext("offset") == "0"


@pytest.mark.parametrize("order", [["2", "1"], ["1", "1"], ["10", "9"]])
def test_a_page_that_is_not_sorted_is_refused(order: list[str], clock: FakeClock) -> None:
    gateway = ScriptedGateway(lambda request: rows(request, [{"RECORDNO": n} for n in order]))
    with pytest.raises(SourceProtocolError, match="sort"):
        list(make_client(gateway, clock=clock).pages(BILLS))


def test_a_page_that_begins_before_the_last_one_ended_is_refused() -> None:
    gateway = ScriptedGateway(lambda request: rows(request, [{"RECORDNO": "5"}], remaining=1))
    with pytest.raises(SourceProtocolError, match="sort"):
        list(make_client(gateway).pages(BILLS))


@pytest.mark.parametrize(
    "data",
    [
        '<data count="1"><A><RECORDNO>1</RECORDNO></A></data>',
        '<data numremaining="0"><A><RECORDNO>1</RECORDNO></A></data>',
        '<data count="1" numremaining="0"><A><RECORDNO>x</RECORDNO></A></data>',
        '<data count="2" numremaining="0"><A><RECORDNO>1</RECORDNO></A><A><B><C/></B></A></data>',
        '<data count="0" numremaining="4"></data>',
    ],
)
def test_a_read_is_complete_only_when_everything_says_so(data: str) -> None:
    gateway = ScriptedGateway(lambda request: http(envelope(request, result(request, data))))
    pages = list(make_client(gateway).pages(BILLS))
    assert len(pages) == 1
    assert not pages[0].complete


def test_a_full_page_that_does_not_say_what_remains_is_followed_by_another() -> None:
    def answer(request: Request) -> HttpReply:
        if request.root.find(".//greaterthan") is not None:
            return rows(request, [{"RECORDNO": "3"}])
        data = "<data><A><RECORDNO>1</RECORDNO></A><A><RECORDNO>2</RECORDNO></A></data>"
        return http(envelope(request, result(request, data)))

    client = make_client(ScriptedGateway(answer))
    pages = list(client.pages(Query("A", ("RECORDNO",), page_size=2)))
    assert [row["RECORDNO"] for page in pages for row in page.result.rows] == ["1", "2", "3"]
    assert not any(page.complete for page in pages), "the first page was never counted"


def test_read_more_follows_a_result_to_its_end() -> None:
    def part(request: Request) -> HttpReply:
        remaining = 3 - len(gateway.asked)
        return rows(
            request,
            [{"RECORDNO": str(len(gateway.asked))}],
            remaining=remaining,
            extra=' resultId="R-1"',
        )

    gateway = ScriptedGateway(part)
    client = make_client(gateway)
    first = client.call(Read("APBILL", ("1", "2", "3"), ("RECORDNO",)))
    found = [row["RECORDNO"] for part in client.rest_of(first) for row in part.rows]
    assert found == ["1", "2", "3"]
    assert [request.name for request in gateway.asked] == ["read", "readMore", "readMore"]
    assert gateway.asked[1].functions[0][0].findtext("resultId") == "R-1"


def test_read_more_that_does_not_get_further_is_ended() -> None:
    def stuck(request: Request) -> HttpReply:
        return rows(request, [], remaining=5, extra=' resultId="R-1"')

    client = make_client(ScriptedGateway(stuck))
    with pytest.raises(SourceProtocolError, match="any further"):
        list(client.rest_of(client.call(ReadMore("R-1"))))


# ----------------------------------------------------------------------- nothing gets out
def test_no_error_and_no_log_line_holds_credentials_or_a_session(
    caplog: pytest.LogCaptureFixture, clock: FakeClock
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = ("sender-pass-word", "user-pass-word", "session-1", "ws.user", "Ann Approver")
    said = " ".join(secrets)
    troubles: list[Answer] = [
        lambda request: refused(request, "DL02000001", said),
        lambda request: sign_in_failed(request, said),
        lambda _: control_failed("XL03000003", said),
        lambda _: http(f"<html>{said}</html>", 500),
        lambda _: http(said),
        lambda _: http(f"<response>{said}"),
        lambda request: rows(request, [{"RECORDNO": "1"}], count=7),
    ]
    for trouble in troubles:
        gateway = ScriptedGateway(trouble)
        client = make_client(gateway, clock=clock)
        with pytest.raises(SourceError) as caught:
            client.call(Lookup("APBILL"))
        chain: list[BaseException] = []
        error: BaseException | None = caught.value
        while error is not None:
            chain.append(error)
            error = error.__cause__ or error.__context__
        shown = [text for link in chain for text in (str(link), repr(link))]
        shown += [record.getMessage() for record in caplog.records]
        shown += [repr(client.credentials), repr(client.usage)]
        for secret in secrets:
            assert not any(secret in text for text in shown), trouble


def test_requests_say_that_replies_need_no_white_space_and_may_be_repeated() -> None:
    gateway = ScriptedGateway(some_rows)
    make_client(gateway).call(BILLS)
    for request in gateway.requests:
        control = fromstring(request.body).find("control")
        assert control is not None
        assert control.findtext("uniqueid") == "false"
        assert control.findtext("includewhitespace") == "false"


def test_cleaned_characters_are_counted() -> None:
    client = make_client(
        ScriptedGateway(lambda request: rows(request, [{"RECORDNO": "1", "STATE": "a\x01b\x02"}]))
    )
    assert client.call(BILLS).rows[0]["STATE"] == "ab"
    assert client.usage.cleaned == 2


def test_an_entity_is_a_login_and_a_session_of_its_own() -> None:
    store = MemorySessionStore()
    gateway = ScriptedGateway(some_rows)
    make_client(gateway, store=store).call(BILLS)
    entity = Credentials(
        "acme-sender", "sender-pass-word", "acme-ap", "ws.user", "user-pass-word", entity_id="E100"
    )
    make_client(gateway, store=store, credentials=entity).call(BILLS)
    assert gateway.logins == 2
    logins = [request for request in gateway.requests if request.session_id is None]
    places = [r.root.findtext("operation/authentication/login/locationid") for r in logins]
    assert places == [None, "E100"]
