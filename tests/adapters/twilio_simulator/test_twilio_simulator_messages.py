"""The official client sends, fetches and lists messages against the simulated Twilio."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from sandbox.twilio.settings import (
    DEFAULT_SERVICE_SID,
)
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.twilio_simulator.example import ANN, BEN, OURS, OVER

if TYPE_CHECKING:
    pass


def _refusal(client: Client, **fields: str) -> TwilioRestException:
    values = {"to": ANN, "from_": OURS, "body": "Bill 4711", **fields}
    with pytest.raises(TwilioRestException) as caught:
        client.messages.create(**values)
    return caught.value


def test_a_message_passes_every_state_on_its_way_to_the_screen(
    sim: TwilioSimulator, client: Client
) -> None:
    created = client.messages.create(to=ANN, from_=OURS, body="Bill 4711 waits")
    seen = [created.status]
    assert created.date_sent is None
    for _ in range(6):
        sim.admin.forward(0.2)
        status = client.messages(created.sid).fetch().status
        if status != seen[-1]:
            seen.append(status)
    assert seen == ["queued", "sending", "sent", "delivered"]
    text = sim.admin.phone(ANN).expect_sms("4711", within=0)
    assert (text.sid, text.sender, text.body) == (created.sid, OURS, "Bill 4711 waits")


def test_a_record_is_written_as_api_v2010_writes_it(sim: TwilioSimulator, client: Client) -> None:
    sid = client.messages.create(to=ANN, from_=OURS, body="é" * 161).sid
    sim.admin.forward(OVER)
    account = client.account_sid
    path = f"/2010-04-01/Accounts/{account}/Messages/{sid}"
    raw = requests.get(f"{sim.url}{path}.json", auth=(account, client.password), timeout=5).json()
    dates = {key: raw.pop(key) for key in ("date_created", "date_sent", "date_updated")}
    assert raw == {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": "é" * 161,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": OURS,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "2",
        "price": "-0.01660",
        "price_unit": "USD",
        "sid": sid,
        "status": "delivered",
        "subresource_uris": {"media": f"{path}/Media.json"},
        "to": ANN,
        "uri": f"{path}.json",
    }
    for text in dates.values():
        assert parsedate_to_datetime(text).utcoffset() == timedelta(0)
        assert text.endswith(" +0000")


def test_with_a_messaging_service_the_sender_is_chosen_after_acceptance(
    sim: TwilioSimulator, client: Client
) -> None:
    created = client.messages.create(
        to=ANN, messaging_service_sid=DEFAULT_SERVICE_SID, body="Bill 4711"
    )
    assert (created.status, created.from_, created.num_segments) == ("accepted", None, "0")
    sim.admin.forward(OVER)
    sent = client.messages(created.sid).fetch()
    assert (sent.status, sent.from_, sent.num_segments) == ("delivered", OURS, "1")


def test_a_sender_given_with_a_messaging_service_is_kept(
    sim: TwilioSimulator, client: Client
) -> None:
    sid = client.messages.create(
        to=ANN, from_="+15005550006", messaging_service_sid=DEFAULT_SERVICE_SID, body="Bill 4711"
    ).sid
    sim.admin.forward(OVER)
    assert client.messages(sid).fetch().from_ == "+15005550006"


def test_every_screen_can_be_read_at_once(sim: TwilioSimulator, client: Client) -> None:
    for number in (ANN, BEN):
        client.messages.create(to=number, from_=OURS, body=f"for {number}")
    sim.admin.forward(OVER)
    screens = sim.admin.screens()
    assert {number: [text.body for text in texts] for number, texts in screens.items()} == {
        ANN: [f"for {ANN}"],
        BEN: [f"for {BEN}"],
    }


@pytest.mark.parametrize(
    ("number", "status", "code", "shown"),
    [
        ("+15550109001", "undelivered", 30003, False),
        ("+15550109002", "undelivered", 30006, False),
        ("+15550109003", "delivered", None, True),
        ("+15550109007", "sent", None, True),
        ("+15550109008", "undelivered", 30007, False),
        ("+15550109009", "sent", None, False),
        ("+15550109011", "undelivered", 30004, False),
        ("+15550109012", "undelivered", 30005, False),
        ("+15550109013", "undelivered", 30008, False),
    ],
)
def test_a_number_of_the_private_range_behaves_as_documented(
    sim: TwilioSimulator,
    client: Client,
    number: str,
    status: str,
    code: int | None,
    shown: bool,
) -> None:
    sid = client.messages.create(to=number, from_=OURS, body="Bill 4711").sid
    sim.admin.forward(OVER)
    message = client.messages(sid).fetch()
    assert (message.status, message.error_code) == (status, code)
    assert bool(sim.admin.phone(number).inbox()) is shown


def test_a_phone_switched_on_again_gets_the_next_text_but_not_the_lost_one(
    sim: TwilioSimulator, client: Client
) -> None:
    ann = sim.admin.phone(ANN)
    ann.turn_off()
    client.messages.create(to=ANN, from_=OURS, body="first")
    sim.admin.forward(OVER)
    ann.turn_on()
    client.messages.create(to=ANN, from_=OURS, body="second")
    sim.admin.forward(OVER)
    assert [text.body for text in ann.inbox()] == ["second"]


def test_a_slow_phone_gets_its_text_in_the_end(sim: TwilioSimulator, client: Client) -> None:
    ann = sim.admin.phone(ANN)
    ann.behave("slow")
    client.messages.create(to=ANN, from_=OURS, body="Bill 4711")
    sim.admin.forward(59)
    assert ann.inbox() == []
    sim.admin.forward(2)
    assert len(ann.inbox()) == 1


def test_any_final_state_and_code_can_be_asked_of_a_phone(
    sim: TwilioSimulator, client: Client
) -> None:
    sim.admin.phone(ANN).set(sms_outcome={"status": "failed", "code": 30034})
    sid = client.messages.create(to=ANN, from_=OURS, body="Bill 4711").sid
    sim.admin.forward(OVER)
    message = client.messages(sid).fetch()
    assert (message.status, message.error_code) == ("failed", 30034)


@pytest.mark.parametrize(
    ("field", "number", "code"),
    [
        ("from_", "+15005550001", 21212),
        ("from_", "+15005550007", 21606),
        ("from_", "+15005550008", 21611),
        ("from_", "+15550108888", 21606),
        ("to", "+15005550001", 21211),
        ("to", "+15005550002", 21612),
        ("to", "+15005550003", 21408),
        ("to", "+15005550004", 21610),
        ("to", "+15005550009", 21614),
    ],
)
def test_published_magic_numbers_are_refused_with_their_codes(
    client: Client, field: str, number: str, code: int
) -> None:
    error = _refusal(client, **{field: number})
    assert (error.status, error.code) == (400, code)


def test_the_published_sender_is_accepted(client: Client) -> None:
    assert client.messages.create(to=ANN, from_="+15005550006", body="hi").status == "queued"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": ""}, 21604),
        ({"from_": ""}, 21603),
        ({"body": ""}, 21602),
        ({"to": "5550100001"}, 21211),
        ({"to": "+1555<script>"}, 21211),
        ({"body": "x" * 1601}, 21617),
        ({"validity_period": "0"}, 21624),
        ({"validity_period": "36001"}, 21624),
        ({"validity_period": "soon"}, 21624),
        ({"status_callback": "not an address"}, 21609),
        ({"from_": "", "messaging_service_sid": "MG" + "0" * 32}, 21705),
        ({"send_at": "2030-01-01T00:00:00Z", "schedule_type": "fixed"}, 35118),
    ],
)
def test_a_bad_create_is_refused_with_twilios_code_and_accepted_nowhere(
    sim: TwilioSimulator, client: Client, fields: dict[str, str], code: int
) -> None:
    assert _refusal(client, **fields).code == code
    assert sim.admin.accepted() == []
    assert client.messages.list() == []


def test_a_body_of_exactly_the_limit_is_accepted(client: Client) -> None:
    assert client.messages.create(to=ANN, from_=OURS, body="x" * 1600).num_segments == "11"


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("a" * 160, "1"),
        ("a" * 161, "2"),
        ("a" * 306, "2"),
        ("a" * 307, "3"),
        ("€" * 80, "1"),
        ("€" * 81, "2"),
        ("ж" * 70, "1"),
        ("ж" * 71, "2"),
        ("ж" * 134, "2"),
        ("ж" * 135, "3"),
        ("\N{GRINNING FACE}" * 35, "1"),
        ("\N{GRINNING FACE}" * 36, "2"),
        ("\N{GRINNING FACE}" * 66, "2"),
        ("\N{GRINNING FACE}" * 67, "3"),
    ],
)
def test_segments_are_counted_as_carriers_do(client: Client, body: str, segments: str) -> None:
    assert client.messages.create(to=ANN, from_=OURS, body=body).num_segments == segments


def test_a_message_too_old_for_its_validity_dies_in_the_queue(
    sim: TwilioSimulator, client: Client
) -> None:
    sim.admin.settings(segments_per_second=0.01)
    try:
        client.messages.create(to=BEN, from_=OURS, body="holds up the queue")
        sid = client.messages.create(to=ANN, from_=OURS, body="late", validity_period=60).sid
        sim.admin.forward(120)
    finally:
        sim.admin.settings(segments_per_second=0)
    message = client.messages(sid).fetch()
    assert (message.status, message.error_code) == ("failed", 30036)
    assert sim.admin.phone(ANN).inbox() == []


def test_an_unknown_message_is_404_with_code_20404(client: Client) -> None:
    with pytest.raises(TwilioRestException) as caught:
        client.messages("SM" + "0" * 32).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


def test_a_body_can_be_redacted_and_a_record_deleted_once_it_is_on_no_way_any_more(
    sim: TwilioSimulator, client: Client
) -> None:
    sid = client.messages.create(to=ANN, from_=OURS, body="secret").sid
    for change in (lambda: client.messages(sid).update(body=""), client.messages(sid).delete):
        with pytest.raises(TwilioRestException) as refused:
            change()
        assert refused.value.code == 20009
    assert client.messages(sid).fetch().body == "secret"
    sim.admin.forward(60)
    assert client.messages(sid).update(body="").body == ""
    assert client.messages(sid).delete() is True
    with pytest.raises(TwilioRestException):
        client.messages(sid).fetch()


def test_a_scheduled_message_can_be_canceled_and_only_a_scheduled_one(
    sim: TwilioSimulator, client: Client
) -> None:
    later = sim.admin.now() + timedelta(seconds=400)
    scheduled = client.messages.create(
        to=ANN,
        messaging_service_sid=DEFAULT_SERVICE_SID,
        body="later",
        schedule_type="fixed",
        send_at=later,
    )
    assert scheduled.status == "scheduled"
    assert client.messages(scheduled.sid).update(status="canceled").status == "canceled"
    sim.admin.forward(500)
    assert client.messages(scheduled.sid).fetch().status == "canceled"
    sent = client.messages.create(to=ANN, from_=OURS, body="now")
    with pytest.raises(TwilioRestException) as caught:
        client.messages(sent.sid).update(status="canceled")
    assert caught.value.code == 30409


def test_a_reply_is_listed_as_an_inbound_message(sim: TwilioSimulator, client: Client) -> None:
    client.messages.create(to=ANN, from_=OURS, body="Reply 1 = seen")
    sim.admin.forward(OVER)
    sim.admin.phone(ANN).expect_sms("Reply", within=0).reply("1")
    replies = client.messages.list(to=OURS, from_=ANN)
    assert [(m.body, m.direction, m.status) for m in replies] == [("1", "inbound", "received")]


def test_stop_opts_out_until_start(sim: TwilioSimulator, client: Client) -> None:
    ann = sim.admin.phone(ANN)
    client.messages.create(to=ANN, from_=OURS, body="Bill 4711")
    sim.admin.forward(OVER)
    ann.reply(" stop ")
    assert _refusal(client).code == 21610
    assert _refusal(client, from_="", messaging_service_sid=DEFAULT_SERVICE_SID).code == 21610
    assert client.messages.create(to=BEN, from_=OURS, body="others go on").status == "queued"
    ann.reply("START")
    assert client.messages.create(to=ANN, from_=OURS, body="again").status == "queued"
