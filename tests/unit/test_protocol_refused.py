"""The provider says no at the door: not now, not this person, not this account."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ml_connector.domain.cases import StopReason
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.standstill import Pause
from ml_connector.usecases.posting import SendOutcome
from ml_connector.usecases.send import send
from tests.support.faults import Fault
from tests.support.phones import ANSWERS, SENDER_IS_BLOCKED
from tests.support.provider import Create
from tests.support.world import World


@pytest.fixture
def world() -> World:
    return World()


# ------------------------------------------------------------------------------- not now: 429
def test_a_429_waits_as_long_as_it_was_told_and_uses_no_attempt(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.BUSY, retry_after=120.0)
    assert world.send(dispatch.id) is SendOutcome.RETURNED
    stored = world.dispatch(dispatch.id)
    assert stored.state is DispatchState.WAITING
    assert stored.attempt == 1
    assert stored.due_at - world.clock.now() >= timedelta(seconds=120)
    assert world.kinds(dispatch)[-1] == "dispatch.returned"


def test_after_a_429_the_same_dispatch_is_sent_when_it_is_due(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.BUSY, times=3, retry_after=60.0)
    world.run(minutes=20)
    assert len(world.provider.log) == 1
    stored = world.dispatch(dispatch.id)
    assert stored.state is DispatchState.DELIVERED
    assert (stored.attempt, stored.returns) == (1, 3)


def test_the_waits_between_429s_grow(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.BUSY, times=6)
    waits: list[float] = []
    for _ in range(6):
        world.clock.forward_to(world.dispatch(dispatch.id).due_at)
        assert world.send(dispatch.id) is SendOutcome.RETURNED
        waits.append((world.dispatch(dispatch.id).due_at - world.clock.now()).total_seconds())
    for place, wait in enumerate(waits):
        assert 2.5 * 2**place <= wait <= 5 * 2**place


def test_after_a_long_outage_nobody_waits_longer_than_five_minutes(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.NOT_SENT, times=40)
    for _ in range(20):
        world.clock.forward_to(world.dispatch(dispatch.id).due_at)
        world.send(dispatch.id)
    stored = world.dispatch(dispatch.id)
    assert stored.returns == 20
    assert stored.due_at - world.clock.now() <= timedelta(seconds=300)


# -------------------------------------------------------------------- not sent: DNS, connect, TLS
def test_a_connection_that_failed_is_tried_again_at_once(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.NOT_SENT)
    assert world.send(dispatch.id) is SendOutcome.SENT
    assert world.provider.requests == 2
    assert len(world.provider.log) == 1


def test_two_failed_connections_give_the_dispatch_back(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.NOT_SENT, times=2)
    assert world.send(dispatch.id) is SendOutcome.RETURNED
    stored = world.dispatch(dispatch.id)
    assert stored.state is DispatchState.WAITING
    assert stored.attempt == 1
    world.run(minutes=5)
    assert len(world.provider.log) == 1


def test_a_second_try_whose_answer_is_lost_is_unknown(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.NOT_SENT)
    world.provider.answer_next(Create.LOST_REPLY)
    assert world.send(dispatch.id) is SendOutcome.UNKNOWN
    assert world.dispatch(dispatch.id).state is DispatchState.UNKNOWN


def test_no_second_try_begins_later_than_five_seconds_after_the_claim(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.NOT_SENT)
    world.faults.race = lambda: world.clock.forward(seconds=5.1)
    world.faults.arrange("post", Fault.RACE)
    assert world.send(dispatch.id) is SendOutcome.RETURNED
    assert world.provider.requests == 1


def test_no_request_begins_with_less_time_left_than_it_may_take(world: World) -> None:
    dispatch = world.open()
    world.faults.race = lambda: world.clock.forward(seconds=4)
    world.faults.arrange("commit dispatch.claimed", Fault.RACE)
    assert send(dispatch.id, world.ports, world.clock.ahead(18)) is SendOutcome.RETURNED
    assert world.provider.requests == 0


def test_an_answer_that_comes_after_the_claim_was_given_up_changes_nothing(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.BUSY)

    def long_after() -> None:
        world.clock.forward(seconds=46)
        world.check()

    world.faults.race = long_after
    world.faults.arrange("post", Fault.RACE)
    assert world.send_or_raise(dispatch.id) is SendOutcome.RETURNED
    assert world.dispatch(dispatch.id).state is DispatchState.UNKNOWN


# -------------------------------------------------------------------------- not this person
def test_a_number_the_provider_refuses_stops_the_alert_and_says_so(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.REJECTED, error_code=21211)
    assert world.send(dispatch.id) is SendOutcome.REFUSED
    assert world.dispatch(dispatch.id).state is DispatchState.FAILED
    assert world.dispatch(dispatch.id).error_code == 21211
    assert world.alert(dispatch).stop_reason is StopReason.UNREACHABLE
    assert world.kinds(dispatch)[-1] == "dispatch.refused"
    assert world.telemetry.said("alert_failed", "error")
    world.run(hours=1)
    assert world.provider.requests == 1


def test_a_number_the_provider_refuses_takes_nothing_from_the_companys_day(world: World) -> None:
    world.provider.phone(world.ann.number).refuses_with = 21211
    for bill in range(5):
        world.send(world.open(str(4711 + bill)).id)
    counters = world.tables.counters.items()
    assert {used for name, used in counters if name.startswith(("sms#", "cap#"))} == {0}


def test_a_person_who_replied_stop_is_noted_as_opted_out(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.REJECTED, error_code=21610)
    world.send(dispatch.id)
    assert world.alert(dispatch).stop_reason is StopReason.OPTED_OUT


def test_a_refusal_that_cannot_be_written_is_settled_by_the_lists(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.REJECTED, times=2, error_code=21211)
    world.faults.arrange("commit dispatch.refused", *[Fault.THROTTLED] * 200)
    assert world.send(dispatch.id) is None
    assert world.dispatch(dispatch.id).state is DispatchState.SENDING
    world.faults.calm()
    world.run(minutes=20)
    assert world.dispatch(dispatch.id).state is DispatchState.NOT_SENT
    assert world.newest().state is DispatchState.FAILED
    assert world.provider.log == []


# -------------------------------------------------------------------------- not this account
def test_a_blocked_account_stops_the_company_and_burns_nothing(world: World) -> None:
    first = world.open("4711")
    second = world.open("4712")
    world.provider.answer_next(Create.BLOCKED, error_code=20003)
    assert world.send(first.id) is SendOutcome.RETURNED
    assert world.send(second.id) is SendOutcome.DEFERRED
    assert world.provider.requests == 1
    assert world.dispatch(first.id).attempt == world.dispatch(second.id).attempt == 1
    (line,) = world.telemetry.said("sends_blocked", "error")
    assert line.fields["provider_code"] == 20003
    assert world.telemetry.metrics["SendsBlocked"] == 1


def test_when_the_operator_has_acted_everything_is_sent(world: World) -> None:
    world.open("4711")
    world.open("4712")
    world.provider.answer_next(Create.BLOCKED, times=3, error_code=20003)
    world.run(hours=2)
    bodies = world.ann.inbox(world.clock.now())
    assert sorted("4711" in body for body in bodies) == [False, True]
    assert {d.attempt for d in world.dispatches()} == {1}


def test_a_pause_that_cannot_be_written_keeps_no_dispatch_claimed(world: World) -> None:
    dispatch = world.open()
    world.provider.answer_next(Create.BLOCKED, error_code=20003)
    world.faults.arrange("pause", Fault.THROTTLED)
    assert world.send(dispatch.id) is SendOutcome.RETURNED
    assert world.dispatch(dispatch.id).state is DispatchState.WAITING
    assert world.telemetry.said("pause_not_recorded")


def test_a_company_that_is_stopped_is_silent_about_what_was_handled(world: World) -> None:
    dispatch = world.open()
    pause = Pause(world.clock.now() + timedelta(hours=1), "a test")
    world.ports.alerts.pause("acme", pause)
    world.ledger.approve("4711")
    world.clock.forward(minutes=2)
    world.poll()
    assert world.send(dispatch.id) is SendOutcome.SUPPRESSED


def test_a_sender_blocked_after_accepting_stops_the_company_and_uses_no_attempt(
    world: World,
) -> None:
    dispatch = world.open()
    world.ann.life = SENDER_IS_BLOCKED
    world.run(minutes=2)
    assert world.dispatch(dispatch.id).state is DispatchState.FAILED
    follower = world.newest()
    assert follower.attempt == 1
    assert world.tables.pauses["acme", "sms"].until > world.clock.now()
    assert world.telemetry.said("sends_blocked", "error")
    world.ann.life = ANSWERS
    world.run(hours=1)
    assert world.newest().state is DispatchState.DELIVERED


def test_tries_at_a_blocked_account_become_rarer(world: World) -> None:
    world.ann.life = SENDER_IS_BLOCKED
    world.open()
    world.run(hours=24)
    assert 24 < len(world.provider.log) < 100
