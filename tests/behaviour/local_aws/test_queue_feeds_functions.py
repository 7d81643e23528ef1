"""The SQS event source: partial batches, dead letters, a killed worker, the switch."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from sandbox.aws import wait
from sandbox.aws.stack import Stack

pytestmark = pytest.mark.deployed

MAPPING = "WorkerMessages"


def send(stack: Stack, **body: object) -> None:
    stack.aws.client("sqs").send_message(
        QueueUrl=stack.outputs["QueueUrl"], MessageBody=json.dumps(body)
    )


def times_taken(stack: Stack, name: str) -> int:
    return stack.log("Worker").count(f"took {name}")


def test_of_a_batch_only_what_failed_comes_again_and_ends_in_the_dead_letter_queue(
    fixture_stack: Stack,
) -> None:
    # Warm, so that no cold start on a busy machine outlasts the visibility timeout.
    send(fixture_stack, name="warm-up")
    wait.until(lambda: times_taken(fixture_stack, "warm-up") == 1, "the first message")

    send(fixture_stack, name="first")
    send(fixture_stack, name="poison", bad=True)
    send(fixture_stack, name="second")
    sqs = fixture_stack.aws.client("sqs")

    dead = wait.until(
        lambda: sqs.receive_message(QueueUrl=fixture_stack.outputs["DlqUrl"]).get("Messages"),
        "the poison in the dead-letter queue",
    )

    assert json.loads(dead[0]["Body"])["name"] == "poison"
    assert times_taken(fixture_stack, "poison") == 2
    assert times_taken(fixture_stack, "first") == 1
    assert times_taken(fixture_stack, "second") == 1


def test_messages_of_a_worker_killed_in_mid_flight_are_delivered_again(
    fixture_stack: Stack, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    send(fixture_stack, name="interrupted", hang=str(pid_file))
    pid = int(
        wait.until(lambda: pid_file.exists() and pid_file.read_text(), "the worker to take it")
    )

    assert pid in fixture_stack.worker_pids("Worker")
    os.kill(pid, signal.SIGKILL)

    wait.until(lambda: times_taken(fixture_stack, "interrupted") == 1, "the second delivery")
    assert pid not in fixture_stack.worker_pids("Worker")


def test_a_mapping_switched_off_leaves_messages_where_they_are(fixture_stack: Stack) -> None:
    sqs = fixture_stack.aws.client("sqs")
    fixture_stack.switch_event_source(MAPPING, on=False)
    send(fixture_stack, name="waiting")

    # It is still there to be received by us, which a mapping that polls would have prevented.
    found = sqs.receive_message(
        QueueUrl=fixture_stack.outputs["QueueUrl"], VisibilityTimeout=0, WaitTimeSeconds=1
    )
    assert [json.loads(m["Body"])["name"] for m in found["Messages"]] == ["waiting"]
    assert times_taken(fixture_stack, "waiting") == 0

    fixture_stack.switch_event_source(MAPPING, on=True)
    wait.until(lambda: times_taken(fixture_stack, "waiting") == 1, "the message to be taken")
