"""What one company costs in a month at list price, item by item.

Counts are measured (`cost_counts`), the polls of a month are what the default calendar says, alarms
and the like are counted in the template. What cannot be measured here is an assumption by name.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bench import cost_prices as price
from bench.cost_counts import READ_UNIT, Counts, measure
from bench.report import keep, table, verdict
from ml_connector.domain.calendars import Calendar
from ml_connector.observability import METRICS
from sandbox.aws.local import ROOT
from sandbox.aws.template import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.layers import Interpreter

#: The month, and how many alerts it has.
MONTH, DAYS, ALERTS = datetime(2026, 11, 1, tzinfo=UTC), 30, 1_000
TICKS = DAYS * 24 * 60
#: The most it may cost at list price, less CloudWatch's free tier, USD.
TARGET = 6.00

#: Assumed: seconds an invocation lasts on Lambda, at the memory of the template.
SECONDS = {"poll tick": 0.06, "idle poll": 2.0, "status tick": 0.35, "send": 0.8, "night": 6.0}
#: Assumed: GB of memory of a function; the template says 1,024 MB.
MEMORY = 1.0
#: Assumed: alerts that come together with another, so that one invocation sends more than one.
SENDS = ALERTS
#: Assumed: bytes the platform logs of an invocation: its start, its report, its trace.
PLATFORM_LINES = 900
#: Assumed: requests with which Lambda looks into an empty queue: five at a time for 20 seconds.
QUEUE_LOOKS = 5 * 3 * TICKS
#: Assumed: how long DynamoDB keeps a table's key for a caller, and a function a secret, seconds.
KEY_KEPT, SECRET_KEPT = 300, 300
#: Assumed: environments of functions that are kept warm by their ticks, and read a secret.
WARM = 3
#: Assumed: GB stored after a year, and how often somebody opens the dashboard in a month.
STORED_GB, LOOKS = 0.25, 60

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the bill: what, how many of it, what they cost, and what of that is free."""

    service: str
    what: str
    number: float
    cost: float
    free: float = 0.0


def polls_in(month: datetime, days: int, zone: str = "America/Chicago") -> int:
    """Polls of a company in so many days with the default calendar, begun at whole minutes."""
    calendar, where = Calendar(), ZoneInfo(zone)
    now, last, polls = month, None, 0
    while now < month + days * _DAY:
        if last is None or now - last >= calendar.interval_at(now, where):
            last, polls = now, polls + 1
        now += timedelta(minutes=1)
    return polls


def resources(kind: str) -> int:
    """How many resources of a type the template has."""
    body = load(ROOT / "template.yaml")
    return sum(one["Type"] == kind for one in body["Resources"].values())


def items(counts: Mapping[str, Counts], polls: int) -> list[Item]:
    """The bill of a month."""
    times = {"poll tick": TICKS, "idle poll": polls, "status tick": TICKS, "night": DAYS}
    runs = {**times, "send": SENDS}
    calls = sum(runs.values()) + 3 * DAYS
    seconds = sum(SECONDS[name] * number for name, number in runs.items())
    reads = sum(counts[name].reads * number for name, number in times.items())
    writes = sum(counts[name].writes * number for name, number in times.items())
    logged = sum(counts[name].logged * number for name, number in times.items())
    reads += counts["alert"].reads * ALERTS
    writes += counts["alert"].writes * ALERTS
    gigabytes = (logged + counts["alert"].logged * ALERTS + PLATFORM_LINES * calls) / 1e9
    secrets = WARM * TICKS * 60 / SECRET_KEPT
    keys = _kept_keys(counts) * TICKS * 60 / KEY_KEPT + secrets
    alarms, metrics = resources("AWS::CloudWatch::Alarm"), len(METRICS)
    roots = STORED_GB * 1e9 / READ_UNIT / 2 * DAYS
    starts, objects = 2 * TICKS + 3 * DAYS, 3 * DAYS
    queue = QUEUE_LOOKS + 3 * ALERTS
    stored = price.DYNAMO_GB + price.DYNAMO_BACKUP_GB
    metered: tuple[tuple[str, str, float, float, float], ...] = (
        ("CloudWatch", "custom metrics", metrics, price.METRIC, price.FREE_METRICS),
        ("CloudWatch", "dashboard", 1, price.DASHBOARD, price.FREE_DASHBOARDS),
        ("CloudWatch", "alarms", alarms, price.ALARM, price.FREE_ALARMS),
        ("CloudWatch", "logs, GB", gigabytes, price.LOG_GB, price.FREE_LOG_GB),
        ("CloudWatch", "logs kept 90 days, GB", 3 * gigabytes, price.LOG_KEPT_GB, 0),
        ("CloudWatch", "dashboard's queries, GB", LOOKS * gigabytes, price.LOG_READ_GB, 0),
        ("KMS", "key", 1, price.KMS_KEY, 0),
        ("KMS", "requests", keys, price.KMS_REQUEST, 0),
        ("Secrets Manager", "secrets", 2, price.SECRET, 0),
        ("Secrets Manager", "requests", secrets, price.SECRET_CALL, 0),
        ("Lambda", "GB-seconds", seconds * MEMORY, price.LAMBDA_GB_SECOND, 0),
        ("Lambda", "invocations", calls, price.LAMBDA_REQUEST, 0),
        ("X-Ray", "traces", calls, price.TRACE, 0),
        ("SQS", "requests", queue, price.SQS_REQUEST, 0),
        ("DynamoDB", "read units", reads, price.DYNAMO_READ, 0),
        ("DynamoDB", "read units of the daily roots", roots, price.DYNAMO_READ, 0),
        ("DynamoDB", "write units", writes, price.DYNAMO_WRITE, 0),
        ("DynamoDB", "GB stored and backed up", STORED_GB, stored, 0),
        ("EventBridge Scheduler", "starts", starts, price.SCHEDULE, 0),
        ("S3", "daily roots, objects", objects, price.S3_PUT, 0),
        ("S3", "daily roots, GB", STORED_GB, price.S3_GB, 0),
    )
    return [
        Item(service, what, number, number * each, min(number, free) * each)
        for service, what, number, each, free in metered
    ]


