"""Properties that the emulator's CloudFormation leaves out, schedules, alarms and updates."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from sandbox.aws import wait
from sandbox.aws.alarms import Alarms
from sandbox.aws.schedules import Schedules
from sandbox.aws.stack import Stack

pytestmark = pytest.mark.deployed

TICK = "ProbeTick"


def test_time_to_live_and_point_in_time_recovery_are_on(fixture_stack: Stack) -> None:
    dynamodb = fixture_stack.aws.client("dynamodb")
    table = fixture_stack.physical["Table"]
    lifetime = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert (lifetime["TimeToLiveStatus"], lifetime["AttributeName"]) == ("ENABLED", "expires_at")
    recovery = backups["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def ticks(stack: Stack) -> list[str]:
    return [line for line in stack.log("Probe") if line.startswith("ticked at ")]


def test_a_schedule_is_due_every_shortened_minute_with_the_time_it_was_due(
    fixture_stack: Stack,
) -> None:
    with Schedules(fixture_stack, minute_seconds=0.5):
        wait.until(lambda: len(ticks(fixture_stack)) >= 5, "five ticks")
    logged = ticks(fixture_stack)
    times = sorted(datetime.fromisoformat(re.split(" ", line)[-1]) for line in logged)
    gaps = {(later - earlier).total_seconds() for earlier, later in pairwise(times)}
    # A minute of half a second may pass a busy machine by.
    assert min(gaps) == 60
    assert all(gap % 60 == 0 for gap in gaps)


def test_a_schedule_switched_off_is_not_due_until_it_is_switched_on(fixture_stack: Stack) -> None:
    with Schedules(fixture_stack, minute_seconds=0.3) as schedules:
        schedules.disable(TICK)
        began = schedules.now()
        wait.until(lambda: (schedules.now() - began).total_seconds() > 150, "two minutes")
        assert [due for _, due in schedules.fired if due > began] == []
        fired = len(schedules.fired)
        schedules.enable(TICK)
        wait.until(lambda: len(schedules.fired) > fired, "the next tick")


def test_a_schedule_can_be_fired_by_hand(fixture_stack: Stack) -> None:
    with Schedules(fixture_stack) as schedules:
        schedules.fire(TICK)
        ((_, due),) = schedules.fired
        line = f"ticked at {due:%Y-%m-%dT%H:%M:%SZ}"
        wait.until(lambda: line in ticks(fixture_stack), "the tick")


def test_alarms_follow_metrics_in_logs_failures_and_queues_and_go_back(
    fixture_stack: Stack, probe: Callable[..., Any]
) -> None:
    sqs, queue = fixture_stack.aws.client("sqs"), fixture_stack.outputs["FailedDlqUrl"]
    sqs.purge_queue(QueueUrl=queue)
    with Alarms(fixture_stack, minute_seconds=2, every=0.2) as alarms:
        wait.until(lambda: set(alarms.states().values()) == {"OK"}, "all alarms to be OK")
        probe("measure", seen=3)
        probe("fail")
        sqs.send_message(QueueUrl=queue, MessageBody="left over")
        gone_off: set[str] = set()

        def all_have_gone_off() -> bool:
            states = alarms.states()
            gone_off.update(name for name, state in states.items() if state == "ALARM")
            return gone_off == set(states)

        wait.until(all_have_gone_off, "every alarm to go off", every=0.05)
        sqs.purge_queue(QueueUrl=queue)
        wait.until(lambda: set(alarms.states().values()) == {"OK"}, "every alarm to go back")


def test_an_update_changes_a_parameter_and_nothing_else(
    fixture_stack: Stack, probe: Callable[..., Any]
) -> None:
    fixture_stack.update({"Greeting": "good evening"})
    try:
        assert probe("look", modules=[])["greeting"] == "good evening, world"
        test_time_to_live_and_point_in_time_recovery_are_on(fixture_stack)
    finally:
        fixture_stack.update({"Greeting": "hello"})
