"""What people hear and see of a plan: calls, later texts, managers, and silence.

Everything runs in one process on one clock: bills in a ledger, phones that ring, and the three
functions in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.domain.delivery import CallStatus
from ml_connector.domain.dispatches import Dispatch, DispatchState
from tests.support.calls import (
    CANNOT_BE_CONNECTED,
    GETS_STUCK,
    HANGS_UP,
    IS_BUSY,
    IS_OVER_IN_THREE_SECONDS,
    IS_VOICEMAIL,
    NOBODY_ANSWERS,
    PRESSES_ONE,
    PRESSES_TWO,
    Life,
)
from tests.support.phones import IS_GONE
from tests.support.provider import Create
from tests.support.world import COMPANIES, World, number

BOTH = ("sms", "voice")
#: Queued at the provider, or ringing, for longer than any phone rings.
NEVER_TAKEN = Life(CallStatus.NO_ANSWER, 500)
LISTENS_FOR_LONG = Life(CallStatus.CONFIRMED, 400, answered_after=5, by="human")
ANN, BOB, CHO = number(1), number(2), number(3)


def flow(*notify: Mapping[str, Any], **rule: Any) -> Mapping[str, Any]:
    """A flow of one rule for bills that were submitted."""
    return {
        "schema": 1,
        "companies": COMPANIES,
        "default_approver": "ann",
        "rules": [
            {"name": "large bills", "on": ["bill.submitted"], "notify": list(notify), **rule}
        ],
    }


CALL = {"voice": {"to": "approver", "confirm": True, "attempts": 2}}
TEXT_LATER = {"sms": {"to": "approver", "after": 600, "unless": "confirmed"}}
CALL_MANAGER = {"voice": {"to": "manager", "after": 1800, "unless": "confirmed", "confirm": True}}
PLAN = flow(CALL, TEXT_LATER, CALL_MANAGER)


def world_of(published: Mapping[str, Any] = PLAN) -> World:
    """Ann, who approves, and Bob, her manager; both take texts and calls."""
    world = World(flow=published)
    world.change_approver("ann", channels=BOTH, manager="bob")
    world.approver("bob", BOB, channels=BOTH)
    return world


def rung(world: World, phone: str) -> int:
    return sum(call.rang(world.clock.now()) for call in world.calls.line(phone).calls)


def texts(world: World, phone: str) -> int:
    return len(world.provider.phone(phone).inbox(world.clock.now()))


def said(world: World, dispatch: Dispatch) -> list[Any]:
    """What the entries of the dispatch's case hold."""
    return [entry.data for entry in world.entries(dispatch)]


def states(world: World) -> list[DispatchState]:
    return [dispatch.state for dispatch in world.dispatches()]


def case_of(world: World, dispatch: Dispatch) -> CaseState:
    return world.case(dispatch).state


# ---------------------------------------------------------------------------------- one call
def test_a_large_bill_is_called_confirmed_with_a_key_press_and_then_it_is_quiet() -> None:
    world = world_of()
    dispatch = world.open(amount="25000.00")
    world.run(hours=3)
    assert (rung(world, ANN), texts(world, ANN), rung(world, BOB)) == (1, 0, 0)
    assert states(world) == [DispatchState.CONFIRMED]
    assert case_of(world, dispatch) is CaseState.CONFIRMED
    assert said(world, dispatch)[-1]["left_out"] != []


def test_the_audit_holds_how_the_call_ended_and_both_witnesses() -> None:
    world = world_of()
    dispatch = world.open()
    world.run(minutes=3)
    ended = next(e for e in world.entries(dispatch) if e.kind == "dispatch.confirmed")
    assert ended.data["status"] == ended.data["witness"] == "confirmed"
    assert ended.data["answered_by"] == "human"
    assert str(ended.data["call_sid"]).startswith("CA")
    assert world.broken_chains() == []


def test_a_call_nobody_takes_is_placed_again_and_then_the_plan_goes_on() -> None:
    world = world_of()
    world.calls.line(ANN).life = NOBODY_ANSWERS
    world.calls.line(BOB).life = PRESSES_ONE
    dispatch = world.open()
    world.run(hours=2)
    assert (rung(world, ANN), texts(world, ANN), rung(world, BOB)) == (2, 1, 1)
    assert case_of(world, dispatch) is CaseState.CONFIRMED


def test_calls_of_one_step_are_five_minutes_apart() -> None:
    world = world_of()
    world.calls.line(ANN).life = IS_BUSY
    world.open()
    world.run(minutes=20)
    first, second = (call.accepted_at for call in world.calls.line(ANN).calls)
    assert 300 <= (second - first).total_seconds() <= 460


def test_who_presses_two_says_not_me_and_the_next_step_begins_at_once() -> None:
    world = world_of(flow(CALL, CALL_MANAGER))
    world.calls.line(ANN).life = PRESSES_TWO
    dispatch = world.open()
    world.run(minutes=5)
    assert world.alert(dispatch).stop_reason is StopReason.DECLINED
    assert (rung(world, ANN), rung(world, BOB)) == (1, 1)
    assert case_of(world, dispatch) is CaseState.CONFIRMED


