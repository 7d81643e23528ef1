"""What the functions ask of AWS, counted at the wire, for a company on an ordinary day.

The containers that ship run in this process: their AWS is moto's, their Intacct and their Twilio
are the simulators. Every request of botocore is counted, with the capacity units DynamoDB would
bill for it; so are the bytes of log lines. Time is moved by hand, so that a text is looked at as
often as it would be.
"""

from __future__ import annotations

import io
import json
import logging
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml_connector.bootstrap.container import Container

#: Bills of the company, how many of them wait all the time, and alerts that are followed.
BILLS, WAITING, ALERTS = 300, 60, 20
COMPANY = "acme"
#: Minutes after sending in which the status check looks at texts, and hours until their price.
MINUTES, PRICE_HOURS = 12, 2
#: What a function has, seconds.
TIME = 60.0

READ_UNIT, WRITE_UNIT = 4096, 1024
#: Attributes whose presence puts an item into an index of its table, so that it is written there.
INDEXED = ("due_shard", "open_since")

FLOW: dict[str, Any] = {
    "schema": 1,
    "default_approver": "p0",
    "companies": {COMPANY: {"name": "Acme AP", "zone": "America/Chicago"}},
    "rules": [
        {
            "name": f"bills of thousand {place}",
            "on": ["bill.submitted"],
            "when": {
                "amount": {
                    "currency": "USD",
                    "at_least": str(place * 1000),
                    "under": str((place + 1) * 1000),
                }
            },
            "approver": f"p{place}",
            "notify": [{"sms": {"to": "approver"}}],
        }
        for place in range(ALERTS)
    ],
}


@dataclass(slots=True)
class Counts:
    """Requests by service, DynamoDB's units, and bytes logged: of one stage, or of its average."""

    requests: Counter[str] = field(default_factory=Counter)
    reads: float = 0.0
    writes: float = 0.0
    logged: float = 0.0
    tables: set[str] = field(default_factory=set)
    """Tables that were read or written: each keeps its own data key for some minutes."""

    def less(self, other: Counts, times: float) -> Counts:
        """Without what so many of the other would have cost."""
        requests = Counter(
            {name: count - times * other.requests[name] for name, count in self.requests.items()}
        )
        return Counts(
            requests,
            self.reads - times * other.reads,
            self.writes - times * other.writes,
            self.logged - times * other.logged,
            self.tables,
        )

    def each(self, number: float) -> Counts:
        """The average over so many; nothing less than nothing."""
        requests = Counter(
            {name: max(0.0, count) / number for name, count in self.requests.items()}
        )
        return Counts(
            requests,
            max(0.0, self.reads) / number,
            max(0.0, self.writes) / number,
            max(0.0, self.logged) / number,
            self.tables,
        )

    @property
    def as_json(self) -> dict[str, Any]:
        """For the results."""
        return {
            "requests": {name: round(count, 2) for name, count in sorted(self.requests.items())},
            "read_units": round(self.reads, 2),
            "write_units": round(self.writes, 2),
            "bytes_logged": round(self.logged),
        }


class Meter:
    """Counts requests of botocore sessions into whichever stage is going on."""

    def __init__(self) -> None:
        self.now = Counts()
        self._heard = io.StringIO()

    def listen(self, logger: logging.Logger) -> None:
        """Count what this logger writes, in place of showing it."""
        for handler in logger.handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(self._heard)

    def watch(self, session: Any) -> None:  # noqa: ANN401 - botocore has no types
        """Count what this botocore session's clients ask."""
        session.register("before-call", self._before)
        session.register("after-call", self._after)

    def _before(self, model: Any, context: dict[str, Any], params: Any, **_: Any) -> None:  # noqa: ANN401
        service = str(model.service_model.service_name)
        self.now.requests[service] += 1
        if service == "dynamodb":
            context["asked"] = json.loads(params["body"])

    def _after(self, model: Any, context: dict[str, Any], parsed: Any, **_: Any) -> None:  # noqa: ANN401
        asked = context.get("asked")
        if asked is None:
            return
        reads, writes = units(str(model.name), asked, parsed)
        self.now.reads += reads
        self.now.writes += writes
        self.now.tables |= set(_tables(asked))

    def stage(self, work: Callable[[], object]) -> Counts:
        """What some work asks for and logs."""
        self.now = Counts()
        before = self._heard.tell()
        with redirect_stdout(self._heard):
            work()
        self.now.logged = float(self._heard.tell() - before)
        return self.now


