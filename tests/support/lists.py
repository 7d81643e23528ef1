"""Worlds in which a company sends daily lists, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector.domain.cases import DAILY_LIST, Case
from ml_connector.domain.dispatches import Dispatch
from ml_connector.settings import Timings

from .phones import Text
from .world import COMPANIES, COMPANY, World, number

CHICAGO = ZoneInfo("America/Chicago")
ANN, BOB = number(1), number(2)
TEXT = {"sms": {"to": "approver"}}
#: What every text of a list says.
WAITS = "still wait"


def flow(
    *notify: Mapping[str, Any], daily_list: Mapping[str, Any] | None = None, **changes: Any
) -> Mapping[str, Any]:
    """A flow of one rule, whose company sends lists at eight."""
    company = {**COMPANIES[COMPANY], "daily_list": daily_list or {"at": "08:00"}, **changes}
    return {
        "schema": 1,
        "companies": {COMPANY: company},
        "default_approver": "ann",
        "rules": [
            {
                "name": "all",
                "on": ["bill.submitted", "bill.partially_approved"],
                "notify": list(notify or (TEXT,)),
            }
        ],
    }


def world_at(
    text: str,
    published: Mapping[str, Any] | None = None,
    wall: ZoneInfo = CHICAGO,
    *,
    timings: Timings | None = None,
    **ann: Any,
) -> World:
    """A world whose clock on that wall shows that; bills that come together are told together."""
    world = World(timings=timings or Timings(), flow=published or flow())
    start = datetime.fromisoformat(text).replace(tzinfo=wall).astimezone(UTC)
    world.clock.forward_to(start)
    assert world.clock.now() == start
    if ann:
        world.change_approver("ann", **ann)
    world.baseline()
    return world


def until(world: World, text: str, wall: ZoneInfo = CHICAGO) -> None:
    """Let time pass until that wall shows that."""
    world.run_until(datetime.fromisoformat(text).replace(tzinfo=wall).astimezone(UTC))


def lists(world: World, phone: str = "") -> list[Text]:
    """The lists that were accepted, to one number or to all."""
    log = world.provider.log
    return [x for x in log if (WAITS in x.body or "espera" in x.body) and phone in ("", x.to)]


def times(world: World, phone: str = ANN, wall: ZoneInfo = CHICAGO) -> list[str]:
    """When they were, on a wall, to the minute."""
    return [f"{one.accepted_at.astimezone(wall):%a %m-%d %H:%M}" for one in lists(world, phone)]


def list_cases(world: World) -> list[Case]:
    """The cases of lists in the order they were opened."""
    found = [case for case in world.tables.cases.values() if case.kind == DAILY_LIST]
    return sorted(found, key=lambda case: (case.opened_at, case.id))


def list_dispatches(world: World) -> list[Dispatch]:
    """Every dispatch that was made for a list."""
    names = {case.id for case in list_cases(world)}
    return [one for one in world.dispatches() if one.members[0].case_id in names]
