"""Published flows: immutable versions, a pointer to the one in force, and the audit of its moves.

A move is one transaction: the version, where it is new, the pointer, where nobody moved it since it
was read, and the next entry of the audit chain `flow`, whose head the pointer holds.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from cli.console.failures import Failure
from cli.files.flow_file import digest_of
from ml_connector.domain.audit import AuditEntry, ChainHead, Json, canonical, entry_after
from ml_connector.domain.flows import Flow, parse
from ml_connector.domain.instants import to_text
from ml_connector.errors import ConfigurationError, StoreConflict
from ml_connector.store.audit_items import audit_item
from ml_connector.store.connection import connection_of
from ml_connector.store.models import AuditItem, FlowItem
from ml_connector.store.readable import readable
from ml_connector.store.transaction import translated

CHAIN = "flow"
PUBLISHED, ROLLED_BACK = "flow.published", "flow.rolled_back"

_POINTER = "pointer"
_VERSION = "version#"


@dataclass(frozen=True, slots=True)
class Version:
    """One published version. `digest` is the one it was published under."""

    number: int
    digest: str
    at: str
    by: str
    reason: str
    text: str

    def body(self) -> dict[str, Any]:
        """What was published. Raises Failure where it is not what the digest says."""
        try:
            body = json.loads(self.text)
        except ValueError:
            body = None
        if not isinstance(body, dict) or (self.digest and digest_of(body) != self.digest):
            raise Failure(
                f"version {self.number} is not what was published under its digest: somebody "
                "changed it; publish a flow from its file instead"
            )
        return body

    def flow(self) -> Flow:
        """The flow, for this release. Raises Failure where this release does not understand it."""
        try:
            return parse(self.body(), self.number)
        except ConfigurationError as error:
            raise Failure(
                f"this release does not understand version {self.number}: "
                f"{error.__cause__ or error.safe_message}"
            ) from error


@dataclass(frozen=True, slots=True)
class InForce:
    """The pointer as it was read: a move is made only from there. Version 0 is none."""

    version: int = 0
    head: ChainHead = field(default=ChainHead())
    at: str = ""
    by: str = ""
    reason: str = ""


class Shelf:
    """The published flows of a deployment whose tables are bound; one caller moves the pointer."""

    def __init__(self, caller: str) -> None:
        self._caller = caller

    # ------------------------------------------------------------------------- reading
    def in_force(self) -> InForce:
        """Which version is in force."""
        with translated():
            try:
                item = FlowItem.get(CHAIN, _POINTER, consistent_read=True)
            except FlowItem.DoesNotExist:
                return InForce()
        head = ChainHead()
        if item.head_seq and item.head_digest:
            head = ChainHead(int(item.head_seq), item.head_digest)
        with readable("the pointer to the flow in force"):
            version = int(item.version)
        return InForce(
            version,
            head,
            item.published_at or "",
            item.published_by or "",
            item.reason or "",
        )

    def versions(self) -> list[Version]:
        """All versions, the newest first."""
        with translated():
            items = list(
                FlowItem.query(
                    CHAIN,
                    FlowItem.sk.startswith(_VERSION),
                    scan_index_forward=False,
                    consistent_read=True,
                )
            )
        return [_version(item) for item in items]

    def version(self, number: int) -> Version:
        """One version. Raises Failure for one that does not exist."""
        with translated():
            try:
                return _version(FlowItem.get(CHAIN, _key(number), consistent_read=True))
            except FlowItem.DoesNotExist as error:
                raise Failure(
                    f"there is no version {number}; `ml-connector flow history` lists them"
                ) from error

    # -------------------------------------------------------------------------- moving
    def publish(
        self, body: Mapping[str, Any], *, seen: InForce, now: datetime, reason: str
    ) -> Flow:
        """Put a new version in force, in place of the one that was `seen` to be.

        Raises ConfigurationError for a flow that no function could read, Failure where somebody
        else was first.
        """
        newest = max([version.number for version in self.versions()], default=0)
        number = newest + 1
        flow = parse(body, number)
        text, digest = canonical(body), digest_of(body)
        entry = self._entry(seen, PUBLISHED, number, digest, now, reason)
        item = FlowItem(
            CHAIN,
            _key(number),
            version=number,
            body=text,
            digest=digest,
            published_at=to_text(now),
            published_by=self._caller,
            reason=reason,
        )
        self._move(seen, number, entry, reason, item)
        return flow

    def roll_back(self, version: Version, *, seen: InForce, now: datetime, reason: str) -> None:
        """Put an older version in force again. Raises Failure where somebody else was first."""
        entry = self._entry(seen, ROLLED_BACK, version.number, version.digest, now, reason)
        self._move(seen, version.number, entry, reason)

    def note(
        self, kind: str, data: Mapping[str, Json], *, seen: InForce, now: datetime
    ) -> AuditEntry:
        """Add an entry to the chain, signed by the caller; the flow in force stays as it is.

        Raises Failure where somebody put another flow in force since it was `seen`.
        """
        signed: dict[str, Json] = {"version": seen.version, "by": self._caller, **data}
        entry = entry_after(seen.head, CHAIN, now, kind, signed)
        actions: list[Action] = [
            FlowItem.head_seq.set(entry.seq),
            FlowItem.head_digest.set(entry.digest),
        ]
        together = TransactWrite(
            connection=connection_of(FlowItem), client_request_token=str(uuid.uuid4())
        )
        try:
            with translated(), together as write:
                write.save(audit_item(entry), condition=AuditItem.chain.does_not_exist())
                write.update(FlowItem(CHAIN, _POINTER), actions=actions, condition=_as_seen(seen))
        except StoreConflict as error:
            raise Failure("somebody else put a flow in force just now; try again") from error
        return entry

    def _entry(
        self, seen: InForce, kind: str, number: int, digest: str, now: datetime, reason: str
    ) -> AuditEntry:
        data: dict[str, Json] = {
            "version": number,
            "before": seen.version,
            "digest": digest,
            "by": self._caller,
            "reason": reason,
        }
        return entry_after(seen.head, CHAIN, now, kind, data)

    def _move(
        self,
        seen: InForce,
        number: int,
        entry: AuditEntry,
        reason: str,
        new: FlowItem | None = None,
    ) -> None:
        actions: list[Action] = [
            FlowItem.version.set(number),
            FlowItem.head_seq.set(entry.seq),
            FlowItem.head_digest.set(entry.digest),
            FlowItem.published_at.set(to_text(entry.at)),
            FlowItem.published_by.set(self._caller),
            FlowItem.reason.set(reason),
        ]
        # The token makes a request that is sent again, for its answer was lost, count once.
        together = TransactWrite(
            connection=connection_of(FlowItem), client_request_token=str(uuid.uuid4())
        )
        try:
            with translated(), together as write:
                if new is not None:
                    write.save(new, condition=FlowItem.pk.does_not_exist())
                write.save(audit_item(entry), condition=AuditItem.chain.does_not_exist())
                write.update(FlowItem(CHAIN, _POINTER), actions=actions, condition=_as_seen(seen))
        except StoreConflict as error:
            raise Failure(
                "somebody else put a flow in force just now; look at `ml-connector flow history`, "
                "then try again"
            ) from error


def _as_seen(seen: InForce) -> Condition:
    """The pointer stands where it stood, and nobody wrote into the chain."""
    if not seen.version:
        return FlowItem.pk.does_not_exist()
    same_head = (
        FlowItem.head_seq == seen.head.seq if seen.head.seq else FlowItem.head_seq.does_not_exist()
    )
    unmoved: Condition = (FlowItem.version == seen.version) & same_head
    return unmoved


def _key(number: int) -> str:
    return f"{_VERSION}{number:08d}"


def _version(item: FlowItem) -> Version:
    return Version(
        number=int(item.version),
        digest=item.digest or "",
        at=item.published_at or "",
        by=item.published_by or "",
        reason=item.reason or "",
        text=item.body or "",
    )
