"""EventBridge Scheduler for the local AWS, with minutes that can be shortened.

    with Schedules(stack, minute_seconds=5) as schedules:
        schedules.disable("StatusCheckFunctionEveryMinute")

A thread of this process starts the stack's schedules when they are due and invokes their Lambda
targets as the service does: asynchronously, with the schedule's input, and into its dead-letter
queue where the invocation is refused. A function that then fails is Lambda's affair, not the
scheduler's.
"""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.aws.errors import LocalAwsError
from sandbox.aws.expressions import next_occurrence
from sandbox.running import Running

if TYPE_CHECKING:
    from sandbox.aws.stack import Stack

_REAL_MINUTE = 60.0
_STOP_TIMEOUT = 10.0


@dataclass(slots=True)
class _Schedule:
    """One schedule as deployed, and when it is due next (in schedule time)."""

    arn: str
    expression: str
    zone: str
    target: dict[str, Any]
    enabled: bool
    due: datetime | None


class Schedules(Running):
    """Runs all schedules of a stack until stopped; a context manager that starts and stops.

    A minute of schedule time lasts `minute_seconds` real seconds. Schedule time begins at the
    present moment, and with it every rate. Occurrences missed because this process was held up
    are made up for by one.
    """

    def __init__(self, stack: Stack, minute_seconds: float = _REAL_MINUTE) -> None:
        self._stack = stack
        self._speed = _REAL_MINUTE / minute_seconds
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ended = False
        self._thread: threading.Thread | None = None
        self._began = datetime.now(UTC)
        self._began_real = time.monotonic()
        self._schedules: dict[str, _Schedule] = {}
        self._fired: list[tuple[str, datetime]] = []

    def start(self) -> Self:
        """Read the stack's schedules and begin.

        Raises LocalAwsError for a schedule that asks for what is not provided here: retries, a
        flexible window, a target other than Lambda.
        """
        self._began = datetime.now(UTC)
        self._began_real = time.monotonic()
        for logical_id in self._stack.resources("AWS::Scheduler::Schedule"):
            schedule = self._read(logical_id)
            schedule.due = self._next(schedule, self._began)
            self._schedules[logical_id] = schedule
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Start nothing any more. Invocations under way go on. Harmless twice."""
        self._ended = True
        self._wake.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(_STOP_TIMEOUT)

    def disable(self, logical_id: str) -> None:
        """Switch one schedule off, by its logical id in the transformed template."""
        self._switch(logical_id, on=False)

    def enable(self, logical_id: str) -> None:
        """Switch one schedule on again; it is due at its next occurrence from now."""
        self._switch(logical_id, on=True)

    def fire(self, logical_id: str) -> None:
        """Invoke a schedule's target once, now, whether it is enabled or not."""
        self._fire(logical_id, self._schedules[logical_id], self.now())

    def now(self) -> datetime:
        """The present moment in schedule time, UTC."""
        elapsed = time.monotonic() - self._began_real
        return self._began + timedelta(seconds=elapsed * self._speed)

    @property
    def fired(self) -> list[tuple[str, datetime]]:
        """Logical id and due time of everything started so far, delivered or not."""
        with self._lock:
            return list(self._fired)

    # ------------------------------------------------------------------ inside

    def _read(self, logical_id: str) -> _Schedule:
        found = self._stack.aws.client("scheduler").get_schedule(
            Name=self._stack.physical[logical_id]
        )
        target = found["Target"]
        refused = {
            "retries": target.get("RetryPolicy", {}).get("MaximumRetryAttempts") != 0,
            "a flexible time window": found["FlexibleTimeWindow"]["Mode"] != "OFF",
            "a target other than Lambda": ":lambda:" not in target["Arn"],
        }
        for what, asked in refused.items():
            if asked:
                raise LocalAwsError(f"schedule {logical_id} asks for {what}: not provided here")
        return _Schedule(
            arn=found["Arn"],
            expression=found["ScheduleExpression"],
            zone=found.get("ScheduleExpressionTimezone", "UTC"),
            target=target,
            enabled=found.get("State", "ENABLED") == "ENABLED",
            due=None,
        )

    def _next(self, schedule: _Schedule, after: datetime) -> datetime | None:
        return next_occurrence(schedule.expression, schedule.zone, self._began, after)

    def _switch(self, logical_id: str, *, on: bool) -> None:
        with self._lock:
            schedule = self._schedules[logical_id]
            schedule.enabled = on
            schedule.due = self._next(schedule, self.now())
        self._wake.set()

    def _run(self) -> None:
        while not self._ended:
            self._wake.wait(self._pause())
            self._wake.clear()
            now = self.now()
            for logical_id, schedule in self._schedules.items():
                with self._lock:
                    due = schedule.due if schedule.enabled and not self._ended else None
                    if due is None or due > now:
                        continue
                    schedule.due = self._next(schedule, now)
                self._fire(logical_id, schedule, due)

    def _pause(self) -> float | None:
        """Real seconds until something is due; None where nothing ever is."""
        with self._lock:
            dues = [s.due for s in self._schedules.values() if s.enabled and s.due is not None]
        if not dues:
            return None
        return max(0.0, (min(dues) - self.now()).total_seconds() / self._speed)

    def _fire(self, logical_id: str, schedule: _Schedule, due: datetime) -> None:
        with self._lock:
            self._fired.append((logical_id, due))
        payload = self._payload(schedule, due)
        try:
            self._stack.aws.client("lambda").invoke(
                FunctionName=schedule.target["Arn"], InvocationType="Event", Payload=payload
            )
        except (ClientError, BotoCoreError) as error:
            if not self._ended:
                self._keep(schedule, payload, error)

    @staticmethod
    def _payload(schedule: _Schedule, due: datetime) -> str:
        """The schedule's input with the placeholders of the service filled in."""
        text = str(schedule.target.get("Input", "{}"))
        for name, value in (
            ("schedule-arn", schedule.arn),
            ("scheduled-time", due.strftime("%Y-%m-%dT%H:%M:%SZ")),
            ("execution-id", uuid.uuid4().hex),
            ("attempt-number", "1"),
        ):
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return text

    def _keep(self, schedule: _Schedule, payload: str, error: Exception) -> None:
        """Put an occurrence that could not be delivered into the dead-letter queue, if any."""
        queue = schedule.target.get("DeadLetterConfig", {}).get("Arn")
        if queue is None:
            return
        sqs = self._stack.aws.client("sqs")
        attributes = {
            "ERROR_CODE": _code(error),
            "ERROR_MESSAGE": str(error)[:1000],
            "SCHEDULE_ARN": schedule.arn,
            "TARGET_ARN": schedule.target["Arn"],
            "RETRY_ATTEMPTS": "0",
        }
        # Where that fails too the occurrence is lost, as it would be on AWS.
        with suppress(ClientError, BotoCoreError):
            sqs.send_message(
                QueueUrl=sqs.get_queue_url(QueueName=queue.rsplit(":", 1)[-1])["QueueUrl"],
                MessageBody=payload,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                },
            )


def _code(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"])
    return type(error).__name__
