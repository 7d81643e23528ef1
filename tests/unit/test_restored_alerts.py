"""The alerts table was restored to an earlier time, or lost; audit and documents were not."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ml_connector.domain.cases import CaseState, StopReason, stop_of
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.standstill import Pause, Restoring
from ml_connector.usecases.people import opted_out
from ml_connector.usecases.posting import SendOutcome
from tests.support.bills import a_bill
from tests.support.memory_store import Tables
from tests.support.polling import Office
from tests.support.world import COMPANY, World

PARTS = ("dispatches", "cases", "alerts", "sids", "references", "due")


def taken(world: World) -> dict[str, Any]:
    parts = {name: copy(getattr(world.tables, name)) for name in PARTS}
    parts["alerts"] = {case: dict(row) for case, row in world.tables.alerts.items()}
    return parts


def put_back(world: World, parts: dict[str, Any]) -> None:
    for name, value in parts.items():
        setattr(world.tables, name, value)
    world.tables.forget_tokens()


@pytest.fixture
def world() -> World:
    return World()


def said(world: World, name: str) -> list[Any]:
    return [line for line in world.telemetry.lines if line.name == name]


def opened_and_sent(world: World) -> tuple[Dispatch, dict[str, Any]]:
    """A bill whose text was sent, and the tables as they were right before."""
    dispatch = world.open()
    before = taken(world)
    world.run(minutes=3)
    assert len(world.provider.log) == 1
    return dispatch, before


def test_what_was_sent_since_is_not_sent_again_and_followed_to_its_end(world: World) -> None:
    dispatch, before = opened_and_sent(world)
    put_back(world, before)
    assert world.send(dispatch.id) is SendOutcome.DROPPED
    assert world.dispatch(dispatch.id).sid == world.provider.log[0].sid
    world.run(minutes=10)
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED
    assert len(world.provider.log) == 1
    assert world.broken_chains() == []
    assert "case.restored" in world.kinds(dispatch)


def test_it_is_said_in_a_line_that_names_the_command(world: World) -> None:
    dispatch, before = opened_and_sent(world)
    put_back(world, before)
    world.send(dispatch.id)
    (line,) = said(world, "case_restored")
    assert "ml-connector restore" in line.fields["fix"]


def test_a_claim_of_which_no_more_is_known_is_looked_for_before_anything_is_sent(
    world: World,
) -> None:
    dispatch, before = opened_and_sent(world)
    chain = world.case(dispatch).chain
    # The process died right after the claim, as far as the audit knows.
    put_back(world, before)
    entries = world.tables.chains[chain]
    del entries[[entry.kind for entry in entries].index("dispatch.claimed") + 1 :]
    world.send(dispatch.id)
    stored = world.dispatch(dispatch.id)
    assert (stored.state, stored.to) == (DispatchState.UNKNOWN, world.ann.number)
    assert world.telemetry.metrics["OutcomesUnknown"] == 1
    world.run(minutes=10)
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED
    assert len(world.provider.log) == 1


def test_what_nobody_claimed_is_sent_as_usual(world: World) -> None:
    dispatch = world.open()
    before = taken(world)
    world.ports.alerts.pause(COMPANY, Pause(world.clock.now() + timedelta(minutes=1), "a test"))
    assert world.send(dispatch.id) is SendOutcome.DEFERRED
    put_back(world, before)
    world.run(minutes=5)
    assert len(world.provider.log) == 1


def test_a_case_that_ended_since_stays_ended(world: World) -> None:
    dispatch = world.open()
    before = taken(world)
    world.ledger.approve("4711")
    world.clock.forward(minutes=2)
    world.poll()
    put_back(world, before)
    world.run(minutes=5)
    assert world.case(dispatch).state is CaseState.HANDLED
    assert stop_of(world.case(dispatch), world.alert(dispatch)) is StopReason.HANDLED
    assert world.provider.log == []
    assert world.broken_chains() == []


def test_cases_that_are_gone_are_rebuilt_by_the_next_poll(world: World) -> None:
    dispatch, _ = opened_and_sent(world)
    case = world.case(dispatch)
    put_back(world, {name: getattr(Tables(), name) for name in PARTS})
    world.run(minutes=10)
    (line,) = said(world, "cases_missing")
    assert "ml-connector restore" in line.fields["fix"]
    again = world.tables.cases[case.id]
    assert (again.state, again.opened_at, again.plan) == (case.state, case.opened_at, case.plan)
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED
    assert len(world.provider.log) == 1
    assert world.broken_chains() == []


def test_a_case_that_is_gone_while_its_alerts_stay_is_rebuilt_around_them(world: World) -> None:
    dispatch, _ = opened_and_sent(world)
    case = world.case(dispatch)
    world.run(minutes=5)
    alert = world.alert(dispatch)
    del world.tables.cases[case.id]
    world.ledger.submit("4712")
    world.run(minutes=15)
    assert world.tables.cases[case.id].opened_at == case.opened_at
    assert replace(world.alert(dispatch), version=0) == replace(alert, version=0)
    assert len(world.provider.log) == 2
    assert world.broken_chains() == []


def test_where_even_the_chain_is_gone_the_bill_says_that_it_may_have_been_told(
    world: World,
) -> None:
    dispatch, _ = opened_and_sent(world)
    chain = world.case(dispatch).chain
    put_back(world, {name: getattr(Tables(), name) for name in PARTS})
    del world.tables.chains[chain]
    world.run(minutes=15)
    assert len(world.provider.log) == 1
    assert world.dispatch(dispatch.id).sid == world.provider.log[0].sid


def test_a_dispatch_whose_case_is_gone_is_not_decided_about(world: World) -> None:
    dispatch = world.open()
    case = world.case(dispatch)
    alerts = world.tables.alerts.pop(case.id)
    world.tables.cases.pop(case.id)
    assert world.send(dispatch.id) is SendOutcome.DROPPED
    assert world.dispatch(dispatch.id).state is DispatchState.WAITING
    assert said(world, "case_missing")
    world.tables.cases[case.id], world.tables.alerts[case.id] = case, alerts
    world.run(minutes=5)
    assert len(world.provider.log) == 1


def test_while_tables_are_put_back_nothing_is_polled_sent_or_looked_after(world: World) -> None:
    dispatch = world.open()
    end = world.clock.now() + timedelta(minutes=6)
    world.tables.restoring = Restoring(end, "a test")
    world.ledger.submit("4712")
    world.run(minutes=5)
    assert world.provider.log == []
    assert world.dispatch(dispatch.id).state is DispatchState.WAITING
    assert len(world.tables.cases) == 1
    world.run(minutes=10)
    assert len(world.provider.log) == 2


def test_a_digest_that_is_gone_is_not_told_anew() -> None:
    office = Office()
    for number in range(6):
        modified = office.clock.now() - timedelta(days=2)
        office.intacct.bills[str(number)] = a_bill(str(number), modified=modified)
    office.poll()
    (digest,) = office.tables.cases
    for name in PARTS:
        setattr(office.tables, name, getattr(Tables(), name))
    office.tables.forget_tokens()
    assert office.poll().alerts == 0
    assert digest not in office.tables.cases
    assert office.tables.dispatches == {}


@pytest.mark.parametrize("asked", [True, False])
def test_after_the_audit_went_back_twilio_is_asked_first(world: World, *, asked: bool) -> None:
    dispatch, before = opened_and_sent(world)
    first = world.tables.chains[world.case(dispatch).chain][0]
    world.clock.forward(minutes=10)
    put_back(world, before)
    world.tables.chains[first.chain] = [first]
    if asked:
        now = world.clock.now()
        since, until = now - timedelta(hours=1), now + timedelta(days=1)
        world.tables.restoring = Restoring(now, "a test", since, until)
        assert world.send(dispatch.id) is SendOutcome.FOUND
    world.run(minutes=10)
    assert len(world.provider.log) == (1 if asked else 2)
    assert world.broken_chains() == []


def test_a_stop_heard_since_counts_again_when_the_next_one_is_written(world: World) -> None:
    person = world.approvers.people["ann"]
    end = world.clock.ahead(60)
    assert opted_out("ann", "reply", world.ports, end)
    world.tables.people["ann"] = replace(person)
    assert not opted_out("ann", "provider", world.ports, end)
    again = world.approvers.people["ann"]
    assert (again.opted_out, again.opted_out_by) == (True, "reply")
    assert world.broken_chains() == []
