"""Calls with inline TwiML against the simulated Twilio, through the official client."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from sandbox.twilio.admin import NotSeen, SandboxError
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.twilio_simulator.example import ANN, OURS

if TYPE_CHECKING:
    from twilio.rest.api.v2010.account.call import CallInstance

SAY = "<Response><Say>Bill 4711 waits.</Say></Response>"
ACTION = "https://handler.twilio.com/twiml/EH" + "0" * 32
GATHER = (
    f'<Response><Gather numDigits="1" timeout="4" action="{ACTION}"><Say>Press 1.</Say></Gather>'
    "<Say>No key.</Say></Response>"
)


def _call(client: Client, to: str = ANN, twiml: str = SAY, **options: object) -> CallInstance:
    return client.calls.create(to=to, from_=OURS, twiml=twiml, **options)


def test_a_call_is_queued_rings_is_answered_and_ends_after_the_last_word(
    sim: TwilioSimulator, client: Client
) -> None:
    created = _call(client)
    assert (created.status, created.start_time, created.duration) == ("queued", None, None)
    seen = [created.status]
    for _ in range(25):
        sim.admin.forward(0.1)
        status = client.calls(created.sid).fetch().status
        if status != seen[-1]:
            seen.append(status)
    assert seen == ["queued", "ringing", "in-progress", "completed"]
    heard = sim.admin.phone(ANN).expect_call("4711", within=0)
    assert (heard.sid, heard.answered, heard.heard) == (created.sid, True, ("Bill 4711 waits.",))


def test_a_finished_call_has_duration_and_later_a_price_as_strings(
    sim: TwilioSimulator, client: Client
) -> None:
    sid = _call(client, twiml='<Response><Pause length="75"/></Response>').sid
    sim.admin.forward(77)
    call = client.calls(sid).fetch()
    assert (call.status, call.duration, call.price) == ("completed", "75", None)
    assert call.start_time is not None
    assert call.end_time - call.start_time >= timedelta(seconds=75)
    sim.admin.forward(5)
    assert client.calls(sid).fetch().price == "-0.02800"


@pytest.mark.parametrize(
    ("number", "status", "answered_by"),
    [
        ("+15550109001", "no-answer", None),
        ("+15550109003", "completed", "machine_start"),
        ("+15550109004", "busy", None),
        ("+15550109005", "no-answer", None),
        ("+15550109009", "no-answer", None),
        ("+15550109014", "failed", None),
        (ANN, "completed", "human"),
    ],
)
def test_a_call_ends_as_the_phone_behaves(
    sim: TwilioSimulator, client: Client, number: str, status: str, answered_by: str | None
) -> None:
    sid = _call(client, to=number, machine_detection="Enable", timeout=20).sid
    sim.admin.forward(30)
    call = client.calls(sid).fetch()
    assert (call.status, call.answered_by) == (status, answered_by)


def test_a_slow_phone_is_answered_when_the_caller_waits_long_enough(
    sim: TwilioSimulator, client: Client
) -> None:
    sid = _call(client, to="+15550109009", timeout=120).sid
    sim.admin.forward(70)
    assert client.calls(sid).fetch().status == "completed"


def test_without_detection_nobody_says_who_answered(sim: TwilioSimulator, client: Client) -> None:
    sid = _call(client, to="+15550109003").sid
    sim.admin.forward(10)
    assert client.calls(sid).fetch().answered_by is None


def test_a_callee_may_hang_up_after_a_second(sim: TwilioSimulator, client: Client) -> None:
    sid = _call(client, to="+15550109006", twiml=GATHER).sid
    sim.admin.forward(10)
    call = client.calls(sid).fetch()
    assert (call.status, call.duration) == ("completed", "1")
    assert sim.admin.phone("+15550109006").expect_call(within=0).pressed == ()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": "+15005550001"}, 21217),
        ({"to": "+15005550002"}, 21214),
        ({"to": "+15005550003"}, 21215),
        ({"to": "+15005550004"}, 21216),
        ({"to": "12"}, 21211),
        ({"to": ""}, 21201),
        ({"from_": ""}, 21213),
        ({"from_": "+15005550001"}, 21212),
        ({"from_": "+15550108888"}, 21210),
        ({"twiml": ""}, 21205),
        ({"timeout": "601"}, 20001),
        ({"twiml": "x" * 4001}, 20001),
    ],
)
def test_a_bad_call_is_refused_with_twilios_code(
    sim: TwilioSimulator, client: Client, fields: dict[str, str], code: int
) -> None:
    with pytest.raises(TwilioRestException) as caught:
        client.calls.create(**{"to": ANN, "from_": OURS, "twiml": SAY, **fields})
    assert caught.value.code == code
    assert sim.admin.accepted() == []


def test_one_call_a_second_is_dialled_and_the_rest_wait(
    sim: TwilioSimulator, client: Client
) -> None:
    numbers = [f"+1555010020{index}" for index in range(4)]
    sids = [_call(client, to=number).sid for number in numbers]
    sim.admin.forward(1.3)
    statuses = [client.calls(sid).fetch().status for sid in sids]
    assert statuses == ["in-progress", "ringing", "queued", "queued"]
    sim.admin.forward(2)
    times = [client.calls(sid).fetch().queue_time for sid in sids]
    assert times == ["200", "1200", "2200", "3200"]


def test_calls_can_be_let_out_at_any_rate(sim: TwilioSimulator, client: Client) -> None:
    sim.admin.settings(calls_per_second=0)
    try:
        sids = [_call(client, to=f"+1555010020{index}").sid for index in range(3)]
        sim.admin.forward(0.3)
    finally:
        sim.admin.settings(calls_per_second=1)
    assert {client.calls(sid).fetch().status for sid in sids} == {"ringing"}


@pytest.mark.parametrize("before", [0.0, 0.5])
def test_a_call_can_be_cancelled_before_it_is_answered(
    sim: TwilioSimulator, client: Client, before: float
) -> None:
    sid = _call(client).sid
    sim.admin.forward(before)
    assert client.calls(sid).update(status="canceled").status == "canceled"
    sim.admin.forward(10)
    assert client.calls(sid).fetch().status == "canceled"
    assert not any(call.answered for call in sim.admin.phone(ANN).calls())


def test_a_call_in_progress_can_be_hung_up_but_not_cancelled(
    sim: TwilioSimulator, client: Client
) -> None:
    sid = _call(client, twiml='<Response><Pause length="60"/></Response>').sid
    sim.admin.forward(2)
    with pytest.raises(TwilioRestException) as caught:
        client.calls(sid).update(status="canceled")
    assert caught.value.code == 21220
    assert client.calls(sid).update(status="completed").status == "completed"
    with pytest.raises(TwilioRestException):
        client.calls(sid).update(status="completed")


def test_a_call_in_progress_can_be_given_other_words(sim: TwilioSimulator, client: Client) -> None:
    sid = _call(client, twiml='<Response><Pause length="60"/><Say>never</Say></Response>').sid
    sim.admin.forward(2)
    client.calls(sid).update(twiml=SAY)
    sim.admin.forward(90)
    assert sim.admin.phone(ANN).expect_call("4711", within=0).heard == ("Bill 4711 waits.",)


def test_the_verbs_are_run_in_order(sim: TwilioSimulator, client: Client) -> None:
    twiml = '<Response><Say loop="2">A &amp; B</Say><Hangup/><Say>never</Say></Response>'
    _call(client, twiml=twiml)
    sim.admin.forward(10)
    assert sim.admin.phone(ANN).expect_call(within=0).heard == ("A & B", "A & B")


@pytest.mark.parametrize(
    "twiml",
    [
        "<Response><Say>",
        "<Say>no response</Say>",
        "<Response><Dial>+15550100002</Dial></Response>",
        '<Response><Pause length="long"/></Response>',
        '<!DOCTYPE r [<!ENTITY e "x">]><Response><Say>&e;</Say></Response>',
    ],
)
def test_twiml_that_cannot_be_run_is_apologised_for(
    sim: TwilioSimulator, client: Client, twiml: str
) -> None:
    _call(client, twiml=twiml)
    sim.admin.forward(10)
    sim.admin.phone(ANN).expect_call("application error", within=0)


def test_digits_for_an_action_address_show_in_the_events_a_quarter_of_an_hour_later(
    sim: TwilioSimulator, client: Client
) -> None:
    sim.admin.phone(ANN).will_press("1")
    sid = _call(client, twiml=GATHER).sid
    sim.admin.forward(10)
    assert client.calls(sid).events.list() == []
    sim.admin.forward(901)
    newest, oldest = client.calls(sid).events.list()
    assert newest.request["url"] == ACTION
    assert newest.request["parameters"]["digits"] == "1"
    assert oldest.request["parameters"]["to"] == ANN
    assert oldest.response["response_code"] == 201
    assert sim.admin.phone(ANN).expect_call(within=0).heard == ("Press 1.",)


def test_without_a_key_the_next_verb_runs(sim: TwilioSimulator, client: Client) -> None:
    _call(client, twiml=GATHER)
    sim.admin.forward(10)
    heard = sim.admin.phone(ANN).expect_call("No key", within=0)
    assert heard.heard == ("Press 1.", "No key.")


def test_a_key_can_be_pressed_by_hand_while_a_prompt_listens(
    sim: TwilioSimulator, client: Client
) -> None:
    ann = sim.admin.phone(ANN)
    with pytest.raises(SandboxError, match="is in no call"):
        ann.press("1")
    _call(client, twiml=GATHER)
    sim.admin.forward(2)
    ann.press("1")
    assert ann.expect_call(within=0).pressed == ("1",)


def test_a_phone_can_hang_up_by_hand(sim: TwilioSimulator, client: Client) -> None:
    ann = sim.admin.phone(ANN)
    sid = _call(client, twiml=GATHER).sid
    sim.admin.forward(2)
    ann.hang_up()
    assert client.calls(sid).fetch().status == "completed"


def test_a_call_that_is_not_over_is_not_yet_a_call_to_expect(
    sim: TwilioSimulator, client: Client
) -> None:
    _call(client, twiml=GATHER)
    sim.admin.forward(2)
    with pytest.raises(NotSeen):
        sim.admin.phone(ANN).expect_call(within=0)


def test_calls_are_listed_newest_first_and_by_status_recipient_and_start(
    sim: TwilioSimulator, client: Client
) -> None:
    busy = _call(client, to="+15550109004").sid
    sim.admin.forward(10)
    done = _call(client).sid
    sim.admin.forward(10)
    waiting = _call(client).sid
    assert [call.sid for call in client.calls.list()] == [waiting, done, busy]
    assert [call.sid for call in client.calls.list(status="completed")] == [done]
    assert [call.sid for call in client.calls.list(to=ANN)] == [waiting, done]
    since = sim.admin.now() - timedelta(seconds=12)
    assert [call.sid for call in client.calls.list(start_time_after=since)] == [done]
    assert [call.sid for call in client.calls.list(page_size=1)] == [waiting, done, busy]


def test_a_call_can_be_listed_late(sim: TwilioSimulator, client: Client) -> None:
    sim.admin.fault("list_delay", endpoint="calls.create", seconds=60)
    sid = _call(client).sid
    assert client.calls.list() == []
    assert client.calls(sid).fetch().sid == sid
    sim.admin.forward(61)
    assert [call.sid for call in client.calls.list()] == [sid]


def test_a_call_has_no_notifications_and_can_be_deleted_once_it_is_over(
    sim: TwilioSimulator, client: Client
) -> None:
    sid = _call(client).sid
    assert client.calls(sid).notifications.list() == []
    with pytest.raises(TwilioRestException) as refused:
        client.calls(sid).delete()
    assert refused.value.code == 20009
    sim.admin.forward(600)
    assert client.calls(sid).delete() is True
    with pytest.raises(TwilioRestException):
        client.calls(sid).fetch()


def test_an_address_nobody_asks_is_apologised_for(sim: TwilioSimulator, client: Client) -> None:
    client.calls.create(to=ANN, from_=OURS, url="https://example.com/twiml")
    sim.admin.forward(10)
    sim.admin.phone(ANN).expect_call("application error", within=0)
