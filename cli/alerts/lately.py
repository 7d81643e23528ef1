"""What was sent lately: how much of it failed, and what today has cost so far.

History has no index, so the whole alerts table is read, page by page and with a limit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from cli.deployment import Deployment
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.instants import from_text, to_text

from .progress import Advance

#: How far back failures are counted.
LOOK_BACK = timedelta(hours=24)
#: The most items that are read; beyond it counts are at least that many.
MOST_READ = 200_000

#: Every zone's day began no longer ago than this, on the day its clocks go back as well.
_LONGEST_DAY = timedelta(hours=25)
_FAILED = frozenset({DispatchState.FAILED.value, DispatchState.UNDELIVERED.value})
_READ = ("company", "state", "created_at", "sent_at", "price", "price_unit")


@dataclass(frozen=True, slots=True)
class Sent:
    """One dispatch, as far as it is counted here. `price` is negative, as Twilio says it."""

    company: str
    state: str
    created_at: datetime
    sent_at: datetime | None = None
    price: Decimal | None = None
    price_unit: str = ""


@dataclass(frozen=True, slots=True)
class Lately:
    """Counts and sums.

    `failed` is of the last 24 hours; the others are of today. `costs` are positive, by currency;
    `unpriced` were sent and are not billed yet: what they cost comes on top. `whole` is false where
    the table is larger than what was read.
    """

    failed: int
    sent: int
    costs: Mapping[str, Decimal]
    unpriced: int
    whole: bool = True

    def as_json(self) -> dict[str, Any]:
        """Today, for programs."""
        return {
            "sent": self.sent,
            "costs": {unit: str(amount) for unit, amount in sorted(self.costs.items())},
            "unpriced": self.unpriced,
        }


def summed(
    rows: Iterable[Sent], zones: Mapping[str, tzinfo], now: datetime, *, whole: bool = True
) -> Lately:
    """What the dispatches come to; each company's today is the day it is there."""
    failed, today = 0, []
    for row in rows:
        failed += row.state in _FAILED and row.created_at >= now - LOOK_BACK
        zone = zones.get(row.company, UTC)
        if row.sent_at and row.sent_at.astimezone(zone).date() == now.astimezone(zone).date():
            today.append(row)
    costs: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in today:
        if row.price is not None:
            costs[row.price_unit.upper()] -= row.price
    unpriced = sum(row.price is None for row in today)
    return Lately(failed, len(today), dict(costs), unpriced, whole)


def lately(
    deployment: Deployment, zones: Mapping[str, tzinfo], now: datetime, advance: Advance
) -> Lately:
    """Read the table, and count. `advance` is told how much of it is read."""
    client, table = deployment.client("dynamodb"), deployment.output("AlertsTableName")
    about = int(client.describe_table(TableName=table)["Table"].get("ItemCount", 0))
    request: dict[str, Any] = {
        "TableName": table,
        "FilterExpression": "sk = :sk AND (created_at >= :day OR sent_at >= :today)",
        "ExpressionAttributeValues": {
            ":sk": {"S": "dispatch"},
            ":day": {"S": to_text(now - LOOK_BACK)},
            ":today": {"S": to_text(now - _LONGEST_DAY)},
        },
        "ProjectionExpression": ", ".join(f"#{name}" for name in _READ),
        # Some of the names are words of DynamoDB's own.
        "ExpressionAttributeNames": {f"#{name}": name for name in _READ},
    }
    rows: list[Sent] = []
    read = 0
    while read < MOST_READ:
        page = client.scan(**request)
        read += int(page["ScannedCount"])
        rows.extend(_rows(page["Items"]))
        advance(read, about)
        if "LastEvaluatedKey" not in page:
            return summed(rows, zones, now)
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    return summed(rows, zones, now, whole=False)


def _rows(items: Iterable[Mapping[str, Mapping[str, str]]]) -> Iterator[Sent]:
    for item in items:
        said = {name: value["S"] for name, value in item.items() if "S" in value}
        yield Sent(
            company=said["company"],
            state=said["state"],
            created_at=from_text(said["created_at"]),
            sent_at=from_text(said["sent_at"]) if "sent_at" in said else None,
            price=Decimal(said["price"]) if "price" in said else None,
            price_unit=said.get("price_unit", ""),
        )