def _kept_keys(counts: Mapping[str, Counts]) -> int:
    """Tables that are asked for all the time, by poll and by status check."""
    return len(counts["poll tick"].tables | counts["idle poll"].tables) + len(
        counts["status tick"].tables
    )


def totals(found: list[Item]) -> tuple[float, float]:
    """The bill, and the bill less CloudWatch's free tier."""
    cost = sum(one.cost for one in found)
    return cost, cost - sum(one.free for one in found)


def at_twilio(alerts: int = ALERTS) -> dict[str, float]:
    """Twilio's list prices for as many texts of one segment, or calls of up to a minute."""
    return {
        "texts": alerts * (price.SMS_SEGMENT + price.SMS_CARRIER),
        "calls": alerts * price.VOICE_MINUTE,
        "number": price.NUMBER,
    }


def run(_python: Interpreter, _rounds: int) -> None:
    """Count, print the bill and keep it, here and in docs/cost.md."""
    counts, polls = measure(), polls_in(MONTH, DAYS)
    found = items(counts, polls)
    cost, less = totals(found)
    print(f"One company, {DAYS} days, {ALERTS:,} alerts, {polls:,} polls: USD at list price")
    rows: list[list[object]] = [
        [f"{one.service}: {one.what}", f"{one.number:,.2f}", one.cost, one.free] for one in found
    ]
    rows += [["in all", "", cost, cost - less], ["less CloudWatch's free tier", "", less, ""]]
    print(table(["item", "number", "USD", "free at CloudWatch"], rows))
    print(f"target ≤ {TARGET:.2f} less CloudWatch's free tier: {verdict(less <= TARGET)}")
    twilio = at_twilio()
    print("; ".join(f"Twilio, {name}: {amount:.2f}" for name, amount in twilio.items()))
    figures: dict[str, Any] = {
        "month": {"days": DAYS, "alerts": ALERTS, "polls": polls},
        "counts": {name: one.as_json for name, one in counts.items()},
        "items": [
            {
                "service": one.service,
                "what": one.what,
                "number": round(one.number, 2),
                "usd": round(one.cost, 2),
                "free_at_cloudwatch": round(one.free, 2),
            }
            for one in found
        ],
        "usd": round(cost, 2),
        "usd_less_free_tier": round(less, 2),
        "target": TARGET,
        "met": less <= TARGET,
        "prices_read_on": price.READ_ON,
        "twilio_usd": {name: round(amount, 2) for name, amount in twilio.items()},
    }
    keep("cost", platform.python_version(), figures)
    PAGE.write_text(with_table(PAGE.read_text("utf-8"), figures), "utf-8")


# -------------------------------------------------------------------------------- the page
PAGE = ROOT / "docs" / "cost.md"
_BEGIN, _END = "<!-- make bench ARGS=cost writes this -->", "<!-- until here -->"


def with_table(page: str, figures: Mapping[str, Any]) -> str:
    """The page with the bill between its two marks."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{page_table(figures)}{_END}{after}"


def page_table(figures: Mapping[str, Any]) -> str:
    """The bill as a table in Markdown."""
    month = figures["month"]
    about = f"{month['days']} days, {month['alerts']:,} alerts, {month['polls']:,} polls"
    lines = [
        f"| {about} | number | USD | of it free at CloudWatch |",
        "| --- | ---: | ---: | ---: |",
    ]
    for one in figures["items"]:
        free = f"{one['free_at_cloudwatch']:.2f}" if one["free_at_cloudwatch"] else ""
        number = f"{one['number']:,.2f}" if one["number"] < 100 else f"{one['number']:,.0f}"
        number = number.removesuffix(".00")
        lines.append(f"| {one['service']}: {one['what']} | {number} | {one['usd']:.2f} | {free} |")
    free_tier = figures["usd"] - figures["usd_less_free_tier"]
    lines.append(f"| **at list price** | | **{figures['usd']:.2f}** | {free_tier:.2f} |")
    lines.append(
        f"| **less CloudWatch's free tier** | | **{figures['usd_less_free_tier']:.2f}** | |"
    )
    return "\n".join(lines) + "\n"