def _tables(asked: Mapping[str, Any]) -> Iterator[str]:
    if "TableName" in asked:
        yield str(asked["TableName"])
    yield from map(str, asked.get("RequestItems") or ())
    for one in asked.get("TransactItems") or ():
        for part in one.values():
            yield str(part["TableName"])


def units(
    operation: str, asked: Mapping[str, Any], answered: Mapping[str, Any]
) -> tuple[float, float]:
    """Read and write units of one request, by the size of its items as JSON: a little too many.

    A read costs a unit for each 4 KB begun, half of one where it may be stale; a write one for each
    KB begun, twice in a transaction, and again for each index the item is in.
    """
    if operation == "GetItem":
        return _read([answered.get("Item")], consistent=bool(asked.get("ConsistentRead"))), 0.0
    if operation in {"Query", "Scan"}:
        size = _size(answered.get("Items", []))
        share = 1.0 if asked.get("ConsistentRead") else 0.5
        return share * max(1, math.ceil(size / READ_UNIT)), 0.0
    if operation == "BatchGetItem":
        total = 0.0
        for table, request in asked["RequestItems"].items():
            found = answered.get("Responses", {}).get(table, [])
            missing = [None] * (len(request["Keys"]) - len(found))
            consistent = bool(request.get("ConsistentRead"))
            total += sum(_read([one], consistent=consistent) for one in [*found, *missing])
        return total, 0.0
    if operation == "TransactWriteItems":
        parts = [part for one in asked["TransactItems"] for part in one.values()]
        return 0.0, 2 * sum(_written(part) for part in parts)
    if operation in {"PutItem", "UpdateItem", "DeleteItem"}:
        return 0.0, _written(asked)
    return 0.0, 0.0


def _read(items: list[Any], *, consistent: bool) -> float:
    share = 1.0 if consistent else 0.5
    return sum(share * max(1, math.ceil(_size(item or {}) / READ_UNIT)) for item in items)


def _written(part: Mapping[str, Any]) -> float:
    item = part.get("Item") or part.get("ExpressionAttributeValues") or {}
    own = max(1, math.ceil(_size(item) / WRITE_UNIT))
    indexes = sum(name in part.get("Item", {}) for name in INDEXED)
    return own + indexes


def _size(value: object) -> int:
    return len(json.dumps(value, separators=(",", ":")))


# ------------------------------------------------------------------------------- the day
class HandClock:
    """The machine's clock, put forward by hand."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC) + self._ahead

    def monotonic(self) -> float:
        """Seconds."""
        return self.now().timestamp()

    def forward(self, **amount: float) -> None:
        """Later by so much."""
        self._ahead += timedelta(**amount)


class Context:
    """What Lambda hands a handler."""

    aws_request_id = "bench"

    def get_remaining_time_in_millis(self) -> int:
        """As much as there is."""
        return int(TIME * 1000)


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """The process's environment with these for a while."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def measure() -> dict[str, Counts]:
    """Counts of each stage: idle ticks and polls, one alert from its bill to its price, a night."""
    from bench.cost_stage import Stage  # noqa: PLC0415 - loads moto, which the prices do without

    with redirect_stdout(io.StringIO()), Stage() as stage:
        return stage.counts()


def begun(container: Container) -> Any:  # noqa: ANN401 - an aware datetime
    """An invocation begins; when it has to be done."""
    context = Context()
    container.begin(context)
    return container.until(context)
