"""What an operator does to a case, in a world with phones: stop it, or tell somebody once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cli.alerts.plan_words import plan_lines
from cli.alerts.resending import PENDING, chosen, newest_step, resent
from cli.alerts.stopping import cancelled
from cli.alerts.words import zone_named
from cli.alerts.writing import Act, act
from cli.console.failures import Failure
from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.planning import PlanTimes
from ml_connector.domain.plans import tries_of
from ml_connector.domain.unit_of_work import CaseFile
from ml_connector.errors import StoreConflict
from tests.support.calls import CANNOT_BE_CONNECTED, NOBODY_ANSWERS, PRESSES_ONE
from tests.support.memory_store import MemoryAlertStore
from tests.support.phones import IS_GONE
from tests.support.world import COMPANIES, COMPANY, World, number

ANN, BOB = number(1), number(2)
BOTH = ("sms", "voice")
TIMES = PlanTimes(timedelta(days=5), timedelta(seconds=90), 14_400)
TEXT = {"sms": {"to": "approver"}}
REMIND = {"sms": {"to": "approver", "after": 86_400, "repeat": 86_400, "at_most": 5}}
CALL = {"voice": {"to": "approver", "confirm": True, "attempts": 2}}
TEXT_LATER = {"sms": {"to": "approver", "after": 600, "unless": "confirmed"}}


def world_of(*notify: Mapping[str, Any]) -> World:
    rule = {"name": "all", "on": ["bill.submitted"], "notify": list(notify)}
    flow = {"schema": 1, "companies": COMPANIES, "default_approver": "ann", "rules": [rule]}
    world = World(flow=flow)
    world.change_approver("ann", channels=BOTH, manager="bob")
    world.approver("bob", BOB, channels=BOTH)
    return world


def file_of(world: World, dispatch: Dispatch) -> CaseFile:
    file = MemoryAlertStore(world.tables).case_file(world.case(dispatch).id)
    assert file
    return file


def cancel(world: World, dispatch: Dispatch) -> Act:
    def decided(file: CaseFile, now: datetime) -> Act:
        return cancelled(file, "an operator", "entered twice", now)

    return act(world.ports.alerts, world.case(dispatch).id, decided, clock=world.clock)[0]


def resend(world: World, dispatch: Dispatch, *, to: str = "", channel: str = "") -> Act:
    """As the command does it, put on the queue and all."""
    file = file_of(world, dispatch)
    step, last = newest_step(file)
    again = chosen(file, world.approvers.people[to or last], channel, step)
    document = world.tables.documents[COMPANY, file.case.document]
    newest = [world.dispatch(a.dispatch) for a in file.alerts if a.dispatch]
    pending = [each for each in newest if each.state in PENDING]

    def decided(stored: CaseFile, now: datetime) -> Act:
        return resent(stored, again, document, pending, "an operator", "call me", now, TIMES)

    done, _ = act(world.ports.alerts, file.case.id, decided, clock=world.clock)
    world.ring(done.dispatches[0])
    return done


def texts(world: World, phone: str) -> int:
    return len(world.provider.phone(phone).inbox(world.clock.now()))


def plan(world: World, dispatch: Dispatch) -> list[str]:
    file, entries = file_of(world, dispatch), world.entries(dispatch)
    return plan_lines(file, entries, world.clock.now(), zone_named("America/Chicago"))


# -------------------------------------------------------------------------------- stopping
def test_what_waits_for_a_stopped_case_is_never_sent() -> None:
    world = world_of(TEXT, REMIND)
    dispatch = world.open()
    cancel(world, dispatch)
    world.run(days=2)
    assert texts(world, ANN) == 0
    assert world.dispatch(dispatch.id).state is DispatchState.NOT_SENT
    assert world.dispatch(dispatch.id).reason == "cancelled"
    assert world.alert(dispatch).stop_reason is StopReason.CANCELLED


def test_a_stopped_case_has_nothing_on_its_agenda_and_stays_stopped() -> None:
    world = world_of(TEXT, REMIND)
    dispatch = world.open()
    world.run(minutes=2)
    assert world.case(dispatch).agenda
    cancel(world, dispatch)
    world.run(days=3)
    case = world.case(dispatch)
    assert (case.state, case.agenda, case.look_at) == (CaseState.CANCELLED, (), None)
    assert texts(world, ANN) == 1
    assert len(world.dispatches()) == 1


def test_the_audit_says_who_stopped_a_case_why_and_what_was_left() -> None:
    world = world_of(TEXT, REMIND)
    dispatch = world.open()
    world.run(minutes=2)
    cancel(world, dispatch)
    entry = world.entries(dispatch)[-1]
    assert entry.kind == "case.cancelled"
    assert entry.data == {
        "by": "an operator",
        "reason": "entered twice",
        "stopped_alerts": [world.alert(dispatch).id],
        "steps_left": [2],
    }
    assert world.broken_chains() == []


def test_a_call_nobody_took_yet_is_ended_when_its_case_is_stopped() -> None:
    world = world_of(CALL)
    world.calls.line(ANN).life = NOBODY_ANSWERS
    dispatch = world.open()
    world.drain()
    assert world.dispatch(dispatch.id).state is DispatchState.SENT
    cancel(world, dispatch)
    world.run(minutes=20)
    assert len(world.calls.line(ANN).calls) == 1


def test_a_failure_after_the_end_brings_no_further_try() -> None:
    world = world_of(TEXT)
    world.provider.phone(ANN).life = IS_GONE
    dispatch = world.open()
    world.drain()
    cancel(world, dispatch)
    world.run(hours=2)
    assert len(world.dispatches()) == 1


def test_a_case_that_has_ended_cannot_be_stopped() -> None:
    world = world_of(TEXT)
    dispatch = world.open()
    cancel(world, dispatch)
    with pytest.raises(Failure, match="is cancelled already"):
        cancel(world, dispatch)


def test_a_function_that_was_first_does_not_keep_an_operator_from_stopping_a_case() -> None:
    world = world_of(TEXT)
    dispatch = world.open()
    looks: list[int] = []

    def decided(file: CaseFile, now: datetime) -> Act:
        if not looks:
            world.drain()  # it is sent between the look and the write
        looks.append(file.case.head.seq)
        return cancelled(file, "an operator", "entered twice", now)

    act(world.ports.alerts, world.case(dispatch).id, decided, clock=world.clock)
    assert looks[0] < looks[1]
    assert world.case(dispatch).state is CaseState.CANCELLED
    assert world.broken_chains() == []


def test_a_conflict_that_names_nothing_is_not_tried_again() -> None:
    world = world_of(TEXT)
    dispatch = world.open()

    class Refusing(MemoryAlertStore):
        def commit(self, change: object) -> None:
            del change
            raise StoreConflict("refused")

    store = Refusing(world.tables)
    with pytest.raises(StoreConflict):
        act(
            store,
            world.case(dispatch).id,
            lambda file, now: cancelled(file, "an operator", "x", now),
            clock=world.clock,
        )


# ------------------------------------------------------------------------------ once more
def test_a_resent_alert_is_another_text_for_the_same_step() -> None:
    world = world_of(TEXT)
    dispatch = world.open()
    world.run(minutes=2)
    done = resend(world, dispatch)
    world.run(minutes=2)
    assert texts(world, ANN) == 2
    again = world.newest()
    assert again.id == done.dispatches[0].id != dispatch.id
    assert again.reference != dispatch.reference
    assert [alert.occurrence for alert in file_of(world, dispatch).alerts] == [1, 2]
    entry = next(e for e in world.entries(dispatch) if e.kind == "case.resent")
    assert (entry.data["by"], entry.data["reason"]) == ("an operator", "call me")
    assert entry.data["pending"] == []
    assert world.broken_chains() == []


def test_resending_twice_makes_two_alerts() -> None:
    world = world_of(TEXT)
    dispatch = world.open()
    world.run(minutes=2)
    first, second = resend(world, dispatch), resend(world, dispatch)
    assert first.alerts[0].id != second.alerts[0].id
    assert [alert.occurrence for alert in file_of(world, dispatch).alerts] == [1, 2, 3]


def test_a_resent_reminder_takes_no_repetition_away() -> None:
    world = world_of(TEXT, REMIND)
    dispatch = world.open()
    world.run(days=1, minutes=5)
    assert texts(world, ANN) == 2
    resend(world, dispatch)
    world.run(days=3, hours=23)
    assert texts(world, ANN) == 6, "the first, four reminders so far, and the one resent"
    assert world.broken_chains() == []


def test_a_resent_alert_can_go_to_somebody_else() -> None:
    world = world_of(TEXT)
    dispatch = world.open()
    world.run(minutes=2)
    resend(world, dispatch, to="bob")
    world.run(minutes=2)
    assert (texts(world, ANN), texts(world, BOB)) == (1, 1)
    told = next(e for e in world.entries(dispatch) if e.kind == "case.resent").data["alerts"]
    assert isinstance(told, list)
    assert told[0]["because"] == "an operator asked for it"


def test_a_text_resent_as_a_call_asks_for_a_key_and_confirms_the_case() -> None:
    world = world_of(TEXT)
    world.calls.line(ANN).life = PRESSES_ONE
    dispatch = world.open()
    world.run(minutes=2)
    done = resend(world, dispatch, channel="voice")
    assert done.dispatches[0].confirm
    world.run(minutes=5)
    assert world.case(dispatch).state is CaseState.CONFIRMED


def test_a_resent_call_that_cannot_be_connected_falls_back_to_a_text() -> None:
    world = world_of(TEXT)
    world.calls.line(ANN).life = CANNOT_BE_CONNECTED
    dispatch = world.open()
    world.run(minutes=2)
    done = resend(world, dispatch, channel="voice")
    world.run(hours=6)
    assert file_of(world, dispatch).alert(done.alerts[0].id).passed_on
    assert texts(world, ANN) == 2
    assert world.broken_chains() == []


def test_the_plan_of_a_case_is_the_same_after_resending() -> None:
    world = world_of(TEXT, REMIND)
    dispatch = world.open()
    world.run(minutes=2)
    before = world.case(dispatch)
    resend(world, dispatch, to="bob", channel="voice")
    after = world.case(dispatch)
    assert (after.plan, after.agenda, after.repeats) == (
        before.plan,
        before.agenda,
        before.repeats,
    )


def test_nothing_is_resent_for_a_case_that_is_over_or_has_expired() -> None:
    world = world_of(TEXT)
    dispatch = world.open()
    file = file_of(world, dispatch)
    world.clock.forward_to(file.case.expires_at)
    with pytest.raises(Failure, match="expired"):
        resend(world, dispatch)
    cancel(world, dispatch)
    with pytest.raises(Failure, match="is cancelled"):
        resend(world, dispatch)


def test_nothing_is_resent_that_the_rule_makes_needless() -> None:
    world = world_of(CALL, TEXT_LATER)
    world.calls.line(ANN).life = PRESSES_ONE
    dispatch = world.open()
    world.run(minutes=3)
    assert world.case(dispatch).state is CaseState.CONFIRMED
    with pytest.raises(Failure, match="step 1 is of no use"):
        resend(world, dispatch)


def test_nobody_is_resent_anything_over_a_channel_that_is_closed_to_them() -> None:
    world = world_of(TEXT)
    dispatch = world.open()
    world.run(minutes=2)
    world.change_approver("ann", channels=("sms",))
    with pytest.raises(Failure, match="ann cannot be told by voice"):
        resend(world, dispatch, channel="voice")
    world.change_approver("ann", channels=BOTH, opted_out=True, calls_when_opted_out=True)
    assert resend(world, dispatch).dispatches[0].channel == "voice"
    world.change_approver("ann", phone="")
    with pytest.raises(Failure, match="by sms or voice: no phone number"):
        resend(world, dispatch)


def test_a_case_without_a_plan_has_no_step_to_send_again() -> None:
    world = world_of(TEXT)
    file = file_of(world, world.open())
    with pytest.raises(Failure, match="many bills at once"):
        newest_step(CaseFile(replace(file.case, plan=()), file.alerts))
    assert newest_step(CaseFile(file.case, ())) == (1, "ann")


# ------------------------------------------------------------------------- the plan in words
def test_a_plan_says_what_was_begun_what_is_to_come_and_what_was_left_out() -> None:
    world = world_of(CALL, TEXT_LATER, REMIND)
    world.calls.line(ANN).life = PRESSES_ONE
    dispatch = world.open()
    world.drain()
    first, second, third = plan(world, dispatch)
    assert first == ("1. Call ann (asking for a key, up to 2 calls): begun 03:32 CST to ann.")
    assert second == "2. Text ann, unless confirmed (up to 5 tries): on the agenda for 03:42 CST."
    assert third == (
        "3. Text ann (up to 5 tries, again every day, 5 times in all): "
        "not begun; it begins 1 day after step 2 did."
    )
    world.run(minutes=30)
    _, second, third = plan(world, dispatch)
    assert second.endswith(": left out, for the case was confirmed.")
    assert third.endswith(": on the agenda for Tue Nov 24, 03:42 CST.")


def test_a_plan_says_which_repetition_is_next_and_what_an_operator_sent() -> None:
    world = world_of(TEXT, REMIND)
    dispatch = world.open()
    world.run(days=1, minutes=5)
    resend(world, dispatch)
    _, second = plan(world, dispatch)
    assert "begun Tue Nov 24" not in second
    assert "; sent once more by an operator, begun 03:37 CST to ann; " in second
    assert "time 2 on the agenda for" in second


def test_a_plan_says_what_will_never_begin() -> None:
    world = world_of(TEXT, REMIND)
    dispatch = world.open()
    cancel(world, dispatch)
    assert plan(world, dispatch)[1].endswith(": never begun, for the case is cancelled.")


def test_a_call_in_a_texts_place_has_the_tries_of_a_call() -> None:
    world = world_of(TEXT)
    dispatch = world.open()
    world.run(minutes=2)
    done = resend(world, dispatch, channel="voice")
    assert tries_of(world.case(dispatch), done.alerts[0]) == 3
