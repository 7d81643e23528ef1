"""What `flow test` says, held against what the deployed functions did, bill by bill.

    python -m tests.soak.agreement --bills 1000 --seed 1

The template on the local AWS, a flow of many rules, a hundred people and the simulated Intacct:
for every bill the rule, its sentence, the person, the channel, the moment and the text have to be
the same. Its last line: `bills=… agree=… differ=…`.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cli.flow.trying import Setting, Trial, attempt, usual_kind
from ml_connector.domain.approvers import Approver
from ml_connector.domain.books import Books
from ml_connector.domain.documents import Document
from ml_connector.domain.flows import Flow, parse
from ml_connector.domain.ids import dispatch_id
from ml_connector.domain.unit_of_work import CaseFile
from sandbox.aws import wait
from sandbox.world import COMPANY, LocalWorld

VENDORS = ("V-100", "V-101", "V-102", "V-104", "V-107")
PEOPLE = 100
#: Who takes texts and calls, for certain.
CALLED = "p050"
#: Each hundred of the amount is another person's.
BAND = 100


@dataclass(slots=True)
class Tally:
    """How many bills, and what differed; told by whom, for how much was met on the way."""

    bills: int = 0
    differing: list[str] = field(default_factory=list)
    channels: dict[str, int] = field(default_factory=dict)
    nobody: int = 0

    @property
    def line(self) -> str:
        """The last line of the command."""
        differ = len(self.differing)
        return f"bills={self.bills} agree={self.bills - differ} differ={differ}"


class RandomCompany(LocalWorld):
    """A local world with a flow and people of its own."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)  # noqa: S311 - a seed
        self.approvers_known = [self._person(place) for place in range(PEOPLE)]
        self.published = self._flow()

    @property
    def flow(self) -> Flow:
        """The flow in force."""
        return parse(self.published, 1)

    def _publish(self) -> None:
        for person in self.approvers_known:
            self.approvers.put(person)
        self.flows.publish(self.published, now=datetime.now(UTC), by="agreement", reason="random")

    def _person(self, place: int) -> Approver:
        chance, name = self.chance, f"p{place:03d}"
        if name == CALLED:
            return Approver(name, "Person called", "+15550129999", "salt of the called")
        return Approver(
            name,
            f"Person {place}",
            "" if chance.random() < 0.05 else f"+1555012{place:04d}",
            f"salt of {place}",
            active=chance.random() > 0.05,
            opted_out=chance.random() < 0.05,
            channels=chance.choice([("sms",), ("sms",), ("sms", "voice")]),
            language=chance.choice(["en", "en", "es"]),
            manager=f"p{chance.randrange(PEOPLE):03d}",
        )

    def _flow(self) -> dict[str, Any]:
        chance = self.chance
        rules: list[dict[str, Any]] = [
            {
                "name": "due soon",
                "on": ["bill.submitted"],
                "when": {"due_within_days": 9, "vendor": {"ids": ["V-104", "V-107"]}},
                "notify": [{"voice": {"to": CALLED, "confirm": True}}],
            },
            {
                "name": "rent",
                "on": ["bill.submitted"],
                "when": {"description": "*rent*"},
                "approver": "p007",
                "notify": [{"sms": {"to": "approver"}}, {"sms": {"to": "p008"}}],
            },
        ]
        for place in range(PEOPLE - 5):
            band = {"at_least": str(place * BAND), "under": str((place + 1) * BAND)}
            detail = chance.choice(["full", "full", "amount_only", "reference_only"])
            rules.append(
                {
                    "name": f"hundred {place}",
                    "on": ["bill.submitted"],
                    "when": {"amount": {"currency": "USD", **band}},
                    "approver": f"p{place:03d}",
                    "notify": [
                        {"sms": {"to": chance.choice(["approver", "manager"]), "detail": detail}},
                        {"sms": {"to": "p001", "after": 86_400, "unless": "acknowledged"}},
                    ],
                }
            )
        return {
            "schema": 1,
            "companies": {COMPANY: {"name": "Acme AP", "zone": "America/Chicago"}},
            "default_approver": "p000",
            "rules": rules,
        }

    def submit_random(self, number: int) -> int:
        """One bill of whatever kind; its record number."""
        chance = self.chance
        due = date.today() + timedelta(days=chance.randrange(0, 30))  # noqa: DTZ011 - a bill's day
        cents = chance.randrange(100, PEOPLE * BAND * 100)
        bill = self.intacct.create_bill(
            chance.choice(VENDORS),
            f"{cents / 100:.2f}",
            number=f"RND-{number}",
            due=due,
            submit=True,
            description=chance.choice(["", "", "", "office rent"]),
        )
        return bill.recordno


