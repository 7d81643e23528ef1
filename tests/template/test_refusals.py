"""Who is refused what: people by the policies that are made for them, functions by their roles.

Decided by `iam.allowed` over the policies as they are deployed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from tests.template.iam import Request, allowed

ROLE = "AWS::IAM::Role"
MANAGED = "AWS::IAM::ManagedPolicy"
PEOPLE = ("Operator", "RuleEditor", "Auditor")
FUNCTIONS = ("PollRole", "SendRole", "StatusCheckRole")
TABLES = ("Sessions", "Documents", "Alerts", "Flows", "Approvers", "Audit")
READS = ("BatchGetItem", "GetItem", "Query", "Scan")
WRITES = ("BatchWriteItem", "DeleteItem", "PutItem", "UpdateItem")
SECRETS = ("IntacctSecret.Id", "TwilioSecret.Id")
DEAD = ("AlertsDlq.Arn", "ScheduleDlq.Arn", "PollDlq.Arn")
KEY = "DataKey.Arn"
STACK = Request("cloudformation:DescribeStacks", "AWS::StackId")

#: Managed policies may have so many characters that are not white space.
LONGEST_POLICY = 6_144


def on(table: str, *actions: str, index: str = "") -> list[Request]:
    """Requests to one table or one of its indexes."""
    place = f"{table}Table.Arn" + (f"/index/{index}" if index else "")
    return [Request(f"dynamodb:{action}", place) for action in actions]


def keyed(table: str, action: str, key: str) -> Request:
    """A request for one item of a table, by the partition it is in."""
    return Request(f"dynamodb:{action}", f"{table}Table.Arn", {"dynamodb:LeadingKeys": (key,)})


def append(chain: str) -> Request:
    """Adding an entry to a chain of the audit."""
    return keyed("Audit", "PutItem", chain)


def secret(*actions: str) -> list[Request]:
    return [Request(f"secretsmanager:{action}", one) for action in actions for one in SECRETS]


def key(action: str, service: str) -> Request:
    """The stack's key, used through a service; directly where none is named."""
    via = {"kms:ViaService": (f"{service}.AWS::Region.AWS::URLSuffix",)} if service else {}
    return Request(f"kms:{action}", KEY, via)


def queue(queues: Iterable[str], *actions: str) -> list[Request]:
    return [Request(f"sqs:{action}", one) for one in queues for action in actions]


ROOTS = [
    Request("s3:ListBucketVersions", "RootsBucket.Arn"),
    Request("s3:GetObjectVersion", "RootsBucket.Arn/roots/2026-11-23/root.json"),
]
TABLE_KEY = [key("Decrypt", "dynamodb"), key("GenerateDataKey", "dynamodb")]

#: What each group of commands asks AWS for, as the code does.
COMMANDS: dict[str, list[Request]] = {
    "status": [
        STACK,
        *on("Flows", "GetItem", "Query"),
        *on("Documents", "GetItem", "Query"),
        *on("Documents", "Query", index="open"),
        *on("Alerts", "BatchGetItem", "GetItem", "DescribeTable", "Scan"),
        *on("Alerts", "Query", index="due"),
        *queue(("AlertsQueue.Arn", *DEAD), "GetQueueAttributes"),
        key("Decrypt", "dynamodb"),
    ],
    "alerts": [
        STACK,
        *on("Documents", "BatchGetItem", "GetItem", "Query"),
        *on("Alerts", "BatchGetItem", "GetItem", "Query", "PutItem", "UpdateItem"),
        *on("Approvers", "GetItem"),
        *on("Audit", "Query"),
        append("case#k7f2"),
        *queue(["AlertsQueue.Arn"], "SendMessage"),
        *TABLE_KEY,
        key("GenerateDataKey", "sqs"),
    ],
    "alerts gone": [
        STACK,
        *on("Flows", "GetItem"),
        *on("Documents", "BatchGetItem", "GetItem"),
        *on("Documents", "Query", index="open"),
        keyed("Documents", "UpdateItem", "company#acme"),
        keyed("Documents", "ConditionCheckItem", "company#acme"),
        append("doc#acme#bill#4711"),
        *TABLE_KEY,
    ],
    "redrive": [
        STACK,
        *on("Alerts", "BatchGetItem"),
        *queue(DEAD, "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"),
        *queue(["AlertsDlq.Arn"], "StartMessageMoveTask", "ListMessageMoveTasks"),
        *queue(["AlertsQueue.Arn"], "SendMessage"),
        key("Decrypt", "sqs"),
    ],
    "secrets set": [
        STACK,
        *secret("GetSecretValue", "PutSecretValue"),
        key("Decrypt", "secretsmanager"),
        key("GenerateDataKey", "secretsmanager"),
    ],
    "approvers": [
        STACK,
        *on("Approvers", "GetItem", "Scan", "PutItem", "UpdateItem"),
        *on("Flows", "GetItem"),
        append("person#ann"),
        *TABLE_KEY,
    ],
    "flow": [
        STACK,
        *on("Flows", "GetItem", "Query", "PutItem", "UpdateItem"),
        *on("Approvers", "Scan"),
        append("flow"),
        *TABLE_KEY,
    ],
    "audit show, export, report": [
        STACK,
        *on("Audit", "DescribeTable", "Query", "Scan"),
        *on("Documents", "BatchGetItem", "GetItem", "Query", "Scan"),
        *on("Alerts", "GetItem", "Query", "Scan"),
        *on("Flows", "GetItem"),
        *on("Approvers", "GetItem", "Scan"),
        key("Decrypt", "dynamodb"),
    ],
    "audit verify against the roots": ROOTS,
}
MAY = {
    # The person on call reads the trail too, to tell people what happened.
    "Operator": {
        "status",
        "alerts",
        "alerts gone",
        "redrive",
        "secrets set",
        "approvers",
        "audit show, export, report",
    },
    "RuleEditor": {"flow"},
    "Auditor": {"audit show, export, report", "audit verify against the roots"},
}

