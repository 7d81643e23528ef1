"""When Intacct cannot be read for too long, whoever is named for it gets one text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ml_connector.domain.cases import CaseState
from tests.support.mishaps import Fault
from tests.support.world import COMPANIES, COMPANY, DEFAULT_FLOW, World, number

LEA = number(5)


def watched(**company: Any) -> World:
    """A company whose polls went well until now; Lea is named for when they do not."""
    own: Mapping[str, Any] = {**COMPANIES[COMPANY], "poll_failing": "lea", **company}
    world = World(flow={**DEFAULT_FLOW, "companies": {COMPANY: own}, "ap_lead": "ann"})
    world.approver("lea", LEA)
    world.run(minutes=3)
    return world


def falls_silent(world: World, minutes: float) -> None:
    """Intacct answers nothing for so long."""
    world.ledger.down = True
    world.run(minutes=minutes)
    world.ledger.down = False


def told(world: World, phone: str = LEA) -> list[str]:
    return [text.body for text in world.provider.phone(phone).texts]


def test_after_half_an_hour_one_text_says_since_when_and_no_more_follow() -> None:
    world = watched()
    falls_silent(world, 90)
    (text,) = told(world)
    assert text.startswith("Acme AP: nothing was read from Intacct since ")
    assert "Nobody is told of bills until that works again. Ref " in text
    assert world.broken_chains() == []


def test_a_short_silence_is_told_to_nobody() -> None:
    world = watched()
    falls_silent(world, 25)
    world.run(minutes=60)
    assert told(world) == []


def test_the_next_silence_is_told_again() -> None:
    world = watched()
    for _ in range(2):
        falls_silent(world, 60)
        world.run(minutes=30)
    assert len(told(world)) == 2


def test_once_it_works_again_nobody_hears_of_what_is_over() -> None:
    world = watched()
    world.change_approver("lea", quiet_hours="00:00-23:59", zone="UTC")
    falls_silent(world, 60)
    (case,) = world.tables.cases.values()
    assert (case.kind, case.state) == ("poll.failing", CaseState.OPEN)
    world.run(minutes=10)
    assert world.tables.cases[case.id].state is CaseState.HANDLED
    kinds = [entry.kind for entry in world.audit.chain(case.chain)]
    assert kinds[-1] == "case.handled"
    world.change_approver("lea", quiet_hours="")
    world.run(days=1)
    assert told(world) == []
    assert world.broken_chains() == []


def test_where_nobody_is_named_nobody_is_told() -> None:
    world = watched(poll_failing="")
    falls_silent(world, 60)
    assert world.provider.log == []


def test_where_the_one_named_cannot_be_texted_the_lead_is() -> None:
    world = watched()
    world.change_approver("lea", active=False)
    falls_silent(world, 60)
    assert len(told(world, number(1))) == 1


def test_where_nobody_can_be_texted_an_operator_hears_of_it() -> None:
    world = watched()
    for name in ("lea", "ann"):
        world.change_approver(name, active=False)
    falls_silent(world, 60)
    assert world.telemetry.said("approver_unreachable", "error")


def test_in_spanish() -> None:
    world = watched()
    world.change_approver("lea", language="es")
    falls_silent(world, 60)
    assert told(world)[0].startswith("Acme AP: no se ha podido leer Intacct desde ")


@pytest.mark.parametrize("fault", [Fault.CONFLICT, Fault.LOST_REPLY, Fault.KILLED_AFTER])
def test_a_tick_in_trouble_neither_loses_nor_doubles_it(fault: Fault) -> None:
    world = watched()
    world.faults.arrange("commit case.opened", fault)
    falls_silent(world, 60)
    assert len(told(world)) == 1
