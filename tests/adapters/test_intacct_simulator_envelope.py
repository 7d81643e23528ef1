"""Requests as clients spell them, and the three levels at which the gateway says no."""

import re

import pytest

from sandbox.intacct import IntacctSimulator
from sandbox.intacct.caller import (
    COMPACT,
    LOOSE,
    Answer,
    Caller,
    Spelling,
    login_xml,
    query_xml,
    write_request,
)

ONE_FIELD = query_xml("APBILL", ("RECORDNO",))


@pytest.fixture
def sim() -> IntacctSimulator:
    return IntacctSimulator()


@pytest.fixture(params=[COMPACT, LOOSE], ids=["compact", "loose"])
def caller(sim: IntacctSimulator, request: pytest.FixtureRequest) -> Caller:
    spelling: Spelling = request.param
    return Caller(sim.gateway.handle, spelling)


def shape(answer: Answer) -> str:
    """A reply with what differs between runs taken out."""
    text = answer.reply.body.decode().partition("\n")[2]
    text = re.sub(r" ?\[Support ID: [^\]]+\]", "", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "STAMP", text)
    return re.sub(r"(?<=<sessionid>)[^<]+", "SESSION", text)


def test_get_api_session_answers_with_the_documented_shape(caller: Caller) -> None:
    assert shape(caller.login()) == (
        "<response><control><status>success</status><senderid>sandbox-sender</senderid>"
        "<controlid>sandbox-caller</controlid><uniqueid>false</uniqueid>"
        "<dtdversion>3.0</dtdversion></control><operation><authentication>"
        "<status>success</status><userid>sandbox-user</userid><companyid>acme-sandbox</companyid>"
        "<locationid></locationid><sessiontimestamp>STAMP</sessiontimestamp>"
        "<sessiontimeout>STAMP</sessiontimeout></authentication><result><status>success</status>"
        "<function>getAPISession</function><controlid>f1</controlid><data><api>"
        "<sessionid>SESSION</sessionid>"
        "<endpoint>https://api.intacct.com/ia/xml/xmlgw.phtml</endpoint><locationid></locationid>"
        "</api></data></result></operation></response>"
    )


def test_both_spellings_read_the_same_bills(caller: Caller) -> None:
    caller.login()
    answer = caller.query("APBILL", rest="<pagesize>3</pagesize>")
    assert answer.data().attrib["count"] == "3"
    assert set(answer.rows()[0]) == {"RECORDNO", "RECORDID", "STATE", "VENDORID", "WHENMODIFIED"}


def test_a_login_may_stand_in_for_a_session(caller: Caller) -> None:
    answer = caller.ask(login_xml(), ONE_FIELD)
    assert answer.text("operation/result/status") == "success"


@pytest.mark.parametrize(
    ("login", "function"),
    [
        (login_xml(location="E100"), "<getAPISession/>"),
        (login_xml(), "<getAPISession><locationid>E100</locationid></getAPISession>"),
        (
            login_xml(company="console|acme-sandbox|E100"),
            "<getAPISession/>",
        ),
    ],
    ids=["in the login", "in the function", "console slide-in"],
)
def test_an_entity_may_be_named_in_three_places(caller: Caller, login: str, function: str) -> None:
    answer = caller.ask(login, function)
    assert answer.text("operation/result/data/api/locationid") == "E100"


def test_an_empty_location_in_the_function_goes_back_to_the_top_level(caller: Caller) -> None:
    function = "<getAPISession><locationid/></getAPISession>"
    answer = caller.ask(login_xml(location="E100"), function)
    assert answer.text("operation/result/data/api/locationid") == ""


def test_a_wrong_sender_fails_at_the_control_level(caller: Caller) -> None:
    assert shape(caller.ask(login_xml(), "<getAPISession/>", password="wrong")) == (
        "<response><control><status>failure</status><senderid>sandbox-sender</senderid>"
        "<controlid>sandbox-caller</controlid><uniqueid>false</uniqueid>"
        "<dtdversion>3.0</dtdversion></control><errormessage><error>"
        "<errorno>XL03000006</errorno><description></description>"
        "<description2>Incorrect Intacct XML Partner ID or password.</description2>"
        "<correction></correction></error></errormessage></response>"
    )


