"""The audit trail of a deployment: its entries as they are stored, and the heads of its chains.

Entries come as `Link`s, without parsing what is in them; a whole table passes through in pages, and
no more than one page of each segment is in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from cli.deployment import Deployment
from ml_connector.domain.audit import ChainHead
from ml_connector.domain.chains import Link
from ml_connector.store.case_items import case_keys
from ml_connector.store.company_items import company_key
from ml_connector.store.heads import (
    FLOW,
    HEAD,
    POINTER,
    DynamoHeads,
    document_chain,
    head_of,
    kept_head,
)
from ml_connector.store.models import ApproverItem, AuditItem, CaseItem, DocumentItem, FlowItem
from ml_connector.store.transaction import translated

from .order import in_order

_DOCUMENT, _CASE, _PERSON = "doc", "case", "person"

#: Heads read at a time.
_PAGE = 5_000

#: `doc#<company>#<kind>#<record number>`, and `#<generation>` after it from the second one on.
_PLAIN_PARTS = 4

Tick = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a chain belongs to, as it is stored now.

    No `head`: it belongs to nothing. A document that goes on in a newer chain has left this one
    behind.
    """

    head: ChainHead | None = None
    left_behind: bool = False


class AuditReader(Protocol):
    """Where `verify` reads."""

    segments: int
    """In how many parts the table can be read side by side."""

    def heads(self) -> Iterator[tuple[str, ChainHead]]:
        """Every chain that something stored names, with its head."""

    def anchor(self, chain: str) -> Anchor:
        """What one chain belongs to, read consistently."""

    def links(self, segment: int) -> Iterator[Link]:
        """The entries of one segment. Those of a chain come together and in order, as a rule; what
        seems broken here has to be read again by `chain`."""

    def chain(self, name: str) -> Iterator[Link]:
        """The entries of one chain in the order of their numbers, read consistently."""


class DynamoAuditReader:
    """The AuditReader of a deployed stack."""

    segments = 4

    def __init__(self, deployment: Deployment) -> None:
        deployment.documents  # noqa: B018 - binds the models
        self._table = deployment.settings.audit_table
        self._client = deployment.client("dynamodb")

    # --------------------------------------------------------------------------- entries
    def links(self, segment: int) -> Iterator[Link]:
        """See AuditReader."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table, Segment=segment, TotalSegments=self.segments
        )
        for page in pages:
            yield from map(link_in, page["Items"])

    def chain(self, name: str) -> Iterator[Link]:
        """See AuditReader."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="#chain = :chain",
            ExpressionAttributeNames={"#chain": AuditItem.chain.attr_name},
            ExpressionAttributeValues={":chain": {"S": name}},
            ConsistentRead=True,
        )
        for page in pages:
            yield from map(link_in, page["Items"])

    def between(self, first: str, last: str, looked_at: Tick) -> Iterator[Link]:
        """Entries of all chains written from `first` until before `last`, instants as text.

        By chain and not by time, within a chain by number; a page and what `in_order` holds back
        are in memory. `looked_at` is told how many entries were.
        """
        return in_order(self._between(first, last, looked_at))

    def _between(self, first: str, last: str, looked_at: Tick) -> Iterator[Link]:
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            FilterExpression="#at >= :first AND #at < :last",
            ExpressionAttributeNames={"#at": AuditItem.at.attr_name},
            ExpressionAttributeValues={":first": {"S": first}, ":last": {"S": last}},
        )
        for page in pages:
            looked_at(int(page.get("ScannedCount", 0)))
            yield from map(link_in, page["Items"])

    # ----------------------------------------------------------------------------- heads
    def heads(self) -> Iterator[tuple[str, ChainHead]]:
        """See AuditReader. What is stored and has no entry yet is left out."""
        source, cursor = DynamoHeads(), ""
        while True:
            page = source.page(cursor, _PAGE)
            yield from page.heads
            cursor = page.cursor
            if not cursor:
                return

    def anchor(self, chain: str) -> Anchor:
        """See AuditReader."""
        kind, _, name = chain.partition("#")
        with translated():
            if chain == FLOW:
                return Anchor(kept_head(FlowItem, FLOW, POINTER))
            if kind == _CASE and name:
                return Anchor(kept_head(CaseItem, *case_keys(name)))
            if kind == _PERSON and name:
                return Anchor(kept_head(ApproverItem, name))
            if kind == _DOCUMENT:
                return _document_anchor(chain)
        return Anchor()


def link_in(item: Mapping[str, Any]) -> Link:
    """The entry in an item; what somebody took away or made something else of is empty."""

    def text(name: str) -> str:
        return str(item.get(name, {}).get("S", ""))

    return Link(
        text("chain"),
        int(Decimal(item["seq"]["N"])),
        text("at"),
        text("kind"),
        text("data"),
        text("before"),
        text("digest"),
    )


def _document_anchor(chain: str) -> Anchor:
    parts = chain.split("#")
    if len(parts) not in (_PLAIN_PARTS, _PLAIN_PARTS + 1):
        return Anchor()
    company, document = parts[1], "#".join(parts[2:_PLAIN_PARTS])
    wanted = ["generation", *HEAD]
    try:
        row = DocumentItem.get(
            company_key(company), document, consistent_read=True, attributes_to_get=wanted
        )
    except DocumentItem.DoesNotExist:
        return Anchor()
    generation = int(row.generation or 1)
    if document_chain(company, document, generation) == chain:
        return Anchor(head_of(row))
    number = parts[_PLAIN_PARTS] if len(parts) > _PLAIN_PARTS else "1"
    return Anchor(left_behind=number.isdecimal() and int(number) < generation)
