"""The pointer to the flow in force, brought up to the chain that says who moved it where."""

from __future__ import annotations

import uuid
from datetime import datetime

from pynamodb.transactions import TransactWrite

from cli.flow.published import Shelf
from ml_connector.domain.audit import Json, entry_after
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.store.audit_items import audit_item
from ml_connector.store.connection import connection_of
from ml_connector.store.heads import FLOW, POINTER
from ml_connector.store.models import AuditItem, FlowItem
from ml_connector.store.transaction import translated

CAUGHT_UP = "flow.restored"
_MOVES = ("flow.published", "flow.rolled_back")


def catch_up_pointer(shelf: Shelf, caller: str, now: datetime) -> int:
    """The version in force from now on; 0 where there was nothing to catch up on.

    It is the one that the last move in the chain names, as long as that version is there; else the
    pointer stays where it stands, and only its chain goes on. Raises StoreConflict.
    """
    seen = shelf.in_force()
    entries = list(DynamoAuditTrail().chain(FLOW, seen.head.seq))
    if not entries:
        return 0
    moves = [entry for entry in entries if entry.kind in _MOVES]
    there = {version.number for version in shelf.versions()}
    named = [int(str(move.data["version"])) for move in moves if "version" in move.data]
    version = next((one for one in reversed(named) if one in there), seen.version)
    if not version:
        return 0
    data: dict[str, Json] = {
        "by": caller,
        "entries": len(entries),
        "stored": seen.head.seq,
        "version": version,
    }
    entry = entry_after(entries[-1].head, FLOW, now, CAUGHT_UP, data)
    unmoved = (
        FlowItem.pk.does_not_exist()
        if not seen.version
        else (FlowItem.version == seen.version)
        & (
            FlowItem.head_seq == seen.head.seq
            if seen.head.seq
            else FlowItem.head_seq.does_not_exist()
        )
    )
    together = TransactWrite(
        connection=connection_of(FlowItem), client_request_token=str(uuid.uuid4())
    )
    with translated(), together as write:
        write.save(audit_item(entry), condition=AuditItem.chain.does_not_exist())
        write.update(
            FlowItem(FLOW, POINTER),
            actions=[
                FlowItem.version.set(version),
                FlowItem.head_seq.set(entry.seq),
                FlowItem.head_digest.set(entry.digest),
            ],
            condition=unmoved,
        )
    return version
