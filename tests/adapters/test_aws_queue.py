from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from ml_connector.aws.queue import SqsDoorbell, dispatch_in, message_body
from ml_connector.errors import MessageMalformed, QueueUnavailable


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client(
            "sqs",
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


class Sqs:
    """A queue in moto, and the batches that were sent to it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.url = str(client.create_queue(QueueName=f"alerts-{uuid.uuid4()}")["QueueUrl"])
        self.batches: list[list[dict[str, Any]]] = []
        self.trouble: list[Any] = []
        self.doorbell = SqsDoorbell(self, self.url)

    def send_message_batch(self, **call: Any) -> Any:
        """The client's own, with arranged trouble in front of it."""
        self.batches.append(call["Entries"])
        trouble = self.trouble.pop(0) if self.trouble else None
        if isinstance(trouble, Exception):
            raise trouble
        return trouble or self.client.send_message_batch(**call)

    def bodies(self) -> list[str]:
        """What is on the queue."""
        found: list[str] = []
        while True:
            reply = self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
            if not reply.get("Messages"):
                return found
            found.extend(message["Body"] for message in reply["Messages"])


@pytest.fixture
def sqs(client: Any) -> Sqs:
    return Sqs(client)


def test_each_dispatch_is_a_message_with_its_id_and_nothing_else(sqs: Sqs) -> None:
    sqs.doorbell.ring(["d1", "d2"])
    assert sorted(map(json.loads, sqs.bodies()), key=str) == [
        {"v": 1, "dispatch": "d1"},
        {"v": 1, "dispatch": "d2"},
    ]


@pytest.mark.parametrize(
    ("count", "calls"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])]
)
def test_messages_go_out_by_the_ten(sqs: Sqs, count: int, calls: list[int]) -> None:
    ids = [f"d{number}" for number in range(count)]
    sqs.doorbell.ring(iter(ids))
    assert [len(batch) for batch in sqs.batches] == calls
    assert sorted(dispatch_in(body) for body in sqs.bodies()) == sorted(ids)


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (5, 5), (900, 900), (901, 900), (-3, 0)])
def test_a_delay_is_no_longer_than_the_queue_allows(sqs: Sqs, asked: int, given: int) -> None:
    sqs.doorbell.ring(["d1"], asked)
    assert sqs.batches[0][0]["DelaySeconds"] == given


def test_the_same_dispatch_may_be_rung_for_twice_in_one_call(sqs: Sqs) -> None:
    sqs.doorbell.ring(["d1", "d1"])
    assert len(sqs.bodies()) == 2


def test_a_refusal_of_some_is_said_and_the_others_are_on_their_way(sqs: Sqs) -> None:
    refused = {"Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}
    sqs.trouble = [refused]
    with pytest.raises(QueueUnavailable, match="did not take 1 of 12 messages"):
        sqs.doorbell.ring([f"d{number}" for number in range(12)])
    assert sorted(dispatch_in(body) for body in sqs.bodies()) == ["d10", "d11"]


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessageBatch"),
        EndpointConnectionError(endpoint_url="https://sqs"),
    ],
)
def test_a_batch_that_fails_does_not_keep_the_next_from_going_out(
    sqs: Sqs, error: Exception
) -> None:
    sqs.trouble = [error]
    with pytest.raises(QueueUnavailable, match="did not take 10 of 12 messages") as raised:
        sqs.doorbell.ring([f"d{number}" for number in range(12)])
    assert raised.value.retryable
    assert sorted(dispatch_in(body) for body in sqs.bodies()) == ["d10", "d11"]


def test_a_queue_that_does_not_exist_is_unavailable(sqs: Sqs) -> None:
    with pytest.raises(QueueUnavailable):
        SqsDoorbell(sqs.client, f"{sqs.url}-gone").ring(["d1"])


# ------------------------------------------------------------------------------- messages
def test_a_message_names_its_dispatch() -> None:
    assert dispatch_in(message_body("d1")) == "d1"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not of version 1"),
        ('"d1"', "not of version 1"),
        ("null", "not of version 1"),
        ('{"dispatch": "d1"}', "not of version 1"),
        ('{"v": 2, "dispatch": "d1"}', "not of version 1"),
        ('{"v": "1", "dispatch": "d1"}', "not of version 1"),
        ('{"v": true, "dispatch": "d1"}', "not of version 1"),
        ('{"v": 1}', "names no dispatch"),
        ('{"v": 1, "dispatch": ""}', "names no dispatch"),
        ('{"v": 1, "dispatch": 7}', "names no dispatch"),
    ],
)
def test_a_message_nobody_can_act_on_says_why_without_repeating_it(
    body: str, complaint: str
) -> None:
    with pytest.raises(MessageMalformed, match=complaint) as raised:
        dispatch_in(body)
    assert "d1" not in raised.value.safe_message
