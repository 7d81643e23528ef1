"""What is read of one company."""

from __future__ import annotations

from ml_connector.domain.frozen import frozen

from .ports import BillSource, BooksSource, HistorySource, PaymentSource, PollPorts


@frozen
class Sources:
    """The ways into one company's Intacct; None for what is not watched there."""

    bills: BillSource
    payments: PaymentSource | None
    history: HistorySource | None
    books: BooksSource | None


def sources_of(company: str, ports: PollPorts) -> Sources | None:
    """The company's sources, or None where no credentials are stored for it."""
    bills = ports.companies.source(company)
    if bills is None:
        return None
    return Sources(bills, ports.payments(company), ports.history(company), ports.books(company))
