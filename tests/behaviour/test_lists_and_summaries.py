"""The daily list on a phone and the Monday summary behind its topic, by the deployed functions.

It has a world of its own: a list that others wait for no text of would still be on their phones.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ml_connector.domain.cases import DAILY_LIST, CaseState
from ml_connector.domain.summaries import KIND
from ml_connector.store.models import CaseItem
from ml_connector.usecases.daily_lists import LATELY
from sandbox.aws import wait
from sandbox.world import COMPANY, LocalWorld, flow
from tools.tree import ROOT

pytestmark = pytest.mark.deployed

WITHIN = 90.0
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def where_it_is_ten() -> str:
    """A zone in which it is between ten and eleven in the morning now."""
    ahead = 10 - datetime.now(UTC).hour
    ahead += 24 if ahead < -12 else 0
    # Their signs are those of POSIX: minus is east.
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"


def where_it_is_no_monday(now: datetime) -> str:
    """A zone in which it is another day, now and an hour later: no tick has a summary to write."""
    zones = ("Etc/GMT+12", "UTC", "Etc/GMT-14")
    hour = (now, now + timedelta(hours=1))
    return next(z for z in zones if all(at.astimezone(ZoneInfo(z)).weekday() for at in hour))


ELSEWHERE = where_it_is_no_monday(datetime.now(UTC))


@pytest.fixture(scope="module")
def own_world() -> Iterator[LocalWorld]:
    """A company of which Ann approves, for whom it is past ten."""
    with LocalWorld(zone=ELSEWHERE) as world:
        ann = world.approvers.approver("ann")
        assert ann
        world.approvers.put(replace(ann, zone=where_it_is_ten()))
        world.await_first_poll(within=150.0)
        yield world


def kinds(kind: str) -> list[str]:
    """The ids of the cases of a kind."""
    return [str(row.id) for row in CaseItem.scan(CaseItem.kind == kind)]


def test_what_waits_is_on_one_list_that_arrives(own_world: LocalWorld) -> None:
    world = own_world
    world.submit("V-104", "12500.00", "L-4711")
    phone = world.phone("ann")
    phone.expect_sms("L-4711", "Waiting for approval", within=WITHIN)
    # What was told so lately is no reason for a list; who has none then gets none that day.
    time.sleep(LATELY * world.timings.bundle_window)
    body = flow(ELSEWHERE)
    body["companies"][COMPANY]["daily_list"] = {"at": "09:00", "days": DAYS}
    world.flows.publish(body, now=datetime.now(UTC), by="tests", reason="lists from nine on")
    text = phone.expect_sms("1 bill still waits for you in Intacct", "L-4711", within=WITHIN)
    assert "USD 12,500.00" in text.body
    (name,) = kinds(DAILY_LIST)
    file = world.alerts.case_file(name)
    assert file
    assert [one.document.startswith("bill#") for one in file.case.listed] == [True]
    opened = next(iter(world.audit.chain(file.case.chain)))
    assert opened.data["bills"] == 1
    before = world.documents.state(COMPANY).poll_succeeded_at
    assert before
    wait.until(
        lambda: (world.documents.state(COMPANY).poll_succeeded_at or before) > before,
        "another poll",
        timeout=WITHIN,
    )
    assert kinds(DAILY_LIST) == [name], "once a day"


def test_the_summary_goes_to_whoever_is_subscribed_once(own_world: LocalWorld) -> None:
    world = own_world
    sqs, sns = world.aws.client("sqs"), world.aws.client("sns")
    queue = sqs.create_queue(QueueName="summaries")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = attributes["Attributes"]["QueueArn"]
    topic = world.stack.outputs["SummaryTopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    assert invoke(world) == {"outcome": "yes"}
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5)
    (message,) = received["Messages"]
    mail = json.loads(message["Body"])
    assert ": approvals in the week of " in mail["Subject"]
    assert "Still waiting: " in mail["Message"]
    assert "bill L-4711" in mail["Message"]
    assert invoke(world) == {"outcome": "done_before"}
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    again = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
    assert not again.get("Messages")
    (name,) = kinds(KIND)
    file = world.alerts.case_file(name)
    assert file
    assert (file.case.state, file.case.end_reason) == (CaseState.HANDLED, "summary.published")


def invoke(world: LocalWorld) -> dict[str, Any]:
    """The poll function, as a tick on a Monday has it summarise the company."""
    reply = world.aws.client("lambda").invoke(
        FunctionName=f"{world.stack.outputs['PollFunctionName']}:live",
        Payload=(ROOT / "events" / "summarise_company.json").read_bytes(),
    )
    answer: dict[str, Any] = json.loads(reply["Payload"].read())
    return answer
