"""The messenger against a server that says exactly what a test wants."""

from __future__ import annotations

import itertools
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from twilio.http.response import Response

from ml_connector.domain.delivery import Cure, MessageStatus, SmsRequest
from ml_connector.errors import (
    ConfigurationError,
    DeliveryBlocked,
    DeliveryError,
    DeliveryOutcomeUnknown,
    DeliveryRejected,
    DeliveryTransient,
)
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from ml_connector.twilio.endpoints import Endpoints
from ml_connector.twilio.error_codes import after_create
from ml_connector.twilio.http_client import ConnectorHttpClient, ReadPolicy
from ml_connector.twilio.messages import TwilioMessenger
from tests.adapters.twilio_raw_server import (
    ACCOUNT,
    CREATED,
    SID,
    RawServer,
    Step,
    answer,
    message,
    send,
    silence,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "SK" + "0" * 32
SERVICE = "MG" + "0" * 32
OURS = Sender(number="+15550100100")
POOL = Sender(messaging_service=SERVICE)
ANN = "+15550100123"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
REQUEST = SmsRequest(ANN, "Acme AP: a bill is waiting for approval in Intacct. Ref K7F2", 600)
TIMEOUT = 20.0

Messenger = Any


@pytest.fixture
def messenger() -> Iterator[Callable[..., TwilioMessenger]]:
    opened: list[TwilioConnection] = []

    def make(
        server: RawServer,
        sender: Sender = OURS,
        credentials: TwilioCredentials | None = None,
        **options: Any,
    ) -> TwilioMessenger:
        http = ConnectorHttpClient(
            tls=False, reads=ReadPolicy(attempts=2, budget=TIMEOUT), sleep=lambda _: None
        )
        credentials = credentials or TwilioCredentials(ACCOUNT, ACCOUNT, "t0ken")
        connection = TwilioConnection(credentials, Endpoints(server.url), http)
        opened.append(connection)
        return TwilioMessenger(connection, sender, **options)

    yield make
    for each in opened:
        each.close()


def form(request: bytes) -> dict[str, str]:
    body = request.partition(b"\r\n\r\n")[2].decode()
    return {name: values[0] for name, values in parse_qs(body).items()}


def query(request: bytes) -> dict[str, str]:
    target = request.split(b" ", 2)[1].decode()
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


def at(seconds: float) -> str:
    return format_datetime(NOON + timedelta(seconds=seconds))


def row(
    number: int, created: float, sent: float | None = None, **changes: object
) -> dict[str, Any]:
    """Message `number`, created and sent so many seconds after noon."""
    return message(
        sid=f"SM{number:032x}",
        date_created=at(created),
        date_sent=None if sent is None else at(sent),
        **{"status": "queued" if sent is None else "delivered", **changes},
    )


def page(*rows: dict[str, Any], following: str | None = None) -> Step:
    return answer(
        200,
        {"messages": rows, "next_page_uri": following, "page_size": 1000, "page": 0, "uri": "/x"},
    )


NEXT = "/2010-04-01/Accounts/AC/Messages.json?PageSize=1000&Page=1&PageToken=PA1"
AFTER = "/2010-04-01/Accounts/AC/Messages.json?PageSize=1000&Page=2&PageToken=PA2"


# -------------------------------------------------------------------------------- create
def test_a_create_says_what_twilio_needs_and_no_more(messenger: Messenger) -> None:
    with RawServer([answer(201, message())]) as server:
        made = messenger(server).send_sms(REQUEST, TIMEOUT)
    assert form(server.requests[0]) == {
        "To": ANN,
        "From": "+15550100100",
        "Body": REQUEST.body,
        "ValidityPeriod": "600",
    }
    assert server.requests[0].startswith(f"POST /2010-04-01/Accounts/{ACCOUNT}/Messages".encode())
    assert (made.sid, made.to, made.status) == (SID, ANN, MessageStatus.QUEUED)
    assert made.created_at == NOON
    assert made.created_at.tzinfo is UTC
    assert (made.error_code, made.segments, made.price, made.price_unit) == (None, 1, None, "")


def test_a_messaging_service_chooses_its_own_number(messenger: Messenger) -> None:
    with RawServer([answer(201, message(**{"from": None, "num_segments": "0"}))]) as server:
        made = messenger(server, POOL).send_sms(REQUEST, TIMEOUT)
    sent = form(server.requests[0])
    assert sent["MessagingServiceSid"] == SERVICE
    assert "From" not in sent
    assert made.segments == 0


def test_an_api_key_signs_in_and_the_path_names_the_account(messenger: Messenger) -> None:
    with RawServer([answer(201, message())]) as server:
        messenger(server, OURS, TwilioCredentials(ACCOUNT, KEY, "s3cret")).send_sms(REQUEST, 20)
    assert f"/Accounts/{ACCOUNT}/".encode() in server.requests[0]
    assert b"Authorization: Basic U0sw" in server.requests[0]  # SK0


@pytest.mark.parametrize(
    ("asked", "sent"), [(0, "6"), (5, "6"), (900, "900"), (36_000, "36000"), (99_999, "36000")]
)
def test_the_validity_stays_within_what_twilio_takes(
    messenger: Messenger, asked: int, sent: str
) -> None:
    with RawServer([answer(201, message())]) as server:
        messenger(server).send_sms(SmsRequest(ANN, "text", asked), TIMEOUT)
    assert form(server.requests[0])["ValidityPeriod"] == sent


@pytest.mark.parametrize("body", ["{{7*7}} <Say> & + = % ;", "“é” 株 😀", "a\nb", "x" * 1600])
def test_every_text_arrives_as_it_is(messenger: Messenger, body: str) -> None:
    with RawServer([answer(201, message())]) as server:
        messenger(server).send_sms(SmsRequest(ANN, body, 600), TIMEOUT)
    assert form(server.requests[0])["Body"] == body


@pytest.mark.parametrize(
    ("to", "body", "complaint"),
    [
        ("5550100123", "text", "E.164"),
        ("+1 555 010 0123", "text", "E.164"),
        ("whatsapp:+15550100123", "text", "E.164"),
        (ANN, " \n", "no text"),
        (ANN, "x" * 1601, "longer than 1600"),
        (ANN, "half \ud83d", "surrogate"),
    ],
)
def test_what_twilio_would_refuse_is_refused_before_connecting(
    messenger: Messenger, to: str, body: str, complaint: str
) -> None:
    with RawServer([answer(201, message())]) as server:
        with pytest.raises(DeliveryRejected, match=complaint) as refused:
            messenger(server).send_sms(SmsRequest(to, body, 600), TIMEOUT)
        assert server.connections == 0
    assert "0100123" not in str(refused.value).replace("such as +15550100123", "")


UNREADABLE = {
    "nothing": answer(201, b""),
    "half of JSON": answer(201, b'{"sid": "SM'),
    "JSON that is no object": answer(201, []),
    "null": answer(201, b"null"),
    "an empty object": answer(201, {}),
    "a page of a proxy": answer(200, b"<html>ok</html>"),
    "no SID": answer(201, message(sid=None)),
    "a SID of something else": answer(201, message(sid="CA" + "1" * 32)),
    "no date": answer(201, message(date_created=None)),
    "a date nobody can read": answer(201, message(date_created="yesterday")),
    "a date that is no text": answer(201, message(date_created=5)),
    "a day that does not exist": answer(201, message(date_created=CREATED.replace("30", "31", 1))),
    "a status that is no text": answer(201, message(status=5)),
    "half of the headers": send(b"HTTP/1.1 201 Created\r\nContent-Le"),
    "a length that is none": send(b"HTTP/1.1 201 Created\r\nContent-Length: x\r\n\r\n{}"),
}


@pytest.mark.parametrize("step", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_accepted_but_unreadable_is_unknown(messenger: Messenger, step: Step) -> None:
    with RawServer([step]) as server:
        with pytest.raises(DeliveryOutcomeUnknown):
            messenger(server).send_sms(REQUEST, TIMEOUT)
        assert server.posts == 1


def test_what_is_nice_to_know_may_be_missing_or_odd(messenger: Messenger) -> None:
    odd = message(num_segments=None, price="n/a", price_unit=None, error_code="x", to=None)
    with RawServer([answer(201, odd)]) as server:
        made = messenger(server).send_sms(REQUEST, TIMEOUT)
    assert (made.segments, made.price, made.error_code, made.to) == (0, None, None, "")


def test_a_create_has_the_time_it_is_given(messenger: Messenger) -> None:
    with RawServer([silence]) as server, pytest.raises(DeliveryOutcomeUnknown):
        messenger(server).send_sms(REQUEST, 0.3)


def test_twenty_messages_use_one_connection(messenger: Messenger) -> None:
    with RawServer([answer(201, message())]) as server:
        ours = messenger(server)
        for _ in range(20):
            ours.send_sms(REQUEST, TIMEOUT)
        assert (server.connections, server.posts) == (1, 20)


# --------------------------------------------------------------------------------- lists
def listed(messages: Iterator[Any]) -> list[int]:
    return [int(f"0x{each.sid[2:]}", base=0) for each in messages]


def test_a_list_asks_for_full_pages_of_our_sender_without_a_date(messenger: Messenger) -> None:
    with RawServer([page()]) as server:
        assert listed(messenger(server).list_created_since(NOON)) == []
    assert query(server.requests[0]) == {"From": "+15550100100", "PageSize": "1000"}


def test_a_messaging_service_is_filtered_here(messenger: Messenger) -> None:
    theirs = row(3, 5, messaging_service_sid="MG" + "f" * 32)
    reply = row(4, 5, messaging_service_sid=SERVICE, direction="inbound", status="received")
    ours = row(1, 5, messaging_service_sid=SERVICE)
    with RawServer([page(theirs, reply, ours, row(2, 5))]) as server:
        assert listed(messenger(server, POOL).list_created_since(NOON)) == [1]
    assert query(server.requests[0]) == {"PageSize": "1000"}


def test_pages_are_followed_and_a_message_seen_twice_is_given_once(messenger: Messenger) -> None:
    script = [
        page(row(5, 50), row(4, 40), following=NEXT),
        page(row(4, 40), row(3, 30), following=AFTER),
        page(row(2, 20)),
    ]
    with RawServer(script) as server:
        assert listed(messenger(server).list_created_since(NOON)) == [5, 4, 3, 2]
    assert [query(request).get("PageToken") for request in server.requests] == [None, "PA1", "PA2"]


def test_a_list_ends_where_it_gets_older(messenger: Messenger) -> None:
    script = [
        page(row(5, 50), row(4, 40), following=NEXT),
        page(row(3, 0), row(2, -1), row(1, -2, sent=-1), following=AFTER),
    ]
    with RawServer(script) as server:
        assert listed(messenger(server).list_created_since(NOON)) == [5, 4, 3]
        assert len(server.requests) == 2


def test_a_list_ordered_by_date_sent_ends_no_sooner_than_it_must(messenger: Messenger) -> None:
    """Message 9 waited in a queue: created before, sent after. What follows may be ours still."""
    script = [
        page(row(5, 50, sent=60), row(9, -500, sent=55), following=NEXT),
        page(row(4, 40, sent=41), row(3, -9, sent=-5), following=AFTER),
    ]
    with RawServer(script) as server:
        assert listed(messenger(server).list_created_since(NOON)) == [5, 4]
        assert len(server.requests) == 2


def test_unsent_messages_are_seen(messenger: Messenger) -> None:
    with RawServer([page(row(1, 5, sent=None))]) as server:
        (one,) = messenger(server).list_created_since(NOON)
    assert one.status is MessageStatus.QUEUED


def test_twilios_whole_seconds_hide_nothing_created_within_one(messenger: Messenger) -> None:
    with RawServer([page(row(1, 0))]) as server:
        since = NOON + timedelta(milliseconds=900)
        assert listed(messenger(server).list_created_since(since)) == [1]
        assert listed(messenger(server).list_to(ANN, since)) == [1]


def test_a_list_to_one_number_reads_to_the_end_to_be_sure(messenger: Messenger) -> None:
    script = [page(row(5, 50), row(4, -40, sent=-30), following=NEXT), page(row(3, 30))]
    with RawServer(script) as server:
        assert listed(messenger(server).list_to(ANN, NOON)) == [5, 3]
    assert query(server.requests[0]) == {"To": ANN, "From": "+15550100100", "PageSize": "1000"}


def test_who_has_found_the_message_asks_no_further(messenger: Messenger) -> None:
    with RawServer([page(row(5, 50), following=NEXT), page(row(4, 40))]) as server:
        assert listed(itertools.islice(messenger(server).list_to(ANN, NOON), 1)) == [5]
        assert len(server.requests) == 1


def test_a_listed_message_is_read_whole(messenger: Messenger) -> None:
    failed = row(
        1,
        5,
        sent=6,
        num_segments="2",
        price="-0.01660",
        price_unit="usd",
        error_code=30003,
    )
    with RawServer([page({**failed, "status": "undelivered"})]) as server:
        (one,) = messenger(server).list_created_since(NOON)
    assert (one.status, one.error_code) == (MessageStatus.UNDELIVERED, 30003)
    assert (one.segments, one.price, one.price_unit) == (2, Decimal("-0.01660"), "USD")
    assert one.body == REQUEST.body


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, 20003, DeliveryBlocked),
        (400, 20007, DeliveryBlocked),
        (429, 20429, DeliveryTransient),
        (500, 20500, DeliveryTransient),
    ],
)
def test_a_failed_list_keeps_its_code(
    messenger: Messenger, status: int, code: int, kind: type[DeliveryError]
) -> None:
    refusal = answer(status, {"code": code, "message": ANN})
    with RawServer([refusal]) as server, pytest.raises(DeliveryError) as failed:
        listed(messenger(server).list_to(ANN, NOON))
    assert type(failed.value) is kind
    assert (failed.value.provider_code, failed.value.http_status) == (code, status)
    assert ANN not in str(failed.value)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", [], {}, {"messages": [{}], "next_page_uri": None}, {"messages": 5, "page": 0}],
)
def test_a_list_that_cannot_be_read_is_read_again_later(messenger: Messenger, body: object) -> None:
    with RawServer([answer(200, body)]) as server, pytest.raises(DeliveryTransient):
        listed(messenger(server).list_created_since(NOON))


