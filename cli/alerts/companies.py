"""Where each company of the flow stands: its polls, bills that wait, its pause and allowance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from cli.deployment import Deployment
from cli.fit.allowance import TIER_1, expect
from ml_connector.domain.calendars import Calendar
from ml_connector.domain.documents import CompanyState, Document
from ml_connector.domain.flows import Flow, FlowCompany
from ml_connector.domain.instants import to_text
from ml_connector.domain.money import Money
from ml_connector.domain.plans import CHANNELS
from ml_connector.domain.standstill import Pause

from .words import local, zone_named

#: The least time without a good poll after which a company wants a look; one that is polled less
#: often is given two of its longest intervals, as the alarm gives it.
LATE = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class CompanyStanding:
    """One company of the flow. `transactions` is what polling takes of the API this month."""

    key: str
    name: str
    zone: tzinfo
    calendar: Calendar
    state: CompanyState
    waiting: int
    sums: tuple[Money, ...]
    oldest: datetime | None
    """When the bill that waits longest was first seen to wait."""
    pauses: tuple[Pause, ...]
    transactions: int

    def late(self, now: datetime) -> bool:
        """Whether it was not read for longer than its calendar explains."""
        read = self.state.poll_succeeded_at
        if read is None or self.calendar.maintenance_at(now):
            return False
        silence = now - self.calendar.silent_since(read, now)
        return silence > max(LATE, 2 * self.calendar.longest_interval)

    def health(self, now: datetime) -> str:
        """`ok`, or what keeps it from being read, in few words."""
        if maintenance := self.calendar.maintenance_at(now):
            return f"maintenance until {local(maintenance.end, now, self.zone)}"
        if self.state.last_error:
            return f"failing: {self.state.last_error}"
        if self.state.poll_succeeded_at is None:
            return "never read"
        return "late" if self.late(now) else "ok"

    def next_due(self, now: datetime) -> datetime:
        """When its calendar has it read next; never before now."""
        began = self.state.poll_started_at
        return max(now, began + self.calendar.interval_at(now, self.zone)) if began else now

    @property
    def share(self) -> float:
        """What `transactions` are of Intacct's smallest tier; 1.0 is all of it."""
        return self.transactions / TIER_1

    def paused(self, now: datetime) -> tuple[Pause, ...]:
        """The pauses that are going on: of everything, of texts, of calls."""
        return tuple(pause for pause in self.pauses if pause.until > now)

    def as_json(self, now: datetime) -> dict[str, Any]:
        """For programs; instants are ISO, UTC."""
        paused = self.paused(now)
        longest = max(paused, key=lambda pause: pause.until, default=None)
        return {
            "company": self.key,
            "name": self.name,
            "health": self.health(now),
            "last_success": _said(self.state.poll_succeeded_at),
            "last_start": _said(self.state.poll_started_at),
            "last_error": self.state.last_error,
            "next_due": to_text(self.next_due(now)),
            "baseline_done": self.state.baseline_done,
            "waiting": self.waiting,
            "sums": [money.canonical() for money in self.sums],
            "waiting_since": _said(self.oldest),
            "paused_until": _said(longest.until if longest else None),
            "pause_reason": longest.reason if longest else "",
            "pauses": [
                {
                    "channel": pause.channel or "all",
                    "until": _said(pause.until),
                    "since": _said(pause.since),
                    "reason": pause.reason,
                }
                for pause in paused
            ],
            "api_transactions_this_month": self.transactions,
            "api_share_of_smallest_tier": round(self.share, 3),
        }


def companies_of(
    deployment: Deployment, flow: Flow | None, now: datetime
) -> Iterator[CompanyStanding]:
    """Where each company stands. Raises StoreError."""
    deployment.alerts  # noqa: B018 - binds the tables
    for company in flow.companies if flow else ():
        yield _standing(deployment, company, now)


def _standing(deployment: Deployment, company: FlowCompany, now: datetime) -> CompanyStanding:
    waiting = deployment.documents.waiting(company.key)
    since = [document.open_since for document in waiting if document.open_since]
    zone = zone_named(company.zone)
    today = now.astimezone(zone).date()
    return CompanyStanding(
        key=company.key,
        name=company.name,
        zone=zone,
        calendar=company.calendar,
        state=deployment.documents.state(company.key),
        waiting=len(waiting),
        sums=sums(waiting),
        oldest=min(since, default=None),
        pauses=_pauses(deployment, company.key),
        # How many bills will be new nobody knows; reading their lines comes on top.
        transactions=expect(today, len(waiting), 0, company.calendar).total,
    )


def sums(waiting: Iterable[Document]) -> tuple[Money, ...]:
    """What the bills come to in each currency."""
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for document in waiting:
        totals[document.amount.currency] += document.amount.amount
    return tuple(Money(amount, currency) for currency, amount in sorted(totals.items()))


def _pauses(deployment: Deployment, company: str) -> tuple[Pause, ...]:
    found = (deployment.alerts.standstill(company, channel).pauses for channel in CHANNELS)
    return tuple(dict.fromkeys(pause for pauses in found for pause in pauses))


def _said(moment: datetime | None) -> str | None:
    return to_text(moment) if moment else None
