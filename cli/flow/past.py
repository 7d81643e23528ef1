"""What happened to bills and payments, as the audit of their documents tells it.

The audit says when something was seen, with the amount, the state and the round it had then.
Vendor, due date and lines are as they are known today.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from cli.deployment import Deployment
from ml_connector.domain.bills import BillState
from ml_connector.domain.documents import AnyDocument, Document
from ml_connector.domain.events import ENDS_CASES, EventKind
from ml_connector.domain.instants import from_text
from ml_connector.domain.money import Money
from ml_connector.domain.payments import PAYMENT_PREFIX
from ml_connector.store.models import AuditItem
from ml_connector.store.transaction import translated

_CHAIN = re.compile(r"doc#(?P<company>.+)#(?P<document>(?:bill|payment)#[^#]+)(?:#\d+)?")
_SEEN = "document.seen"
#: Why an event was told to nobody that another flow would have told.
_NO_RULE = "no rule of flow"
_READ_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of one document as it was then. `until` is when it no longer mattered, if ever."""

    at: datetime
    kind: EventKind
    document: AnyDocument
    until: datetime | None = None
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """One entry of a document's audit, as far as it is needed here."""

    company: str
    document: str
    at: datetime
    data: Mapping[str, Any]

    @property
    def events(self) -> list[tuple[EventKind, bool]]:
        """Each event, and whether a flow had a say about it."""
        known = {kind.value for kind in EventKind}
        return [
            (EventKind(said["kind"]), not said["excluded"] or said["excluded"].startswith(_NO_RULE))
            for said in self.data.get("events", ())
            if said.get("kind") in known
        ]


@dataclass(frozen=True, slots=True)
class Record:
    """All sights of a deployment, oldest first, and since when each company is watched."""

    sights: tuple[Sight, ...]
    watched_since: Mapping[str, datetime] = field(default_factory=dict)


def read_record(
    deployment: Deployment, since: datetime, looked_at: Callable[[int], None]
) -> Record:
    """Every sight since then; `looked_at` is told how many were read so far, of any time.

    Reads the whole audit table: it has no index by time.
    """
    deployment.documents  # noqa: B018 - binds the tables
    sights: list[Sight] = []
    first: dict[str, datetime] = {}
    with translated():
        rows = AuditItem.scan(
            AuditItem.kind == _SEEN, attributes_to_get=["chain", "seq", "at", "kind", "data"]
        )
        for number, row in enumerate(rows, start=1):
            looked_at(number)
            found, at = _CHAIN.fullmatch(row.chain), from_text(row.at)
            if not found:
                continue
            first[found["company"]] = min(first.get(found["company"], at), at)
            if at >= since:
                sights.append(Sight(found["company"], found["document"], at, _data(row.data)))
    return replace(record_of(sights), watched_since=first)


def _data(text: str) -> Mapping[str, Any]:
    said = json.loads(text)
    return said if isinstance(said, dict) else {}


def record_of(sights: Iterable[Sight]) -> Record:
    """Sights in order, with when watching began."""
    ordered = sorted(sights, key=lambda sight: (sight.at, sight.company, sight.document))
    since: dict[str, datetime] = {}
    for sight in ordered:
        since.setdefault(sight.company, sight.at)
    return Record(tuple(ordered), since)


def happenings(
    record: Record, documents: Mapping[tuple[str, str], AnyDocument], since: datetime
) -> Iterator[Happening]:
    """What a flow had a say about since then, oldest first; what has no document is left out."""
    following: dict[tuple[str, str], list[Sight]] = {}
    for sight in record.sights:
        following.setdefault((sight.company, sight.document), []).append(sight)
    for sight in record.sights:
        name = sight.company, sight.document
        document = documents.get(name)
        if sight.at < since or document is None:
            continue
        later = [other for other in following[name] if other.at > sight.at]
        for kind, had_a_say in sight.events:
            if had_a_say:
                yield Happening(sight.at, kind, _as_then(document, sight), _ended(kind, later))


def _ended(kind: EventKind, later: Iterable[Sight]) -> datetime | None:
    """When what this event told was over: as the poll ends its cases."""
    for sight in later:
        if any(other in ENDS_CASES or other is kind for other, _ in sight.events):
            return sight.at
    return None


def _as_then(document: AnyDocument, sight: Sight) -> AnyDocument:
    said = sight.data
    currency, _, amount = str(said.get("amount", "")).partition(" ")
    money = Money(Decimal(amount), currency) if amount else document.amount
    number = int(said.get("round", document.round))
    if not isinstance(document, Document):
        return replace(document, amount=money, round=number)
    return replace(
        document,
        amount=money,
        round=number,
        state=BillState(said.get("state", document.state.value)),
        level=int(said.get("level", document.level)),
        deleted=bool(said.get("deleted", document.deleted)),
    )


def read_documents(
    deployment: Deployment, record: Record, since: datetime
) -> dict[tuple[str, str], AnyDocument]:
    """The documents of all sights since then, as they are remembered today."""
    wanted: dict[str, dict[str, None]] = {}
    for sight in record.sights:
        if sight.at >= since:
            wanted.setdefault(sight.company, {})[sight.document] = None
    found: dict[tuple[str, str], AnyDocument] = {}
    store = deployment.documents
    for company, names in wanted.items():
        ids = list(names)
        for start in range(0, len(ids), _READ_AT_ONCE):
            some = ids[start : start + _READ_AT_ONCE]
            payments = [name for name in some if name.startswith(PAYMENT_PREFIX)]
            bills = [name for name in some if not name.startswith(PAYMENT_PREFIX)]
            parts: list[Mapping[str, AnyDocument]] = []
            parts += [store.documents(company, bills)] if bills else []
            parts += [store.payments(company, payments)] if payments else []
            for part in parts:
                found |= {(company, name): document for name, document in part.items()}
    return found