def compared(seed: int, bills: int) -> Tally:
    """Submit so many bills, wait for the functions, and compare."""
    tally = Tally(bills)
    with RandomCompany(seed) as world:
        world.await_first_poll()
        numbers = [f"bill#{world.submit_random(place)}" for place in range(bills)]
        wait.until(
            lambda: len(world.documents.documents(COMPANY, numbers)) == bills,
            "a document for every bill",
            timeout=60 + bills,
        )
        setting = Setting(world.flow, Books(), world.approvers_known, world.timings)
        for document in world.documents.documents(COMPANY, numbers).values():
            wrong = list(_differences(world, document, setting, tally))
            if wrong:
                tally.differing.append(f"{document.number}: {'; '.join(wrong)}")
    return tally


def _differences(
    world: RandomCompany, document: Document, setting: Setting, tally: Tally
) -> Iterator[str]:
    kind = usual_kind(document)
    first = attempt(document, kind, setting, document.first_seen)
    file = world.alerts.case_file(first.event.id)
    if first.decision is None or file is None:
        tally.nobody += 1
        if (first.decision is None) != (file is None):
            yield "one tells somebody, the other nobody"
        return
    # The functions look at the clock once more when they write.
    trial = attempt(document, kind, setting, file.case.opened_at)
    yield from _case_differs(world, file, trial)
    yield from _steps_differ(world, file, trial, tally)


def _case_differs(world: RandomCompany, file: CaseFile, trial: Trial) -> Iterator[str]:
    assert trial.decision is not None
    opened = next(iter(world.audit.chain(file.case.chain)))
    for what, done, said in (
        ("rule", file.case.rule, trial.decision.rule),
        ("sentence", opened.data["sentence"], trial.decision.sentence),
        ("expiry", file.case.expires_at, trial.expires_at),
    ):
        if done != said:
            yield f"{what}: {done} and {said}"


def _steps_differ(
    world: RandomCompany, file: CaseFile, trial: Trial, tally: Tally
) -> Iterator[str]:
    at_once = [told for told in trial.told if told.begun_at == trial.at]
    alerts = {alert.step: alert for alert in file.alerts}
    if {told.step for told in at_once} != set(alerts):
        yield f"steps: {sorted(alerts)} and {[told.step for told in at_once]}"
        return
    for told in at_once:
        alert = alerts[told.step]
        tally.channels[alert.channel] = tally.channels.get(alert.channel, 0) + 1
        # The first one, whatever was tried again since.
        first = world.alerts.dispatch(dispatch_id(alert.id, 1))
        text = first.text if first else ""
        at = first.created_at if first else trial.at
        done = (alert.recipient, alert.channel, text, at)
        said = (told.recipient, told.channel, told.text, told.begun_at)
        if done != said:
            yield f"step {told.step}: {done} and {said}"


def main() -> int:
    """The command; 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    tally = compared(arguments.seed, arguments.bills)
    for one in tally.differing[:20]:
        print(one)  # noqa: T201 - a command
    print(f"told at once by {tally.channels}, nobody: {tally.nobody}")  # noqa: T201 - a command
    print(tally.line)  # noqa: T201 - a command
    return 1 if tally.differing else 0


if __name__ == "__main__":
    sys.exit(main())
