"""What `flow test` says is what the deployed functions do: rule, person, time and text.

Random bills of random companies go through the real use cases (poll, send, later steps) with the
stores in memory, and through the function behind `flow test`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from cli.flow.trying import Setting, Trial, attempt
from ml_connector.domain.approvers import Approver
from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.books import Books, Codings, LineCoding
from ml_connector.domain.documents import first_seen
from ml_connector.domain.events import EventKind
from ml_connector.domain.flows import parse
from ml_connector.domain.money import Money
from tests.support.bills import COMPANY
from tests.support.books import FakeBooks
from tests.support.plan_run import TIMINGS, PlanRun, Sent

BILLS = 1_000
START = datetime(2026, 10, 26, 12, 0, tzinfo=UTC)
#: Daylight saving ends in Europe on October 25 and in the United States on November 1.
SPAN_HOURS = 24 * 21

BOOKS = Books(
    parents={
        "department": {"310": "300", "320": "310", "410": "400"},
        "entity": {"E2": "E1"},
        "location": {"L2": "L1"},
    },
    bill_approvers={"V-1": "VIC", "V-2": "nobody-here"},
    supervisors={"300": "SUE"},
)
DEPARTMENTS = ("", "300", "310", "320", "400", "410", "500")


def a_person(name: str, place: int, chance: random.Random) -> Approver:
    away = chance.random() < 0.25
    since = START.date() + timedelta(days=chance.randrange(-3, 20))
    return Approver(
        name,
        f"{name.title()} Approver",
        "" if chance.random() < 0.1 else f"+1555010{place:04d}",
        f"salt of {name}",
        active=chance.random() > 0.05,
        opted_out=chance.random() < 0.1,
        calls_when_opted_out=chance.random() < 0.5,
        channels=chance.choice([("sms", "voice"), ("sms", "voice"), ("sms",), ("voice",)]),
        user={"vic": "VIC", "sue": "SUE"}.get(name, ""),
        cost_centres=("400",) if name == "bob" else (),
        language=chance.choice(["en", "en", "es"]),
        zone=chance.choice(["", "America/Chicago", "Europe/Berlin", "Asia/Kolkata", "No/Where"]),
        manager=chance.choice(["", "mia", "lea"]) if name != "mia" else "",
        substitute=chance.choice(["", "bob", "dee"]) if away else "",
        away_from=since if away else None,
        away_until=since + timedelta(days=5) if away and chance.random() < 0.7 else None,
        quiet_hours=chance.choice(["", "20:00-08:00", "12:00-13:00"]),
        working_days=chance.choice([(), ("mon", "tue", "wed", "thu", "fri")]),
        holidays=(date(2026, 11, 11),) if chance.random() < 0.3 else (),
    )


def people(chance: random.Random) -> list[Approver]:
    names = ("ann", "bob", "dee", "lea", "mia", "sue", "vic")
    return [a_person(name, place, chance) for place, name in enumerate(names, start=1)]


def a_step(chance: random.Random, *, first: bool) -> dict[str, Any]:
    channel = chance.choice(["sms", "voice"])
    step: dict[str, Any] = {
        "to": chance.choice(["approver", "approver", "manager", "next_level", "ap_lead", "bob"]),
        "detail": chance.choice(["full", "full", "amount_only", "reference_only"]),
        "urgent": chance.random() < 0.2,
    }
    if not first and chance.random() < 0.8:
        step["after"] = chance.choice([600, 3_600, 30_000, 86_400])
        step["unless"] = chance.choice(["acknowledged", "confirmed", "handled"])
    if channel == "voice":
        step["confirm"] = chance.random() < 0.7
    if chance.random() < 0.2:
        step |= {"repeat": chance.choice([7_200, 86_400]), "at_most": chance.randrange(2, 5)}
    return {channel: step}


def conditions(chance: random.Random) -> dict[str, Any]:
    when: dict[str, Any] = {}
    if chance.random() < 0.5:
        low = chance.choice([0, 500, 10_000])
        when["amount"] = {"currency": chance.choice(["USD", "EUR"]), "at_least": str(low)}
        if chance.random() < 0.4:
            when["amount"]["under"] = str(low + 5_000)
    if chance.random() < 0.25:
        when["vendor"] = chance.choice([{"ids": ["V-1", "V-3"]}, {"name": "*steel*"}])
    if chance.random() < 0.15:
        when["entity"] = ["E1"]
    if chance.random() < 0.3:
        when["department"] = [chance.choice(["300", "310", "400"])]
        when["lines"] = chance.choice(["any", "all"])
    if chance.random() < 0.2:
        when["due_within_days"] = chance.randrange(10)
    if chance.random() < 0.15:
        when["description"] = "*rent*"
    return when


def a_rule(number: int, chance: random.Random) -> dict[str, Any]:
    when = conditions(chance)
    steps = [a_step(chance, first=n == 0) for n in range(chance.randrange(1, 4))]
    kinds = ["bill.submitted", "bill.partially_approved", "bill.declined"]
    rule: dict[str, Any] = {
        "name": f"rule {number}",
        "on": chance.sample(kinds, chance.randrange(1, 4)),
        "notify": steps,
    }
    if when:
        rule["when"] = when
    if chance.random() < 0.3:
        rule["approver"] = chance.choice(["ann", "bob"])
    if chance.random() < 0.2:
        rule["levels"] = ["ann", "bob"]
    return rule


def a_flow(chance: random.Random) -> dict[str, Any]:
    company = {
        "name": chance.choice(["Acme AP", "Acme Überall GmbH & Co. KG Accounts Payable"]),
        "zone": chance.choice(["America/Chicago", "Europe/Berlin"]),
        "ap_lead": "lea",
    }
    return {
        "schema": 1,
        "companies": {COMPANY: company},
        "default_approver": "dee",
        "rules": [a_rule(number, chance) for number in range(1, chance.randrange(2, 7))],
    }


def a_bill(number: int, now: datetime, chance: random.Random) -> Bill:
    vendor = chance.randrange(1, 5)
    state = chance.choice([BillState.SUBMITTED, BillState.SUBMITTED, BillState.PARTIALLY_APPROVED])
    cents = chance.choice([0, 49_999, 50_000, 999_999, 1_000_000, chance.randrange(10**8)])
    return Bill(
        record_no=str(number),
        number=chance.choice([f"INV-{number}", "", "2026/10-" + "9" * 40]),
        vendor_id=f"V-{vendor}",
        vendor_name=chance.choice(["Baker Steel", "Ödön Händler", "pay.example.com", ""]),
        amount=Money(Decimal(cents) / 100, chance.choice(["USD", "USD", "EUR"])),
        state=state,
        state_text=state.value,
        due=chance.choice([None, now.date() + timedelta(days=chance.randrange(-5, 15))]),
        entity_id=chance.choice(["", "E1", "E2", "E3"]),
        description=chance.choice(["", "office rent", "steel"]),
        modified=now.replace(microsecond=0),
    )


def codings(chance: random.Random) -> Codings:
    count = chance.randrange(4)
    return tuple(LineCoding(department=chance.choice(DEPARTMENTS)) for _ in range(count))


def said(trial: Trial) -> list[Sent]:
    """What `flow test` says, in the words of the comparison."""
    return sorted(
        (Sent(t.step, t.occurrence, t.recipient, t.channel, t.sent_at, t.text) for t in trial.told),
        key=lambda one: (one.step, one.occurrence),
    )


class Comparison:
    """One company with its bills, both ways."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - a seed
        self._flow = a_flow(self._chance)
        self._people = people(self._chance)
        self.seen: Counter[str] = Counter()

    def compare(self, number: int) -> None:
        chance = self._chance
        start = START + timedelta(hours=chance.randrange(SPAN_HOURS), minutes=chance.randrange(60))
        books = FakeBooks()
        books.books = BOOKS
        run = PlanRun(self._flow, self._people, books, start)
        run.clock.forward(minutes=2)
        bill, lines = a_bill(number, run.clock.now(), chance), codings(chance)
        run.submit(bill, lines)
        run.poll()
        document = replace(first_seen(COMPANY, bill, run.clock.now()), lines=lines)
        waits = bill.state is BillState.SUBMITTED
        kind = EventKind.SUBMITTED if waits else EventKind.PARTIALLY_APPROVED
        self._check(run, attempt(document, kind, self._setting(), run.clock.now()))
        if chance.random() < 0.3:
            self._go_on(run, bill.record_no)

    def _go_on(self, run: PlanRun, record_no: str) -> None:
        """Something more happens to the bill, and `flow test` goes by what is stored."""
        run.clock.forward(hours=1)
        state, kind = self._chance.choice(
            [
                (BillState.DECLINED, EventKind.DECLINED),
                (BillState.PARTIALLY_APPROVED, EventKind.PARTIALLY_APPROVED),
            ]
        )
        if run.document(record_no).state is state:
            return
        run.change(record_no, state=state, state_text=state.value)
        run.poll()
        stored = run.document(record_no)
        self._check(run, attempt(stored, kind, self._setting(), run.clock.now()))

    def _check(self, run: PlanRun, trial: Trial) -> None:
        case = run.tables.cases.get(trial.event.id)
        if trial.decision is None:
            assert case is None
            self.seen["nobody"] += 1
            return
        assert case is not None
        assert (case.rule, case.flow_version) == (trial.decision.rule, 1)
        assert case.expires_at == trial.expires_at
        entry = run.tables.chains[case.chain][0]
        assert entry.data["sentence"] == trial.decision.sentence
        assert run.run(case.id) == said(trial)
        self._count(trial)

    def _count(self, trial: Trial) -> None:
        self.seen[trial.event.kind.value] += 1
        for told in trial.told:
            self.seen[told.channel] += 1
            self.seen["held"] += bool(told.held and told.sent_at)
            self.seen["repeated"] += told.occurrence > 1
            self.seen["later"] += told.begun_at > trial.at
            self.seen["passed over"] += bool(told.passed_over)
            self.seen["nobody left"] += not told.text

    def _setting(self) -> Setting:
        return Setting(parse(self._flow, 1), BOOKS, self._people, TIMINGS)


def compared(seeds: Sequence[int], bills: int) -> Counter[str]:
    """Compare so many bills of each of the companies; what was met on the way."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        company = Comparison(seed)
        for number in range(bills):
            company.compare(4_000 + number)
        seen += company.seen
    return seen


def test_for_a_thousand_random_bills_rule_person_time_and_text_are_the_same() -> None:
    seen = compared(range(100), BILLS // 100)
    assert seen["bill.submitted"] + seen["bill.partially_approved"] + seen["nobody"] >= BILLS
    # Nothing is shown where nothing happens: all that may differ occurred, and often.
    for what in (
        "bill.declined",
        "sms",
        "voice",
        "held",
        "repeated",
        "later",
        "passed over",
        "nobody",
        "nobody left",
    ):
        assert seen[what] >= 10, (what, seen)
