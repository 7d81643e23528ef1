"""A company with five bills, and somebody logged in to it."""

from __future__ import annotations

import pytest

from sandbox.intacct import IntacctSimulator, Options, Recipe, SandboxClock
from sandbox.intacct.caller import Caller
from tests.adapters.intacct_queries.asking import START


@pytest.fixture
def sim() -> IntacctSimulator:
    """A company with no bills but these five.

    1 Submitted 100 USD, due 2026-10-01, "Rush"; 2 Submitted 200 GBP, no description;
    3 Partially Approved 50.5 USD, no WHENMODIFIED; 4 Posted 3797 USD, "rush 100%"; 5 Draft 0 USD,
    belongs to entity E100. Bill n is stamped START + 10 n.
    """
    sim = IntacctSimulator(Recipe(bills=0), clock=SandboxClock(START))
    rows: list[dict[str, object]] = [
        {"vendor": "V-100", "amount": "100", "state": "Submitted", "description": "Rush"},
        {"vendor": "V-101", "amount": "200", "currency": "GBP", "state": "Submitted"},
        {"vendor": "V-100", "amount": "50.50", "state": "Partially Approved"},
        {"vendor": "V-105", "amount": "3797.00", "state": "Posted", "description": "rush 100%"},
        {"vendor": "V-106", "amount": "0", "state": "Draft", "entity": "E100"},
    ]
    for number, row in enumerate(rows, 1):
        stamp = "null" if number == 3 else "now"
        sim.admin.forward(10)
        sim.admin.call("POST", "bills", {**row, "number": f"N-{number}", "stamp": stamp})
    sim.admin.edit_bill(1, Options(stamp="keep"), fields={"WHENDUE": "2026-10-01"})
    return sim


@pytest.fixture
def caller(sim: IntacctSimulator) -> Caller:
    caller = Caller(sim.gateway.handle)
    caller.login()
    return caller
