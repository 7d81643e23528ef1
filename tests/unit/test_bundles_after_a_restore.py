"""All tables went back, the audit too: what a text of several told of is read out of the text."""

from __future__ import annotations

import copy
import re
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import pytest

from ml_connector.domain.standstill import Restoring
from ml_connector.usecases.told_before import TOLD
from tests.support.bundling import bundles, submit, world_of
from tests.support.memory_store import Tables
from tests.support.world import World


class Backup:
    """Everything that was stored at one moment."""

    def __init__(self, world: World) -> None:
        self.at: datetime = world.clock.now()
        names = [each.name for each in fields(Tables) if each.name != "now"]
        self._kept: dict[str, Any] = {
            name: copy.deepcopy(getattr(world.tables, name)) for name in names
        }

    def put_back(self, world: World) -> None:
        """As the command does it: what is on the queue goes on, and everybody is wary."""
        for name, value in self._kept.items():
            setattr(world.tables, name, value)
        now = world.clock.now()
        wary_until = now + timedelta(days=15)
        world.tables.restoring = Restoring(now, "restored", since=self.at, wary_until=wary_until)


def bundled(world: World, bills: int) -> Backup:
    """A bill is told at once and `bills` others in one text; what was stored before that text."""
    submit(world, 1)
    world.run(minutes=3)
    submit(world, *range(2, 2 + bills))
    while sum(one.reason == "bundle" for one in world.dispatches()) < bills:
        world.tick()
        world.clock.forward(minutes=1)
    backup = Backup(world)
    world.run(minutes=15)
    assert len(world.provider.log) == 2
    return backup


def told_after(world: World, **amount: float) -> list[str]:
    """The texts of the time that passes now."""
    before = len(world.provider.log)
    world.run(**amount)
    return [text.body for text in world.provider.log[before:]]


@pytest.mark.parametrize("handled", [(), ("2",), ("3",), ("2", "3"), ("2", "4")])
def test_nothing_that_was_named_is_told_again(handled: tuple[str, ...]) -> None:
    world = world_of()
    backup = bundled(world, 3)
    for bill in handled:
        world.ledger.approve(bill)
    backup.put_back(world)
    assert told_after(world, minutes=40) == []
    assert world.broken_chains() == []


def test_what_was_counted_and_not_named_is_not_told_again_on_a_guess() -> None:
    world = world_of()
    backup = bundled(world, 7)
    (text,) = bundles(world)
    first = world.case(text).document.removeprefix("bill#")
    for bill in {first, "2", "3", "4"}:
        world.ledger.approve(bill)
    backup.put_back(world)
    world.clock.forward(minutes=2)
    world.poll()
    assert told_after(world, minutes=40) == []
    said = [line for line in world.telemetry.lines if line.name == "perhaps_told_before"]
    assert said
    assert all("alerts resend" in str(line.fields["fix"]) for line in said)


def test_a_bill_that_came_after_the_text_is_told() -> None:
    world = world_of()
    backup = bundled(world, 7)
    backup.put_back(world)
    submit(world, 99)
    (text,) = told_after(world, minutes=40)
    assert "bill 99" in text


def test_of_a_bundle_made_anew_only_what_nobody_was_told_of_is_sent() -> None:
    world = world_of()
    backup = bundled(world, 3)
    world.ledger.approve("2")
    backup.put_back(world)
    world.queue.receive(1000)
    submit(world, 98, 99)
    world.poll()
    world.drain()
    sent = [world.provider.log[-1].body, *told_after(world, minutes=40)]
    (anew,) = [one for one in world.dispatches() if one.reason == TOLD]
    assert len(anew.members) == 3
    named = [re.findall(r"(?:bill |: |, )(3|4|98|99)[.,]", text) for text in sent]
    assert sorted(named) == [["98"], ["99"]]
    assert world.broken_chains() == []


def test_a_text_that_did_not_arrive_told_of_nothing() -> None:
    world = world_of()
    submit(world, 1)
    world.run(minutes=3)
    world.ann.turn_off()
    submit(world, 2, 3)
    while sum(one.reason == "bundle" for one in world.dispatches()) < 2:
        world.tick()
        world.clock.forward(minutes=1)
    backup = Backup(world)
    while len(world.provider.log) < 2:
        world.run(minutes=1)
    world.clock.forward(minutes=1)
    world.ledger.approve("2")
    world.ann.turn_on()
    backup.put_back(world)
    (text,) = told_after(world, minutes=40)
    assert "bill 3" in text


def test_a_reminder_of_what_was_told_still_comes() -> None:
    again = {"sms": {"to": "approver", "after": 3600, "repeat": 3600, "at_most": 2}}
    world = world_of({"sms": {"to": "approver"}}, again)
    backup = bundled(world, 3)
    world.ledger.approve("2")
    backup.put_back(world)
    assert told_after(world, minutes=30) == []
    assert told_after(world, hours=2)
    assert bundles(world)
