"""Items of a table of before, back into the live one: what is missing there, or is damaged.

A live item that is whole wins: it is newer. Every item is put on the condition that this is still
so, so a run that breaks off is simply run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.exceptions import AttributeDeserializationError
from pynamodb.models import Model

from ml_connector.store.approver_items import approver_of
from ml_connector.store.audit_items import audit_of
from ml_connector.store.case_items import alert_of, case_of
from ml_connector.store.dispatch_items import dispatch_of
from ml_connector.store.document_items import document_of, payment_of
from ml_connector.store.models import (
    AlertItem,
    ApproverItem,
    AuditItem,
    CaseItem,
    DispatchItem,
    DocumentItem,
)

Item = Mapping[str, Any]

#: Puts at the same time.
WRITERS = 8
#: What of the alerts table means nothing at another time: counters, pauses, and our own mark.
_OF_THE_MOMENT = ("throttle#", "pause#", "restore")
_REFUSED = "ConditionalCheckFailedException"


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of the items of a table of before."""

    looked_at: int = 0
    missing: int = 0
    """Put back: there was none."""
    damaged: int = 0
    """Put back in the place of one that cannot be read."""
    over: int = 0
    """Put back over one that is whole, as was asked for."""
    kept: int = 0

    def __add__(self, other: Copied) -> Copied:
        return Copied(
            self.looked_at + other.looked_at,
            self.missing + other.missing,
            self.damaged + other.damaged,
            self.over + other.over,
            self.kept + other.kept,
        )


@dataclass(frozen=True, slots=True)
class Copier:
    """From one table to another."""

    client: Any
    source: str
    target: str
    overwrite: bool = False

    def run(self, alive: Callable[[int], None]) -> Copied:
        """Copy everything; `alive` is told how many items were looked at, page by page."""
        keys = self._keys()
        total = Copied()
        with ThreadPoolExecutor(WRITERS) as pool:
            for page in self._pages():
                chosen = [item for item in page if not of_the_moment(item)]
                for one in pool.map(lambda item: self._put(item, keys), chosen):
                    total += one
                total += Copied(looked_at=len(page))
                alive(total.looked_at)
        return total

    def _pages(self) -> Iterator[list[Item]]:
        pages = self.client.get_paginator("scan").paginate(
            TableName=self.source, ConsistentRead=True
        )
        for page in pages:
            yield page["Items"]

    def _keys(self) -> list[str]:
        table = self.client.describe_table(TableName=self.target)["Table"]
        return [key["AttributeName"] for key in table["KeySchema"]]

    def _put(self, item: Item, keys: list[str]) -> Copied:
        try:
            self.client.put_item(
                TableName=self.target,
                Item=item,
                ConditionExpression="attribute_not_exists(#key)",
                ExpressionAttributeNames={"#key": keys[0]},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != _REFUSED:
                raise
        else:
            return Copied(missing=1)
        live = self._live(item, keys)
        if live is None or live == item:
            return Copied(kept=1)
        broken = damaged(live)
        # The audit is never written over, whatever it says.
        if "chain" in keys or not (broken or self.overwrite):
            return Copied(kept=1)
        self.client.put_item(TableName=self.target, Item=item)
        return Copied(damaged=1) if broken else Copied(over=1)

    def _live(self, item: Item, keys: list[str]) -> Item | None:
        key = {name: item[name] for name in keys}
        found: Item | None = self.client.get_item(
            TableName=self.target, Key=key, ConsistentRead=True
        ).get("Item")
        return found


def of_the_moment(item: Item) -> bool:
    """Whether an item says only what was so at one moment: a counter, a pause."""
    return str(item.get("pk", {}).get("S", "")).startswith(_OF_THE_MOMENT)


def damaged(item: Item) -> bool:
    """Whether an item of a kind we know cannot be read as such."""
    reader = _reader(item)
    if reader is None:
        return False
    model, made = reader
    try:
        made(model.from_raw_data(dict(item)))
    except (
        AttributeDeserializationError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
    ):
        return True
    return False


def _reader(item: Item) -> tuple[type[Model], Callable[[Any], object]] | None:
    if "chain" in item and "pk" not in item:
        return AuditItem, audit_of
    sk = str(item.get("sk", {}).get("S", ""))
    if not sk:
        return ApproverItem, approver_of
    kind = sk.partition("#")[0]
    known: dict[str, tuple[type[Model], Callable[[Any], object]]] = {
        "dispatch": (DispatchItem, dispatch_of),
        "case": (CaseItem, case_of),
        "alert": (AlertItem, alert_of),
        "bill": (DocumentItem, document_of),
        "payment": (DocumentItem, payment_of),
    }
    return known.get(kind)