def test_a_wrong_password_fails_at_the_operation_level_and_echoes_who(caller: Caller) -> None:
    assert shape(caller.login(password="wrong")).partition("</control>")[2] == (
        "<operation><authentication><status>failure</status><userid>sandbox-user</userid>"
        "<companyid>acme-sandbox</companyid></authentication><errormessage><error>"
        "<errorno>XL03000006</errorno><description></description>"
        "<description2>Sign-in information is incorrect</description2>"
        "<correction></correction></error></errormessage></operation></response>"
    )


def test_an_unknown_function_fails_at_the_control_level(caller: Caller) -> None:
    answer = caller.ask(login_xml(), "<doEverything/>")
    assert answer.errors()[0][0] == "XL03000003"
    assert answer.root.find("operation") is None


def test_one_function_may_fail_beside_one_that_succeeds(caller: Caller) -> None:
    caller.login()
    answer = caller.run(query_xml("NOTHING"), ONE_FIELD)
    assert [result.findtext("status") for result in answer.results()] == ["failure", "success"]
    assert [result.findtext("controlid") for result in answer.results()] == ["f2", "f3"]
    number, text = answer.errors()[0]
    assert (number, text.partition(" [")[0]) == (
        "Query Failed",
        "Object definition NOTHING not found",
    )


def test_a_transaction_aborts_the_functions_that_succeeded(sim: IntacctSimulator) -> None:
    functions = {"good": ONE_FIELD, "bad": query_xml("NOTHING")}
    body = write_request(login_xml(), functions).replace(
        b"<operation>", b'<operation transaction="true">'
    )
    answer = Answer(sim.gateway.handle(body))
    assert [result.findtext("status") for result in answer.results()] == ["aborted", "failure"]
    assert answer.results()[0].find("data") is None
    assert answer.errors()[0][0] == "XL03000009"


def test_every_message_ends_in_an_encoded_support_id(caller: Caller) -> None:
    caller.login()
    assert re.search(
        r" \[Support ID: [\w%.-]*%7E[\w%.-]*\]$", caller.query("NOTHING").errors()[0][1]
    )


def test_get_api_session_must_be_alone(caller: Caller) -> None:
    answer = caller.ask(login_xml(), "<getAPISession/>", ONE_FIELD)
    assert [result.findtext("status") for result in answer.results()] == ["failure", "success"]


def test_a_replayed_function_is_refused_without_a_status(sim: IntacctSimulator) -> None:
    body = write_request(login_xml(), {"once": ONE_FIELD}, uniqueid="true")
    first, again = Answer(sim.gateway.handle(body)), Answer(sim.gateway.handle(body))
    assert first.text("operation/result/status") == "success"
    assert again.text("operation/result/status") is None
    assert again.text("operation/result/controlid") == "once"
    assert again.errors() != []


def test_a_missing_uniqueid_means_true(sim: IntacctSimulator) -> None:
    body = write_request(login_xml(), {"once": ONE_FIELD})
    body = body.replace(b"<uniqueid>false</uniqueid>", b"")
    sim.gateway.handle(body)
    answer = Answer(sim.gateway.handle(body))
    assert answer.text("control/uniqueid") == "true"
    assert answer.text("operation/result/status") is None


def test_the_same_function_id_may_be_used_again_with_uniqueid_false(caller: Caller) -> None:
    body = write_request(login_xml(), {"again": ONE_FIELD})
    answers = [caller.post(body) for _ in range(2)]
    assert [answer.text("operation/result/status") for answer in answers] == ["success"] * 2


def test_more_about_errors_comes_only_when_asked_for(caller: Caller) -> None:
    caller.login()
    plain = caller.query("NOTHING")
    asked = caller.run(query_xml("NOTHING"), showadditionalerrorinfo="true")
    assert plain.root.find(".//additionalinfo") is None
    assert asked.root.findtext(".//additionalinfo/errorid") is not None


def test_a_policy_is_refused_because_nothing_runs_later(caller: Caller) -> None:
    answer = caller.ask(login_xml(), ONE_FIELD, policyid="nightly")
    number, text = answer.errors()[0]
    assert number == "XL03000006"
    assert text.startswith("nightly is not a valid transport policy")


