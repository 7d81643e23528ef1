"""`ml-connector redrive` against SQS, with and without AWS's own move tasks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cli.alerts.dead_letters import Fate, Letter, Verdict
from cli.alerts.moving import DeadLetterQueue
from cli.alerts.progress import bar
from cli.console.failures import Failure
from cli.deployment import Deployment
from ml_connector.aws.queue import message_body
from ml_connector.domain.cases import Case
from ml_connector.domain.dispatches import DispatchState
from tests.adapters.cli_cases import PolledCompany
from tests.adapters.cli_deployment import FLOW, Stack, deployed, typed


class Sqs:
    """boto3's client, with move tasks as a queue service has them, or has not.

    AWS moves everything from one queue to the other by itself; it is asked how far it is.
    """

    def __init__(self, real: Any, *, refuses: str = "", ends: str = "COMPLETED") -> None:
        self._real = real
        self._refuses = refuses
        self._ends = ends
        self.tasks: list[dict[str, Any]] = []
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def start_message_move_task(self, **arguments: str) -> None:
        if self._refuses:
            said = {"Error": {"Code": self._refuses, "Message": "no"}}
            raise ClientError(said, "StartMessageMoveTask")
        source, destination = (
            self._real.get_queue_url(QueueName=arguments[key].rpartition(":")[2])["QueueUrl"]
            for key in ("SourceArn", "DestinationArn")
        )
        found = self._real.receive_message(QueueUrl=source, MaxNumberOfMessages=10)["Messages"]
        for message in found:
            self._real.send_message(QueueUrl=destination, MessageBody=message["Body"])
            handle = message["ReceiptHandle"]
            self._real.delete_message(QueueUrl=source, ReceiptHandle=handle)
        self.tasks.append({"to": arguments["DestinationArn"], "moved": len(found)})

    def list_message_move_tasks(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        moved = self.tasks[-1]["moved"]
        task = {
            "Status": self._ends if self.asked > 1 else "RUNNING",
            "ApproximateNumberOfMessagesMoved": moved if self.asked > 1 else 0,
            "ApproximateNumberOfMessagesToMove": moved,
        }
        if self._ends == "FAILED":
            task["FailureReason"] = "AWS.SimpleQueueService.NonExistentQueue"
        return {"Results": [task]}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        path = tmp_path / "flow.yaml"
        path.write_text(FLOW)
        made.fill(path)
        monkeypatch.setattr("cli.alerts.moving._TASK_PAUSE_SECONDS", 0.0)
        monkeypatch.setattr("cli.alerts.moving.WAIT", 0)
        yield made


@pytest.fixture
def acme(stack: Stack) -> PolledCompany:
    return PolledCompany(stack)


@pytest.fixture(params=["", "InvalidAction"], ids=["on AWS", "on the local AWS"])
def sqs(request: pytest.FixtureRequest, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Sqs:
    assert stack.outputs["AlertsQueueUrl"]
    return arranged(monkeypatch, Sqs(boto3.client("sqs"), refuses=request.param))


def arranged(monkeypatch: pytest.MonkeyPatch, sqs: Sqs) -> Sqs:
    """The command is given this client for SQS."""
    real = Deployment.client

    def client(deployment: Deployment, service: str) -> Any:
        return sqs if service == "sqs" else real(deployment, service)

    monkeypatch.setattr(Deployment, "client", client)
    return sqs


def dead(stack: Stack, *bodies: str, queue: str = "AlertsDlqUrl") -> None:
    for body in bodies:
        boto3.client("sqs").send_message(QueueUrl=stack.outputs[queue], MessageBody=body)


def inside(stack: Stack, queue: str) -> list[str]:
    """The bodies of everything in a queue that can be received now."""
    client, found = boto3.client("sqs"), []
    while messages := client.receive_message(
        QueueUrl=stack.outputs[queue], MaxNumberOfMessages=10, VisibilityTimeout=60
    ).get("Messages"):
        found += [str(message["Body"]) for message in messages]
    return sorted(found)


def opened(acme: PolledCompany, count: int) -> list[Case]:
    return [acme.submit(str(number), amount="500") for number in range(1, count + 1)]


def bells(acme: PolledCompany, cases: Sequence[Case]) -> list[str]:
    return sorted(message_body(acme.dispatch(case).id) for case in cases)


# ------------------------------------------------------------------------------------ tests
def test_empty_queues_are_said_to_be_empty(stack: Stack) -> None:
    document = stack.json("redrive")
    assert (document["ok"], document["messages"], document["moved"]) == (True, [], 0)
    assert "The dead-letter queues are empty." in stack.run("redrive").stdout


def test_what_is_still_to_be_sent_goes_back(stack: Stack, acme: PolledCompany, sqs: Sqs) -> None:
    bodies = bells(acme, opened(acme, 3))
    dead(stack, *bodies)
    document = stack.json("redrive", "--yes")
    assert (document["moved"], document["dropped"], document["left"]) == (3, 0, 0)
    assert document["moved_by_aws"] is bool(sqs.tasks)
    assert inside(stack, "AlertsQueueUrl") == bodies
    assert inside(stack, "AlertsDlqUrl") == []


def test_aws_is_told_where_the_messages_go(
    stack: Stack, acme: PolledCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = arranged(monkeypatch, Sqs(boto3.client("sqs")))
    dead(stack, *bells(acme, opened(acme, 1)))
    assert stack.json("redrive", "--yes")["moved_by_aws"] is True
    assert [task["to"].rpartition(":")[2] for task in sqs.tasks] == ["alerts"]
    assert sqs.asked == 2


def test_a_move_that_stops_is_an_error_that_says_why(
    stack: Stack, acme: PolledCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    arranged(monkeypatch, Sqs(boto3.client("sqs"), ends="FAILED"))
    dead(stack, *bells(acme, opened(acme, 1)))
    error = stack.json("redrive", "--yes", status=1)["error"]
    assert "moved 1 message(s) and stopped: AWS.SimpleQueueService" in error["message"]


def test_a_refusal_of_aws_is_no_reason_to_move_by_hand(
    stack: Stack, acme: PolledCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    arranged(monkeypatch, Sqs(boto3.client("sqs"), refuses="AccessDenied"))
    bodies = bells(acme, opened(acme, 1))
    dead(stack, *bodies)
    error = stack.json("redrive", "--yes", status=1)["error"]
    assert "use a role that may do this" in error["message"]
    assert inside(stack, "AlertsDlqUrl") == bodies


def test_more_than_a_batch_goes_back_by_hand_and_the_settled_stay(
    stack: Stack, acme: PolledCompany
) -> None:
    cases = opened(acme, 12)
    bodies = bells(acme, cases)
    gone = cases[0]
    settled = message_body(acme.dispatch(gone).id)
    acme.sent(gone, state=DispatchState.DELIVERED, look_at=None)
    dead(stack, *bodies, "not a message")
    document = stack.json("redrive", "--yes")
    assert (document["moved"], document["dropped"], document["left"]) == (11, 0, 2)
    assert document["queues"]["alerts dead letters"]["spent"] == 2
    assert inside(stack, "AlertsQueueUrl") == sorted(set(bodies) - {settled})
    assert inside(stack, "AlertsDlqUrl") == sorted([settled, "not a message"])


def test_what_is_settled_is_deleted_only_on_request(stack: Stack, acme: PolledCompany) -> None:
    (case,) = opened(acme, 1)
    dispatch = acme.sent(case, state=DispatchState.DELIVERED, look_at=None)
    dead(stack, message_body(dispatch.id))
    looked = stack.json("redrive", "--yes")
    assert (looked["moved"], looked["dropped"], looked["left"]) == (0, 0, 1)
    (seen,) = looked["messages"]
    assert (seen["dispatch"], seen["said"]) == (dispatch.id, "delivered: It arrived.")
    assert stack.json("redrive", "--drop-settled", "--yes")["dropped"] == 1
    assert stack.json("redrive")["messages"] == []
    assert inside(stack, "AlertsQueueUrl") == []


def test_looking_leaves_every_message_where_it_can_be_received(
    stack: Stack, acme: PolledCompany
) -> None:
    bodies = bells(acme, opened(acme, 2))
    dead(stack, *bodies)
    refused = stack.run("redrive", answers=typed("n"))
    assert refused.exit_code == 1
    assert "Put 2 messages back?" in refused.stderr
    assert "Nothing was changed." in refused.stdout
    assert "still to be sent" in refused.stdout
    assert inside(stack, "AlertsDlqUrl") == bodies


def test_ticks_and_polls_never_go_back(stack: Stack, acme: PolledCompany) -> None:
    poll = json.dumps({"requestPayload": {"company": "acme"}})
    dead(stack, "{}", queue="ScheduleDlqUrl")
    dead(stack, poll, queue="PollDlqUrl")
    assert {seen["fate"] for seen in stack.json("redrive", "--yes")["messages"]} == {"kept"}
    acme.clock.forward(minutes=2)
    acme.poll()
    document = stack.json("redrive", "--drop-settled", "--yes")
    assert (document["moved"], document["dropped"]) == (0, 2)
    assert inside(stack, "PollDlqUrl") == inside(stack, "ScheduleDlqUrl") == []
    assert inside(stack, "AlertsQueueUrl") == []


def test_the_oldest_message_is_named(stack: Stack) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    dead(stack, "not a message")
    oldest = stack.json("redrive", "--yes")["queues"]["alerts dead letters"]["oldest_at"]
    assert before <= datetime.fromisoformat(oldest) <= datetime.now(UTC)


class Full:
    """A queue service that hands out one message and takes none."""

    def __init__(self) -> None:
        self.given_back: list[str] = []
        self.deleted = 0
        self._left = [{"MessageId": "m", "Body": "{}", "ReceiptHandle": "r"}]

    def receive_message(self, **_: Any) -> dict[str, Any]:
        handed_out, self._left = self._left, []
        return {"Messages": handed_out}

    def send_message_batch(self, **_: Any) -> dict[str, Any]:
        return {"Failed": [{"Id": "0"}]}

    def delete_message_batch(self, **_: Any) -> dict[str, Any]:
        self.deleted += 1
        return {}

    def change_message_visibility_batch(self, **arguments: Any) -> None:
        self.given_back += [entry["ReceiptHandle"] for entry in arguments["Entries"]]


def test_a_message_the_queue_does_not_take_stays_and_is_an_error() -> None:
    def back(letters: Sequence[Letter]) -> list[Verdict]:
        return [Verdict(letter, Fate.BACK, "", "d1") for letter in letters]

    sqs = Full()
    queue = DeadLetterQueue(sqs, "alerts dead letters", "dlq", "alerts", back)
    with pytest.raises(Failure, match="1 message"), bar("moving") as advance:
        queue.redrive([], drop=False, advance=advance)
    assert (sqs.deleted, sqs.given_back) == (0, ["r"])
