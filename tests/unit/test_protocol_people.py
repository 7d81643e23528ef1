"""Who may be told, how often, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.throttles import SMS_PER_PERSON
from ml_connector.usecases.posting import SendOutcome
from tests.support.faults import Fault
from tests.support.world import World


@pytest.fixture
def world() -> World:
    return World()


def test_a_person_who_opted_out_is_not_texted(world: World) -> None:
    dispatch = world.open()
    world.change_approver("ann", opted_out=True)
    assert world.send(dispatch.id) is SendOutcome.SUPPRESSED
    assert world.alert(dispatch).stop_reason is StopReason.OPTED_OUT
    assert world.entries(dispatch)[-1].data["reason"] == "opted_out"
    assert world.telemetry.metrics["AlertsFailed"] == 1
    assert world.provider.requests == 0


@pytest.mark.parametrize("change", [{"phone": ""}, {"active": False}])
def test_a_person_without_a_usable_phone_is_an_error_in_log_and_audit(
    world: World, change: dict[str, object]
) -> None:
    dispatch = world.open()
    world.change_approver("ann", **change)
    assert world.send(dispatch.id) is SendOutcome.SUPPRESSED
    assert world.alert(dispatch).stop_reason is StopReason.NO_CHANNEL
    assert world.kinds(dispatch)[-1] == "dispatch.suppressed"
    assert world.telemetry.said("approver_unreachable", "error")
    assert world.telemetry.metrics["AlertsFailed"] == 1


def test_a_person_who_is_gone_is_an_error_too(world: World) -> None:
    dispatch = world.open()
    world.approvers.people.clear()
    assert world.send(dispatch.id) is SendOutcome.SUPPRESSED
    assert world.alert(dispatch).stop_reason is StopReason.NO_CHANNEL


def test_handled_is_the_reason_before_any_other(world: World) -> None:
    dispatch = world.open()
    world.ledger.approve("4711")
    world.clock.forward(minutes=2)
    world.poll()
    world.change_approver("ann", opted_out=True)
    world.clock.forward(days=6)
    world.send(dispatch.id)
    assert world.entries(dispatch)[-1].data["reason"] == "handled"


def test_the_audit_names_the_reason_an_alert_was_stopped_for(world: World) -> None:
    world.ann.turn_off()
    dispatch = world.open()
    world.drain()
    world.clock.forward(minutes=1)
    world.check()
    follower = world.newest()
    assert follower.state is DispatchState.WAITING
    # Another dispatch of the same alert was refused for good in the meantime.
    alerts = world.tables.alerts[world.case(dispatch).id]
    (alert,) = alerts.values()
    alerts[alert.id] = alert.stopped(StopReason.OPTED_OUT)
    world.run(minutes=7)
    assert world.entries(dispatch)[-1].data["reason"] == "opted_out"


def test_the_phone_number_is_the_one_of_the_moment_of_sending(world: World) -> None:
    dispatch = world.open()
    other = world.provider.phone("+15550100077")
    world.change_approver("ann", phone=other.number)
    world.send(dispatch.id)
    assert [text.to for text in world.provider.log] == [other.number]


def test_a_case_that_is_too_old_expires_with_an_audit_entry_and_a_metric(world: World) -> None:
    dispatch = world.open()
    world.queue.lose_everything()
    world.clock.forward(days=9)
    assert world.send(dispatch.id) is SendOutcome.SUPPRESSED
    case = world.case(dispatch)
    assert (case.state, case.end_reason) == (CaseState.EXPIRED, "expired")
    assert world.alert(dispatch).stop_reason is StopReason.EXPIRED
    assert world.telemetry.metrics["AlertsFailed"] == 1
    assert world.broken_chains() == []


def test_a_case_that_another_alert_let_expire_is_over_for_all_its_alerts(world: World) -> None:
    dispatch = world.open()
    case = world.case(dispatch)
    over = case.ended(CaseState.EXPIRED, "expired", world.clock.now())
    world.tables.cases[case.id] = over
    assert world.send(dispatch.id) is SendOutcome.SUPPRESSED
    assert world.entries(dispatch)[-1].data["reason"] == "expired"
    assert world.case(dispatch).ended_at == over.ended_at


# ------------------------------------------------------------------------------------ throttle
def test_texts_over_the_limit_are_deferred_to_the_end_of_the_window(world: World) -> None:
    limit = SMS_PER_PERSON[0].limit
    dispatches = _many_bills(world, limit + 3)
    world.drain()
    assert len(world.provider.log) == limit
    waiting = [d for d in world.dispatches() if d.state is DispatchState.WAITING]
    assert len(waiting) == 3
    for dispatch in waiting:
        assert dispatch.due_at - world.clock.now() <= SMS_PER_PERSON[0].length
        assert dispatch.due_at.timestamp() % 900 == 0
        assert dispatch.attempt == 1
    assert len(dispatches) == limit + 3


def test_nothing_that_was_throttled_is_dropped(world: World) -> None:
    wanted = SMS_PER_PERSON[1].limit + 5
    _many_bills(world, wanted)
    world.run(hours=3)
    assert len(world.ann.inbox(world.clock.now())) == wanted
    assert len(world.provider.log) == wanted


def test_a_deferral_consumes_the_message_and_is_audited(world: World) -> None:
    _many_bills(world, SMS_PER_PERSON[0].limit + 1)
    world.drain()
    deferred = world.newest(DispatchState.WAITING)
    assert len(world.queue) == 0
    assert world.kinds(deferred)[-1] == "dispatch.deferred"


def test_a_window_that_ends_while_counting_does_not_defer_into_the_next_one(world: World) -> None:
    limit = SMS_PER_PERSON[0].limit
    _many_bills(world, limit + 1)
    batch = [d for d in world.dispatches() if d.state is DispatchState.WAITING]
    for dispatch in batch[:limit]:
        world.send(dispatch.id)
    last = batch[limit]
    seconds_left = 900 - world.clock.now().timestamp() % 900
    world.clock.forward(seconds=seconds_left - 1)
    world.faults.race = lambda: world.clock.forward(seconds=2)
    world.faults.arrange("commit dispatch.claimed", Fault.RACE)
    assert world.send(last.id) is SendOutcome.DEFERRED
    assert world.dispatch(last.id).due_at <= world.clock.now()


def _many_bills(world: World, count: int) -> list[str]:
    world.baseline()
    for bill in range(count):
        world.ledger.submit(f"5{bill:03d}")
    world.clock.forward(minutes=2)
    world.poll()
    assert len(world.tables.dispatches) == count
    start = world.clock.now()
    world.clock.forward_to(start + timedelta(seconds=900 - start.timestamp() % 900))
    return list(world.tables.dispatches)
