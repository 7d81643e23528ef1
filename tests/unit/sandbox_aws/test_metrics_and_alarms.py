"""Metrics taken from logs and queues, and what alarms make of them."""

from __future__ import annotations

import json
import time
from typing import Any, Self

import pytest

from sandbox.aws.alarms import Alarms
from sandbox.aws.metrics import Metrics, embedded, key

POLL = {"FunctionName": "poll"}
QUEUE = {"QueueName": "dead"}
DEPTH = key("AWS/SQS", "ApproximateNumberOfMessagesVisible", QUEUE)
ERRORS = key("AWS/Lambda", "Errors", POLL)
ALARM = {
    "AlarmName": "alarm",
    "Namespace": "AWS/SQS",
    "MetricName": "ApproximateNumberOfMessagesVisible",
    "Dimensions": [{"Name": "QueueName", "Value": "dead"}],
    "Statistic": "Maximum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
    "StateValue": "OK",
}


class FakeStack:
    """A stack with a function, a queue and an alarm; its services and itself in one."""

    def __init__(self, **alarm: Any) -> None:
        self.aws = self
        self.physical = {"Poll": "poll", "Dead": "http://host/1/dead", "Alarm": "alarm"}
        self.alarm = {**ALARM, **alarm}
        self.streams: dict[str, list[str]] = {}
        self.depth = 0
        self.set: list[str] = []

    def client(self, _service: str) -> Self:
        return self

    def resources(self, kind: str) -> dict[str, Any]:
        return {
            "AWS::Lambda::Function": {"Poll": {"Timeout": 20}},
            "AWS::SQS::Queue": {"Dead": {}},
            "AWS::CloudWatch::Alarm": {"Alarm": {}},
        }[kind]

    def log_events(self, _logical_id: str, since: float) -> list[dict[str, Any]]:
        assert since <= time.time()
        return [
            {"logStreamName": stream, "message": line}
            for stream, lines in self.streams.items()
            for line in lines
        ]

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"ApproximateNumberOfMessages": str(self.depth)}}

    def describe_alarms(self, AlarmNames: list[str]) -> dict[str, Any]:  # noqa: N803
        assert AlarmNames == ["alarm"]
        return {"MetricAlarms": [self.alarm]}

    def set_alarm_state(self, **request: str) -> None:
        self.set.append(request["StateValue"])
        self.alarm["StateValue"] = request["StateValue"]


def report(milliseconds: int) -> str:
    return f"REPORT RequestId: 1\tDuration: {milliseconds} ms\tBilled Duration: 1 ms"


def collected(metrics: Metrics, metric: Any) -> list[float]:
    metrics.collect()
    return metrics.values(metric, 0, time.monotonic() + 1)


def test_each_line_counts_once_however_often_the_log_is_read() -> None:
    stack = FakeStack()
    metrics = Metrics(stack)
    stack.streams = {"a": ["START", report(5)], "b": [report(5)]}
    invocations = key("AWS/Lambda", "Invocations", POLL)
    assert collected(metrics, invocations) == [1, 1]
    assert collected(metrics, invocations) == [1, 1]
    stack.streams["a"].append(report(5))
    assert collected(metrics, invocations) == [1, 1, 1]


@pytest.mark.parametrize(
    ("lines", "errors"),
    [
        (["Traceback (most recent call last):", '  File "app.py"', report(5)], 1),
        ([report(20_000)], 1),
        ([report(19_999)], 0),
        (['{"message": "Traceback (most recent call last):"}', report(5)], 0),
    ],
)
def test_an_exception_or_a_time_out_is_an_error_and_what_was_logged_is_not(
    lines: list[str], errors: int
) -> None:
    stack = FakeStack()
    stack.streams = {"a": lines}
    assert len(collected(Metrics(stack), ERRORS)) == errors


def test_an_embedded_metric_counts_under_each_of_its_sets_of_dimensions() -> None:
    document = {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": "Space",
                    "Dimensions": [["service"], ["service", "stage"]],
                    "Metrics": [{"Name": "sent"}, {"Name": "late"}],
                }
            ]
        },
        "service": "s",
        "stage": "dev",
        "sent": [1, 2],
        "late": 3.5,
    }
    one, two = {"service": "s"}, {"stage": "dev", "service": "s"}
    assert list(embedded(json.loads(json.dumps(document)))) == [
        (key("Space", "sent", one), 1.0),
        (key("Space", "sent", one), 2.0),
        (key("Space", "late", one), 3.5),
        (key("Space", "sent", two), 1.0),
        (key("Space", "sent", two), 2.0),
        (key("Space", "late", two), 3.5),
    ]


def test_a_queues_depth_is_sampled_each_time() -> None:
    stack = FakeStack()
    metrics = Metrics(stack)
    assert collected(metrics, DEPTH) == [0]
    stack.depth = 2
    assert collected(metrics, DEPTH) == [0, 2]


@pytest.mark.parametrize(
    ("alarm", "depth", "state"),
    [
        ({}, 1, "ALARM"),
        ({}, 0, "OK"),
        ({"ComparisonOperator": "GreaterThanOrEqualToThreshold"}, 0, "ALARM"),
        ({"ComparisonOperator": "LessThanThreshold", "Threshold": 1.0}, 0, "ALARM"),
        ({"ComparisonOperator": "LessThanOrEqualToThreshold"}, 0, "ALARM"),
        ({"Statistic": "SampleCount"}, 0, "ALARM"),
        # Two periods are asked for and the one before had no data.
        ({"EvaluationPeriods": 2}, 1, "OK"),
        ({"EvaluationPeriods": 2, "DatapointsToAlarm": 1}, 1, "ALARM"),
        ({"EvaluationPeriods": 2, "TreatMissingData": "breaching"}, 1, "ALARM"),
        # Another queue's: nothing is known.
        ({"Dimensions": []}, 1, "OK"),
        ({"Dimensions": [], "TreatMissingData": "breaching"}, 0, "ALARM"),
    ],
)
def test_an_alarm_is_set_to_what_its_periods_say(
    alarm: dict[str, Any], depth: int, state: str
) -> None:
    stack = FakeStack(StateValue="INSUFFICIENT_DATA", **alarm)
    stack.depth = depth
    alarms = Alarms(stack)
    alarms.evaluate()
    assert alarms.states() == {"Alarm": state}


def test_an_alarm_that_knows_nothing_keeps_its_state() -> None:
    stack = FakeStack(Dimensions=[], TreatMissingData="missing", StateValue="ALARM")
    Alarms(stack).evaluate()
    assert stack.set == []


def test_a_state_is_set_only_when_it_changes() -> None:
    stack = FakeStack()
    alarms = Alarms(stack)
    for stack.depth in (0, 1, 1):
        alarms.evaluate()
    assert stack.set == ["ALARM"]
