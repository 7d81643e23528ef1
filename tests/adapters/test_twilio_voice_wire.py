"""Both callers against a server that says exactly what a test wants."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from ml_connector.domain.delivery import CallRequest, CallStatus
from ml_connector.errors import (
    DeliveryBusy,
    DeliveryError,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
)
from ml_connector.twilio.announce import LONGEST_TWIML, AnnouncingCaller, twiml_of
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.http_client import ConnectorHttpClient, ReadPolicy
from ml_connector.twilio.studio import StudioCaller
from tests.adapters.twilio_raw_server import ACCOUNT, CREATED, RawServer, answer

ANN, OURS = "+15550100123", "+15550100100"
FLOW, EXECUTION, CALL = "FW" + "2" * 32, "FN" + "3" * 32, "CA" + "4" * 32
REQUEST = CallRequest(ANN, "Acme AP. A bill waits for approval.", "d-1", "es-ES")
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
TIMEOUT = 20.0

_Caller = TypeVar("_Caller", StudioCaller, AnnouncingCaller)
Make = Callable[[type[_Caller], RawServer], _Caller]


@pytest.fixture
def make() -> Iterator[Callable[..., object]]:
    with ExitStack() as stack:

        def made(kind: type[_Caller], server: RawServer, **options: object) -> _Caller:
            http = ConnectorHttpClient(
                tls=False, reads=ReadPolicy(attempts=2, budget=TIMEOUT), sleep=lambda _: None
            )
            token = TwilioCredentials(ACCOUNT, ACCOUNT, "t0ken")
            connection = TwilioConnection(token, Endpoints(server.url), http)
            stack.callback(connection.close)
            return kind(connection, Sender(OURS, "", OURS, FLOW), **options)  # type: ignore[arg-type]

        yield made


def execution(**changes: object) -> dict[str, object]:
    return {
        "sid": EXECUTION,
        "flow_sid": FLOW,
        "account_sid": ACCOUNT,
        "contact_channel_address": ANN,
        "status": "active",
        "date_created": "2026-11-30T12:00:00Z",
        "date_updated": "2026-11-30T12:00:00Z",
        **changes,
    }


def call(**changes: object) -> dict[str, object]:
    return {
        "sid": CALL,
        "to": ANN,
        "from": OURS,
        "status": "queued",
        "direction": "outbound-api",
        "date_created": CREATED,
        **changes,
    }


def listed(*rows: dict[str, object], key: str = "executions", following: str = "") -> object:
    return {key: list(rows), "meta": {"key": key, "next_page_url": following or None}}


def context(**flow: object) -> dict[str, object]:
    return {"context": {"flow": {"data": {"dispatch_id": "d-1"}, **flow}}, "execution_sid": "x"}


def form(server: RawServer, request: int = 0) -> dict[str, str]:
    body = server.requests[request].partition(b"\r\n\r\n")[2].decode()
    return {name: values[0] for name, values in parse_qs(body).items()}


def target(server: RawServer, request: int = 0) -> str:
    return server.requests[request].split(b" ", 2)[1].decode()


# -------------------------------------------------------------------------------- requests
def test_an_execution_is_given_everything_the_flow_says(make: Make[StudioCaller]) -> None:
    with RawServer([answer(201, execution())]) as server:
        placed = make(StudioCaller, server).place_call(REQUEST, TIMEOUT)
        sent = form(server)
    assert (placed.sid, placed.dispatch_id, placed.created_at) == (EXECUTION, "d-1", NOON)
    assert (sent["To"], sent["From"]) == (ANN, OURS)
    data = json.loads(sent["Parameters"])
    assert data["message"] == REQUEST.text
    assert (data["dispatch_id"], data["language"]) == ("d-1", "es-ES")
    assert data["voice"].startswith("Polly.")
    assert data["ask"].startswith("Pulse 1")
    assert all(isinstance(value, str) for value in data.values())


def test_an_announcement_is_a_document_that_says_it_twice(make: Make[AnnouncingCaller]) -> None:
    with RawServer([answer(201, call())]) as server:
        make(AnnouncingCaller, server).place_call(REQUEST, TIMEOUT)
        sent = form(server)
    assert (sent["To"], sent["From"], sent["Timeout"]) == (ANN, OURS, "25")
    assert not {"MachineDetection", "Url", "StatusCallback", "Record"} & set(sent)
    document: Element = fromstring(sent["Twiml"])
    assert [element.tag for element in document] == ["Pause", "Say", "Pause", "Say"]
    assert [element.text for element in document.iter("Say")] == [REQUEST.text] * 2
    assert {element.get("language") for element in document.iter("Say")} == {"es-ES"}


@pytest.mark.parametrize("text", ["<Hangup/>", "a & b", "]]>", "'\"", "</Say>"])
def test_text_cannot_leave_its_element(text: str) -> None:
    document: Element = fromstring(twiml_of(text, "en-US"))
    assert [element.text for element in document.iter("Say")] == [text] * 2


def test_a_document_twilio_would_not_take_is_refused() -> None:
    with pytest.raises(DeliveryRejected, match=str(LONGEST_TWIML)):
        twiml_of("<" * 1000, "en-US")


def test_calls_are_listed_without_a_date_and_executions_from_one(
    make: Callable[..., StudioCaller | AnnouncingCaller],
) -> None:
    calls: dict[str, object] = {"calls": [], "next_page_uri": None}
    with RawServer([answer(200, listed()), answer(200, calls)]) as server:
        list(make(StudioCaller, server).list_to(ANN, NOON))
        list(make(AnnouncingCaller, server).list_to(ANN, NOON))
        executions, plain = (
            {
                name: values[0]
                for name, values in parse_qs(urlsplit(target(server, at)).query).items()
            }
            for at in (0, 1)
        )
    assert executions == {"DateCreatedFrom": "2026-11-30T12:00:00Z", "PageSize": "1000"}
    assert plain == {"To": ANN, "From": OURS, "PageSize": "1000"}


# --------------------------------------------------------------------------------- answers
@pytest.mark.parametrize(
    ("details", "sid"),
    [
        ({"conflicting_execution_sid": EXECUTION}, EXECUTION),
        ({"conflicting_execution_sid": "FN1"}, ""),
        ({"conflicting_execution_sid": ["FN"]}, ""),
        ({}, ""),
        (None, ""),
        ("text", ""),
    ],
)
def test_a_conflict_names_the_other_call_where_twilio_does(
    make: Make[StudioCaller], details: object, sid: str
) -> None:
    refused = {"code": 20409, "message": f"active for {ANN}", "status": 409, "details": details}
    with RawServer([answer(409, refused)]) as server:
        with pytest.raises(DeliveryBusy) as busy:
            make(StudioCaller, server).place_call(REQUEST, TIMEOUT)
        assert server.posts == 1
    assert busy.value.conflicting_sid == sid
    assert ANN not in str(busy.value)


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b"{}",
        execution(sid="FN1"),
        execution(sid=7),
        execution(date_created=None),
        execution(date_created="yesterday"),
    ],
    ids=["no JSON", "a list", "nothing", "no SID", "a number", "no date", "no such date"],
)
def test_a_call_that_was_taken_unreadably_is_unknown(
    make: Make[StudioCaller], body: object
) -> None:
    with RawServer([answer(201, body)]) as server:
        with pytest.raises(DeliveryOutcomeUnknown):
            make(StudioCaller, server).place_call(REQUEST, TIMEOUT)
        assert server.posts == 1


def test_a_plain_call_without_any_date_is_one_of_this_moment(make: Make[AnnouncingCaller]) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    with RawServer([answer(201, call(date_created=None))]) as server:
        placed = make(AnnouncingCaller, server).place_call(REQUEST, TIMEOUT)
    assert before <= placed.created_at <= datetime.now(UTC)


@pytest.mark.parametrize("word", ["active ", "ACTIVE"])
def test_an_execution_is_active_however_it_is_spelled(make: Make[StudioCaller], word: str) -> None:
    steps = [answer(200, execution(status=word)), answer(200, context())]
    with RawServer(steps) as server:
        found = make(StudioCaller, server).outcome(EXECUTION)
    assert found
    assert found.status is CallStatus.ACTIVE


def test_a_word_nobody_knows_is_a_call_still_going_on(make: Make[StudioCaller]) -> None:
    with RawServer([answer(200, execution(status="paused")), answer(200, context())]) as server:
        found = make(StudioCaller, server).outcome(EXECUTION)
    assert found
    assert not found.status.final


NOT_FOUND = {"code": 20404, "message": "not found", "status": 404}


def test_an_ended_call_without_its_data_is_read_again_later(make: Make[StudioCaller]) -> None:
    steps = [answer(200, execution(status="ended")), answer(404, NOT_FOUND)]
    with RawServer(steps) as server, pytest.raises(DeliveryTransient):
        make(StudioCaller, server).outcome(EXECUTION)


def test_a_listed_call_without_its_data_is_no_stranger(make: Make[StudioCaller]) -> None:
    """Taken for somebody else's, it would be placed again."""
    steps = [answer(200, listed(execution())), answer(404, NOT_FOUND)]
    with RawServer(steps) as server, pytest.raises(DeliveryTransient):
        list(make(StudioCaller, server).list_to(ANN, NOON))