def test_a_list_that_leads_in_circles_is_left(messenger: Messenger) -> None:
    with RawServer([page(row(5, 50), following=NEXT)]) as server:
        with pytest.raises(DeliveryTransient, match="already read"):
            listed(messenger(server).list_created_since(NOON))
        assert len(server.requests) == 2


def test_a_list_stays_on_its_host(messenger: Messenger) -> None:
    with RawServer([answer(200, {})]) as elsewhere:
        strange = page(row(5, 50), following=f"{elsewhere.url}/x")
        with RawServer([strange, page()]) as server:
            assert listed(messenger(server).list_created_since(NOON)) == [5]
            assert len(server.requests) == 2
        assert elsewhere.connections == 0


def test_reads_end_with_the_functions_time(messenger: Messenger) -> None:
    left = iter([30.0, 30.0, 0.0])
    with RawServer([page(row(5, 50), following=NEXT), page()]) as server:
        ours = messenger(server, time_left=lambda: next(left))
        with pytest.raises(DeliveryTransient, match="no time left"):
            listed(ours.list_created_since(NOON))
        assert len(server.requests) == 1


# --------------------------------------------------------------------------------- fetch
def test_one_message_is_fetched(messenger: Messenger) -> None:
    with RawServer([answer(200, message(status="delivered"))]) as server:
        found = messenger(server).fetch(SID)
    assert found is not None
    assert found.status is MessageStatus.DELIVERED
    assert f"/Messages/{SID}.json".encode() in server.requests[0]


