"""CloudWatch alarms for the local AWS: evaluated here, switched there.

ministack stores alarms and tells their topic when their state is set, but hardly evaluates them.
A thread of this process collects the metrics, evaluates the deployed alarms, and sets their state.
Plain metric alarms only, which is all the template has.
"""

from __future__ import annotations

import operator
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.aws.metrics import Metrics, key
from sandbox.running import Running

if TYPE_CHECKING:
    from sandbox.aws.stack import Stack

_REAL_MINUTE = 60.0
_STOP_TIMEOUT = 10.0
#: What CloudWatch makes of the data points of a period.
STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "Average": statistics.fmean,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Sum": sum,
}
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
# What a period without data counts as; None: it says nothing.
_MISSING = {"breaching": True, "notBreaching": False}


class Alarms(Running):
    """Evaluates all alarms of a stack once a `every` seconds; a context manager that runs them.

    A minute of an alarm's period lasts `minute_seconds` real seconds.
    """

    def __init__(
        self, stack: Stack, minute_seconds: float = _REAL_MINUTE, every: float = 1.0
    ) -> None:
        self._stack = stack
        self._speed = _REAL_MINUTE / minute_seconds
        self._every = every
        self._metrics = Metrics(stack)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Begin to collect and evaluate."""
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Leave the alarms as they are. Harmless twice."""
        self._ended.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(_STOP_TIMEOUT)

    def states(self) -> dict[str, str]:
        """State of every alarm by logical id: OK, ALARM or INSUFFICIENT_DATA."""
        return {logical_id: alarm["StateValue"] for logical_id, alarm in self._alarms().items()}

    def evaluate(self) -> None:
        """Collect once and set the state of every alarm that has changed."""
        self._metrics.collect()
        now = time.monotonic()
        for alarm in self._alarms().values():
            state = self._state(alarm, now)
            if state is not None and state != alarm["StateValue"]:
                self._stack.aws.client("cloudwatch").set_alarm_state(
                    AlarmName=alarm["AlarmName"],
                    StateValue=state,
                    StateReason=f"evaluated by the local AWS, threshold {alarm['Threshold']:g}",
                )

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            try:
                self.evaluate()
            except (ClientError, BotoCoreError):
                # The stack is being changed, or the server is gone: look again next time.
                continue

    def _alarms(self) -> dict[str, dict[str, Any]]:
        physical = {
            self._stack.physical[i]: i for i in self._stack.resources("AWS::CloudWatch::Alarm")
        }
        found = self._stack.aws.client("cloudwatch").describe_alarms(AlarmNames=list(physical))
        return {physical[alarm["AlarmName"]]: alarm for alarm in found["MetricAlarms"]}

    def _state(self, alarm: Mapping[str, Any], now: float) -> str | None:
        """What the last periods make of an alarm; None where they say nothing."""
        periods = alarm["EvaluationPeriods"]
        verdicts = [self._breaches(alarm, now, back) for back in range(periods)]
        if all(verdict is None for verdict in verdicts):
            return None
        breaching = sum(verdict is True for verdict in verdicts)
        return "ALARM" if breaching >= alarm.get("DatapointsToAlarm", periods) else "OK"

    def _breaches(self, alarm: Mapping[str, Any], now: float, back: int) -> bool | None:
        dimensions = {d["Name"]: d["Value"] for d in alarm["Dimensions"]}
        metric = key(alarm["Namespace"], alarm["MetricName"], dimensions)
        period = alarm["Period"] / self._speed
        end = now - back * period
        values = self._metrics.values(metric, end - period, end)
        if not values:
            return _MISSING.get(alarm.get("TreatMissingData", "missing"))
        value = STATISTICS[alarm["Statistic"]](values)
        return _COMPARISONS[alarm["ComparisonOperator"]](value, alarm["Threshold"])
