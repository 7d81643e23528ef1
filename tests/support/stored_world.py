"""The world of one process over the DynamoDB stores: what it leaves behind can be kept and gone on.

    with stored_world() as world:            # tables that exist in memory only
        world.run(minutes=5)
        kept = keep(world)
    with stored_world(kept) as world: ...    # in another process, another version, another year

What is kept is what a deployment holds: the items of all tables as DynamoDB has them, the bodies of
the messages on the queue; and what the outside knows, the provider's messages and calls, the bills.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import boto3

from ml_connector.domain.audit import AuditEntry, ChainHead, check
from ml_connector.domain.delivery import CallRequest
from ml_connector.domain.dispatches import Dispatch
from ml_connector.settings import Timings
from ml_connector.store.alerts import DynamoAlertStore
from ml_connector.store.approvers import DynamoApproverStore
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.store.connection import SharedConnection
from ml_connector.store.documents import DynamoDocumentStore
from ml_connector.store.flows import DynamoFlowStore
from ml_connector.store.heads import document_chain
from ml_connector.store.models import CaseItem, DispatchItem, DocumentItem
from tests.support.calls import FLOW, PRESSES_ONE, Placed
from tests.support.clock import HandClock
from tests.support.faults import FaultyAlertStore, FaultyApproverStore, FaultyDocumentStore
from tests.support.phones import ANSWERS, IS_OFF, Text
from tests.support.store_backends import moto_tables
from tests.support.tables import table_definitions
from tests.support.world import DEFAULT_FLOW, World, number

__all__ = ["Kept", "StoredWorld", "keep", "number", "stored_world"]

Kept = dict[str, Any]

_LIVES = {"answers": ANSWERS, "off": IS_OFF}


class StoredWorld(World):
    """As `World`, with every item where a deployment has it."""

    def __init__(
        self, connection: SharedConnection, flow: Mapping[str, Any], timings: Timings | None
    ) -> None:
        self._ahead = timedelta(0)
        super().__init__(flow=flow, timings=timings)
        self.flows = DynamoFlowStore()
        self.stored = DynamoAlertStore(connection)
        self.trail = DynamoAuditTrail()
        documents = FaultyDocumentStore(DynamoDocumentStore(), self.faults)
        people = DynamoApproverStore()
        self.people = people
        parts: dict[str, Any] = {
            "alerts": FaultyAlertStore(self.stored, self.faults),
            "documents": documents,
            "approvers": FaultyApproverStore(people, self.faults),
            "flows": self.flows,
        }
        self.poll_ports = replace(self.poll_ports, **parts)
        self.ports = replace(self.ports, **parts)

    def skew(self, **by: float) -> None:
        """From now on the functions' clock differs from everybody else's."""
        wrong = _Skewed(self.clock, timedelta(**by))
        self.poll_ports = replace(self.poll_ports, clock=wrong)
        self.ports = replace(self.ports, clock=wrong)
        self._ahead = timedelta(**by)

    def invoke(self, timeout: float, function: Callable[[datetime], object]) -> bool:
        """As on Lambda: when a function has to be done is known by its own clock."""
        return super().invoke(timeout, lambda end: function(end + self._ahead))

    def sendings(self, number: str) -> int:
        """Texts and calls the provider ever accepted for a number."""
        made = [*self.provider.log, *self.calls.log]
        return sum(one.to == number for one in made)

    def all_dispatches(self) -> list[Dispatch]:
        """All that can be read, as they are stored."""
        rows = DispatchItem.scan(DispatchItem.sk == "dispatch", consistent_read=True)
        found = self.stored.dispatches([str(row.id) for row in rows])
        return sorted(found, key=lambda dispatch: (dispatch.created_at, dispatch.sequence))

    def broken_trails(self) -> list[str]:
        """Chains of cases and documents that do not end in the head that is stored."""
        heads = {f"case#{r.id}": r for r in CaseItem.scan(CaseItem.sk == "case")}
        # The table holds more than documents; whatever has a head has a chain.
        documents = DocumentItem.scan(DocumentItem.head_seq.exists())
        heads |= {document_chain(r.company, r.sk, int(r.generation or 1)): r for r in documents}
        broken = []
        for chain, row in heads.items():
            entries = list(self.trail.chain(chain))
            ends = (entries[-1].seq, entries[-1].digest) if entries else (0, "")
            if ends != (int(row.head_seq), row.head_digest) or _breaks(entries):
                broken.append(chain)
        return broken


def _breaks(entries: list[AuditEntry]) -> bool:
    return check(entries, ChainHead(entries[-1].seq, entries[-1].digest)) is not None


@dataclass(frozen=True, slots=True)
class _Skewed:
    """The Clock port of a function whose clock is wrong."""

    clock: HandClock
    by: timedelta

    def now(self) -> datetime:
        return self.clock.now() + self.by

    def monotonic(self) -> float:
        return self.clock.monotonic()


@contextmanager
def stored_world(
    kept: Kept | None = None,
    flow: Mapping[str, Any] = DEFAULT_FLOW,
    timings: Timings | None = None,
) -> Iterator[StoredWorld]:
    """A world over tables of its own; with what was kept, where it left off."""
    with moto_tables() as connection:
        world = StoredWorld(connection, flow, timings)
        if kept is not None:
            _put_back(world, boto3.client("dynamodb"), kept)
        yield world


# ----------------------------------------------------------------------------- kept and put back
def keep(world: StoredWorld) -> Kept:
    """Everything there is, as JSON."""
    client = boto3.client("dynamodb")
    pages = client.get_paginator("scan")
    tables = {
        name: sorted(
            (item for page in pages.paginate(TableName=name) for item in page["Items"]), key=repr
        )
        for name in sorted(table_definitions())
    }
    lives = {id(life): name for name, life in _LIVES.items()}
    return {
        "at": world.clock.now().isoformat(),
        "tables": tables,
        "queue": [message.body for message in world.queue.receive(1000)],
        "texts": [
            {
                "sid": text.sid,
                "to": text.to,
                "body": text.body,
                "at": text.accepted_at.isoformat(),
                "life": lives[id(text.life)],
            }
            for text in world.provider.log
        ],
        "calls": [
            {
                "sid": call.sid,
                "to": call.to,
                "text": call.request.text,
                "dispatch": call.request.dispatch_id,
                "at": call.accepted_at.isoformat(),
            }
            for call in world.calls.log
        ],
        "bills": [
            {"number": bill.number, "amount": str(bill.amount.amount), "at": str(bill.modified)}
            for bill in world.ledger.read_waiting_and_changed(None).bills
        ],
    }


def _put_back(world: StoredWorld, client: Any, kept: Kept) -> None:
    for bill in kept["bills"]:
        world.clock.forward_to(datetime.fromisoformat(bill["at"]))
        world.ledger.submit(bill["number"], bill["amount"])
    world.clock.forward_to(datetime.fromisoformat(kept["at"]))
    for table, items in kept["tables"].items():
        for item in items:
            client.put_item(TableName=table, Item=item)
    for body in kept["queue"]:
        world.queue.put(body)
    for one in kept["texts"]:
        at = datetime.fromisoformat(one["at"])
        text = Text(one["sid"], one["to"], one["body"], at, at, _LIVES[one["life"]])
        world.provider.phone(one["to"]).texts.append(text)
        world.provider.log.append(text)
        world.provider._by_sid[text.sid] = text
    for one in kept["calls"]:
        at = datetime.fromisoformat(one["at"])
        request = CallRequest(to=one["to"], text=one["text"], dispatch_id=one["dispatch"])
        call = Placed(one["sid"], request, at, at, PRESSES_ONE, FLOW)
        world.calls.line(one["to"]).calls.append(call)
        world.calls.log.append(call)
        world.calls._by_sid[call.sid] = call
