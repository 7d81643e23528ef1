"""A STOP that concerns more people, or is told to more of them, than one transaction holds."""

from __future__ import annotations

from collections import Counter

import pytest

from ml_connector.usecases.people import PROVIDER, opted_out
from tests.support.faults import Fault
from tests.support.replying import ANN, read, texted
from tests.support.world import COMPANIES, STEADY, World, number

LEADS = 40
OTHERS = {
    f"company{n}": {
        "name": f"Company {n}",
        "zone": "America/Chicago",
        "calendar": STEADY,
        "ap_lead": f"lead{n}",
    }
    for n in range(LEADS)
}


@pytest.fixture
def world() -> World:
    """Ann approves for a service provider with many companies, each led by somebody else."""
    flow = {
        "schema": 1,
        "companies": {**COMPANIES, **OTHERS},
        "default_approver": "ann",
        "rules": [
            {"name": "all", "on": ["bill.submitted"], "notify": [{"sms": {"to": "approver"}}]}
        ],
    }
    world = World(flow=flow)
    for n in range(LEADS):
        world.approver(f"lead{n}", number(100 + n))
    return world


def told(world: World) -> Counter[str]:
    """How many notices there are for each person."""
    cases = {case.id for case in world.tables.cases.values() if case.kind == "person.opted_out"}
    return Counter(x.recipient for x in world.dispatches() if x.members[0].case_id in cases)


def everybody_once() -> Counter[str]:
    return Counter(f"lead{n}" for n in range(LEADS))


def test_a_stop_is_recorded_and_told_to_everybody_however_many_lead(world: World) -> None:
    texted(world)
    world.inbox.receive(ANN, "STOP")
    read(world)
    assert world.approvers.people["ann"].opted_out
    assert told(world) == everybody_once()
    (entry,) = world.audit.chain("person#ann")
    assert isinstance(entry.data["told"], list)
    assert len(entry.data["told"]) == LEADS
    assert read(world).read == 0
    assert world.broken_chains() == []


@pytest.mark.parametrize("after", range(3))
@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.THROTTLED])
def test_whoever_dies_between_two_writes_is_made_up_for_at_the_next_look(
    world: World, after: int, fault: Fault
) -> None:
    texted(world)
    world.inbox.receive(ANN, "STOP")
    point = "commit case.opened" if after < 2 else "commit person.opted_out"
    passed = [Fault.RACE] * (after if after < 2 else 0)
    world.faults.arrange(point, *passed, *[fault] * (200 if fault is Fault.THROTTLED else 1))
    world.clock.forward(seconds=world.timings.reply_interval)
    world.check()
    world.faults.calm()
    for _ in range(3):
        read(world)
    assert world.approvers.people["ann"].opted_out
    assert told(world) == everybody_once()
    assert world.broken_chains() == []


def test_the_same_from_a_refusal_of_the_provider(world: World) -> None:
    assert opted_out("ann", PROVIDER, world.ports, world.clock.ahead(30), number=ANN)
    assert told(world) == everybody_once()


def test_a_number_that_very_many_share_opts_all_of_them_out() -> None:
    world = World()
    for n in range(120):
        world.approver(f"a{n}", ANN)
    texted(world)
    world.inbox.receive(ANN, "STOP")
    read(world)
    assert {who.opted_out for who in world.approvers.everybody()} == {True}
    assert read(world).read == 0
    assert world.broken_chains() == []