def test_a_voicemail_is_nobody() -> None:
    world = world_of()
    world.calls.line(ANN).next_calls(IS_VOICEMAIL, PRESSES_ONE)
    dispatch = world.open()
    world.run(minutes=30)
    assert states(world) == [DispatchState.MACHINE, DispatchState.CONFIRMED]
    assert case_of(world, dispatch) is CaseState.CONFIRMED


def test_who_takes_the_call_and_hangs_up_has_not_confirmed() -> None:
    world = world_of()
    world.calls.line(ANN).next_calls(HANGS_UP, PRESSES_ONE)
    world.open()
    world.run(minutes=30)
    assert states(world) == [DispatchState.UNANSWERED, DispatchState.CONFIRMED]


def test_a_call_that_hangs_in_the_provider_is_ended_and_placed_again() -> None:
    world = world_of()
    world.calls.line(ANN).next_calls(GETS_STUCK, PRESSES_ONE)
    dispatch = world.open()
    world.run(minutes=30)
    assert len(world.calls.ended) == 1
    assert case_of(world, dispatch) is CaseState.CONFIRMED


def test_a_call_that_cannot_be_connected_becomes_a_text_to_the_same_person() -> None:
    world = world_of(flow(CALL))
    world.calls.line(ANN).life = CANNOT_BE_CONNECTED
    world.calls.line(ANN).refuses_with = 21217
    world.open()
    world.run(minutes=10)
    assert texts(world, ANN) == 1


def test_calls_that_nobody_takes_become_a_text_where_the_rule_has_nothing_more() -> None:
    world = world_of(flow(CALL))
    world.calls.line(ANN).life = NOBODY_ANSWERS
    world.open()
    world.run(hours=1)
    assert (rung(world, ANN), texts(world, ANN)) == (2, 1)


def test_a_text_that_can_never_arrive_becomes_a_call() -> None:
    world = world_of(flow({"sms": {"to": "approver"}}))
    world.ann.life = IS_GONE
    world.open()
    world.run(minutes=20)
    assert rung(world, ANN) == 1
    assert world.calls.log[0].request.text


def test_nobody_left_to_tell_is_said_loudly() -> None:
    world = world_of(flow({"sms": {"to": "approver"}}))
    world.change_approver("ann", channels=("sms",))
    world.ann.life = IS_GONE
    dispatch = world.open()
    world.run(minutes=20)
    assert world.telemetry.metrics["AlertsFailed"] == 1
    assert said(world, dispatch)[-1]["alerts"][0]["stopped"] == "nobody else"


# ------------------------------------------------------------------------- exactly one call
def test_a_lost_reply_on_a_call_that_is_over_in_three_seconds_is_found_and_not_placed_twice() -> (
    None
):
    world = world_of(flow({"voice": {"to": "approver", "confirm": True, "attempts": 1}}))
    world.change_approver("ann", channels=("voice",))
    world.calls.line(ANN).life = IS_OVER_IN_THREE_SECONDS
    world.calls.answer_next(Create.LOST_REPLY)
    dispatch = world.open()
    world.run(minutes=30)
    assert len(world.calls.log) == 1
    assert "dispatch.adopted" in world.kinds(dispatch)


def test_a_lost_request_is_placed_once_it_is_certain_that_it_never_arrived() -> None:
    world = world_of()
    world.calls.answer_next(Create.LOST_REQUEST)
    dispatch = world.open()
    world.run(minutes=9)
    assert len(world.calls.log) == 1
    assert case_of(world, dispatch) is CaseState.CONFIRMED


def test_a_second_bill_waits_while_a_call_to_the_same_person_goes_on() -> None:
    world = world_of()
    world.open("4711")
    world.ledger.submit("4712")
    world.run(minutes=15)
    assert len(world.calls.log) == 2
    assert states(world) == [DispatchState.CONFIRMED] * 2
    first, second = world.calls.log
    assert (second.accepted_at - first.accepted_at).total_seconds() >= first.life.after


def test_without_a_published_flow_a_call_announces_and_stays_unconfirmed() -> None:
    world = world_of()
    world.calls.confirms = False
    dispatch = world.open()
    world.run(minutes=20)
    assert world.dispatch(dispatch.id).state is DispatchState.UNCONFIRMED
    assert case_of(world, dispatch) is CaseState.OPEN
    assert texts(world, ANN) == 1, "the step after goes out, for nobody confirmed"


def test_a_call_nobody_has_taken_yet_is_ended_when_the_bill_is_approved() -> None:
    world = world_of()
    world.calls.line(ANN).life = NEVER_TAKEN
    world.open()
    world.run(minutes=2)
    world.ledger.approve("4711")
    world.run(minutes=4)
    assert len(world.calls.ended) == 1
    assert len(world.calls.log) == 1


