"""Worlds in which what comes together is told together, and what their phones show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ml_connector.domain.cases import CaseState
from ml_connector.domain.dispatches import Dispatch
from ml_connector.settings import Timings

from .world import COMPANIES, World, number

ANN, BOB = number(1), number(2)
TEXT = {"sms": {"to": "approver"}}
CALL = {"voice": {"to": "approver", "confirm": True, "attempts": 2}}


def flow(*notify: Mapping[str, Any], on: str = "bill.submitted", **rule: Any) -> Mapping[str, Any]:
    """A flow of one rule."""
    return {
        "schema": 1,
        "companies": COMPANIES,
        "default_approver": "ann",
        "rules": [{"name": "all", "on": [on], "notify": list(notify), **rule}],
    }


def world_of(*notify: Mapping[str, Any], **rule: Any) -> World:
    """Ann approves everything; things that come together are told together."""
    world = World(timings=Timings(), flow=flow(*(notify or (TEXT,)), **rule))
    world.baseline()
    return world


def submit(world: World, *numbers: int, amount: str = "12000.00") -> None:
    for one in numbers:
        world.ledger.submit(str(one), amount=amount)


def texts(world: World, phone: str = ANN) -> list[str]:
    """What the phone shows, without how to reply."""
    inbox = world.provider.phone(phone).inbox(world.clock.now())
    return [re.split(" Reply| Responda| Ref ", text)[0] for text in inbox]


def cases(world: World) -> set[CaseState]:
    return {case.state for case in world.tables.cases.values()}


def bundles(world: World) -> list[Dispatch]:
    return [one for one in world.dispatches() if len(one.members) > 1]
