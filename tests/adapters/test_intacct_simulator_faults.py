"""Faults to order, seen by a caller over real HTTP, and the gateway's own refusals under load."""

import http.client
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from xml.etree.ElementTree import ParseError

import pytest

from sandbox.intacct import AdminClient, IntacctSimulator, Recipe, SandboxClock
from sandbox.intacct.caller import Caller, query_xml
from sandbox.intacct.faults import KINDS

START = 1_790_000_000  # 2026-09-21T14:13:20Z
ONE_FIELD = query_xml("APBILL", ("RECORDNO",))


@pytest.fixture(scope="module")
def running() -> Iterator[IntacctSimulator]:
    with IntacctSimulator(Recipe(bills=5), clock=SandboxClock(START)) as sim:
        yield sim


@pytest.fixture
def sim(running: IntacctSimulator) -> IntacctSimulator:
    running.admin.reset()
    return running


@pytest.fixture
def admin(sim: IntacctSimulator) -> AdminClient:
    return sim.admin


@pytest.fixture
def caller(sim: IntacctSimulator) -> Caller:
    caller = Caller.at(sim.url)
    caller.login()
    return caller


def works(caller: Caller) -> bool:
    return caller.run(ONE_FIELD).text("operation/result/status") == "success"


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("gw_0010", 429, "GW-0010"),
        ("gw_0010_in_200", 200, "GW-0010"),
        ("gw_0011", 400, "GW-0011"),
        ("gw_0001", 500, "GW-0001"),
        ("jpp_0002", 400, "XMLGW_JPP0002"),
    ],
)
def test_gateway_codes_come_as_xml_without_an_operation(
    admin: AdminClient, caller: Caller, kind: str, status: int, code: str
) -> None:
    fault = admin.fault(kind)
    answer = caller.run(ONE_FIELD)
    assert answer.reply.status == status
    assert answer.reply.content_type.startswith("application/xml")
    assert answer.text("control/status") == "failure"
    assert answer.text("errormessage/error/errorno") == code
    assert answer.root.find("operation") is None
    assert admin.fired(fault) == 1
    assert works(caller)


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("http_429", 429, b"Too Many Requests"),
        ("http_500", 500, b"Internal Server Error"),
        ("http_502", 502, b"Bad Gateway"),
        ("http_503", 503, b"Unavailable"),
        ("http_504", 504, b"Time-out"),
        ("cloudflare", 520, b"cf-error-details"),
        ("html_in_200", 200, b"Sign in"),
    ],
)
def test_pages_come_as_html(
    admin: AdminClient, caller: Caller, kind: str, status: int, text: bytes
) -> None:
    admin.fault(kind)
    reply = caller.run(ONE_FIELD).reply
    assert reply.status == status
    assert reply.content_type.startswith("text/html")
    assert text in reply.body
    assert works(caller)


def test_an_html_429_and_an_ordered_fault_may_say_when_to_come_back(
    admin: AdminClient, caller: Caller
) -> None:
    admin.fault("http_429")
    assert caller.run(ONE_FIELD).reply.headers["retry-after"] == "7"
    admin.fault("gw_0010", retry_after=2)
    assert caller.run(ONE_FIELD).reply.headers["retry-after"] == "2"
    admin.fault("gw_0010")
    assert "retry-after" not in caller.run(ONE_FIELD).reply.headers


def test_an_empty_reply_has_no_body(admin: AdminClient, caller: Caller) -> None:
    admin.fault("empty")
    reply = caller.run(ONE_FIELD).reply
    assert (reply.status, reply.body) == (200, b"")


def test_a_reset_ends_the_connection_before_a_byte(admin: AdminClient, caller: Caller) -> None:
    fault = admin.fault("reset")
    before = admin.tally()["queries"]
    with pytest.raises(ConnectionResetError):
        caller.run(ONE_FIELD)
    assert admin.fired(fault) == 1
    assert admin.tally()["queries"] == before
    assert works(caller)


def test_a_cut_ends_the_connection_in_the_middle_of_the_body(
    admin: AdminClient, caller: Caller
) -> None:
    admin.fault("cut")
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        caller.run(ONE_FIELD)
    # The function ran: only its answer was lost.
    assert admin.tally()["queries"] == 1
    assert works(caller)


@pytest.mark.parametrize(
    "kind", ["truncated", "control_character", "control_reference", "bad_name", "two_roots"]
)
def test_a_damaged_document_does_not_parse(admin: AdminClient, caller: Caller, kind: str) -> None:
    admin.fault(kind)
    answer = caller.run(ONE_FIELD)
    assert answer.reply.status == 200
    with pytest.raises(ParseError):
        _ = answer.root
    assert admin.tally()["queries"] == 1
    assert works(caller)


def test_a_lost_session_is_refused_once_and_a_new_login_works(
    admin: AdminClient, caller: Caller
) -> None:
    admin.fault("session_lost", match={"function": "query"})
    answer = caller.run(ONE_FIELD)
    assert answer.text("operation/authentication/status") == "failure"
    assert answer.text("operation/authentication/userid") == ""
    assert not works_without_fault(caller)
    caller.login()
    assert works(caller)


def works_without_fault(caller: Caller) -> bool:
    return caller.run(ONE_FIELD).text("operation/authentication/status") == "success"


def test_maintenance_and_query_trouble_fail_the_function(
    admin: AdminClient, caller: Caller
) -> None:
    admin.fault("offline")
    admin.fault("query_trouble")
    offline, trouble = caller.run(ONE_FIELD), caller.run(ONE_FIELD)
    assert offline.text("operation/result/status") == "failure"
    assert offline.errors()[0][1].startswith("The Service is Temporarily Off-line")
    assert offline.root.findtext(".//correction") == "Please Try Again Later"
    assert trouble.errors()[0][0] == "DL02000001"


