"""What operators see: one JSON line per thing that happened, and a handful of metrics.

Lines are snake_case events with ids, codes and counts. What slips in all the same is masked here,
at the last moment before a line leaves the process, whoever wrote it: phone numbers, and names and
numbers of people who were read. Libraries, which log requests and secrets when asked to say much,
are never asked; an error nobody expected leaves as its kind and place, for its text may quote
anything.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from .domain.masking import KNOWN, mask_numbers
from .errors import ConnectorError

#: Every metric there is; docs/metrics.md says what each means and who should care. At most ten:
#: CloudWatch bills each one.
METRICS = frozenset(
    {
        "AlertsDelivered",
        "AlertsFailed",
        "AlertsSent",
        "DocumentsUnexplained",
        "DuplicatesFound",
        "OutcomesUnknown",
        "PollsFailed",
        "PollsSucceeded",
        "RowsDoubtful",
        "SendsBlocked",
    }
)

#: A line names the place that wrote it, not this module.
_CALLER = 3

#: Libraries that log what they send and get, below this level.
_TALKATIVE = (
    "aws_lambda_powertools", "boto3", "botocore", "pynamodb", "requests", "twilio", "urllib3"
)  # fmt: skip
Handler = TypeVar("Handler", bound=Callable[..., Any])


def mask(text: str) -> str:
    """The text as it may leave the process."""
    return KNOWN.mask(mask_numbers(text))


def _serialize(line: dict[str, Any]) -> str:
    return mask(json.dumps(line, default=str, separators=(",", ":")))


class Masking(logging.Filter):
    """Masks records of whoever writes through the standard library, tracebacks included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops one."""
        record.msg, record.args = mask(record.getMessage()), None
        if record.exc_info and record.exc_info[1]:
            record.msg = f"{record.msg}: {place_of(record.exc_info[1])}"
            record.exc_info = record.exc_text = None
        return True


def place_of(error: BaseException) -> str:
    """The kind of an error and where it came from; never what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


class Unexpected(Exception):
    """An error nobody expected, without its text."""


def plainly(handler: Handler) -> Handler:
    """A handler whose unexpected errors leave the process as kind and place.

    The Lambda runtime writes the text of an error to the log itself, past every filter.
    """

    @wraps(handler)
    def guarded(*arguments: Any) -> Any:  # noqa: ANN401 - as the handler's own
        try:
            return handler(*arguments)
        except ConnectorError:
            raise  # its text is safe
        except Exception as error:  # noqa: BLE001 - said without its text
            plain = Unexpected(place_of(error))
        # Outside of `except`, so that the error is not chained.
        raise plain

    return guarded  # type: ignore[return-value]


def install_mask() -> None:
    """Put the mask before every handler of the root logger, and quieten the talkative."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(each, Masking) for each in handler.filters):
            handler.addFilter(Masking())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


class FunctionTelemetry:
    """The Telemetry port on Powertools; the service, level and namespace are in the environment."""

    def __init__(self) -> None:
        install_mask()
        self._logger = Logger(json_serializer=_serialize, log_uncaught_exceptions=False)
        self._metrics = Metrics()
        self._metrics.set_default_dimensions()
        self._about: dict[str, str] = {}

    def begin(self, request_id: str) -> None:
        """Tie the lines that follow to one invocation."""
        self._logger.append_keys(request_id=request_id)
        self.concerning()

    def flush(self) -> None:
        """Write the metrics collected since the last flush."""
        if self._metrics.metric_set:
            self._metrics.flush_metrics()

    def event(self, name: str, **fields: str | float | None) -> None:
        """Something worth a line."""
        self._logger.info(name, extra=self._fields(fields), stacklevel=_CALLER)

    def warning(self, name: str, **fields: str | float | None) -> None:
        """Something an operator may have to act on if it goes on."""
        self._logger.warning(name, extra=self._fields(fields), stacklevel=_CALLER)

    def error(self, name: str, **fields: str | float | None) -> None:
        """Something an operator has to act on."""
        self._logger.error(name, extra=self._fields(fields), stacklevel=_CALLER)

    def count(self, metric: str, amount: float = 1) -> None:
        """Add to a metric. KeyError for one that is not in `METRICS`."""
        if metric not in METRICS:
            raise KeyError(metric)
        self._metrics.add_metric(name=metric, unit=MetricUnit.Count, value=amount)

    def concerning(self, **ids: str) -> None:
        """What the lines that follow are about, until it is said anew; without ids, nothing."""
        self._about = ids

    def _fields(self, fields: dict[str, str | float | None]) -> dict[str, str | float]:
        """What a line says itself comes before what all lines say now."""
        said = {name: value for name, value in fields.items() if value is not None}
        return {**self._about, **said}