def test_a_message_twilio_does_not_know_is_none(messenger: Messenger) -> None:
    with RawServer([answer(404, {"code": 20404, "status": 404})]) as server:
        assert messenger(server).fetch(SID) is None


def test_a_404_that_is_not_twilios_is_not_taken_for_a_missing_message(
    messenger: Messenger,
) -> None:
    with RawServer([answer(404, b"<html>")]) as server, pytest.raises(DeliveryBlocked):
        messenger(server).fetch(SID)


def test_other_failures_of_a_fetch_are_not_none(messenger: Messenger) -> None:
    with RawServer([answer(401, {"code": 20003})]) as server, pytest.raises(DeliveryBlocked):
        messenger(server).fetch(SID)
    with RawServer([answer(500)]) as server, pytest.raises(DeliveryTransient):
        messenger(server).fetch(SID)


@pytest.mark.parametrize("sid", ["", "SM1", "CA" + "1" * 32, f"{SID}/../x", f"{SID}\n"])
def test_what_is_no_sid_is_not_asked_for(messenger: Messenger, sid: str) -> None:
    with RawServer([answer(200, message())]) as server:
        with pytest.raises(DeliveryRejected, match="not a message SID"):
            messenger(server).fetch(sid)
        assert server.connections == 0


# --------------------------------------------------------------------------------- judge
@pytest.mark.parametrize(
    ("code", "cure", "wait", "operator"),
    [
        (30003, Cure.RETRY, 300, False),
        (30006, Cure.PERMANENT, 0, True),
        (30034, Cure.BLOCKED, 0, True),
        (39_999, Cure.PERMANENT, 0, True),
        (None, Cure.RETRY, 120, False),
    ],
)
def test_a_message_that_did_not_arrive_is_judged_by_its_code(
    messenger: Messenger, code: int | None, cure: Cure, wait: float, operator: bool
) -> None:
    with RawServer([answer()]) as server:
        verdict = messenger(server).judge(code)
        assert server.connections == 0
    assert (verdict.cure, verdict.wait_seconds) == (cure, wait)
    assert verdict.reason == after_create(code).reason
    assert bool(verdict.operator_action) == operator