def test_faults_fire_for_whom_they_match_and_as_often_as_told(
    admin: AdminClient, caller: Caller
) -> None:
    payments = admin.fault("gw_0001", count=2, skip=1, match={"object": "APPYMT"})
    statuses = [
        caller.query(name, "RECORDNO").reply.status
        for name in ("APPYMT", "APBILL", "APPYMT", "APPYMT", "APPYMT")
    ]
    assert statuses == [200, 200, 500, 500, 200]
    assert admin.fired(payments) == 2

    logins = admin.fault("gw_0001", count=None, match={"auth": "login", "user": "sandbox-user"})
    assert works(caller)
    assert [caller.login().reply.status for _ in range(3)] == [500] * 3
    assert admin.fired(logins) == 3
    admin.clear_faults()
    assert caller.login().reply.status == 200


def test_every_kind_of_fault_can_be_ordered_and_none_breaks_the_gateway(
    admin: AdminClient, caller: Caller
) -> None:
    for kind in KINDS:
        more: dict[str, object] = {"delay_seconds": 0} if kind == "slow" else {}
        fault = admin.fault(kind, **more)
        try:
            caller.run(ONE_FIELD)
        except (ConnectionResetError, http.client.IncompleteRead):
            assert kind in {"reset", "cut"}
        assert admin.fired(fault) == 1, kind
        caller.login()
        assert works(caller), kind


def test_a_slow_reply_outlasts_a_timeout_and_was_executed_all_the_same(
    sim: IntacctSimulator, admin: AdminClient, caller: Caller
) -> None:
    admin.fault("slow")
    hasty = Caller.at(sim.url, timeout=0.1)
    hasty.session = caller.session
    with pytest.raises(TimeoutError):
        hasty.run(ONE_FIELD)
    wait_until(admin, "queries", 1)
    admin.release()


def test_a_slow_reply_comes_when_it_is_released(admin: AdminClient, caller: Caller) -> None:
    admin.fault("slow")
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(works, caller)
        wait_until(admin, "in_flight", 1)
        assert not held.done()
        admin.release()
        assert held.result(timeout=10)


def wait_until(admin: AdminClient, counter: str, value: int) -> None:
    pause = threading.Event()
    for _ in range(1500):
        if admin.tally()[counter] == value:
            return
        pause.wait(0.01)
    raise AssertionError(f"{counter} was never {value}: {admin.tally()}")


@pytest.mark.parametrize("setting", ["per_company", "per_sender"])
def test_more_requests_than_slots_are_refused_as_rate_limited(
    admin: AdminClient, caller: Caller, setting: str
) -> None:
    admin.settings(**{setting: 2})
    admin.fault("slow", count=2)
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(works, caller) for _ in range(2)]
        wait_until(admin, "in_flight", 2)
        refused = caller.run(ONE_FIELD)
        assert refused.reply.status == 429
        assert refused.text("errormessage/error/errorno") == "GW-0010"
        admin.release()
        assert all(future.result(timeout=10) for future in held)
    assert works(caller)
    tally = admin.tally()
    assert tally["max_in_flight"] == 2
    assert tally["refused_busy"] == 1
    assert tally["in_flight"] == 0


@pytest.mark.parametrize(
    ("level", "status", "where"),
    [
        ("control", 200, "errormessage/error/description2"),
        ("function", 200, "operation/result/errormessage/error/description2"),
        ("html", 503, ""),
    ],
)
def test_a_maintenance_window_opens_and_closes(
    admin: AdminClient, caller: Caller, level: str, status: int, where: str
) -> None:
    window = {"from": "2026-09-21T15:00:00Z", "to": "2026-09-21T18:00:00Z", "level": level}
    admin.settings(maintenance=[window])
    assert works(caller)
    admin.set_clock("2026-09-21T15:00:00Z")
    for answer in (caller.run(ONE_FIELD), caller.login()):
        assert answer.reply.status == status
        if where:
            assert (answer.text(where) or "").startswith("The Service is Temporarily Off-line")
        else:
            assert answer.reply.content_type.startswith("text/html")
    admin.set_clock("2026-09-21T18:00:00Z")
    caller.login()
    assert works(caller)


def test_in_process_a_broken_reply_says_how_it_breaks() -> None:
    sim = IntacctSimulator(Recipe(bills=0))
    caller = Caller(sim.gateway.handle)
    caller.login()
    for kind, broken, delay in (("reset", "reset", 0), ("cut", "cut", 0), ("slow", "", 9)):
        more: dict[str, object] = {"delay_seconds": delay} if delay else {}
        sim.admin.fault(kind, **more)
        reply = caller.run(ONE_FIELD).reply
        assert (reply.broken, reply.delay) == (broken, delay)
    assert sim.admin.tally()["in_flight"] == 0


def test_only_posts_reach_the_gateway_and_large_ones_are_refused(sim: IntacctSimulator) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sim.port, timeout=10)
    connection.request("GET", "/ia/xml/xmlgw.phtml")
    assert connection.getresponse().status == 405
    connection.close()
    answer = Caller.at(sim.url).post(b" " * 10_000_100)
    assert answer.errors()[0][0] == "XL03000003"


def test_the_endpoint_is_the_address_that_was_called(sim: IntacctSimulator) -> None:
    caller = Caller.at(sim.url)
    told = caller.login().text("operation/result/data/api/endpoint") or ""
    assert told == sim.url
    sim.admin.settings(node="na12")
    told = caller.login().text("operation/result/data/api/endpoint") or ""
    assert told == f"{sim.base_url}/na12/ia/xml/xmlgw.phtml"
    there = Caller.at(told)
    there.session = caller.session
    assert works(there)
    assert not works_without_fault(caller)
