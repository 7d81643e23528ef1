"""Reading the inbox: when, what is kept of it, and what happens when it fails."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ml_connector.domain.cases import CaseState
from ml_connector.settings import Timings
from ml_connector.usecases.check_status import check_status
from ml_connector.usecases.replies import IDLE, Effect, read_replies
from tests.support.faults import Fault
from tests.support.phones import GIVES_NO_RECEIPT
from tests.support.replying import ANN, BEN, STRANGER, look, race, read, texted
from tests.support.world import World


@pytest.fixture
def world() -> World:
    return World()


# ---------------------------------------------------------------------------- what is unknown
def test_what_is_not_understood_is_counted_and_its_words_are_kept_nowhere(world: World) -> None:
    texted(world)
    world.inbox.receive(ANN, "my dog ate the bill")
    world.inbox.receive(STRANGER, "buy cheap watches")
    world.inbox.receive(ANN, "help")
    report = read(world)
    assert report.effects == {Effect.UNKNOWN: 1, Effect.STRANGER: 1, Effect.HELP: 1}
    (line,) = world.telemetry.said("reply_unknown")
    assert line.fields == {"approver": "ann"}
    (summary,) = world.telemetry.said("replies_read")
    assert summary.fields == {"unknown": 1, "stranger": 1, "help": 1}
    everything = repr(world.tables) + repr(world.telemetry.lines)
    for word in ("dog", "watches", "9999"):
        assert word not in everything
    assert look(world).read == 0


def test_each_reply_is_dealt_with_once_however_often_it_is_listed(world: World) -> None:
    dispatch = texted(world)
    for body in ("1", "STOP", "what?"):
        world.inbox.receive(ANN, body)
    reports = [read(world).read for _ in range(4)]
    assert reports == [3, 0, 0, 0]
    assert world.kinds(dispatch).count("case.acknowledged") == 1


def test_more_unknown_replies_than_one_transaction_holds_are_all_recorded(world: World) -> None:
    for place in range(120):
        world.inbox.receive(STRANGER, f"{place}?")
    assert read(world).read == 120
    assert read(world).read == 0


# ------------------------------------------------------------------------------- when to look
def test_the_inbox_is_looked_into_once_in_the_interval(world: World) -> None:
    for _ in range(6):
        look(world)
        world.clock.forward(seconds=world.timings.reply_interval / 3)
    assert world.inbox.looks == 2


def test_while_nobody_has_a_text_the_inbox_is_looked_into_less_often(world: World) -> None:
    world.run(minutes=3 * IDLE)
    assert world.inbox.looks == 3
    texted(world)
    world.clock.forward(minutes=1)
    before = world.inbox.looks
    world.run(minutes=IDLE)
    assert world.inbox.looks - before == IDLE


def test_a_sender_without_replies_has_no_inbox(world: World) -> None:
    ports = replace(world.ports, inbox=None)
    assert read_replies(ports, world.clock.ahead(30)).read == 0
    assert world.tables.inbox is None


def test_a_reply_listed_late_is_read_late(world: World) -> None:
    dispatch = texted(world)
    world.inbox.list_delay = timedelta(seconds=world.timings.grace - 1)
    world.inbox.receive(ANN, "1")
    for _ in range(3):
        read(world)
    assert world.case(dispatch).state is CaseState.ACKNOWLEDGED


def test_what_came_in_while_nobody_looked_is_read_afterwards(world: World) -> None:
    dispatch = texted(world)
    world.inbox.down = True
    world.inbox.receive(ANN, "1")
    report = read(world)
    assert report.trouble == ["delivery_transient"]
    assert world.telemetry.said("replies_not_read", "warning")
    world.clock.forward(hours=9)
    world.inbox.down = False
    read(world)
    assert world.case(dispatch).state is CaseState.ACKNOWLEDGED


def test_with_no_time_left_nothing_is_asked_for(world: World) -> None:
    assert read_replies(world.ports, world.clock.now()).read == 0
    assert world.inbox.looks == 0


# ------------------------------------------------------------------------------- when it fails
def test_one_reply_in_trouble_leaves_the_others_their_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch = texted(world)
    world.approver("ben", BEN)
    references = world.ports.alerts.references

    def broken(recipient: str, since: Any) -> Any:
        if recipient == "ben":
            raise RuntimeError(f"a message with {BEN} in it")
        return references(recipient, since)

    monkeypatch.setattr(world.ports.alerts, "references", broken)
    world.inbox.receive(BEN, "1")
    world.inbox.receive(ANN, "1")
    report = read(world)
    assert report.trouble == ["RuntimeError"]
    assert world.case(dispatch).state is CaseState.ACKNOWLEDGED
    (line,) = world.telemetry.said("reply_failed", "warning")
    assert BEN not in json.dumps(line.fields)
    world.clock.forward(hours=3)
    monkeypatch.undo()
    assert read(world).effects == {Effect.UNKNOWN: 1}, "what failed is read again"


def test_what_fails_for_ever_does_not_make_the_list_grow_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Any:
        raise RuntimeError

    world.inbox.receive(ANN, "1")
    monkeypatch.setattr(world.ports.alerts, "references", broken)
    assert read(world).trouble
    for _ in range(3):
        world.clock.forward(seconds=world.timings.receipt_patience)
        read(world)
    assert read(world).trouble == []


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.LOST_REPLY])
@pytest.mark.parametrize(
    ("point", "body"),
    [
        ("commit case.acknowledged", "1"),
        ("commit person.opted_out", "STOP"),
        ("commit quiet", "what?"),
        ("move inbox mark", "1"),
    ],
)
def test_a_function_that_dies_on_the_way_leaves_it_to_the_next(
    world: World, fault: Fault, point: str, body: str
) -> None:
    dispatch = texted(world)
    world.inbox.receive(ANN, body)
    world.faults.arrange(point, fault)
    world.clock.forward(seconds=world.timings.reply_interval)
    world.invoke(60, lambda end: read_replies(world.ports, end))
    for _ in range(2):
        read(world)
    acknowledged = world.case(dispatch).state is CaseState.ACKNOWLEDGED
    assert acknowledged == (body == "1")
    assert world.approvers.people["ann"].opted_out == (body == "STOP")
    assert world.kinds(dispatch).count("case.acknowledged") == (body == "1")
    assert len(list(world.audit.chain("person#ann"))) == (body == "STOP")
    assert read(world).read == 0
    assert world.broken_chains() == []


def test_a_status_that_comes_at_the_same_time_does_not_lose_the_reply(world: World) -> None:
    world.ann.life = GIVES_NO_RECEIPT
    dispatch = world.open()
    world.drain()

    def receipt() -> None:
        world.look_in(dispatch.id)
        world.clock.forward(seconds=1)
        without = replace(world.ports, inbox=None)
        world.invoke(60, lambda end: check_status(without, end))

    world.clock.forward(hours=5)
    world.inbox.receive(ANN, "1")
    race(world, "commit case.acknowledged", receipt)
    read(world)
    assert world.case(dispatch).state is CaseState.ACKNOWLEDGED
    assert world.kinds(dispatch)[-2:] == ["dispatch.unconfirmed", "case.acknowledged"]
    assert world.broken_chains() == []


def test_somebody_who_reads_along_makes_nothing_happen_twice(world: World) -> None:
    dispatch = texted(world)
    world.inbox.receive(ANN, "1")
    world.inbox.receive(ANN, "what?")
    world.clock.forward(seconds=world.timings.reply_interval)
    race(world, "commit case.acknowledged", lambda: look(world))
    report = look(world)
    assert (report.effects[Effect.ELSEWHERE], report.trouble) == (1, [])
    assert world.kinds(dispatch).count("case.acknowledged") == 1


def test_an_hour_of_replies_with_shortened_times_is_read_too() -> None:
    world = World(timings=replace(Timings(), reply_interval=1.0))
    dispatch = texted(world)
    world.inbox.receive(ANN, "1")
    world.clock.forward(seconds=1)
    assert look(world).effects == {Effect.ACKNOWLEDGED: 1}
    assert world.case(dispatch).state is CaseState.ACKNOWLEDGED


def test_a_text_that_went_out_between_two_looks_is_awaited_all_the_same() -> None:
    world = World(timings=replace(Timings(), reply_interval=600.0))
    world.baseline()
    look(world)
    dispatch = texted(world)
    world.inbox.receive(ANN, "1")
    world.run(minutes=11)
    assert world.case(dispatch).state is CaseState.ACKNOWLEDGED
