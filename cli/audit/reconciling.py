"""Holding what Intacct had in a period against the audit trail, company by company."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from cli.audit.period import Period
from cli.audit.reading import DynamoAuditReader
from cli.console.failures import Failure
from cli.deployment import Deployment
from cli.gateway import BudgetSpent, connect
from ml_connector.domain.bills import Bill
from ml_connector.domain.cases import case_chain
from ml_connector.domain.explaining import Explained
from ml_connector.domain.fates import Said, said_at
from ml_connector.domain.payments import Payment
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.credentials import credentials_of
from ml_connector.intacct.payments import IntacctPaymentSource
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.store.evidence import DynamoEvidence, entry_in
from ml_connector.store.heads import document_chain
from ml_connector.usecases.explaining import explained

#: Chains read side by side.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Ledger:
    """What Intacct had, and what is wrong with rows that could not be read.

    `payments` is None where the API user may not read them.
    """

    bills: tuple[Bill, ...]
    payments: tuple[Payment, ...] | None
    unreadable: tuple[str, ...]
    transactions: int


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One company: every row with its explanation, and what could not be looked at."""

    company: str
    rows: tuple[Explained, ...]
    unreadable: tuple[str, ...]
    payments_read: bool
    transactions: int

    @property
    def counts(self) -> Counter[str]:
        """Rows by what explains them."""
        return Counter(f"{one.kind}: {one.why}" for one in self.explained)

    @property
    def explained(self) -> list[Explained]:
        """Rows the trail accounts for."""
        return [one for one in self.rows if not one.unexplained]

    @property
    def unexplained(self) -> list[Explained]:
        """Rows it does not."""
        return [one for one in self.rows if one.unexplained]


def reconcile(deployment: Deployment, company: str, period: Period, most: int) -> Reconciled:
    """Every bill and payment one company had in a period, explained.

    Costs at most `most` API transactions; raises Failure where that is not enough.
    """
    state = deployment.documents.state(company)
    client = connect(
        credentials_of(deployment.secret("IntacctSecretId"), company),
        deployment.parameter("IntacctEndpoint"),
        deployment.parameter("IntacctTrustedHost"),
        most=most,
    )
    try:
        ledger = _read(client, period)
    except BudgetSpent as error:
        raise Failure(
            f"{company}: more than {most} API transactions would be needed; shorten the period, "
            "or allow more with --most"
        ) from error
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        rows = explained(
            [*ledger.bills, *(ledger.payments or ())],
            state,
            deployment.documents,
            _DeploymentEvidence(deployment),
            pool.map,
        )
    return Reconciled(
        company, tuple(rows), ledger.unreadable, ledger.payments is not None, ledger.transactions
    )


def _read(client: IntacctClient, period: Period) -> Ledger:
    """What waits now or was modified since the period began, without what came after its end."""
    reader = IntacctReader(client)
    bills = IntacctBillSource(reader).read_waiting_and_changed(period.start)
    paid = IntacctPaymentSource(reader).read_payments_changed(period.start)
    unreadable = (*bills.problems, *paid.problems)
    if not (bills.complete and paid.complete):
        unreadable += ("Intacct gave less than it said there is",)
    return Ledger(
        bills=tuple(
            bill for bill in bills.bills if bill.created is None or bill.created < period.end
        ),
        payments=paid.payments if paid.permitted else None,
        unreadable=unreadable,
        transactions=client.usage.transactions,
    )


class _DeploymentEvidence(DynamoEvidence):
    """The audit trail by a client that several threads may use."""

    def __init__(self, deployment: Deployment) -> None:
        self._reader = DynamoAuditReader(deployment)

    def entries(self, company: str, document: str, generation: int) -> Iterator[Mapping[str, Any]]:
        """See DynamoEvidence."""
        chain = document_chain(company, document, generation)
        return (entry_in(link.data) for link in self._reader.chain(chain))

    def said_of(self, case: str) -> Iterator[Said]:
        """See DynamoEvidence."""
        links = self._reader.chain(case_chain(case))
        return (said_at(link.at, link.kind, entry_in(link.data)) for link in links)
