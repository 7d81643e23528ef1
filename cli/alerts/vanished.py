"""Bills that polls doubt are gone, and an operator who knows that they are."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from cli.console.failures import Failure
from cli.deployment import Deployment
from cli.leasing import leased
from ml_connector.aws.clock import SystemClock
from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.documents import Document
from ml_connector.domain.unit_of_work import Change, DocumentWrite, Fence
from ml_connector.errors import StoreConflict
from ml_connector.usecases.commit import commit

#: What the entry is called in the trail of each bill.
SAID_GONE = "document.said_gone"
#: How long DynamoDB may not answer before the command gives up.
PATIENCE = timedelta(seconds=20)


def in_doubt(deployment: Deployment, company: str) -> list[Document]:
    """Waiting bills without a row, of which nobody has said yet that they are gone."""
    waiting = deployment.documents.waiting(company)
    return [one for one in waiting if one.absent_since and not one.said_gone]


def say_gone(
    deployment: Deployment, company: str, names: Collection[str], by: str, reason: str
) -> list[Document]:
    """Write into the trail of each of these bills that it is gone; those that were in doubt still.

    The next poll ends them, unless Intacct shows them to it. Raises Failure.
    """
    clock = SystemClock()
    said: list[Document] = []
    with leased(deployment.documents, company, clock, len(names)) as lease:
        fence = Fence(company, lease.fence)
        for document in in_doubt(deployment, company):
            if document.id in names:
                _write(deployment, document, fence, {"by": by, "reason": reason}, clock)
                said.append(document)
    return said


def _write(
    deployment: Deployment,
    document: Document,
    fence: Fence,
    data: dict[str, Json],
    clock: SystemClock,
) -> None:
    def stored_write_id() -> str | None:
        found = deployment.documents.documents(document.company, [document.id]).get(document.id)
        return found.write_id if found else None

    now = clock.now()
    entry = entry_after(document.head, document.chain, now, SAID_GONE, data)
    written = DocumentWrite(replace(document, said_gone=True), entry)
    change = Change(str(uuid.uuid4()), fence=fence, documents=(written,))
    try:
        commit(
            deployment.alerts,
            change,
            stored_write_id=stored_write_id,
            clock=clock,
            until=now + PATIENCE,
        )
    except StoreConflict as error:
        raise Failure(
            f"{document.id} was changed meanwhile; what was written stays written: try again"
        ) from error
