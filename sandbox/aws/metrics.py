"""The metrics CloudWatch would have: taken from the functions' logs and from the queues.

ministack keeps none of these by itself. EMF documents become metrics
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html),
each invocation counts in AWS/Lambda, and each queue's depth is sampled in AWS/SQS.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.aws.stack import Stack

# A metric: namespace, name and dimensions, these in the order of their names.
Key = tuple[str, str, tuple[tuple[str, str], ...]]

# What the runtime writes for an exception that nobody caught.
_FAILED = "Traceback (most recent call last):"
# What it writes at the end of every invocation. One that was stopped for taking too long has no
# other trace in ministack's log than its duration.
_REPORTED = re.compile(r"REPORT RequestId: \S+\tDuration: (\d+) ms")
# The metrics of a queue's depth, by the attributes that say it.
_DEPTHS = {
    "ApproximateNumberOfMessages": "ApproximateNumberOfMessagesVisible",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
}
# Data points kept of a metric: more than two hours of samples taken once a second.
_KEPT = 10_000
# Log lines are dated when they are written, and read again for this long in case one was late: on a
# busy machine by many seconds.
_OVERLAP_SECONDS = 20.0


def key(namespace: str, name: str, dimensions: Mapping[str, str]) -> Key:
    """The identity of a metric, whatever the order of its dimensions."""
    return namespace, name, tuple(sorted(dimensions.items()))


class Metrics:
    """Collects data points of one stack from the moment it is made. Not safe for threads.

    With `since`, in seconds of `time.time`, also what was logged since then: as data points of the
    moment it is collected.
    """

    def __init__(self, stack: Stack, since: float | None = None) -> None:
        self._stack = stack
        self._points: dict[Key, deque[tuple[float, float]]] = defaultdict(_new_points)
        # Lines taken in of each log stream. Every invocation has a stream of its own, all of it
        # written when it ends.
        self._taken: Counter[str] = Counter()
        self._since = time.time() if since is None else since

    def collect(self) -> None:
        """Take in what has been logged since the last time, and how deep the queues are now."""
        started = time.time()
        for logical_id, properties in self._stack.resources("AWS::Lambda::Function").items():
            function = {"FunctionName": self._stack.physical[logical_id]}
            longest = int(properties["Timeout"]) * 1000
            for line in self._new_lines(logical_id):
                report = _REPORTED.match(line)
                if report:
                    self._add(key("AWS/Lambda", "Invocations", function), 1)
                    self._add(key("AWS/Lambda", "Duration", function), float(report[1]))
                if line.startswith(_FAILED) or (report and int(report[1]) >= longest):
                    self._add(key("AWS/Lambda", "Errors", function), 1)
                if '"_aws"' in line:
                    for name, value in embedded(json.loads(line)):
                        self._add(name, value)
        self._since = started - _OVERLAP_SECONDS
        for logical_id in self._stack.resources("AWS::SQS::Queue"):
            self._sample(self._stack.physical[logical_id])

    def values(self, metric: Key, begin: float, end: float) -> list[float]:
        """Data points collected after `begin` and up to `end`, in seconds of `time.monotonic`."""
        return [value for at, value in self._points[metric] if begin < at <= end]

    def _add(self, metric: Key, value: float) -> None:
        self._points[metric].append((time.monotonic(), value))

    def _sample(self, url: str) -> None:
        attributes = self._stack.aws.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=list(_DEPTHS)
        )["Attributes"]
        for attribute, name in _DEPTHS.items():
            metric = key("AWS/SQS", name, {"QueueName": url.rsplit("/", 1)[-1]})
            self._add(metric, float(attributes.get(attribute, 0)))

    def _new_lines(self, logical_id: str) -> Iterator[str]:
        """Lines not taken in before: ministack numbers no events but only ever adds to a stream."""
        position: Counter[str] = Counter()
        for event in self._stack.log_events(logical_id, since=self._since):
            stream = event["logStreamName"]
            position[stream] += 1
            if position[stream] > self._taken[stream]:
                yield event["message"]
        self._taken.update(position - self._taken)


def _new_points() -> deque[tuple[float, float]]:
    return deque(maxlen=_KEPT)


def embedded(document: Mapping[str, Any]) -> Iterator[tuple[Key, float]]:
    """The data points of one EMF document: every metric, under every set of dimensions."""
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: str(document[name]) for name in names}
            for metric in directive["Metrics"]:
                value = document[metric["Name"]]
                for point in value if isinstance(value, list) else [value]:
                    yield key(directive["Namespace"], metric["Name"], dimensions), float(point)
