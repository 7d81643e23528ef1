"""The deployed dashboard, as far as the local AWS can show it: every part with its data.

What the template asks for is what is evaluated: metrics from the functions' logs and the queues,
log queries over the very lines. Everything since the stack was deployed counts as the time shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sandbox.aws.alarms import STATISTICS
from sandbox.aws.insights import Answer, Groups, answer
from sandbox.aws.metrics import Metrics, key

if TYPE_CHECKING:
    from sandbox.aws.stack import Stack

#: AWS's own that the local AWS does not measure.
NOT_HERE = frozenset({"ApproximateAgeOfOldestMessage", "ConcurrentExecutions", "Throttles"})
_MILLISECONDS = 1_000_000_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the dashboard with its data: columns and rows of text.

    `unheard` are fields its query names and no line carries; `silent` are metrics of ours without
    a single data point.
    """

    kind: str
    title: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    unheard: frozenset[str] = field(default_factory=frozenset)
    silent: frozenset[str] = field(default_factory=frozenset)


def parts(stack: Stack) -> list[Part]:
    """Every part of the stack's dashboard, evaluated now."""
    (dashboard,) = stack.resources("AWS::CloudWatch::Dashboard").values()
    metrics = Metrics(stack, since=0.0)
    metrics.collect()
    logs = groups(stack)
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]
    return [part for widget in widgets if (part := _part(widget, stack, metrics, logs))]


def groups(stack: Stack) -> dict[str, list[dict[str, Any]]]:
    """All lines of the functions' log groups, by the names of these."""
    functions = stack.resources("AWS::Lambda::Function")
    return {
        str(properties["LoggingConfig"]["LogGroup"]): stack.log_events(logical_id)
        for logical_id, properties in functions.items()
    }


def _part(widget: Mapping[str, Any], stack: Stack, metrics: Metrics, logs: Groups) -> Part | None:
    kind, properties = widget["type"], widget["properties"]
    if kind == "log":
        return log_part(properties["title"], properties["query"], logs)
    if kind == "metric":
        return _metric_part(properties, metrics)
    if kind == "alarm":
        return _alarm_part(properties, stack)
    heading = str(properties["markdown"]).splitlines()[0].lstrip("# ")
    return Part("text", heading)


def log_part(title: str, query: str, logs: Groups) -> Part:
    """A part that is a log query."""
    found: Answer = answer(query, logs)
    rows = (tuple(_shown(row.get(one)) for one in found.columns) for row in found.rows)
    return Part("log", title, tuple(found.columns), tuple(rows), frozenset(found.unheard))


def _metric_part(properties: Mapping[str, Any], metrics: Metrics) -> Part:
    rows, silent = [], set()
    for namespace, name, dimensions, drawn in _series(properties):
        statistic = str(drawn.get("stat", properties["stat"]))
        found = metrics.values(key(namespace, name, dimensions), -math.inf, math.inf)
        if name in NOT_HERE:
            value = "not measured here"
        elif found:
            value = _shown(_statistic(statistic, found))
        else:
            value = "-"
            silent |= {name} if namespace == "MlConnector" else set()
        rows.append((str(drawn.get("label", name)), statistic, value))
    columns = ("", "statistic", "since the start")
    return Part("metric", properties["title"], columns, tuple(rows), silent=frozenset(silent))


def _series(
    properties: Mapping[str, Any],
) -> Iterator[tuple[str, str, dict[str, str], dict[str, Any]]]:
    for namespace, name, *rest in properties["metrics"]:
        words = [one for one in rest if isinstance(one, str)]
        drawn = next((one for one in rest if isinstance(one, dict)), {})
        yield namespace, name, dict(zip(words[::2], words[1::2], strict=True)), drawn


def _statistic(name: str, values: list[float]) -> float:
    if name.startswith("p"):
        place = math.ceil(float(name[1:]) / 100 * len(values)) - 1
        return sorted(values)[max(0, place)]
    return STATISTICS[name](values)


def _alarm_part(properties: Mapping[str, Any], stack: Stack) -> Part:
    names = {arn.rsplit(":", 1)[-1] for arn in properties["alarms"]}
    found = stack.aws.client("cloudwatch").describe_alarms(AlarmNames=sorted(names))
    rows = [(one["AlarmName"], one["StateValue"]) for one in found["MetricAlarms"]]
    return Part("alarm", properties["title"], ("alarm", "state"), tuple(rows))


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        if value > _MILLISECONDS:
            return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S}"
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return str(value)


# ---------------------------------------------------------------------------------- a picture
def show(found: list[Part], console: Console) -> None:
    """Print the parts in their order, one under the other."""
    for part in found:
        if part.kind == "text":
            console.rule(Text(part.title, style="bold"))
            continue
        table = Table(*part.columns, box=None, pad_edge=False)
        for row in part.rows:
            table.add_row(*row)
        inside: Any = table if part.rows else Text("nothing yet", style="dim")
        if part.unheard:
            missing = ", ".join(sorted(part.unheard))
            inside = Group(inside, Text(f"in no line: {missing}", style="dim"))
        console.print(Panel(inside, title=part.title, title_align="left", expand=False))
