"""The documents table: what each company's bills looked like, and where polling stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ml_connector.domain.documents import CompanyState, Document
from ml_connector.errors import StoreConflict

from .mapping import company_item, company_key, company_of, document_of
from .models import CompanyItem, DocumentItem
from .transaction import translated


class DynamoDocumentStore:
    """The DocumentStore port on DynamoDB."""

    def state(self, company: str) -> CompanyState:
        """Where polling the company stands; a company never polled has an empty state."""
        with translated():
            try:
                item = CompanyItem.get(company_key(company), "state", consistent_read=True)
            except CompanyItem.DoesNotExist:
                return CompanyState(company)
        return company_of(item)

    def lease(self, company: str, now: datetime, until: datetime) -> CompanyState | None:
        """Take the company for one poll; None while somebody else holds it.

        Every lease has a higher fence than the one before, so a poll that was overtaken can no
        longer write.
        """
        known = self.state(company)
        if known.lease_until and known.lease_until > now:
            return None
        taken = replace(known, fence=known.fence + 1, lease_until=until, poll_started_at=now)
        fence = CompanyItem.fence
        unchanged = fence.does_not_exist() if known.fence == 0 else fence == known.fence
        try:
            with translated():
                company_item(taken).save(condition=unchanged)
        except StoreConflict:
            # A lost reply to our own write looks the same; the lease then simply runs out.
            return None
        return taken

    def finish(self, state: CompanyState) -> None:
        """Write the state and give the lease back. StoreConflict when the lease is another's."""
        with translated():
            company_item(replace(state, lease_until=None)).save(
                condition=CompanyItem.fence == state.fence
            )

    def waiting(self, company: str) -> list[Document]:
        """All documents somebody still has to approve, consistently."""
        with translated():
            rows = DocumentItem.open_index.query(company_key(company), consistent_read=True)
            return [document_of(row) for row in rows]

    def documents(self, company: str, ids: Sequence[str]) -> dict[str, Document]:
        """The documents with these ids, consistently; unknown ids are absent."""
        pk = company_key(company)
        with translated():
            rows = DocumentItem.batch_get([(pk, sk) for sk in ids], consistent_read=True)
            return {row.sk: document_of(row) for row in rows}