# ----------------------------------------------------------------- the official client
class Recorder(ConnectorHttpClient):
    """Notes the addresses asked for and answers with an empty page."""

    def __init__(self) -> None:
        super().__init__(tls=False)
        self.asked: list[str] = []

    def request(self, method: str, uri: str, *_: Any, **__: Any) -> Response:
        self.asked.append(f"{method} {uri}")
        return Response(200, '{"messages": [], "page": 0}')


@pytest.mark.parametrize(
    ("places", "host"),
    [
        (Endpoints(), "https://api.twilio.com"),
        (Endpoints(region="ie1", edge="dublin"), "https://api.dublin.ie1.twilio.com"),
        (Endpoints("https://twilio.example/"), "https://twilio.example"),
        (Endpoints(products={"api": "https://api.example"}), "https://api.example"),
        (Endpoints(products={"studio": "https://studio.example"}), "https://api.twilio.com"),
    ],
)
def test_where_requests_go(monkeypatch: pytest.MonkeyPatch, places: Endpoints, host: str) -> None:
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    http = Recorder()
    credentials = TwilioCredentials(ACCOUNT, ACCOUNT, "t0ken")
    sender = Sender(number="+353155501001")
    messenger = TwilioMessenger(TwilioConnection(credentials, places, http), sender)
    assert list(messenger.list_created_since(NOON)) == []
    assert http.asked == [f"GET {host}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"]


