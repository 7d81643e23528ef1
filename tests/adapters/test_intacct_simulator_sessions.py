"""Sessions: how long they live, what kills them, and where they may be used."""

import pytest

from sandbox.intacct import Arrival, IntacctSimulator, SandboxClock
from sandbox.intacct.caller import Answer, Caller, login_xml, query_xml, write_request

START = 1_790_000_000
ONE_FIELD = query_xml("APBILL", ("RECORDNO",))


@pytest.fixture
def sim() -> IntacctSimulator:
    return IntacctSimulator(clock=SandboxClock(START))


@pytest.fixture
def caller(sim: IntacctSimulator) -> Caller:
    caller = Caller(sim.gateway.handle)
    caller.login()
    return caller


def alive(caller: Caller) -> bool:
    return caller.run(ONE_FIELD).text("operation/authentication/status") == "success"


def test_a_session_tells_when_it_ends(sim: IntacctSimulator) -> None:
    sim.admin.settings(session_seconds=7800)
    answer = Caller(sim.gateway.handle).login()
    assert answer.text("operation/authentication/sessiontimestamp") == "2026-09-21T14:13:20+00:00"
    assert answer.text("operation/authentication/sessiontimeout") == "2026-09-21T16:23:20+00:00"


def test_each_call_gives_a_session_its_whole_life_again(
    sim: IntacctSimulator, caller: Caller
) -> None:
    for _ in range(3):
        sim.admin.forward(21_599)
        assert alive(caller)
    sim.admin.forward(21_600)
    assert not alive(caller)


def test_an_invalid_session_echoes_neither_user_nor_company(
    sim: IntacctSimulator, caller: Caller
) -> None:
    assert sim.admin.sessions() == 1
    assert sim.admin.kill_sessions() == 1
    answer = caller.run(ONE_FIELD)
    assert answer.text("control/status") == "success"
    assert answer.text("operation/authentication/status") == "failure"
    assert answer.text("operation/authentication/userid") == ""
    assert answer.text("operation/authentication/companyid") == ""
    assert answer.results() == []
    number, text = answer.errors()[0]
    assert number == "XL03000006"
    assert text.startswith("Invalid session")
    assert sim.admin.tally()["sessions_refused"] == 1


def test_a_session_id_nobody_gave_is_invalid(sim: IntacctSimulator) -> None:
    caller = Caller(sim.gateway.handle)
    caller.session = "guess"
    assert not alive(caller)


def test_a_session_may_open_another_at_an_entity(caller: Caller) -> None:
    answer = caller.run("<getAPISession><locationid>E200</locationid></getAPISession>")
    assert answer.text("operation/result/data/api/locationid") == "E200"
    assert answer.text("operation/result/data/api/sessionid") != caller.session


def test_no_session_opens_at_a_location_that_is_no_entity(caller: Caller) -> None:
    answer = caller.run("<getAPISession><locationid>L110</locationid></getAPISession>")
    assert answer.text("operation/result/status") == "failure"
    refused = caller.login(location="L110")
    assert refused.text("operation/authentication/status") == "failure"


def test_a_session_belongs_to_the_endpoint_it_was_given(sim: IntacctSimulator) -> None:
    sim.admin.settings(node="na12")
    plain = Caller(sim.gateway.handle)
    endpoint = plain.login().text("operation/result/data/api/endpoint")
    assert endpoint == "https://api.intacct.com/na12/ia/xml/xmlgw.phtml"
    assert not alive(plain)

    there = Arrival(path="/na12/ia/xml/xmlgw.phtml")
    told = Caller(lambda body: sim.gateway.handle(body, there))
    told.session = plain.session
    assert alive(told)


def test_an_endpoint_may_be_any_url(sim: IntacctSimulator) -> None:
    sim.admin.settings(endpoint="https://na7.intacct.com/ia/xml/xmlgw.phtml")
    caller = Caller(sim.gateway.handle)
    answer = caller.login()
    assert answer.text("operation/result/data/api/endpoint") == (
        "https://na7.intacct.com/ia/xml/xmlgw.phtml"
    )
    assert alive(caller)


