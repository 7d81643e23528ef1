"""A reply that says seen: whose, which bill it is about, and what it does not do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ml_connector.domain.cases import CaseState
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.phone import fingerprint
from ml_connector.domain.replies import REFERENCE_LIFE
from ml_connector.usecases.replies import Effect
from tests.support.faults import Fault
from tests.support.replying import ANN, BEN, STRANGER, look, read, texted
from tests.support.world import DEFAULT_FLOW, World, number

TEXT = {"sms": {"to": "approver"}}
CALL_LATER = {"voice": {"to": "approver", "after": 3600, "unless": "confirmed", "confirm": True}}


def flow(*notify: Mapping[str, Any], **rule: Any) -> dict[str, Any]:
    """One rule for every bill, with these steps."""
    every = {"name": "everything", "on": ["bill.submitted"], "notify": list(notify), **rule}
    return {**DEFAULT_FLOW, "rules": [every]}


@pytest.fixture
def world() -> World:
    return World()


def test_a_1_acknowledges_the_bill_and_the_audit_says_who_and_how(world: World) -> None:
    dispatch = texted(world)
    sid = world.inbox.receive(ANN, "1")
    assert read(world).effects == {Effect.ACKNOWLEDGED: 1}
    assert world.case(dispatch).state is CaseState.ACKNOWLEDGED
    entry = world.entries(dispatch)[-1]
    assert entry.kind == "case.acknowledged"
    assert entry.data == {
        "approver": "ann",
        "dispatch": dispatch.id,
        "how": "reply",
        "number": fingerprint("salt of ann", ANN),
        "sid": sid,
        "state": "acknowledged",
    }
    assert world.broken_chains() == []
    assert world.telemetry.said("alert_acknowledged")


def test_the_status_check_reads_replies_by_itself(world: World) -> None:
    dispatch = texted(world)
    world.inbox.receive(ANN, "1")
    world.clock.forward(minutes=1)
    report = world.check()
    assert report
    assert report.replies == 1
    assert world.case(dispatch).state is CaseState.ACKNOWLEDGED


def test_a_reference_acknowledges_its_bill_and_no_other(world: World) -> None:
    first, second = texted(world, "1"), texted(world, "2")
    world.inbox.receive(ANN, f"1 {first.reference.lower()}")
    read(world)
    assert world.case(first).state is CaseState.ACKNOWLEDGED
    assert world.entries(first)[-1].data["how"] == "reply with reference"
    assert world.case(second).state is CaseState.OPEN


def test_a_bare_1_is_about_the_newest_text_that_had_come_by_then(world: World) -> None:
    first, second = texted(world, "1"), texted(world, "2")
    world.inbox.receive(ANN, "1")
    world.clock.forward(seconds=2)
    third = world.open("3")
    world.drain()
    read(world)
    assert [world.case(x).state for x in (first, second, third)] == [
        CaseState.OPEN,
        CaseState.ACKNOWLEDGED,
        CaseState.OPEN,
    ]


def test_a_bare_1_is_about_the_newest_bill_that_still_waits(world: World) -> None:
    first, second = texted(world, "1"), texted(world, "2")
    world.ledger.approve("2")
    world.clock.forward(minutes=2)
    world.poll()
    world.inbox.receive(ANN, "1")
    read(world)
    assert world.case(first).state is CaseState.ACKNOWLEDGED
    assert world.case(second).state is CaseState.HANDLED


def test_a_second_1_acknowledges_no_older_bill(world: World) -> None:
    first, second = texted(world, "1"), texted(world, "2")
    for _ in range(2):
        world.inbox.receive(ANN, "1")
        read(world)
    assert world.case(first).state is CaseState.OPEN
    assert world.case(second).state is CaseState.ACKNOWLEDGED


def test_where_a_call_is_planned_only_the_reference_acknowledges() -> None:
    world = World(flow=flow(TEXT, CALL_LATER))
    dispatch = texted(world)
    world.inbox.receive(ANN, "1")
    assert read(world).effects == {Effect.UNKNOWN: 1}
    assert world.case(dispatch).state is CaseState.OPEN
    world.inbox.receive(ANN, dispatch.reference)
    assert read(world).effects == {Effect.ACKNOWLEDGED: 1}
    assert world.case(dispatch).state is CaseState.ACKNOWLEDGED


def test_where_the_rule_says_so_a_reply_confirms() -> None:
    world = World(flow=flow(TEXT, reply_confirms=True))
    dispatch = texted(world)
    world.inbox.receive(ANN, "1")
    read(world)
    assert world.case(dispatch).state is CaseState.CONFIRMED
    assert world.kinds(dispatch)[-1] == "case.confirmed"


def test_seen_twice_is_in_the_audit_twice_and_changes_nothing(world: World) -> None:
    dispatch = texted(world)
    for _ in range(2):
        world.inbox.receive(ANN, dispatch.reference)
    read(world)
    assert world.case(dispatch).state is CaseState.ACKNOWLEDGED
    assert world.kinds(dispatch)[-2:] == ["case.acknowledged", "case.acknowledged"]
    assert world.broken_chains() == []


def test_what_is_seen_after_its_end_is_late_and_leaves_the_case_alone(world: World) -> None:
    dispatch = texted(world)
    world.ledger.approve("4711")
    world.clock.forward(minutes=2)
    world.poll()
    before = world.kinds(dispatch)
    world.inbox.receive(ANN, dispatch.reference)
    assert read(world).effects == {Effect.LATE: 1}
    assert world.case(dispatch).state is CaseState.HANDLED
    assert world.kinds(dispatch) == before
    assert read(world).read == 0


def test_a_text_whose_fate_was_found_in_a_list_can_be_replied_to(world: World) -> None:
    dispatch = world.open()
    world.faults.arrange("post", Fault.LOST_REPLY)
    world.drain()
    world.inbox.receive(ANN, dispatch.reference)
    world.clock.forward(minutes=1)
    world.check()
    assert world.case(dispatch).state is CaseState.ACKNOWLEDGED


def test_a_reference_is_forgotten_after_a_month(world: World) -> None:
    dispatch = texted(world)
    world.clock.forward(seconds=REFERENCE_LIFE.total_seconds() + 60)
    world.inbox.receive(ANN, dispatch.reference)
    read(world)
    assert look(world).read == 0
    assert world.case(dispatch).state is CaseState.OPEN


# ------------------------------------------------------------------------- who may say that
def test_a_reference_of_somebody_else_acknowledges_nothing(world: World) -> None:
    world.approver("ben", BEN)
    dispatch = texted(world)
    world.inbox.receive(BEN, dispatch.reference)
    assert read(world).effects == {Effect.UNKNOWN: 1}
    assert world.case(dispatch).state is CaseState.OPEN


def test_a_stranger_is_counted_and_ignored(world: World) -> None:
    dispatch = texted(world)
    for body in ("1", dispatch.reference, "STOP"):
        world.inbox.receive(STRANGER, body)
    world.inbox.receive("", "1")
    assert read(world).effects == {Effect.STRANGER: 4}
    assert world.case(dispatch).state is CaseState.OPEN
    assert not world.approvers.people["ann"].opted_out


def test_who_has_the_number_now_is_who_replies(world: World) -> None:
    """Ann's number became Ben's: what she was texted is nothing of his."""
    dispatch = texted(world)
    world.change_approver("ann", phone=number(7))
    world.approver("ben", ANN)
    world.inbox.receive(ANN, dispatch.reference)
    world.inbox.receive(ANN, "1")
    read(world)
    assert world.case(dispatch).state is CaseState.OPEN
    world.inbox.receive(number(7), "1")
    read(world)
    assert world.case(dispatch).state is CaseState.ACKNOWLEDGED


def test_two_people_who_share_a_phone_acknowledge_what_either_was_texted(world: World) -> None:
    world.approver("bea", ANN)
    dispatch = texted(world)
    world.inbox.receive(ANN, "1")
    read(world)
    assert world.entries(dispatch)[-1].data["approver"] == "ann"


def test_somebody_no_longer_active_acknowledges_nothing(world: World) -> None:
    dispatch = texted(world)
    world.change_approver("ann", active=False)
    world.inbox.receive(ANN, dispatch.reference)
    assert read(world).effects == {Effect.UNKNOWN: 1}
    assert world.case(dispatch).state is CaseState.OPEN


@cache
def told() -> tuple[World, Dispatch]:
    """Ann was texted, Ben was not; once for all examples."""
    world = World()
    world.approver("ben", BEN)
    return world, texted(world)


@given(st.text(max_size=60), st.booleans())
@example(text="", knows=True)
@example(text="1", knows=True)
@example(text="1", knows=False)
def test_nothing_anybody_else_texts_acknowledges_a_case(text: str, knows: bool) -> None:
    world, dispatch = told()
    for sender in (BEN, STRANGER):
        world.inbox.receive(sender, f"{text} {dispatch.reference}" if knows else text)
    read(world)
    assert world.case(dispatch).state is CaseState.OPEN
    assert not world.telemetry.said("reply_failed")