def test_a_sender_the_region_cannot_use_is_refused_at_once() -> None:
    places = Endpoints(region="ie1", edge="dublin")
    connection = TwilioConnection(TwilioCredentials(ACCOUNT, ACCOUNT, "t0ken"), places, Recorder())
    with pytest.raises(ConfigurationError, match="ie1"):
        TwilioMessenger(connection, OURS)


LAYER = Path(__file__).parents[2] / "layers" / "connector"
LAZY = f"""
import sys
from ml_connector.domain.delivery import SmsRequest
from ml_connector.twilio import client, credentials, endpoints, error_codes, http_client, messages
from ml_connector.twilio import error_table, errors, statuses, wire

def loaded(name):
    return any(each == name or each.startswith(name + ".") for each in sys.modules)

connection = client.TwilioConnection(
    credentials.TwilioCredentials("{ACCOUNT}", "{ACCOUNT}", "t0ken"),
    endpoints.Endpoints("http://127.0.0.1:9"),
)
messages.TwilioMessenger(connection, credentials.Sender(number="+15550100100"))
assert not loaded("twilio.rest"), "importing and wiring loads the official client"
client.preload()
before = set(sys.modules)
connection.warm_up()
assert set(sys.modules) == before, sorted(set(sys.modules) - before)
assert loaded("twilio.rest.api"), "warming up does not load what sending needs"
for heavy in ("twilio.rest.studio", "twilio.rest.verify", "aiohttp", "twilio.twiml", "boto3"):
    assert not loaded(heavy), heavy
connection.close()
print("ok")
"""


def test_nothing_of_the_official_client_is_loaded_before_it_is_used() -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", LAZY],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(LAYER)},
    )
    assert (done.stdout.strip(), done.returncode) == ("ok", 0), done.stderr


def test_warming_up_opens_no_connection() -> None:
    with RawServer([answer(201, message())]) as server:
        connection = TwilioConnection(
            TwilioCredentials(ACCOUNT, ACCOUNT, "t0ken"), Endpoints(server.url)
        )
        connection.warm_up()
        assert server.connections == 0
        connection.close()
