"""STOP and START: no more texts, and texts again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ml_connector.domain.cases import CaseState
from ml_connector.domain.phone import fingerprint
from ml_connector.usecases.people import PROVIDER, opted_out
from ml_connector.usecases.replies import Effect
from tests.support.replying import ANN, BEN, race, read, texted
from tests.support.world import World, number


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("word", ["STOP", " stop. ", "Unsubscribe", "ALTO", "opt-out"])
def test_stop_opts_out_with_an_entry_in_the_persons_chain(world: World, word: str) -> None:
    texted(world)
    sid = world.inbox.receive(ANN, word)
    assert read(world).effects == {Effect.OPTED_OUT: 1}
    ann = world.approvers.people["ann"]
    assert (ann.opted_out, ann.opted_out_by) == (True, "reply")
    (entry,) = world.audit.chain("person#ann")
    assert entry.kind == "person.opted_out"
    assert entry.data == {
        "number": fingerprint("salt of ann", ANN),
        "sid": sid,
        "source": "reply",
        "told": [],
    }
    (line,) = world.telemetry.said("approver_opted_out", "warning")
    assert line.fields == {"approver": "ann", "source": "reply"}
    assert world.broken_chains() == []


def test_after_stop_nothing_more_is_texted(world: World) -> None:
    texted(world)
    world.inbox.receive(ANN, "STOP")
    read(world)
    sent = len(world.provider.log)
    world.ledger.submit("4712")
    world.run(minutes=5)
    assert len(world.provider.log) == sent


def test_start_takes_a_stop_back_and_nothing_else(world: World) -> None:
    for body in ("STOP", "START"):
        world.inbox.receive(ANN, body)
        world.clock.forward(seconds=5)
    assert read(world).effects == {Effect.OPTED_OUT: 1, Effect.OPTED_IN: 1}
    ann = world.approvers.people["ann"]
    assert (ann.opted_out, ann.opted_out_by) == (False, "")
    kinds = [entry.kind for entry in world.audit.chain("person#ann")]
    assert kinds == ["person.opted_out", "person.opted_in"]
    assert world.broken_chains() == []


def test_start_does_not_undo_what_an_operator_did(world: World) -> None:
    world.change_approver("ann", opted_out=True)
    world.inbox.receive(ANN, "START")
    assert read(world).effects == {Effect.UNKNOWN: 1}
    assert world.approvers.people["ann"].opted_out


def test_yes_from_somebody_who_is_not_out_is_unknown(world: World) -> None:
    dispatch = texted(world)
    world.inbox.receive(ANN, "yes")
    assert read(world).effects == {Effect.UNKNOWN: 1}
    assert world.case(dispatch).state is CaseState.OPEN


def test_a_second_stop_writes_nothing(world: World) -> None:
    for _ in range(2):
        world.inbox.receive(ANN, "STOP")
        read(world)
    assert len(list(world.audit.chain("person#ann"))) == 1


def test_stop_holds_for_everybody_with_that_number(world: World) -> None:
    world.approver("bea", ANN)
    world.approver("ben", BEN)
    world.inbox.receive(ANN, "STOP")
    read(world)
    out = {who.id for who in world.approvers.everybody() if who.opted_out}
    assert out == {"ann", "bea"}


def test_an_operator_who_edits_the_person_at_the_same_time_loses_nothing(world: World) -> None:
    def edit() -> None:
        known = world.approvers.people["ann"]
        world.approvers.save(replace(known, name="Ann A.", version=known.version + 1))

    world.inbox.receive(ANN, "STOP")
    race(world, "commit person.opted_out", edit)
    read(world)
    ann = world.approvers.people["ann"]
    assert (ann.name, ann.opted_out, ann.version) == ("Ann A.", True, 3)


# ------------------------------------------------------------------- heard of from the provider
def refused(world: World, **options: str) -> bool:
    return opted_out("ann", PROVIDER, world.ports, world.clock.ahead(30), **options)


def test_a_number_the_provider_refuses_has_opted_out(world: World) -> None:
    assert refused(world, number=ANN)
    ann = world.approvers.people["ann"]
    assert (ann.opted_out, ann.opted_out_by) == (True, "provider")
    (entry,) = world.audit.chain("person#ann")
    assert entry.data == {
        "number": fingerprint("salt of ann", ANN),
        "source": "provider",
        "told": [],
    }
    assert world.telemetry.said("approver_opted_out", "warning")
    assert not refused(world, number=ANN)
    assert len(list(world.audit.chain("person#ann"))) == 1
    assert world.broken_chains() == []


def test_a_start_takes_back_what_was_heard_of_from_the_provider(world: World) -> None:
    refused(world)
    world.inbox.receive(ANN, "START")
    assert read(world).effects == {Effect.OPTED_IN: 1}


def test_a_number_that_is_no_longer_theirs_says_nothing_of_a_person(world: World) -> None:
    assert not refused(world, number=number(7))
    assert not world.approvers.people["ann"].opted_out


def test_somebody_who_is_gone_cannot_opt_out(world: World) -> None:
    world.approvers.people.clear()
    assert not refused(world)


def test_a_person_without_a_salt_opts_out_without_a_fingerprint(world: World) -> None:
    world.change_approver("ann", salt="")
    assert refused(world)
    (entry,) = world.audit.chain("person#ann")
    assert entry.data == {"source": "provider", "told": []}
