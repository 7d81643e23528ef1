"""What the scheduler of the local AWS does with a schedule it cannot deliver or will not run."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.errors import LocalAwsError
from sandbox.aws.schedules import Schedules

QUEUE = "arn:aws:sqs:us-east-1:123456789012:undelivered"
TARGET = {
    "Arn": "arn:aws:lambda:us-east-1:123456789012:function:poll",
    "Input": '{"at": "<aws.scheduler.scheduled-time>", "of": "<aws.scheduler.schedule-arn>"}',
    "RetryPolicy": {"MaximumRetryAttempts": 0},
    "DeadLetterConfig": {"Arn": QUEUE},
}
SCHEDULE = {
    "Arn": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/tick",
    "ScheduleExpression": "rate(1 minute)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "State": "ENABLED",
    "Target": TARGET,
}


class FakeStack:
    """A stack with one schedule, its services and itself in one."""

    physical: ClassVar = {"Tick": "tick"}

    def __init__(self, schedule: dict[str, Any], error: Exception | None = None) -> None:
        self.schedule = schedule
        self.error = error
        self.aws = self
        self.invoked: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []

    def client(self, _service: str) -> Self:
        return self

    def resources(self, _kind: str) -> dict[str, str]:
        return self.physical

    def get_schedule(self, **_: str) -> dict[str, Any]:
        return self.schedule

    def invoke(self, **request: Any) -> None:
        if self.error:
            raise self.error
        self.invoked.append(request)

    def get_queue_url(self, **request: str) -> dict[str, str]:
        return {"QueueUrl": f"url of {request['QueueName']}"}

    def send_message(self, **request: Any) -> None:
        self.sent.append(request)


def fired(stack: FakeStack) -> FakeStack:
    with Schedules(stack) as schedules:
        schedules.fire("Tick")
    return stack


def test_the_target_is_invoked_asynchronously_with_the_input_filled_in() -> None:
    (request,) = fired(FakeStack(SCHEDULE)).invoked
    assert request["FunctionName"] == TARGET["Arn"]
    assert request["InvocationType"] == "Event"
    assert "<aws" not in request["Payload"]
    assert SCHEDULE["Arn"] in request["Payload"]


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue_with_the_reason() -> None:
    throttled = ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")
    (message,) = fired(FakeStack(SCHEDULE, throttled)).sent
    assert message["QueueUrl"] == "url of undelivered"
    assert message["MessageBody"].startswith('{"at": "20')
    attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "TooManyRequestsException"
    assert attributes["TARGET_ARN"] == TARGET["Arn"]
    assert attributes["RETRY_ATTEMPTS"] == "0"


@pytest.mark.parametrize(
    ("difference", "named"),
    [
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "flexible"),
        ({"Target": TARGET | {"RetryPolicy": {"MaximumRetryAttempts": 3}}}, "retries"),
        ({"Target": TARGET | {"RetryPolicy": {}}}, "retries"),
        ({"Target": TARGET | {"Arn": QUEUE}}, "Lambda"),
    ],
)
def test_a_schedule_that_asks_for_more_than_is_provided_is_refused(
    difference: dict[str, Any], named: str
) -> None:
    with pytest.raises(LocalAwsError, match=named):
        Schedules(FakeStack(SCHEDULE | difference)).start()
