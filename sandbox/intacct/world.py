"""Everything one simulator holds: companies, senders, sessions, faults, the clock."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from .clock import SandboxClock
from .company import Company
from .faults import Faults
from .seed import Recipe, seed_company
from .sessions import Sessions

GATEWAY_PATH = "/ia/xml/xmlgw.phtml"
COMPANY_ID = "acme-sandbox"
SENDER_ID = "sandbox-sender"
SENDER_PASSWORD = "sandbox-sender-password"  # nosec B105 # of the simulated company
USER_ID = "sandbox-user"
USER_PASSWORD = "sandbox-user-password"  # nosec B105 # of the simulated company


@dataclass(frozen=True, slots=True)
class Account:
    """A company to be: its id, and how it is filled."""

    company: str
    recipe: Recipe


class World:
    """The state of a simulator. `reset` puts it back to what it was built with."""

    def __init__(self, recipe: Recipe | None = None, clock: SandboxClock | None = None) -> None:
        self.clock = clock or SandboxClock()
        self.faults = Faults()
        self.sessions = Sessions(self.clock)
        self.senders: dict[str, str] = {}
        self.companies: dict[str, Company] = {}
        self.sessions_refused = 0
        """Requests with a session id that was dead or never was."""
        self._first = Account(COMPANY_ID, recipe or Recipe())
        self._lock = threading.Lock()
        self._fill()

    def _fill(self) -> None:
        self.senders = {SENDER_ID: SENDER_PASSWORD}
        self.companies = {}
        self.add(self._first)

    def add(self, account: Account) -> Company:
        """Found another company. Raises ValueError when the id is taken."""
        with self._lock:
            if account.company in self.companies:
                raise ValueError(f"company {account.company} exists")
            company = seed_company(account.company, self.clock, account.recipe)
            company.passwords[USER_ID] = USER_PASSWORD
            self.companies[account.company] = company
            return company

    def reset(self) -> None:
        """Seed anew: faults, sessions, counters, the log and other companies are gone."""
        self.faults.remove()
        self.sessions.kill()
        self.sessions_refused = 0
        self.clock.restart()
        self._fill()
