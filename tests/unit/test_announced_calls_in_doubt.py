"""Calls that carry nothing of ours: what became of one is known before the next one is placed."""

from __future__ import annotations

import pytest

from ml_connector.domain.dispatches import DispatchState
from ml_connector.usecases.lines import IN_DOUBT
from ml_connector.usecases.posting import SendOutcome
from tests.support.bundling import flow
from tests.support.faults import Fault
from tests.support.provider import Create
from tests.support.world import World, number

ANN, BOB = number(1), number(2)


def announcing() -> World:
    """Ann is called about everything, and no flow is published."""
    world = World(flow=flow({"voice": {"to": "approver"}}))
    world.calls.confirms = False
    world.approver("ann", ANN, channels=("voice",))
    world.baseline()
    return world


def said(world: World) -> list[str]:
    """Who was named in each call that was ever accepted."""
    vendors = ("Baker Steel", "Acme Paper")
    return sorted(v for call in world.calls.log for v in vendors if v in call.request.text)


def two_bills(world: World, first: str = "4711", second: str = "4712") -> None:
    world.ledger.submit(first, vendor="Baker Steel")
    world.ledger.submit(second, vendor="Acme Paper")


@pytest.mark.parametrize(
    "answers",
    [
        (Create.LOST_REQUEST, Create.LOST_REPLY),
        (Create.LOST_REPLY, Create.LOST_REQUEST),
        (Create.LOST_REPLY, Create.LOST_REPLY),
        (Create.LOST_REQUEST, Create.LOST_REQUEST),
    ],
)
@pytest.mark.parametrize("bills", [("4711", "4712"), ("77", "78")])
def test_of_two_calls_without_an_answer_each_bill_is_said_once(
    answers: tuple[Create, Create], bills: tuple[str, str]
) -> None:
    world = announcing()
    two_bills(world, *bills)
    for answer in answers:
        world.calls.answer_next(answer)
    world.run(minutes=30)
    assert said(world) == ["Acme Paper", "Baker Steel"]
    assert world.telemetry.metrics["DuplicatesFound"] == 0
    assert world.broken_chains() == []


def test_the_next_call_waits_until_it_is_known_what_became_of_the_one_before() -> None:
    world = announcing()
    first, second = world.open("4711"), world.open("4712")
    world.calls.answer_next(Create.LOST_REPLY)
    assert world.send(first.id) is SendOutcome.UNKNOWN
    assert world.send(second.id) is SendOutcome.DEFERRED
    stored = world.dispatch(second.id)
    assert (stored.state, stored.reason, stored.attempt) == (DispatchState.WAITING, IN_DOUBT, 1)
    world.check()
    assert world.dispatch(first.id).sid == world.calls.log[0].sid
    world.clock.forward(minutes=1)
    assert world.send(second.id) is SendOutcome.SENT


def test_where_a_claim_died_before_its_call_the_next_one_is_placed_once_that_is_certain() -> None:
    world = announcing()
    first, second = world.open("4711"), world.open("4712")
    world.faults.arrange("post", Fault.KILLED_BEFORE)
    world.send(first.id)
    assert world.send(second.id) is SendOutcome.DEFERRED
    world.run(minutes=20)
    assert len(world.calls.log) == 2
    assert world.dispatch(second.id).sid


def test_of_two_claims_at_once_for_one_number_one_waits() -> None:
    world = announcing()
    first, second = world.open("4711"), world.open("4712")
    others: list[SendOutcome] = []
    world.calls.answer_next(Create.LOST_REPLY)
    world.faults.race = lambda: others.append(world.send_or_raise(first.id))
    world.faults.arrange("commit dispatch.claimed", Fault.RACE)
    assert world.send(second.id) is SendOutcome.DEFERRED
    assert others == [SendOutcome.UNKNOWN]
    assert len(world.calls.log) == 1


def test_calls_to_other_numbers_wait_for_nobody() -> None:
    world = announcing()
    first, second = world.open("4711"), world.open("4712")
    world.calls.answer_next(Create.LOST_REPLY)
    world.send(first.id)
    world.change_approver("ann", phone=BOB)
    assert world.send(second.id) is SendOutcome.SENT


def test_a_call_that_was_never_sent_keeps_nobody_waiting() -> None:
    world = announcing()
    first, second = world.open("4711"), world.open("4712")
    world.calls.answer_next(Create.BUSY)
    assert world.send(first.id) is SendOutcome.RETURNED
    assert world.send(second.id) is SendOutcome.SENT
    world.clock.forward(minutes=1)
    assert world.send(first.id) is SendOutcome.SENT


def test_calls_that_carry_our_id_need_no_turn() -> None:
    world = announcing()
    world.calls.confirms = True
    world.open("4711")
    world.run(minutes=2)
    assert len(world.calls.log) == 1
    assert world.tables.lines == {}
