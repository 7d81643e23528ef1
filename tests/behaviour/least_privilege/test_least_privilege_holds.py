"""Every function does its work with the rights of its own role, over TLS, and has no others."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta

import psutil
import pytest
from botocore.exceptions import ClientError

from ml_connector.domain.cases import CaseState
from ml_connector.domain.dispatches import DispatchState
from sandbox.aws import wait
from sandbox.aws.access import ACCOUNT, HOST
from sandbox.aws.local import REGION
from sandbox.intacct.client import Record
from sandbox.world import LocalWorld
from tests.behaviour.least_privilege.asking import (
    ALLOWED,
    REFUSED,
    Place,
    Principals,
    outcome,
    say,
    statements,
)
from tests.behaviour.least_privilege.rows import FUNCTIONS, PEOPLE, ROWS, Row, table

pytestmark = pytest.mark.deployed

WITHIN = 90.0


def await_last(world: LocalWorld, bill: Record, state: DispatchState) -> None:
    wait.until(
        lambda: [d.state for d in world.dispatches(bill)][-1:] == [state],
        f"the last dispatch of {bill['RECORDID']} to be {state}",
        timeout=WITHIN,
    )


# ------------------------------------------------------------------------------ the whole way
def test_a_bill_reaches_a_phone_and_its_case_ends_when_it_is_approved(world: LocalWorld) -> None:
    bill = world.submit("V-100", "12500.00", "L-1001")
    world.phone("ann").expect_sms("L-1001", "USD 12,500.00", within=WITHIN)
    await_last(world, bill, DispatchState.DELIVERED)
    world.intacct.approve(bill.recordno)
    wait.until(
        lambda: [case.state for case in world.cases(bill)] == [CaseState.HANDLED],
        "the case to end",
        timeout=WITHIN,
    )


def test_a_text_that_failed_is_sent_again(world: LocalWorld) -> None:
    world.phone("bob").turn_off()
    bill = world.submit("V-101", "7000.00", "L-1002")
    wait.until(lambda: len(world.dispatches(bill)) > 1, "a second try", timeout=WITHIN)
    world.phone("bob").turn_on()
    world.phone("bob").expect_sms("L-1002", within=WITHIN)
    await_last(world, bill, DispatchState.DELIVERED)


def test_a_call_is_confirmed_with_a_key(world: LocalWorld) -> None:
    world.phone("hal").will_press("1")
    due = date.today() + timedelta(days=1)  # noqa: DTZ011 - the company's own calendar
    bill = world.submit("V-102", "150.00", "L-1003", due)
    await_last(world, bill, DispatchState.CONFIRMED)


def test_nobody_was_refused_anything_that_the_work_takes(world: LocalWorld) -> None:
    """What was refused is tried again, and may still succeed by another way: the log tells."""
    lines = [line for name in FUNCTIONS for line in world.stack.log(f"{name}Function")]
    assert any('"polled"' in line for line in lines)
    assert [line for line in lines if "AccessDenied" in line or "not authorized" in line] == []
    warned = {json.loads(line)["message"] for line in lines if '"level":"WARNING"' in line}
    # The text that failed above.
    assert warned <= {"alert_not_delivered"}


# ------------------------------------------------------------------------------------ the table
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_may_do_what_its_work_takes_and_nothing_else(
    row: Row, principals: Principals, place: Place
) -> None:
    assert row.asked(principals, place) == row.expected


def test_the_table_says_something_about_everybody() -> None:
    told = Counter((row.who, row.expected) for row in ROWS)
    for who in (*FUNCTIONS, *PEOPLE):
        assert told[who, ALLOWED] >= 6
        assert told[who, REFUSED] >= 30


def test_what_is_refused_is_refused_for_want_of_a_right_and_nothing_else(
    world: LocalWorld, place: Place
) -> None:
    """The account's root gets past IAM with the same requests, those that do no harm."""
    harmless = {str(row.request): row.request for row in ROWS if not row.request.harmful}
    refused = [
        name
        for name, request in harmless.items()
        if outcome(lambda ask=request: ask.make(world.aws.client, place)) == REFUSED
    ]
    assert len(harmless) > 40
    assert refused == []


# ------------------------------------------------------------------- the table notices a change
def _differing(who: str, principals: Principals, place: Place) -> set[str]:
    rows = [row for row in ROWS if row.who == who and not row.request.harmful]
    return {str(row.request) for row in rows if row.asked(principals, place) != row.expected}


def test_a_right_too_many_is_noticed(
    world: LocalWorld, principals: Principals, place: Place
) -> None:
    before = statements(world, "Send", "send")
    documents = place.table("Documents")
    wider = {
        "Effect": "Allow",
        "Action": "dynamodb:*",
        "Resource": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{documents}",
    }
    say(world, "Send", "send", [*before, wider])
    try:
        noticed = _differing("Send", principals, place)
    finally:
        say(world, "Send", "send", before)
    assert noticed == {
        "dynamodb:PutItem Documents table",
        "dynamodb:UpdateItem Documents table",
        "dynamodb:DeleteItem Documents table",
    }
    assert _differing("Send", principals, place) == set()


def test_a_right_that_is_missing_is_noticed(
    world: LocalWorld, principals: Principals, place: Place
) -> None:
    before = statements(world, "Poll", "poll")
    say(world, "Poll", "poll", [one for one in before if one["Sid"] != "AppendAudit"])
    try:
        noticed = _differing("Poll", principals, place)
    finally:
        say(world, "Poll", "poll", before)
    assert noticed == {"dynamodb:PutItem Audit table", "dynamodb:Query Audit table"}


def test_a_table_with_a_wrong_answer_shows_it() -> None:
    first, second = ROWS[:2]
    right, wrong = table([(first, first.expected), (second, REFUSED)])
    assert right.endswith(ALLOWED)
    assert wrong.endswith(f"{REFUSED} !")


# ----------------------------------------------------------------------------------- plain HTTP
def _plainly(world: LocalWorld, queue: str) -> str:
    """What SQS says to the account's root, who may do everything, over plain HTTP."""
    sqs = world.aws.session().client(
        "sqs", endpoint_url=f"http://{HOST}:{world.aws.access.plain_port}"
    )
    try:
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    finally:
        sqs.close()
    return ALLOWED


@pytest.mark.parametrize("queue", ["Alerts", "AlertsDlq", "ScheduleDlq", "PollDlq"])
def test_a_queue_refuses_plain_http_by_its_own_policy(world: LocalWorld, queue: str) -> None:
    address = Place(world).queue(queue)
    sqs = world.aws.client("sqs")
    asked = {"QueueUrl": address, "AttributeNames": ["Policy"]}
    policy = sqs.get_queue_attributes(**asked)["Attributes"]["Policy"]
    assert _plainly(world, address) == "AccessDenied"
    # Nothing else is what refuses it: without the policy the same request is answered.
    sqs.set_queue_attributes(QueueUrl=address, Attributes={"Policy": ""})
    try:
        assert _plainly(world, address) == ALLOWED
    finally:
        sqs.set_queue_attributes(QueueUrl=address, Attributes={"Policy": policy})
    assert _plainly(world, address) == "AccessDenied"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_reaches_aws_over_tls_as_its_own_role(world: LocalWorld, function: str) -> None:
    (pid, *_) = world.stack.worker_pids(f"{function}Function")
    environment = psutil.Process(pid).environ()
    assert environment["AWS_ENDPOINT_URL"].startswith("https://")
    assert environment["AWS_CA_BUNDLE"] == str(world.aws.access.authority)
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert environment["AWS_SECRET_ACCESS_KEY"] != world.aws.access.secret
