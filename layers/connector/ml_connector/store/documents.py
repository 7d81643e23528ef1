"""The documents table: what bills and payments looked like, and where polling stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from ml_connector.domain.documents import AnyDocument, CompanyState, Document
from ml_connector.domain.payments import PAYMENT_PREFIX, PaymentDocument
from ml_connector.errors import StoreConflict

from .company_items import company_item, company_key, company_of
from .document_items import cleared_key, document_of, gone_key, payment_of
from .likeness_items import likeness_key, noted_last, noted_since
from .models import CompanyItem, DocumentItem, LikenessItem, OpenIndex
from .readable import readable
from .transaction import assignments, translated

#: Instants begin with a digit; every other key of the index begins with a letter.
_NO_INSTANT = "a"
#: After every `cleared#` and `gone#` key.
_END = "~"


class DynamoDocumentStore:
    """The DocumentStore port on DynamoDB."""

    def state(self, company: str) -> CompanyState:
        """Where polling the company stands; a company never polled has an empty state."""
        with translated():
            try:
                item = CompanyItem.get(company_key(company), "state", consistent_read=True)
            except CompanyItem.DoesNotExist:
                return CompanyState(company)
        with readable(f"the state of {company}"):
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
                _write(taken, unchanged)
        except StoreConflict:
            # A lost reply to our own write looks the same; the lease then simply runs out.
            return None
        return taken

    def finish(self, state: CompanyState) -> None:
        """Write the state and give the lease back. StoreConflict when the lease is another's."""
        with translated():
            _write(replace(state, lease_until=None), CompanyItem.fence == state.fence)

    def waiting(self, company: str) -> list[Document]:
        """All documents somebody still has to approve, consistently."""
        return [_document(row) for row in _listed(company, _KEY < _NO_INSTANT)]

    def documents(self, company: str, ids: Sequence[str]) -> dict[str, Document]:
        """The bills' documents with these ids, consistently; unknown ids are absent."""
        return {row.sk: _document(row) for row in _rows(company, ids)}

    def payments(self, company: str, ids: Sequence[str]) -> dict[str, PaymentDocument]:
        """The payments' documents with these ids, consistently; unknown ids are absent."""
        return {row.sk: _payment(row) for row in _rows(company, ids)}

    def cleared(self, company: str, since: date) -> list[PaymentDocument]:
        """All payments stored as cleared on that day or after it, consistently."""
        between = _KEY.between(cleared_key(since), f"cleared#{_END}")
        return [_payment(row) for row in _listed(company, between)]

    def vanished(self, company: str, since: datetime) -> list[Document]:
        """Purchase orders' bills that vanished at or after then, consistently."""
        between = _KEY.between(gone_key(since), f"gone#{_END}")
        return [_document(row) for row in _listed(company, between)]

    def alike(self, company: str, mark: str, since: datetime, limit: int) -> list[str]:
        """Ids of bills noted under a mark and first seen at or after then, the newest first."""
        with translated():
            rows = LikenessItem.query(
                likeness_key(company),
                LikenessItem.sk.between(noted_since(mark, since), noted_last(mark)),
                limit=limit,
                scan_index_forward=False,
                consistent_read=True,
            )
            return list(dict.fromkeys(str(row.document) for row in rows))


_KEY = OpenIndex.open_since


def _document(row: DocumentItem) -> Document:
    with readable(_name(row)):
        return document_of(row)


def _payment(row: DocumentItem) -> PaymentDocument:
    with readable(_name(row)):
        return payment_of(row)


def any_document(row: DocumentItem) -> AnyDocument:
    """The bill or payment in a row. Raises StoreError, naming it, where that makes no sense."""
    return _payment(row) if row.sk.startswith(PAYMENT_PREFIX) else _document(row)


def _name(row: DocumentItem) -> str:
    """By the key: no damage reaches that."""
    return f"{row.pk.partition('#')[2]}, {row.sk}"


def _write(state: CompanyState, condition: Any) -> None:  # noqa: ANN401 - PynamoDB's
    """Every attribute known here; those of a newer version stay as they are."""
    item = company_item(state)
    item.update(actions=assignments(item), condition=condition)


def _listed(company: str, condition: Any) -> list[DocumentItem]:  # noqa: ANN401 - PynamoDB's
    """The rows of the index whose key meets a condition, in its order."""
    with translated():
        index = DocumentItem.open_index
        return list(index.query(company_key(company), condition, consistent_read=True))


def _rows(company: str, ids: Sequence[str]) -> list[DocumentItem]:
    pk = company_key(company)
    with translated():
        return list(DocumentItem.batch_get([(pk, sk) for sk in ids], consistent_read=True))