def test_a_write_is_refused_as_a_missing_permission(caller: Caller) -> None:
    caller.login()
    create = "<create><VENDOR><NAME>Baker</NAME></VENDOR></create>"
    number, text = caller.run(create).errors()[0]
    assert number == "PL04000005"
    assert "API operation CREATE on objects of type VENDOR" in text


def test_elements_a_company_omits_are_missing_everywhere(sim: IntacctSimulator) -> None:
    sim.admin.settings(omit=["senderid", "locationid", "sessiontimeout", "errorno"])
    caller = Caller(sim.gateway.handle)
    login, failed = caller.login(), caller.query("NOTHING")
    for answer in (login, failed):
        for name in ("senderid", "locationid", "sessiontimeout", "errorno"):
            assert answer.root.find(f".//{name}") is None
    assert caller.session
    assert failed.root.findtext(".//description2") is not None


GOOD = write_request(login_xml(), {"f": ONE_FIELD})
LAUGHS = b"".join(
    [
        b'<?xml version="1.0"?><!DOCTYPE request [<!ENTITY a0 "ha">',
        *(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">'.encode() for n in range(1, 10)),
        b"]><request><control><senderid>&a9;</senderid></control></request>",
    ]
)
EXTERNAL = (
    b'<?xml version="1.0"?><!DOCTYPE request [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    b"<request><control><senderid>&x;</senderid></control></request>"
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        LAUGHS,
        EXTERNAL,
        b'<!DOCTYPE request SYSTEM "intacct_request.dtd">' + GOOD.partition(b"?>")[2],
        b'<?xml version="1.0" encoding="no-such-encoding"?><request/>',
        b'<?xml version="1.0" encoding="UTF-8"?><request>\xff\xfe</request>',
        b"<request>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</request>",
        GOOD.replace(b"sandbox-caller", b"&#x1;"),
        GOOD.replace(b"<request>", b"<question>").replace(b"</request>", b"</question>"),
        b"<request/>",
        b"<request><control/></request>",
        GOOD[: len(GOOD) // 2],
        b" " * 10_000_001,
    ],
    ids=[
        "empty", "text", "billion laughs", "external entity", "dtd", "unknown encoding",
        "wrong encoding", "deep", "control character", "other root", "no control", "bare control",
        "half", "huge",
    ],
)  # fmt: skip
def test_hostile_and_broken_requests_get_an_error_reply(sim: IntacctSimulator, body: bytes) -> None:
    reply = sim.gateway.handle(body)
    root = Answer(reply).root
    assert root.findtext("control/status") == "failure"
    assert root.findtext("errormessage/error/errorno") == "XL03000003"
    assert b"ha" * 100 not in reply.body
    assert root.find("operation") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<controlid>sandbox-caller</controlid>", "<controlid></controlid>"),
        ("<controlid>sandbox-caller</controlid>", ""),
        ("<controlid>sandbox-caller</controlid>", f"<controlid>{'x' * 257}</controlid>"),
        ("<dtdversion>3.0</dtdversion>", "<dtdversion>9.9</dtdversion>"),
        ("<dtdversion>3.0</dtdversion>", "<dtdversion>3.0</dtdversion><surprise/>"),
        ("<control><senderid>", "<control><dtdversion>3.0</dtdversion><senderid>"),
        (' controlid="f"', ""),
        ("</query></function>", "</query><lookup/></function>"),
        ("<function ", "<procedure/><function "),
        ("</authentication>", "<sessionid>s</sessionid></authentication>"),
        (login_xml(), ""),
        (
            "<userid>sandbox-user</userid><companyid>acme-sandbox</companyid>",
            "<companyid>acme-sandbox</companyid><userid>sandbox-user</userid>",
        ),
    ],
)
def test_an_envelope_out_of_order_is_a_schema_error(
    sim: IntacctSimulator, old: str, new: str
) -> None:
    text = GOOD.decode()
    assert old in text
    answer = Answer(sim.gateway.handle(text.replace(old, new, 1).encode()))
    assert [number for number, _ in answer.errors()] == ["XL03000003"]
    assert answer.root.find("operation") is None


def test_other_encodings_are_read(sim: IntacctSimulator) -> None:
    body = GOOD.decode().replace("UTF-8", "UTF-16").encode("utf-16")
    assert Answer(sim.gateway.handle(body)).text("operation/result/status") == "success"
