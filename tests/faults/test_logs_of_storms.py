"""What the use cases say through storms of faults, searched for what no line may hold."""

from __future__ import annotations

import json
import random

from tests.faults.history import USUAL
from tests.support.calls import HANGS_UP, NOBODY_ANSWERS, PRESSES_ONE
from tests.support.log_search import Found, Needle, of_name, of_number, of_secret, search
from tests.support.phones import ANSWERS, IS_GONE, IS_OFF
from tests.support.telemetry import Line
from tests.support.world import COMPANIES, QueueNature, World, number

STORMS = 12
#: What somebody texts to the sender, though it is nobody's business.
SECRET = {"password": "hunter2-hunter2"}  # pragma: allowlist secret
FLOW = {
    "schema": 1,
    "companies": COMPANIES,
    "default_approver": "zoe",
    "ap_lead": "ann",
    "rules": [
        {
            "name": "called",
            "on": ["bill.submitted"],
            "when": {"amount": {"currency": "USD", "at_least": "1000"}},
            "notify": [
                {"voice": {"to": "approver", "confirm": True}},
                {"sms": {"to": "manager", "after": 600, "unless": "confirmed"}},
            ],
        },
        {"name": "all", "on": ["bill.submitted"], "notify": [{"sms": {"to": "approver"}}]},
    ],
}


def storm(seed: int) -> World:
    """Two hours in which everything that can break does."""
    world = World(
        flow=FLOW, seed=seed, chances=USUAL, queue=QueueNature(shuffled=True, duplicate=0.2)
    )
    chance = random.Random(seed)  # noqa: S311 - a seed
    phone = world.approver("zoe", number(26), channels=("sms", "voice"), manager="ann")
    world.baseline()
    for place in range(8):
        phone.life = chance.choice((ANSWERS, IS_OFF, IS_GONE))
        world.calls.line(phone.number).life = chance.choice((PRESSES_ONE, HANGS_UP, NOBODY_ANSWERS))
        world.ledger.submit(f"47{place}", amount=chance.choice(("12.00", "4321.00")))
        world.run(minutes=10)
        if chance.random() < 0.3:
            world.inbox.receive(
                phone.number, chance.choice(("STOP", "1", "who is Zoe?", SECRET["password"]))
            )
    world.run(minutes=40)
    return world


def needles(world: World) -> list[Needle]:
    """Numbers in every spelling, names, what was texted and said, a secret, and the vendors."""
    people = world.approvers.everybody()
    found = [needle for person in people for needle in of_number(person.phone)]
    found += [needle for person in people for needle in of_name(person.name)]
    found += [Needle("texts", text.body) for text in world.provider.log]
    found += [Needle("texts", call.request.text) for call in world.calls.log]
    found += of_secret(SECRET)
    names = {document.vendor_name for document in world.tables.documents.values()}
    return [*found, *(Needle("vendors", name, whole_word=True) for name in sorted(names))]


def spelt(line: Line) -> str:
    return json.dumps({"message": line.name, **line.about, **line.fields}, default=str)


def test_no_line_said_in_a_storm_holds_a_number_a_name_or_a_text() -> None:
    lines, looked_for, names = 0, 0, set()
    for seed in range(STORMS):
        world = storm(seed)
        wanted = needles(world)
        assert {needle.kind for needle in wanted} == {
            "numbers",
            "names",
            "texts",
            "secrets",
            "vendors",
        }
        said = [spelt(line) for line in world.telemetry.lines]
        planted = f"to {number(26)}, who is Zoe: {world.provider.log[0].body}, {SECRET['password']}"
        control: Found = search([planted], wanted)
        assert {"numbers", "names", "texts", "secrets"} <= set(control.kinds)
        found = search(said, wanted)
        assert found.hits == (), str(found)
        lines, looked_for = lines + found.lines, looked_for + found.needles
        names |= {line.name for line in world.telemetry.lines}
    print(f"\n{lines} lines of {len(names)} kinds, {looked_for} needles: 0 found")  # noqa: T201
    assert lines > 500
    assert {"look_failed", "outcome_unknown", "alert_not_delivered", "call_ended"} <= names


def test_every_line_about_a_dispatch_names_its_case() -> None:
    for seed in range(3):
        world = storm(seed)
        told = [
            line for line in world.telemetry.lines if {"dispatch"} & {*line.fields, *line.about}
        ]
        assert told
        for line in told:
            fields = {**line.about, **line.fields}
            cases = {
                member.case_id
                for dispatch in str(fields["dispatch"]).split()
                for member in world.dispatch(dispatch).members
            }
            assert cases <= set(str(fields.get("case", "")).split()), (line.name, fields)
