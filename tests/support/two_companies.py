"""A world with two companies, in which looking after things takes time.

Acme has many people and many bills, Beta has one of each. Each call of the store or the provider
takes as long as `latency` says while the status check runs, so that a run ends before a storm does,
as it would. Sends take no time here: four functions run beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from ml_connector.settings import Timings
from ml_connector.usecases.check_status import StatusReport
from ml_connector.usecases.due import companies_due
from ml_connector.usecases.poll import poll_company

from .ledger import Ledger
from .world import COMPANIES, COMPANY, POLL_TIMEOUT, World, number

OTHER = "beta"
BEA = number(90)


class TwoLedgers:
    """The Companies port."""

    def __init__(self, ledgers: Mapping[str, Ledger]) -> None:
        self._ledgers = ledgers

    def source(self, company: str) -> Ledger | None:
        """The company's bills."""
        return self._ledgers.get(company)


def flow(*later: dict[str, Any], approvers: int) -> dict[str, Any]:
    """Acme's bills go to whoever the vendor is named after, Beta's to Bea."""
    usual = COMPANIES[COMPANY]
    people = [f"a{place:02}" for place in range(approvers)]
    return {
        "schema": 1,
        "default_approver": "bea",
        "companies": {COMPANY: usual, OTHER: {**usual, "name": "Beta AP"}},
        "rules": [
            *(
                {
                    "name": f"of {who}",
                    "on": ["bill.submitted"],
                    "companies": [COMPANY],
                    "when": {"vendor": {"name": f"Vendor {who}"}},
                    "approver": who,
                    "notify": [{"sms": {"to": "approver"}}, *later],
                }
                for who in people
            ),
            {
                "name": "of bea",
                "on": ["bill.submitted"],
                "companies": [OTHER],
                "approver": "bea",
                "notify": [{"sms": {"to": "approver"}}, *later],
            },
        ],
    }


class TwoCompanies(World):
    """Acme with so many approvers, and Beta with Bea."""

    def __init__(
        self,
        *later: dict[str, Any],
        approvers: int = 8,
        latency: float = 0.01,
        timings: Timings | None = None,
    ) -> None:
        super().__init__(flow=flow(*later, approvers=approvers), timings=timings)
        self.latency = latency
        self.beta = Ledger(self.clock)
        ledgers = TwoLedgers({COMPANY: self.ledger, OTHER: self.beta})
        self.poll_ports = replace(self.poll_ports, companies=ledgers)
        self.people = [f"a{place:02}" for place in range(approvers)]
        for place, who in enumerate(self.people):
            self.approver(who, number(100 + place))
        self.approver("bea", BEA)
        self._slow = False
        meet = self.faults.meet

        def slowly(point: str, possible: Any) -> Any:
            if self._slow:
                self.clock.forward(seconds=self.latency)
            return meet(point, possible)

        self.faults.meet = slowly  # type: ignore[method-assign]

    def storm(self, bills: int, first: int = 10_000) -> None:
        """So many of Acme's bills at once, each approver's in turn."""
        for each in range(bills):
            who = self.people[each % len(self.people)]
            self.ledger.submit(str(first + each), vendor=f"Vendor {who}")

    def heard(self) -> list[datetime]:
        """When Bea's phone buzzed."""
        return [text.accepted_at for text in self.provider.phone(BEA).texts]

    # ------------------------------------------------------------------------- functions
    def poll(self) -> bool:
        """The tick, and the polls it starts; each in a function of its own."""
        due: list[str] = []
        if not self.invoke(POLL_TIMEOUT, lambda _: due.extend(companies_due(self.poll_ports))):
            return False
        ports = self.poll_ports
        done = [self.invoke(POLL_TIMEOUT, partial(poll_company, key, ports)) for key in due]
        return all(done)

    def check(self) -> StatusReport | None:
        """The status check, which takes its time."""
        self._slow = True
        try:
            return super().check()
        finally:
            self._slow = False