def test_a_404_from_somebody_else_is_not_a_call_that_is_gone(make: Make[StudioCaller]) -> None:
    with RawServer([answer(404, b"<html>")]) as server, pytest.raises(DeliveryError):
        make(StudioCaller, server).outcome(EXECUTION)


def test_only_calls_to_the_number_have_their_data_read(make: Make[StudioCaller]) -> None:
    other = execution(sid="FN" + "5" * 32, contact_channel_address="+15550100199")
    steps = [answer(200, listed(other, execution())), answer(200, context())]
    with RawServer(steps) as server:
        found = list(make(StudioCaller, server).list_to(ANN, NOON))
        assert len(server.requests) == 2
    assert [(each.sid, each.dispatch_id) for each in found] == [(EXECUTION, "d-1")]


def test_a_list_that_leads_back_to_itself_ends_as_an_error(make: Make[StudioCaller]) -> None:
    with RawServer() as server:
        following = f"{server.url}/v2/Flows/{FLOW}/Executions?Page=1"
        server.script.append(answer(200, listed(execution(), following=following)))
        with pytest.raises(DeliveryTransient, match="leads back"):
            list(make(StudioCaller, server).list_started_since(NOON))


def test_a_call_met_on_two_pages_is_given_once(make: Make[StudioCaller]) -> None:
    with RawServer() as server:
        following = f"{server.url}/v2/Flows/{FLOW}/Executions?Page=1"
        server.script += [
            answer(200, listed(execution(), following=following)),
            answer(200, listed(execution())),
        ]
        found = list(make(StudioCaller, server).list_started_since(NOON))
    assert [each.sid for each in found] == [EXECUTION]


