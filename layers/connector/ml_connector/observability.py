"""What operators see: one JSON line per thing that happened, and a handful of metrics.

Lines are snake_case events with ids, codes and counts. Phone numbers that slip in are masked here,
at the last moment before a line leaves the process, whoever wrote them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

#: Every metric there is; docs/metrics.md says what each means and who should care. At most ten:
#: CloudWatch bills each one.
METRICS = frozenset(
    {
        "AlertsDelivered",
        "AlertsFailed",
        "AlertsSent",
        "DuplicatesFound",
        "EventsDetected",
        "OutcomesUnknown",
        "PollsFailed",
        "PollsSucceeded",
        "RowsDoubtful",
        "SendsBlocked",
    }
)

#: A line names the place that wrote it, not this module.
_CALLER = 3

_NUMBER = re.compile(r"(\+|%2[Bb])(\d{3,11})(\d{4})(?!\d)")


def mask_numbers(text: str) -> str:
    """The text with every E.164 number reduced to its last four digits."""
    return _NUMBER.sub(lambda found: f"+{'x' * len(found[2])}{found[3]}", text)


def _serialize(line: dict[str, Any]) -> str:
    return mask_numbers(json.dumps(line, default=str, separators=(",", ":")))


class FunctionTelemetry:
    """The Telemetry port on Powertools; the service, level and namespace are in the environment."""

    def __init__(self) -> None:
        self._logger = Logger(json_serializer=_serialize, log_uncaught_exceptions=False)
        self._metrics = Metrics()
        self._metrics.set_default_dimensions()

    def begin(self, request_id: str) -> None:
        """Tie the lines that follow to one invocation."""
        self._logger.append_keys(request_id=request_id)

    def flush(self) -> None:
        """Write the metrics collected since the last flush."""
        if self._metrics.metric_set:
            self._metrics.flush_metrics()

    def event(self, name: str, **fields: str | float | None) -> None:
        """Something worth a line."""
        self._logger.info(name, extra=_present(fields), stacklevel=_CALLER)

    def warning(self, name: str, **fields: str | float | None) -> None:
        """Something an operator may have to act on if it goes on."""
        self._logger.warning(name, extra=_present(fields), stacklevel=_CALLER)

    def error(self, name: str, **fields: str | float | None) -> None:
        """Something an operator has to act on."""
        self._logger.error(name, extra=_present(fields), stacklevel=_CALLER)

    def count(self, metric: str, amount: float = 1) -> None:
        """Add to a metric. KeyError for one that is not in `METRICS`."""
        if metric not in METRICS:
            raise KeyError(metric)
        self._metrics.add_metric(name=metric, unit=MetricUnit.Count, value=amount)


def _present(fields: dict[str, str | float | None]) -> dict[str, str | float]:
    return {name: value for name, value in fields.items() if value is not None}
