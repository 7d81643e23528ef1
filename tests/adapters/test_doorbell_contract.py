"""One contract for the Doorbell: the fake queue in memory, and the adapter on SQS."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, Protocol

import boto3
import pytest
from moto import mock_aws

from ml_connector.aws.queue import SqsDoorbell, dispatch_in
from ml_connector.errors import QueueUnavailable
from ml_connector.usecases.ports import Doorbell
from tests.support.clock import HandClock
from tests.support.doorbell import Queue


class Side(Protocol):
    """The queue behind one kind of doorbell."""

    doorbell: Doorbell

    def visible(self) -> list[str]:
        """Takes the messages a consumer gets now: their bodies."""

    def delays(self) -> list[int]:
        """The delay of each message that was queued, in seconds, in the order of the rings."""

    def refuse(self) -> None:
        """From now on the queue takes nothing."""


class InMemory:
    """The fake."""

    def __init__(self) -> None:
        self._clock = HandClock()
        self._queue = Queue(self._clock)
        self.doorbell: Doorbell = self._queue

    def visible(self) -> list[str]:
        bodies: list[str] = []
        while messages := self._queue.receive():
            bodies.extend(message.body for message in messages)
        return bodies

    def delays(self) -> list[int]:
        found = []
        while len(self._queue):
            visible_at = self._queue.next_visible()
            assert visible_at is not None
            self._clock.forward_to(visible_at)
            (message,) = self._queue.receive(most=1)
            self._queue.delete(message)
            found.append(round(self._clock.monotonic()))
        return found

    def refuse(self) -> None:
        self._queue.down = True


class Sqs:
    """The adapter, in front of a queue of its own."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._url = str(client.create_queue(QueueName=f"alerts-{uuid.uuid4()}")["QueueUrl"])
        self._delays: list[int] = []
        self.doorbell: Doorbell = SqsDoorbell(self, self._url)

    def send_message_batch(self, **call: Any) -> Any:
        """The client's own; what it was asked is kept, for only real time shows a delay."""
        self._delays.extend(entry["DelaySeconds"] for entry in call["Entries"])
        return self._client.send_message_batch(**call)

    def visible(self) -> list[str]:
        bodies: list[str] = []
        while True:
            reply = self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
            if not reply.get("Messages"):
                return bodies
            bodies.extend(message["Body"] for message in reply["Messages"])

    def delays(self) -> list[int]:
        return self._delays

    def refuse(self) -> None:
        self._client.delete_queue(QueueUrl=self._url)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client(
            "sqs", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        yield client
        client.close()


@pytest.fixture(params=["memory", "SQS"])
def side(request: pytest.FixtureRequest) -> Side:
    return InMemory() if request.param == "memory" else Sqs(request.getfixturevalue("client"))


def rung(side: Side) -> list[str]:
    return sorted(dispatch_in(body) for body in side.visible())


@pytest.mark.parametrize("count", [0, 1, 10, 11, 25])
def test_every_dispatch_is_rung_for_once(side: Side, count: int) -> None:
    ids = [f"d{number:02}" for number in range(count)]
    side.doorbell.ring(ids)
    assert rung(side) == ids


def test_ids_may_come_one_by_one(side: Side) -> None:
    side.doorbell.ring(f"d{number:02}" for number in range(12))
    assert len(rung(side)) == 12


def test_rings_add_up(side: Side) -> None:
    side.doorbell.ring(["d1", "d2"])
    side.doorbell.ring(["d1", "d1"])
    assert rung(side) == ["d1", "d1", "d1", "d2"]


@pytest.mark.parametrize(
    ("asked", "given"), [(0, 0), (1, 1), (900, 900), (901, 900), (28_800, 900), (-3, 0)]
)
def test_a_delay_is_kept_within_what_the_queue_takes(side: Side, asked: int, given: int) -> None:
    side.doorbell.ring(["d1", "d2"], asked)
    assert side.delays() == [given, given]


def test_a_delayed_message_is_not_there_yet(side: Side) -> None:
    side.doorbell.ring(["later"], 900)
    side.doorbell.ring(["now"])
    assert rung(side) == ["now"]


@pytest.mark.parametrize("count", [1, 12])
def test_a_refusal_says_how_many_were_not_taken(side: Side, count: int) -> None:
    side.refuse()
    with pytest.raises(
        QueueUnavailable, match=f"did not take {count} of {count} messages"
    ) as raised:
        side.doorbell.ring([f"d{number}" for number in range(count)])
    assert raised.value.retryable


def test_nothing_to_ring_for_needs_no_queue(side: Side) -> None:
    side.refuse()
    side.doorbell.ring([])
    side.doorbell.ring(iter(()), 60)
