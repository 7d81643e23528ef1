"""What a deployed function sees and may do in the local AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.aws import wait
from sandbox.aws.stack import Stack

pytestmark = pytest.mark.deployed

FOREIGN = ["boto3", "ministack", "yaml", "pip", "pytest", "sandbox", "ml_connector"]


def test_a_function_sees_its_layer_and_the_standard_library_only(probe: Callable[..., Any]) -> None:
    seen = probe("look", modules=["greeting", *FOREIGN])
    assert seen["greeting"] == "hello, world"
    assert seen["importable"] == ["greeting"]


def test_a_layers_bytecode_is_there_and_its_code_comes_after_the_functions(
    probe: Callable[..., Any],
) -> None:
    seen = probe("look", modules=[])
    assert seen["bytecode"]
    assert seen["code_before_layers"]


def test_nothing_of_the_hosts_environment_reaches_a_function(probe: Callable[..., Any]) -> None:
    environment = probe("look", modules=[])["environment"]
    assert {"GREETING", "AWS_REGION", "AWS_ENDPOINT_URL", "TZ"} <= set(environment)
    assert not {"LOCAL_AWS_CANARY", "AWS_PROFILE", "SANDBOX_HOME", "BIND_HOST"} & set(environment)


def test_what_a_function_writes_to_descriptor_1_is_logged_not_taken_for_its_result(
    fixture_stack: Stack, probe: Callable[..., Any]
) -> None:
    assert probe("forge") == "real"
    assert any("forged" in line for line in fixture_stack.log("Probe"))


def test_more_memory_than_configured_is_refused(probe: Callable[..., Any]) -> None:
    assert probe("grow") == "MemoryError"


def test_an_asynchronous_failure_is_tried_once_and_kept(fixture_stack: Stack) -> None:
    client, sqs = fixture_stack.aws.client("lambda"), fixture_stack.aws.client("sqs")
    queue = fixture_stack.outputs["FailedDlqUrl"]
    sqs.purge_queue(QueueUrl=queue)
    failure = "RuntimeError: asked to fail"
    before = fixture_stack.log("Probe").count(failure)

    client.invoke(
        FunctionName=fixture_stack.outputs["ProbeName"],
        InvocationType="Event",
        Payload=b'{"do": "fail"}',
    )
    kept = wait.until(
        lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the failure in the queue"
    )

    assert "asked to fail" in kept[0]["Body"]
    assert fixture_stack.log("Probe").count(failure) - before == 1


def test_what_is_reserved_for_a_function_holds_for_its_alias_too(fixture_stack: Stack) -> None:
    client, name = fixture_stack.aws.client("lambda"), fixture_stack.outputs["ProbeName"]
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)

    def status() -> int:
        ask = {"Qualifier": "live", "Payload": b'{"do": "look", "modules": []}'}
        return int(client.invoke(FunctionName=name, **ask)["StatusCode"])

    try:
        assert status() == 200
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        with pytest.raises(client.exceptions.TooManyRequestsException):
            status()
        client.delete_function_concurrency(FunctionName=name)
        assert status() == 200
    finally:
        client.delete_function_concurrency(FunctionName=name)
        client.delete_alias(FunctionName=name, Name="live")
