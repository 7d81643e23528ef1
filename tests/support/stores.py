"""One of each store, and how a test comes to fresh ones wherever they are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .evidence import MemoryEvidence
from .memory_store import (
    MemoryAlertStore,
    MemoryApproverStore,
    MemoryAuditTrail,
    MemoryDocumentStore,
    Tables,
)

if TYPE_CHECKING:
    from ml_connector.store.alerts import DynamoAlertStore
    from ml_connector.store.approvers import DynamoApproverStore
    from ml_connector.store.audit import DynamoAuditTrail
    from ml_connector.store.documents import DynamoDocumentStore
    from ml_connector.store.evidence import DynamoEvidence


@dataclass(frozen=True, slots=True)
class Stores:
    """One of each, over the same tables."""

    alerts: MemoryAlertStore | DynamoAlertStore
    documents: MemoryDocumentStore | DynamoDocumentStore
    approvers: MemoryApproverStore | DynamoApproverStore
    audit: MemoryAuditTrail | DynamoAuditTrail
    evidence: MemoryEvidence | DynamoEvidence


#: Stores that hold nothing, whatever was in those given before.
Fresh = Callable[[], Stores]

#: Where stores are kept, for as long as its context lasts.
Place = Callable[[], AbstractContextManager[Fresh]]


def memory_stores() -> Stores:
    """The fakes, over tables of their own."""
    tables = Tables()
    return Stores(
        MemoryAlertStore(tables),
        MemoryDocumentStore(tables),
        MemoryApproverStore(tables),
        MemoryAuditTrail(tables),
        MemoryEvidence(tables),
    )


@contextmanager
def in_memory() -> Iterator[Fresh]:
    """The fakes need no place."""
    yield memory_stores
