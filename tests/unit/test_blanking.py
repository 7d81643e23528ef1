"""Texts blanked at the provider: once, late enough, and never what a look may still need."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest

from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.settings import LONGEST_TIME, Timings
from ml_connector.usecases.blanking import MOST
from tests.support.phones import GIVES_NO_RECEIPT
from tests.support.provider import Create
from tests.support.world import COMPANIES, EACH_ALONE, World, number

CALLED = {
    "schema": 1,
    "companies": COMPANIES,
    "default_approver": "ann",
    "rules": [
        {
            "name": "called",
            "on": ["bill.submitted"],
            "notify": [{"voice": {"to": "approver", "confirm": True}}],
        }
    ],
}


@pytest.fixture
def world() -> World:
    return World()


def sent(world: World, bill: str = "4711") -> Dispatch:
    """A text, delivered."""
    dispatch = world.open(bill)
    world.run(minutes=5)
    assert world.dispatch(dispatch.id).state is DispatchState.DELIVERED
    return dispatch


def later(world: World, days: float) -> None:
    """So many days in which nothing happens, and a look at their end."""
    world.clock.forward(days=days)
    world.run(minutes=2)


def test_a_text_is_blanked_once_after_its_time(world: World) -> None:
    dispatch = sent(world)
    later(world, 13.9)
    assert world.provider.blanks == 0
    later(world, 0.2)
    stored = world.dispatch(dispatch.id)
    assert world.provider.blanked == {stored.sid}
    assert stored.blanked_at is not None
    assert stored.blank_at is None
    # What was told stays here, and on the phone.
    assert stored.text == dispatch.text
    assert world.ann.inbox(world.clock.now())[0] == dispatch.text
    later(world, 30)
    assert world.provider.blanks == 1


def test_it_changes_nothing_the_audit_tells(world: World) -> None:
    dispatch = sent(world)
    later(world, 13)
    before = world.kinds(dispatch)
    later(world, 2)
    assert world.provider.blanked
    assert world.kinds(dispatch) == before
    assert world.broken_chains() == []


def test_a_year_means_never() -> None:
    world = World(timings=replace(EACH_ALONE, blank_bodies_after=LONGEST_TIME))
    dispatch = sent(world)
    later(world, 400)
    assert world.provider.blanks == 0
    assert world.dispatch(dispatch.id).blank_at is None


def test_a_text_is_kept_as_long_as_its_case_could_want_it() -> None:
    world = World(timings=replace(EACH_ALONE, blank_bodies_after=86_400.0))
    dispatch = sent(world)
    expires_at = world.case(dispatch).expires_at
    later(world, 2)
    assert world.clock.now() < expires_at
    assert world.provider.blanks == 0
    world.clock.forward_to(expires_at)
    world.run(minutes=2)
    assert world.provider.blanked == {world.dispatch(dispatch.id).sid}


def test_what_never_got_a_receipt_is_blanked_too(world: World) -> None:
    world.ann.life = GIVES_NO_RECEIPT
    dispatch = world.open()
    world.run(minutes=5)
    for _ in range(20):
        later(world, 1)
    stored = world.dispatch(dispatch.id)
    assert stored.state is DispatchState.UNCONFIRMED
    assert world.provider.blanked == {stored.sid}


def test_what_the_provider_never_had_is_never_asked_about(world: World) -> None:
    world.ann.refuses_with = 21211
    dispatch = world.open()
    world.run(minutes=5)
    assert world.dispatch(dispatch.id).state is DispatchState.FAILED
    later(world, 30)
    assert world.provider.blanks == 0


def test_a_call_leaves_nothing_spoken_behind() -> None:
    world = World(flow=CALLED)
    world.change_approver("ann", channels=("voice",))
    dispatch = world.open()
    world.run(minutes=10)
    assert world.dispatch(dispatch.id).state is DispatchState.CONFIRMED
    sid = world.dispatch(dispatch.id).sid
    assert world.calls.outcome(sid) is not None
    later(world, 15)
    assert world.calls.outcome(sid) is None
    assert world.dispatch(dispatch.id).blanked_at is not None


def test_an_outage_is_waited_out_with_fewer_and_fewer_tries(world: World) -> None:
    dispatch = sent(world)
    later(world, 13)
    world.provider.lists_down = True
    world.clock.forward(days=1)
    world.run(hours=6)
    said = world.telemetry.said("not_blanked")
    assert 2 < len(said) < 60
    assert {line.about["dispatch"] for line in said} == {dispatch.id}
    world.provider.lists_down = False
    later(world, 1)
    assert world.provider.blanked == {world.dispatch(dispatch.id).sid}


def test_many_are_blanked_a_few_in_each_run_and_keep_nobody_waiting(world: World) -> None:
    world.baseline()
    model = sent(world)
    stored = world.dispatch(model.id)
    sids = [f"SM{place:032x}" for place in range(1, 2 * MOST + 1)]
    for place, sid in enumerate(sids):
        copy = replace(stored, id=f"copy-{place}", sid=sid, look_at=None)
        world.tables.dispatches[copy.id] = copy
    world.clock.forward(days=15)
    fresh = world.open("4712")
    world.check()
    assert len([d for d in world.tables.dispatches.values() if d.blanked_at]) == MOST
    assert world.queue.receive(10) or world.dispatch(fresh.id).state is not DispatchState.WAITING
    world.check()
    world.check()
    assert all(d.blanked_at for d in world.tables.dispatches.values() if d.id != fresh.id)


# ------------------------------------------------------------------------- other dispatches
def test_a_lost_answer_is_looked_for_among_blanked_texts_and_its_own_is_found(
    world: World,
) -> None:
    blanked = sent(world)
    later(world, 15)
    world.provider.answer_next(Create.LOST_REPLY)
    lost = world.open("4712")
    world.run(minutes=10)
    assert world.dispatch(lost.id).state is DispatchState.DELIVERED
    assert world.dispatch(lost.id).sid != world.dispatch(blanked.id).sid
    assert len(world.provider.log) == 2


def test_a_lost_request_finds_none_of_the_blanked_texts_and_is_made_again_once(
    world: World,
) -> None:
    blanked = sent(world)
    later(world, 15)
    world.provider.answer_next(Create.LOST_REQUEST)
    lost = world.open("4712")
    world.run(minutes=15)
    assert world.dispatch(lost.id).state is DispatchState.NOT_SENT
    assert world.newest().state is DispatchState.DELIVERED
    assert world.newest().sid != world.dispatch(blanked.id).sid
    assert len(world.provider.log) == 2


@pytest.mark.parametrize("after", [86_400.0, 1_209_600.0])
def test_from_a_backup_of_before_it_was_sent_nothing_is_sent_again(after: float) -> None:
    """The table says `waiting`, the provider's list says nothing: the case is too old to tell."""
    world = World(timings=replace(EACH_ALONE, blank_bodies_after=after))
    dispatch = world.open()
    backup = deepcopy(world.tables)
    world.run(minutes=5)
    assert len(world.provider.log) == 1
    for _ in range(20):
        later(world, 1)
        if world.provider.blanked:
            break
    assert world.provider.blanked
    for name in ("dispatches", "cases", "alerts", "sids", "references", "chains", "due"):
        setattr(world.tables, name, getattr(backup, name))
    world.ring(dispatch)
    world.run(hours=2)
    assert len(world.provider.log) == 1
    assert world.dispatch(dispatch.id).state is DispatchState.NOT_SENT


def test_the_setting_may_not_be_shorter_than_a_late_receipt_is_waited_for() -> None:
    with pytest.raises(Exception, match="blank_bodies_after"):
        Timings(blank_bodies_after=3_600.0).check(30.0)


def test_people_are_told_as_ever_while_old_texts_are_blanked(world: World) -> None:
    bob = world.approver("bob", number(2))
    world.change_approver("bob", manager="")
    sent(world)
    world.clock.forward(days=15)
    sent(world, "4712")
    assert bob.inbox(world.clock.now()) == []
    assert len(world.ann.inbox(world.clock.now())) == 2