def test_whoever_listens_already_is_not_cut_off_when_the_bill_is_approved() -> None:
    world = world_of()
    world.calls.line(ANN).life = LISTENS_FOR_LONG
    dispatch = world.open()
    world.run(minutes=2)
    world.ledger.approve("4711")
    world.run(minutes=8)
    assert world.calls.ended == []
    assert world.dispatch(dispatch.id).state is DispatchState.CONFIRMED
    assert case_of(world, dispatch) is CaseState.HANDLED


# ------------------------------------------------------------------------------ later steps
def test_once_the_bill_is_approved_no_later_step_begins() -> None:
    world = world_of()
    world.calls.line(ANN).life = NOBODY_ANSWERS
    world.open()
    world.run(minutes=8)
    world.ledger.approve("4711")
    world.run(hours=3)
    assert (texts(world, ANN), rung(world, BOB)) == (0, 0)


def test_before_a_later_step_the_bill_is_looked_at_again() -> None:
    world = world_of(flow({"sms": {"to": "ann"}}, {"sms": {"to": "bob", "after": 90}}))
    world.open()
    world.drain()
    world.clock.forward(seconds=95)
    world.ledger.approve("4711")
    world.check()
    assert world.asked == ["acme"], "the last poll was more than a minute ago"
    world.run(minutes=5)
    assert texts(world, BOB) == 0


def test_a_step_that_waited_long_enough_goes_out_on_what_is_known() -> None:
    world = world_of(flow({"sms": {"to": "ann"}}, {"sms": {"to": "bob", "after": 600}}))
    dispatch = world.open()
    world.drain()
    polled = world.poll_ports.documents.state("acme").poll_succeeded_at
    world.ledger.down = True
    world.run(minutes=20)
    assert texts(world, BOB) == 1
    stepped = next(e for e in world.entries(dispatch) if e.kind == "case.stepped")
    assert polled is not None
    assert str(stepped.data["state_as_of"]).startswith(polled.isoformat()[:16])


def test_the_wait_counts_from_when_the_step_before_really_went_out() -> None:
    world = world_of(flow({"sms": {"to": "ann"}}, {"sms": {"to": "bob", "after": 600}}))
    world.provider.answer_next(Create.BUSY, times=1, retry_after=1200)
    dispatch = world.open()
    world.run(minutes=25)
    assert texts(world, BOB) == 0
    world.run(minutes=12)
    assert texts(world, BOB) == 1
    assert world.broken_chains() == []
    assert world.case(dispatch).agenda == ()


def test_a_reminder_is_repeated_as_often_as_the_rule_says() -> None:
    world = world_of(
        flow(
            {"sms": {"to": "approver"}},
            {"sms": {"to": "ann", "after": 3600, "repeat": 3600, "at_most": 3}},
        )
    )
    world.open()
    world.run(hours=9)
    assert texts(world, ANN) == 4


def test_reminders_end_when_the_bill_is_handled() -> None:
    world = world_of(
        flow(
            {"sms": {"to": "approver"}},
            {"sms": {"to": "ann", "after": 3600, "repeat": 3600, "at_most": 5}},
        )
    )
    world.open()
    world.run(hours=2, minutes=30)
    seen = texts(world, ANN)
    world.ledger.approve("4711")
    world.run(hours=6)
    assert texts(world, ANN) == seen == 3


def test_a_step_is_left_out_where_somebody_confirmed_before_it() -> None:
    world = world_of()
    dispatch = world.open()
    world.run(hours=1)
    left_out = [step["step"] for data in said(world, dispatch) for step in data.get("left_out", [])]
    assert left_out == [2, 3]


def test_an_approver_without_a_manager_does_not_stop_the_plan() -> None:
    world = world_of(flow(CALL_MANAGER | {}, {"sms": {"to": "cho", "after": 60}}))
    world.change_approver("ann", manager="")
    world.approver("cho", CHO)
    world.open()
    world.run(hours=1)
    assert texts(world, CHO) == 1


# ---------------------------------------------------------------------------------- replies
REMINDERS = (
    {"sms": {"to": "approver"}},
    {"sms": {"to": "ann", "after": 3600, "repeat": 3600, "at_most": 5}},
)


def test_a_reply_puts_off_the_reminders_that_were_to_come() -> None:
    world = world_of(flow(*REMINDERS, snooze=3 * 3600))
    world.open()
    world.run(minutes=30)
    world.inbox.receive(ANN, "1")
    world.run(hours=3)
    assert texts(world, ANN) == 1
    world.run(hours=1)
    assert texts(world, ANN) == 2


def test_a_reply_does_not_put_off_a_call_to_the_manager() -> None:
    world = world_of(flow({"sms": {"to": "approver"}}, CALL_MANAGER))
    world.open()
    world.run(minutes=5)
    reference = world.provider.log[0].body[-4:]
    world.inbox.receive(ANN, reference)
    world.run(hours=1)
    assert rung(world, BOB) == 1
