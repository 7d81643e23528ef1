"""One create, against a server that says exactly what a test wants."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from ml_connector.domain.delivery import MessageStatus, SmsRequest
from ml_connector.errors import (
    DeliveryOutcomeUnknown,
    DeliveryRejected,
)
from ml_connector.twilio.credentials import TwilioCredentials
from tests.adapters.twilio_messengers import (
    ANN,
    KEY,
    NOON,
    OURS,
    POOL,
    REQUEST,
    SERVICE,
    TIMEOUT,
    Make,
    form,
    messengers,
)
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
    from collections.abc import Iterator


@pytest.fixture
def messenger() -> Iterator[Make]:
    with messengers() as make:
        yield make


def test_a_create_says_what_twilio_needs_and_no_more(messenger: Make) -> None:
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


def test_a_messaging_service_chooses_its_own_number(messenger: Make) -> None:
    with RawServer([answer(201, message(**{"from": None, "num_segments": "0"}))]) as server:
        made = messenger(server, POOL).send_sms(REQUEST, TIMEOUT)
    sent = form(server.requests[0])
    assert sent["MessagingServiceSid"] == SERVICE
    assert "From" not in sent
    assert made.segments == 0


def test_an_api_key_signs_in_and_the_path_names_the_account(messenger: Make) -> None:
    with RawServer([answer(201, message())]) as server:
        messenger(server, OURS, TwilioCredentials(ACCOUNT, KEY, "s3cret")).send_sms(REQUEST, 20)
    assert f"/Accounts/{ACCOUNT}/".encode() in server.requests[0]
    assert b"Authorization: Basic U0sw" in server.requests[0]  # SK0


@pytest.mark.parametrize(
    ("asked", "sent"), [(0, "6"), (5, "6"), (900, "900"), (36_000, "36000"), (99_999, "36000")]
)
def test_the_validity_stays_within_what_twilio_takes(
    messenger: Make, asked: int, sent: str
) -> None:
    with RawServer([answer(201, message())]) as server:
        messenger(server).send_sms(SmsRequest(ANN, "text", asked), TIMEOUT)
    assert form(server.requests[0])["ValidityPeriod"] == sent


@pytest.mark.parametrize("body", ["{{7*7}} <Say> & + = % ;", "“é” 株 😀", "a\nb", "x" * 1600])
def test_every_text_arrives_as_it_is(messenger: Make, body: str) -> None:
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
    messenger: Make, to: str, body: str, complaint: str
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
def test_accepted_but_unreadable_is_unknown(messenger: Make, step: Step) -> None:
    with RawServer([step]) as server:
        with pytest.raises(DeliveryOutcomeUnknown):
            messenger(server).send_sms(REQUEST, TIMEOUT)
        assert server.posts == 1


def test_what_is_nice_to_know_may_be_missing_or_odd(messenger: Make) -> None:
    odd = message(num_segments=None, price="n/a", price_unit=None, error_code="x", to=None)
    with RawServer([answer(201, odd)]) as server:
        made = messenger(server).send_sms(REQUEST, TIMEOUT)
    assert (made.segments, made.price, made.error_code, made.to) == (0, None, None, "")


def test_a_create_has_the_time_it_is_given(messenger: Make) -> None:
    with RawServer([silence]) as server, pytest.raises(DeliveryOutcomeUnknown):
        messenger(server).send_sms(REQUEST, 0.3)


def test_twenty_messages_use_one_connection(messenger: Make) -> None:
    with RawServer([answer(201, message())]) as server:
        ours = messenger(server)
        for _ in range(20):
            ours.send_sms(REQUEST, TIMEOUT)
        assert (server.connections, server.posts) == (1, 20)
