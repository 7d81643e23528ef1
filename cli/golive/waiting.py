"""What waits already when a company goes live: found by the poll's first read, told to nobody."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cli.console.failures import Failure
from cli.deployment import Deployment
from ml_connector.domain.documents import Document
from ml_connector.domain.flows import FlowCompany
from ml_connector.domain.instants import to_text
from ml_connector.domain.money import Money
from ml_connector.store.alerts import DynamoAlertStore

#: Seconds between two looks at whether the first read is done.
PAUSE = 3.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """One company's waiting bills. `untold` are those nobody was ever told of."""

    company: FlowCompany
    documents: tuple[Document, ...]
    untold: tuple[Document, ...]
    read_at: datetime | None

    @property
    def sums(self) -> tuple[Money, ...]:
        """What the untold ones come to, by currency."""
        totals: defaultdict[str, Decimal] = defaultdict(Decimal)
        for document in self.untold:
            totals[document.amount.currency] += document.amount.amount
        return tuple(Money(amount, currency) for currency, amount in sorted(totals.items()))

    @property
    def oldest(self) -> datetime | None:
        """When the untold one was modified that was so longest ago: it waits since then at least.

        None where there is none, or none that says.
        """
        return min((one.modified for one in self.untold if one.modified), default=None)

    def as_json(self) -> dict[str, Any]:
        """For programs; instants are ISO, UTC."""
        return {
            "company": self.company.key,
            "waiting": len(self.documents),
            "untold": len(self.untold),
            "sums": [money.canonical() for money in self.sums],
            "oldest": to_text(self.oldest) if self.oldest else None,
            "read_at": to_text(self.read_at) if self.read_at else None,
        }


def waiting_in(deployment: Deployment, companies: Iterable[FlowCompany]) -> list[Waiting]:
    """What waits in each of these companies."""
    return [_waiting(deployment, company) for company in companies]


def _waiting(deployment: Deployment, company: FlowCompany) -> Waiting:
    documents = deployment.documents.waiting(company.key)
    return Waiting(
        company,
        tuple(documents),
        tuple(untold_of(documents, deployment.alerts)),
        deployment.documents.state(company.key).poll_succeeded_at,
    )


def untold_of(documents: Iterable[Document], alerts: DynamoAlertStore) -> list[Document]:
    """Those nobody was told of: in no case, nor in a digest that was written."""
    seen = [document for document in documents if not document.open_cases]
    digests = {document.digest for document in seen if document.digest}
    written = {name for name in digests if alerts.case_file(name)}
    return [document for document in seen if document.digest not in written]


def wait_for_first_reads(
    deployment: Deployment, companies: Sequence[FlowCompany], patience: float
) -> None:
    """Wait until each company was read completely once. Raises Failure naming those that were not.

    Until then what the poll finds is recorded silently: it cannot tell what is new.
    """
    until = time.monotonic() + patience
    while missing := [c.key for c in companies if not _read_once(deployment, c)]:
        if time.monotonic() >= until:
            states = [deployment.documents.state(key) for key in missing]
            raise Failure(
                f"{', '.join(missing)}: not read completely yet; polls run every minute, and "
                "`ml-connector status` says how they end",
                [f"{one.company}: last error {one.last_error or 'none'}" for one in states],
            )
        time.sleep(PAUSE)


def _read_once(deployment: Deployment, company: FlowCompany) -> bool:
    return deployment.documents.state(company.key).baseline_done


def age(moment: datetime | None, now: datetime | None = None) -> str:
    """`oldest since Nov 3, 2026`; empty where nothing is known."""
    if moment is None:
        return ""
    today = (now or datetime.now(UTC)).date()
    day = moment.date()
    count = (today - day).days
    return f"{day:%b} {day.day}, {day.year} ({count} day{'' if count == 1 else 's'} ago)"