#: What nobody of them may do, whatever a role is called: cover tracks, or get more rights.
NOBODY = [
    *(request for table in TABLES for request in on(table, "DeleteItem", "BatchWriteItem")),
    *(request for table in TABLES for request in on(table, "DeleteTable", "UpdateTable")),
    *on("Audit", "UpdateItem"),
    *on("Sessions", *READS, *WRITES),
    *on("Documents", "PutItem"),
    keyed("Documents", "UpdateItem", "alike#acme"),
    *secret("DeleteSecret", "PutResourcePolicy"),
    *(key(action, "") for action in ("Decrypt", "Encrypt", "GenerateDataKey")),
    *(key(action, "dynamodb") for action in ("CreateGrant", "PutKeyPolicy", "ScheduleKeyDeletion")),
    *(
        Request(action, place)
        for place in ("RootsBucket.Arn/roots/2026-11-23/root.json", "RootsBucket.Arn")
        for action in (
            "s3:BypassGovernanceRetention",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:PutBucketPolicy",
            "s3:PutObject",
            "s3:PutObjectRetention",
        )
    ),
    *queue(["AlertsQueue.Arn"], "DeleteMessage", "PurgeQueue", "ReceiveMessage"),
    Request("cloudformation:UpdateStack", "AWS::StackId"),
    Request("cloudformation:DeleteStack", "AWS::StackId"),
    *(
        Request(f"lambda:{one}", "SendFunction.Arn")
        for one in ("InvokeFunction", "UpdateFunctionCode")
    ),
    Request("lambda:UpdateFunctionConfiguration", "StatusCheckFunction.Arn"),
    Request("scheduler:UpdateSchedule", "StatusCheckFunctionEveryMinute"),
    Request("cloudwatch:DisableAlarmActions", "SendsBlockedAlarm.Arn"),
    Request("cloudwatch:DeleteAlarms", "SendsBlockedAlarm.Arn"),
    Request("sns:Publish", "UrgentTopic"),
    Request("sns:Unsubscribe", "UrgentTopic"),
    Request("logs:DeleteLogGroup", "SendLogGroup.Arn"),
    Request("iam:AttachUserPolicy", "OperatorPolicy"),
    Request("iam:PassRole", "SendRole.Arn"),
    Request("sts:AssumeRole", "SendRole.Arn"),
]

#: And what each is refused beyond that.
REFUSED = {
    "Operator": [
        *on("Flows", "PutItem", "UpdateItem"),
        append("flow"),
        *ROOTS,
        *queue(DEAD, "SendMessage", "PurgeQueue"),
    ],
    "RuleEditor": [
        *secret("GetSecretValue", "PutSecretValue", "DescribeSecret"),
        key("Decrypt", "secretsmanager"),
        key("Decrypt", "sqs"),
        *on("Audit", *READS),
        append("case#k7f2"),
        append("doc#acme#bill#4711"),
        append("person#ann"),
        *on("Approvers", "PutItem", "UpdateItem"),
        *on("Alerts", *READS, "PutItem", "UpdateItem"),
        *on("Documents", *READS, *WRITES, "ConditionCheckItem"),
        *ROOTS,
        *queue(["AlertsQueue.Arn", *DEAD], "SendMessage", "ReceiveMessage", "GetQueueAttributes"),
        Request("logs:StartQuery", "SendLogGroup.Arn"),
    ],
    "Auditor": [
        *secret("GetSecretValue", "PutSecretValue", "DescribeSecret"),
        key("Decrypt", "secretsmanager"),
        *(key(one, "dynamodb") for one in ("Encrypt", "GenerateDataKey")),
        *(request for table in TABLES for request in on(table, *WRITES)),
        *(append(chain) for chain in ("flow", "case#k7f2", "doc#acme#bill#4711", "person#ann")),
        *queue(["AlertsQueue.Arn", *DEAD], "SendMessage", "ReceiveMessage", "DeleteMessage"),
    ],
}