def test_a_sender_the_company_did_not_authorise_is_told_so(
    sim: IntacctSimulator, caller: Caller
) -> None:
    sim.admin.settings(senders=["another-sender"])
    for answer in (caller.run(ONE_FIELD), caller.login()):
        assert answer.text("operation/authentication/status") == "failure"
        assert "Invalid Web Services Authorization" in answer.errors()[0][1]


def test_an_unknown_company_reads_like_a_wrong_password(caller: Caller) -> None:
    answer = caller.login(company="nobody")
    assert answer.text("operation/authentication/companyid") == "nobody"
    assert answer.errors()[0][1].startswith("Sign-in information is incorrect")


def test_too_many_wrong_passwords_lock_the_user_out(sim: IntacctSimulator, caller: Caller) -> None:
    sim.admin.settings(lock_after=3)
    for _ in range(3):
        caller.login(password="wrong")
    locked = caller.login()
    assert locked.text("operation/authentication/status") == "failure"
    [user] = sim.admin.records("USERINFO", LOGINID="sandbox-user")
    assert user["STATUS"] == "lockedout"

    sim.admin.user("sandbox-user", status="active")
    assert caller.login().text("operation/authentication/status") == "success"


def test_a_right_password_forgets_the_wrong_ones(sim: IntacctSimulator, caller: Caller) -> None:
    sim.admin.settings(lock_after=2)
    for password in ("wrong", "sandbox-user-password", "wrong", "sandbox-user-password"):
        answer = caller.login(password=password)
    assert answer.text("operation/authentication/status") == "success"


def test_a_changed_password_is_the_only_one(sim: IntacctSimulator, caller: Caller) -> None:
    sim.admin.user("sandbox-user", password="another")
    assert caller.login().text("operation/authentication/status") == "failure"
    assert caller.login(password="another").text("operation/authentication/status") == "success"


@pytest.mark.parametrize("status", ["inactive", "lockedout"])
def test_a_user_who_is_not_active_cannot_sign_in(
    sim: IntacctSimulator, caller: Caller, status: str
) -> None:
    sim.admin.user("sandbox-user", status=status)
    assert caller.login().text("operation/authentication/status") == "failure"


def test_an_inactive_tenant_is_answered_in_front_of_the_gateway(
    sim: IntacctSimulator, caller: Caller
) -> None:
    sim.admin.settings(active=False)
    for answer in (caller.run(ONE_FIELD), caller.login()):
        assert answer.reply.status == 400
        assert [leaf.tag for leaf in answer.root.findall("control/*")] == ["status"]
        assert [leaf.tag for leaf in answer.root.findall("errormessage/error/*")] == [
            "errorno",
            "description",
        ]
        assert answer.text("errormessage/error/errorno") == "GW-0011"
        assert "Request ID" in (answer.text("errormessage/error/description") or "")


def test_logins_and_transactions_are_counted_as_sage_bills_them(
    sim: IntacctSimulator, caller: Caller
) -> None:
    Caller(sim.gateway.handle).login(password="wrong")
    caller.run(ONE_FIELD, ONE_FIELD)
    caller.run("<lookup><object>APBILL</object></lookup>")
    Answer(sim.gateway.handle(write_request(login_xml(), {"own": ONE_FIELD})))
    tally = sim.admin.tally()
    assert tally["logins"] == 2
    assert tally["logins_failed"] == 1
    assert tally["queries"] == 3
    assert tally["transactions"] == 4
    functions = [call["function"] for call in sim.admin.calls()]
    assert functions == ["getAPISession", "query", "query", "lookup", "query"]

    sim.admin.reset_tally()
    assert sim.admin.tally()["transactions"] == 0
    assert sim.admin.calls() == []
