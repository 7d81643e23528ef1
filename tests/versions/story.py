"""Alerts in every stage of their life at one moment: what an upgrade may find under way.

Everybody has a bill of their own, but for Ben, whose second and third became one text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_connector.domain.approvers import Approver
from ml_connector.settings import Timings
from tests.support.mishaps import Fault
from tests.support.provider import Create
from tests.support.stored_world import StoredWorld, number
from tests.support.world import COMPANIES, COMPANY

#: Whom the bills are for, by what is under way with them, and how much they are about.
PEOPLE: Mapping[str, str] = {
    "ben": "a bundle of two that waits, after one text",
    "wes": "waiting, with its message on the queue",
    "max": "waiting, its message lost",
    "sid": "sending: the holder of the claim died",
    "uma": "unknown: accepted, the answer was lost",
    "noa": "unknown: never accepted",
    "sam": "sent, no receipt yet",
    "dee": "deferred by quiet hours",
    "rae": "undelivered, and a retry waits",
    "cal": "a call that goes on",
    "lee": "sent, with a later step",
}
#: Told ten minutes after Lee.
LATER = "lou"
_IDS = (*PEOPLE, LATER)
_BAND = 1000
#: The first bundle waits for ten minutes; then everything else happens.
TIMINGS = Timings()


def phone(person: str) -> str:
    """The number of one of the people."""
    return number(10 + _IDS.index(person))


def amount(person: str) -> str:
    """What leads to them."""
    return f"{_BAND * (1 + _IDS.index(person))}.00"


def flow() -> dict[str, Any]:
    """A rule for each of them."""
    rules = []
    for person in PEOPLE:
        low = _BAND * (1 + _IDS.index(person))
        first = {"voice": {"to": "approver", "confirm": True}} if person == "cal" else _TEXT
        notify = [first, {"sms": {"to": LATER, "after": 600}}] if person == "lee" else [first]
        band = {"currency": "USD", "at_least": str(low), "under": str(low + _BAND)}
        rules.append(
            {
                "name": f"for {person}",
                "on": ["bill.submitted"],
                "when": {"amount": band},
                "approver": person,
                "notify": notify,
            }
        )
    companies = {COMPANY: COMPANIES[COMPANY]}
    return {"schema": 1, "companies": companies, "default_approver": "wes", "rules": rules}


_TEXT: dict[str, Any] = {"sms": {"to": "approver"}}


def tell(world: StoredWorld) -> None:
    """Bring the world to the moment."""
    for person in _IDS:
        quiet = "09:00-10:15" if person == "dee" else ""
        channels = ("voice",) if person == "cal" else ("sms",)
        world.people.put(
            Approver(
                person,
                person.title(),
                phone(person),
                f"salt of {person}",
                channels=channels,
                quiet_hours=quiet,
                zone="UTC",
            )
        )
    world.flows.publish(flow(), now=world.clock.now(), by="story", reason="for everybody")
    world.baseline()
    _bundle(world)
    _submit(world, *(person for person in PEOPLE if person != "ben"))
    world.provider.phone(phone("rae")).turn_off()
    _send(world, "rae")
    world.clock.forward(seconds=70)
    _look_at_the_provider(world)
    _send(world, "dee")
    _send(world, "lee")
    world.provider.answer_next(Create.LOST_REPLY)
    _send(world, "uma")
    world.provider.answer_next(Create.LOST_REQUEST)
    _send(world, "noa")
    world.faults.arrange("commit dispatch.sent", Fault.KILLED_BEFORE)
    _send(world, "sid")
    _send(world, "sam")
    _send(world, "cal")


def _bundle(world: StoredWorld) -> None:
    """Three bills for Ben: one text at once, and the others at the end of the window as one."""
    _submit(world, "ben")
    world.drain()
    _submit(world, "ben", "ben")
    world.drain()
    world.clock.forward(minutes=11)
    world.check()


def _submit(world: StoredWorld, *people: str) -> None:
    for person in people:
        count = len(world.ledger.read_waiting_and_changed(None).bills)
        world.ledger.submit(f"B-{count + 1}", amount(person))
    world.clock.forward(seconds=120)
    world.poll()


def _look_at_the_provider(world: StoredWorld) -> None:
    """A status check; messages it puts on the queue for the others are lost but for two."""
    world.check()
    world.queue.lose_everything()
    world.queue.ring([_dispatch(world, person) for person in ("wes", "ben")])


def _send(world: StoredWorld, person: str) -> None:
    world.send(_dispatch(world, person))


def _dispatch(world: StoredWorld, person: str) -> str:
    return [one.id for one in world.all_dispatches() if one.recipient == person][-1]
