"""Twilio refuses texts, or calls, or the account: who waits, and who is told another way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from ml_connector.domain.cases import StopReason
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.standstill import Pause
from ml_connector.usecases.posting import SendOutcome
from tests.support.faults import Fault
from tests.support.phones import ANSWERS, SENDER_IS_BLOCKED
from tests.support.provider import Create
from tests.support.world import COMPANIES, COMPANY, World, number

ALWAYS = 100_000
NO_SUCH_FLOW, SUSPENDED = 20404, 20005
LARGE, SMALL = "20000.00", "500.00"

FLOW: Mapping[str, Any] = {
    "schema": 1,
    "companies": COMPANIES,
    "default_approver": "bob",
    "rules": [
        {
            "name": "large bills are called",
            "on": ["bill.submitted"],
            "when": {"amount": {"currency": "USD", "at_least": "10000"}},
            "approver": "ann",
            "notify": [{"voice": {"to": "approver", "confirm": True}}],
        },
        {
            "name": "the others are texted",
            "on": ["bill.submitted"],
            "approver": "bob",
            "notify": [{"sms": {"to": "approver"}}],
        },
    ],
}


@pytest.fixture
def world() -> World:
    """Large bills are Ann's, who is called; the others are Bob's, who is texted."""
    world = World(flow=FLOW)
    world.approver("ann", number(1), channels=("sms", "voice"))
    world.approver("bob", number(2))
    return world


def no_calls(world: World, code: int = NO_SUCH_FLOW) -> None:
    world.calls.answer_next(Create.BLOCKED, times=ALWAYS, error_code=code)


def ordinary_again(world: World) -> None:
    world.calls._answers.clear()
    world.provider._answers.clear()


def minutes_until_sent(dispatch: Dispatch) -> float:
    assert dispatch.sent_at
    return (dispatch.sent_at - dispatch.created_at) / timedelta(minutes=1)


# --------------------------------------------------------------------------- channel and account
def test_texts_go_out_while_only_calls_are_refused(world: World) -> None:
    world.baseline()
    no_calls(world)
    for bill in range(5):
        world.ledger.submit(str(100 + bill), amount=LARGE)
    for bill in range(6):
        world.ledger.submit(str(200 + bill), amount=SMALL)
        world.run(minutes=7)
    texts = [one for one in world.dispatches() if one.recipient == "bob"]
    assert len(texts) == 6
    assert max(minutes_until_sent(one) for one in texts) <= 2
    said = world.telemetry.said("sends_blocked", "error")
    assert {line.fields["channel"] for line in said} == {"voice"}


def test_a_refused_account_stops_texts_and_calls(world: World) -> None:
    text = world.open("4711", amount=SMALL)
    call = world.open("4712", amount=LARGE)
    world.provider.answer_next(Create.BLOCKED, error_code=SUSPENDED)
    assert world.send(text.id) is SendOutcome.RETURNED
    assert world.send(call.id) is SendOutcome.DEFERRED
    assert world.calls.requests == 0
    (line,) = world.telemetry.said("sends_blocked", "error")
    assert line.fields["channel"] == "all"
    assert world.dispatch(call.id).reason == "sends of the company are stopped"


def test_what_waits_says_which_channel_it_waits_for(world: World) -> None:
    first, second = world.open("4711", amount=LARGE), world.open("4712", amount=LARGE)
    no_calls(world)
    world.send(first.id)
    world.send(second.id)
    assert world.dispatch(second.id).reason == "calls of the company are stopped"


# --------------------------------------------------------------------------------- told elsewhere
def test_where_calls_are_refused_for_long_the_person_is_texted(world: World) -> None:
    call = world.open("4711", amount=LARGE)
    no_calls(world)
    world.run(minutes=50)
    assert world.provider.log == []
    assert world.dispatch(call.id).state is DispatchState.WAITING
    world.run(minutes=25)
    (text,) = world.provider.log
    assert text.to == number(1)
    assert world.alert(call).stop_reason is StopReason.UNREACHABLE
    assert world.dispatch(call.id).state is DispatchState.FAILED
    assert {used for name, used in world.tables.counters.items() if "voice#" in name} == {0}
    assert world.broken_chains() == []


def test_after_that_a_new_call_is_a_text_at_once_and_calls_are_tried_on(world: World) -> None:
    world.open("4711", amount=LARGE)
    no_calls(world)
    world.run(hours=2)
    for bill in range(3):
        new = world.open(str(4712 + bill), amount=LARGE)
        world.run(minutes=9)
        assert world.alert(new).stop_reason is StopReason.UNREACHABLE
    assert len(world.provider.log) == 4
    tried = world.calls.requests
    ordinary_again(world)
    call = world.open("4720", amount=LARGE)
    world.run(minutes=10)
    assert world.calls.requests > tried
    assert world.dispatch(call.id).state is DispatchState.CONFIRMED


def test_who_takes_no_texts_leaves_it_to_the_next_person(world: World) -> None:
    world.change_approver("ann", channels=("voice",))
    world.open("4711", amount=LARGE)
    no_calls(world)
    world.run(hours=2)
    assert [text.to for text in world.provider.log] == [number(2)]


def test_where_nobody_takes_texts_the_call_waits_until_it_is_mended(world: World) -> None:
    for who in ("ann", "bob"):
        world.change_approver(who, channels=("voice",))
    call = world.open("4711", amount=LARGE)
    no_calls(world)
    world.run(hours=8)
    assert world.alert(call).stop_reason is None
    ordinary_again(world)
    world.run(minutes=10)
    assert world.dispatch(call.id).state is DispatchState.CONFIRMED


def test_a_refused_account_is_no_reason_to_tell_people_another_way(world: World) -> None:
    call = world.open("4711", amount=LARGE)
    no_calls(world, SUSPENDED)
    world.provider.answer_next(Create.BLOCKED, times=ALWAYS, error_code=SUSPENDED)
    world.run(hours=8)
    assert world.alert(call).stop_reason is None
    ordinary_again(world)
    world.run(minutes=10)
    assert world.dispatch(call.id).state is DispatchState.CONFIRMED
    assert world.provider.log == []


def test_where_texts_are_refused_too_nobody_is_handed_on(world: World) -> None:
    world.open("4710", amount=SMALL)
    call = world.open("4711", amount=LARGE)
    no_calls(world)
    world.provider.answer_next(Create.BLOCKED, times=ALWAYS, error_code=21606)
    world.run(hours=8)
    assert world.alert(call).stop_reason is None


# ---------------------------------------------------------------------------------- one goes first
@pytest.mark.parametrize(("bills", "hours"), [(1, 8), (4, 8), (10, 20)])
def test_refused_after_acceptance_one_text_at_a_time_finds_out_however_many_wait(
    bills: int, hours: int
) -> None:
    world = World()
    world.baseline()
    world.ann.life = SENDER_IS_BLOCKED
    for bill in range(bills):
        world.ledger.submit(str(4711 + bill))
    world.run(hours=hours)
    assert len(world.provider.log) <= bills + 12 + 4 * hours
    world.ann.life = ANSWERS
    mended = world.clock.now()
    world.run(hours=1)
    arrived = [x.accepted_at for x in world.provider.log if x.arrived(world.clock.now())]
    assert len(arrived) == bills
    assert max(arrived) - mended <= timedelta(minutes=30)
    assert {one.attempt for one in world.dispatches()} == {1}


def test_what_was_refused_after_acceptance_is_taken_off_the_persons_windows(world: World) -> None:
    world.provider.phone(number(2)).life = SENDER_IS_BLOCKED
    world.open("4711", amount=SMALL)
    world.run(minutes=4)
    assert len(world.provider.log) == 1
    assert world.newest().attempt == 1
    counters = world.tables.counters.items()
    counted = {name: used for name, used in counters if name.startswith(("sms#", "cap#"))}
    assert counted
    assert set(counted.values()) == {0}


def over(world: World, **more: Any) -> Pause:
    """Texts were refused until a moment ago."""
    now = world.clock.now()
    pause = Pause(now, "not registered", "sms", now - timedelta(minutes=5), **more)
    world.ports.alerts.pause(COMPANY, pause)
    return pause


def test_when_a_pause_is_over_one_goes_and_the_others_wait_for_it(world: World) -> None:
    first, second = world.open("4711", amount=SMALL), world.open("4712", amount=SMALL)
    over(world)
    assert world.send(first.id) is SendOutcome.SENT
    assert world.send(second.id) is SendOutcome.DEFERRED
    world.clock.forward_to(world.dispatch(second.id).due_at)
    assert world.send(second.id) is SendOutcome.SENT
    assert world.tables.pauses[COMPANY, "sms"].since is None


def test_who_may_not_be_disturbed_now_does_not_go_first(world: World) -> None:
    world.change_approver("bob", quiet_hours="00:00-23:59", zone="UTC")
    world.change_approver("ann", channels=("sms",))
    quiet, other = world.open("4711", amount=SMALL), world.open("4712", amount=LARGE)
    pause = over(world)
    assert world.send(quiet.id) is SendOutcome.DEFERRED
    assert world.tables.pauses[COMPANY, "sms"] == pause
    assert world.send(other.id) is SendOutcome.SENT


def test_where_the_first_dies_before_it_sends_another_goes(world: World) -> None:
    first, second = world.open("4711", amount=SMALL), world.open("4712", amount=SMALL)
    over(world)
    world.faults.arrange("commit dispatch.claimed", Fault.KILLED_BEFORE)
    assert world.send(first.id) is None
    assert world.send(second.id) is SendOutcome.DEFERRED
    world.clock.forward_to(world.dispatch(second.id).due_at)
    assert world.send(second.id) is SendOutcome.SENT


def test_a_pause_of_the_version_before_is_over_when_its_time_is(world: World) -> None:
    first, second = world.open("4711", amount=SMALL), world.open("4712", amount=SMALL)
    world.ports.alerts.pause(COMPANY, Pause(world.clock.now(), "not registered"))
    assert world.send(first.id) is SendOutcome.SENT
    assert world.send(second.id) is SendOutcome.SENT