def test_hostile_data_of_a_call_do_not_break_its_reading(make: Make[StudioCaller]) -> None:
    hostile = {"context": {"flow": ["x"], "widgets": {"ask": {"Digits": {"a": 1}}}}}
    steps = {"steps": [{"name": 1, "transitioned_to": ["set_confirmed"]}], "meta": {"key": "steps"}}
    script = [answer(200, execution(status="ended")), answer(200, hostile), answer(200, steps)]
    with RawServer(script) as server:
        found = make(StudioCaller, server).outcome(EXECUTION)
    assert found
    assert found.status is CallStatus.FAILED
    assert found.witness == ""


# ------------------------------------------------------------------------------------- end
def test_ending_ends_the_execution_and_its_leg(make: Make[StudioCaller]) -> None:
    data = {"context": {"widgets": {"call_approver": {"CallSid": CALL}}}}
    script = [answer(200, execution(status="ended")), answer(200, data), answer(200, call())]
    with RawServer(script) as server:
        make(StudioCaller, server).end(EXECUTION)
        assert form(server, 0) == {"Status": "ended"}
        assert target(server, 2).endswith(f"/Calls/{CALL}.json")
        assert form(server, 2) == {"Status": "completed"}


def test_a_leg_that_is_over_stays_as_it_is(make: Make[AnnouncingCaller]) -> None:
    over = {"code": 21220, "message": "not in-progress", "status": 400}
    with RawServer([answer(400, over)]) as server:
        make(AnnouncingCaller, server).end(CALL)
        assert len(server.requests) == 1


@pytest.mark.parametrize("kind", [StudioCaller, AnnouncingCaller])
def test_a_call_that_could_not_be_ended_needs_no_reconciling(
    make: Callable[..., StudioCaller | AnnouncingCaller],
    kind: type[StudioCaller | AnnouncingCaller],
) -> None:
    shown = execution() if kind is StudioCaller else call(status="in-progress")
    sid = EXECUTION if kind is StudioCaller else CALL
    steps = [answer(500, b""), answer(200, shown)]
    with RawServer(steps) as server, pytest.raises(DeliveryTransient, match="may go on"):
        make(kind, server).end(sid)


def test_reads_end_with_the_functions_time(make: Callable[..., StudioCaller]) -> None:
    with RawServer([answer(200, execution())]) as server:
        caller = make(StudioCaller, server, time_left=lambda: 0.0)
        with pytest.raises(DeliveryTransient, match="no time left"):
            caller.outcome(EXECUTION)
        assert server.requests == []
