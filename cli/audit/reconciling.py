"""Holding what Intacct had in a period against the audit trail, company by company."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cli.audit.explaining import (
    Explained,
    Known,
    Row,
    Trail,
    explain_bill,
    explain_payment,
    trail_of,
)
from cli.audit.period import Period
from cli.audit.reading import DynamoAuditReader
from cli.audit.timeline import data_of
from cli.console.failures import Failure
from cli.deployment import Deployment
from cli.gateway import BudgetSpent, connect
from ml_connector.domain.bills import Bill
from ml_connector.domain.documents import AnyDocument, bill_document_id
from ml_connector.domain.payments import Payment, payment_document_id
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.credentials import credentials_of
from ml_connector.intacct.payments import IntacctPaymentSource
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.store.heads import document_chain
from ml_connector.store.mapping import case_keys
from ml_connector.store.models import CaseItem
from ml_connector.store.transaction import translated

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
        return Counter(f"{kind_of(one.row)}: {one.why}" for one in self.explained)

    @property
    def explained(self) -> list[Explained]:
        """Rows the trail accounts for."""
        return [one for one in self.rows if not one.unexplained]

    @property
    def unexplained(self) -> list[Explained]:
        """Rows it does not."""
        return [one for one in self.rows if one.unexplained]


def kind_of(row: Row) -> str:
    """Bill or payment."""
    return "bill" if isinstance(row, Bill) else "payment"


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
    bills = {bill_document_id(bill.record_no): bill for bill in ledger.bills}
    payments = {payment_document_id(one.record_no): one for one in ledger.payments or ()}
    documents: dict[str, AnyDocument] = {**deployment.documents.documents(company, list(bills))}
    documents |= deployment.documents.payments(company, list(payments))
    trails = _trails(deployment, company, [*bills, *payments], documents)
    named = {case for trail in trails.values() for case in trail.cases | trail.digests}
    known = Known(state, documents, trails, _existing(named))
    rows = [explain_bill(bill, name, known) for name, bill in bills.items()]
    rows += [explain_payment(one, name, known) for name, one in payments.items()]
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
    payments = tuple(
        one for one in paid.payments if one.paid_on is None or one.paid_on <= period.last
    )
    return Ledger(
        bills=tuple(
            bill for bill in bills.bills if bill.created is None or bill.created < period.end
        ),
        payments=payments if paid.permitted else None,
        unreadable=unreadable,
        transactions=client.usage.transactions,
    )


def _trails(
    deployment: Deployment, company: str, names: Sequence[str], documents: dict[str, AnyDocument]
) -> dict[str, Trail]:
    reader = DynamoAuditReader(deployment)

    def read(name: str) -> Trail:
        document = documents.get(name)
        generations = range(1, (document.generation if document else 1) + 1)
        chains = [document_chain(company, name, number) for number in generations]
        return trail_of(data_of(link) for chain in chains for link in reader.chain(chain))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(names, pool.map(read, names), strict=True))


def _existing(cases: Iterable[str]) -> set[str]:
    """Those of the cases that are stored."""
    keys = [case_keys(case) for case in sorted(cases)]
    if not keys:
        return set()
    with translated():
        rows = CaseItem.batch_get(keys, consistent_read=True, attributes_to_get=["pk", "sk", "id"])
        return {str(row.id) for row in rows}