OTHERS_SECRET = {
    "PollRole": "TwilioSecret.Id",
    "SendRole": "IntacctSecret.Id",
    "StatusCheckRole": "IntacctSecret.Id",
}
#: What every function is refused: a function that was taken over is worth no more than this leaves.
NO_FUNCTION = [
    *on("Audit", "UpdateItem", "DeleteItem", "BatchWriteItem", "GetItem", "Scan"),
    *on("Flows", *WRITES),
    *on("Approvers", "PutItem", "DeleteItem"),
    *on("Alerts", "DeleteItem"),
    *on("Documents", "DeleteItem"),
    *secret("PutSecretValue", "DeleteSecret"),
    *ROOTS,
    Request("s3:DeleteObjectVersion", "RootsBucket.Arn/roots/2026-11-23/root.json"),
    key("Decrypt", ""),
    Request("iam:PassRole", "SendRole.Arn"),
    Request("lambda:UpdateFunctionCode", "SendFunction.Arn"),
    Request("sns:Publish", "UrgentTopic"),
]


def statements_of(deployed: Any, who: str) -> list[dict[str, Any]]:
    """What a policy for people says, or a role with what it has attached."""
    managed = deployed.of(MANAGED)
    if who in PEOPLE:
        return list(managed[f"{who}Policy"]["PolicyDocument"]["Statement"])
    role = deployed.of(ROLE)[who]
    documents = [policy["PolicyDocument"] for policy in role["Policies"]]
    documents += [managed[name]["PolicyDocument"] for name in role.get("ManagedPolicyArns", ())]
    return [statement for document in documents for statement in document["Statement"]]


@pytest.mark.parametrize("who", PEOPLE)
def test_people_may_do_what_their_commands_take(who: str, deployed: Any) -> None:
    statements = statements_of(deployed, who)
    wanted = [request for name in MAY[who] for request in COMMANDS[name]]
    assert [str(one) for one in wanted if not allowed(statements, one)] == []


@pytest.mark.parametrize(
    ("who", "command"),
    [(who, command) for who in PEOPLE for command in COMMANDS if command not in MAY[who]],
)
def test_people_cannot_do_each_others_work(who: str, command: str, deployed: Any) -> None:
    statements = statements_of(deployed, who)
    assert not all(allowed(statements, request) for request in COMMANDS[command])


@pytest.mark.parametrize("request_", NOBODY, ids=str)
@pytest.mark.parametrize("who", PEOPLE)
def test_nobody_may_cover_tracks_or_get_more_rights(
    who: str, request_: Request, deployed: Any
) -> None:
    assert not allowed(statements_of(deployed, who), request_)


@pytest.mark.parametrize(
    ("who", "request_"), [(who, one) for who in PEOPLE for one in REFUSED[who]], ids=str
)
def test_people_are_refused_what_is_not_theirs(who: str, request_: Request, deployed: Any) -> None:
    assert not allowed(statements_of(deployed, who), request_)


@pytest.mark.parametrize("request_", NO_FUNCTION, ids=str)
@pytest.mark.parametrize("role", FUNCTIONS)
def test_no_function_may_rewrite_the_audit_the_rules_or_its_own_rights(
    role: str, request_: Request, deployed: Any
) -> None:
    assert not allowed(statements_of(deployed, role), request_)


@pytest.mark.parametrize("role", FUNCTIONS)
def test_a_function_reads_one_secret_and_not_the_others(role: str, deployed: Any) -> None:
    statements = statements_of(deployed, role)
    read = {one.resource for one in secret("GetSecretValue") if allowed(statements, one)}
    assert read == set(SECRETS) - {OTHERS_SECRET[role]}


@pytest.mark.parametrize("who", PEOPLE)
def test_a_policy_is_short_enough_to_be_one(who: str, deployed: Any) -> None:
    """With every name as long as an ARN of this stack may become."""
    text = json.dumps(statements_of(deployed, who), separators=(",", ":"))
    names = text.count(".Arn") + text.count(".Id") + text.count("AWS::StackId")
    assert len(text) + names * 85 < LONGEST_POLICY
