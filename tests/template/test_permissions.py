"""Who may do what: each function what its work takes, on the resources it works on."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROLE = "AWS::IAM::Role"
MANAGED = "AWS::IAM::ManagedPolicy"
FUNCTION = "AWS::Lambda::Function"

# Actions on no resource in particular, because the service has none to name.
STAR_IS_THE_ONLY_WAY = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}

READ = {"BatchGetItem", "GetItem", "Query"}
CHECK = {"ConditionCheckItem"}
WRITE = {"PutItem", "UpdateItem"}
APPEND = {"Query", "PutItem"}

# What whoever is on call looks at; CloudWatch names no resource for any of it.
WATCHING = {
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetDashboard",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListDashboards",
    "logs:DescribeQueryDefinitions",
    "logs:GetQueryResults",
    "logs:StopQuery",
}

# Table by table, what each function may do there. Nothing else may touch a table.
TABLES = {
    "PollRole": {
        "SessionsTable": {"GetItem"} | WRITE,
        "DocumentsTable": READ | CHECK | WRITE,
        "DocumentsTable/index/open": READ | CHECK | WRITE,
        "AlertsTable": READ | CHECK | WRITE,
        "AuditTable": APPEND,
        "FlowsTable": READ,
        "ApproversTable": READ | {"Scan"},
    },
    "SendRole": {
        "DocumentsTable": READ | CHECK,
        "AlertsTable": READ | CHECK | WRITE,
        "AuditTable": APPEND,
        "FlowsTable": READ,
        "ApproversTable": READ | {"UpdateItem"},
    },
    "StatusCheckRole": {
        "DocumentsTable": READ | CHECK | {"Scan"},
        "AlertsTable": READ | CHECK | WRITE | {"Scan"},
        "AlertsTable/index/due": READ | CHECK | WRITE,
        "AuditTable": APPEND,
        "FlowsTable": READ,
        "ApproversTable": READ | {"Scan", "UpdateItem"},
    },
    "ScheduleRole": {},
    "DeploymentRole": {},
}

FUNCTION_ARN = "arn:AWS::Partition:lambda:AWS::Region:AWS::AccountId:function:AWS::StackName"

# Of a bucket, objects are named by how their keys begin.
KEEP_ROOTS = ("s3:PutObject", "RootsBucket.Arn/roots/*")
READ_ROOTS = {
    ("s3:GetObject", "RootsBucket.Arn/roots/*"),
    ("s3:GetObjectVersion", "RootsBucket.Arn/roots/*"),
}

# Everything else, action and resource.
OTHERS = {
    "PollRole": {
        ("logs:CreateLogStream", "PollLogGroup.Arn"),
        ("logs:PutLogEvents", "PollLogGroup.Arn"),
        ("secretsmanager:GetSecretValue", "IntacctSecret.Id"),
        ("sqs:SendMessage", "AlertsQueue.Arn"),
        ("sqs:SendMessage", "PollDlq.Arn"),
        ("lambda:InvokeFunction", f"{FUNCTION_ARN}-poll:live"),
        ("sns:Publish", "SummaryTopic"),
        ("kms:Decrypt", "DataKey.Arn"),
        ("kms:GenerateDataKey", "DataKey.Arn"),
    },
    "SendRole": {
        ("logs:CreateLogStream", "SendLogGroup.Arn"),
        ("logs:PutLogEvents", "SendLogGroup.Arn"),
        ("secretsmanager:GetSecretValue", "TwilioSecret.Id"),
        ("sqs:ReceiveMessage", "AlertsQueue.Arn"),
        ("sqs:DeleteMessage", "AlertsQueue.Arn"),
        ("sqs:GetQueueAttributes", "AlertsQueue.Arn"),
    },
    "StatusCheckRole": {
        ("logs:CreateLogStream", "StatusCheckLogGroup.Arn"),
        ("logs:PutLogEvents", "StatusCheckLogGroup.Arn"),
        ("secretsmanager:GetSecretValue", "TwilioSecret.Id"),
        ("sqs:SendMessage", "AlertsQueue.Arn"),
        ("lambda:InvokeFunction", f"{FUNCTION_ARN}-poll:live"),
        KEEP_ROOTS,
    },
    "ScheduleRole": {
        ("lambda:InvokeFunction", f"{FUNCTION_ARN}-poll:live"),
        ("lambda:InvokeFunction", f"{FUNCTION_ARN}-status-check:live"),
        ("sqs:SendMessage", "ScheduleDlq.Arn"),
        ("kms:Decrypt", "DataKey.Arn"),
        ("kms:GenerateDataKey", "DataKey.Arn"),
    },
    "DeploymentRole": {
        ("cloudwatch:DescribeAlarms", "*"),
        *(
            (f"lambda:{action}", f"{FUNCTION_ARN}-{function}{alias}")
            for action in ("GetAlias", "GetProvisionedConcurrencyConfig", "UpdateAlias")
            for function in ("poll", "send", "status-check")
            for alias in ("", ":live")
        ),
    },
}


@pytest.fixture(scope="module")
def deployed(raw_template: dict[str, Any], deploy_as: Any) -> Any:
    """With the role of gradual deployments, which not every stage has."""
    return deploy_as(raw_template, Rollout="gradual")


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def grants(statements: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Every action allowed, with the resource it is allowed on."""
    for statement in statements:
        assert statement["Effect"] == "Allow"
        for action in as_list(statement["Action"]):
            for resource in as_list(statement["Resource"]):
                yield action, resource


def granted(deployed: Any, role: str) -> set[tuple[str, str]]:
    policies = deployed.of(ROLE)[role]["Policies"]
    documents = [policy["PolicyDocument"] for policy in policies]
    return {grant for document in documents for grant in grants(document["Statement"])}


@pytest.mark.parametrize("role", sorted(TABLES))
def test_a_role_may_do_what_is_listed_and_nothing_else(role: str, deployed: Any) -> None:
    tables: dict[str, set[str]] = {}
    others = set()
    for action, resource in granted(deployed, role):
        if action.startswith("dynamodb:"):
            tables.setdefault(resource.replace(".Arn", ""), set()).add(action.split(":")[1])
        else:
            others.add((action, resource))
    assert tables == TABLES[role]
    assert others == OTHERS[role]


def test_there_are_no_other_roles_and_every_function_has_its_own(deployed: Any) -> None:
    assert set(deployed.of(ROLE)) == set(TABLES)
    used = [function["Role"] for function in deployed.of(FUNCTION).values()]
    assert sorted(used) == ["PollRole.Arn", "SendRole.Arn", "StatusCheckRole.Arn"]


def test_no_role_has_a_policy_of_aws_itself(deployed: Any) -> None:
    attached = {name: role.get("ManagedPolicyArns") for name, role in deployed.of(ROLE).items()}
    assert attached == {
        "PollRole": ["RuntimePolicy"],
        "SendRole": ["RuntimePolicy"],
        "StatusCheckRole": ["RuntimePolicy"],
        "ScheduleRole": None,
        "DeploymentRole": None,
    }


def test_what_all_functions_may_is_tracing_and_the_key_through_the_services_in_use(
    deployed: Any,
) -> None:
    traces, key = deployed.of(MANAGED)["RuntimePolicy"]["PolicyDocument"]["Statement"]
    assert set(grants([traces])) == {(action, "*") for action in STAR_IS_THE_ONLY_WAY}
    assert {resource for _, resource in grants([key])} == {"DataKey.Arn"}
    assert not {action for action, _ in grants([key])} & {"kms:*", "kms:CreateGrant"}
    services = key["Condition"]["StringEquals"]["kms:ViaService"]
    assert [service.split(".")[0] for service in services] == ["dynamodb", "secretsmanager", "sqs"]


def test_no_action_and_no_resource_is_a_wildcard_but_for_watching_and_the_keys_of_roots(
    deployed: Any,
) -> None:
    documents = [policy["PolicyDocument"] for policy in deployed.of(MANAGED).values()]
    for role in deployed.of(ROLE).values():
        documents += [policy["PolicyDocument"] for policy in role.get("Policies", [])]
    everything = {grant for document in documents for grant in grants(document["Statement"])}
    wild = {(action, resource) for action, resource in everything if "*" in action + resource}
    starred = {(action, "*") for action in STAR_IS_THE_ONLY_WAY | WATCHING}
    assert wild == starred | {KEEP_ROOTS} | READ_ROOTS


def test_whoever_writes_roots_can_neither_read_nor_remove_them(deployed: Any) -> None:
    on_roots = {
        grant
        for role in deployed.of(ROLE)
        for grant in granted(deployed, role)
        if "Roots" in grant[1]
    }
    assert on_roots == {KEEP_ROOTS}


def test_a_function_that_takes_from_a_queue_may_not_put_into_it(deployed: Any) -> None:
    for role in deployed.of(ROLE):
        actions = {a for a, resource in granted(deployed, role) if resource == "AlertsQueue.Arn"}
        assert not {"sqs:ReceiveMessage", "sqs:SendMessage"} <= actions


def test_the_audit_trail_can_only_be_read_and_added_to(deployed: Any) -> None:
    for role in deployed.of(ROLE):
        on_audit = {a for a, resource in granted(deployed, role) if "AuditTable" in resource}
        assert on_audit <= {"dynamodb:Query", "dynamodb:PutItem"}


@pytest.mark.parametrize(
    ("role", "service"),
    [
        ("PollRole", "lambda"),
        ("SendRole", "lambda"),
        ("StatusCheckRole", "lambda"),
        ("ScheduleRole", "scheduler"),
        ("DeploymentRole", "codedeploy"),
    ],
)
def test_a_role_is_assumed_by_its_service_alone(role: str, service: str, deployed: Any) -> None:
    (trust,) = deployed.of(ROLE)[role]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}
    assert trust["Action"] == "sts:AssumeRole"


def test_the_key_is_used_directly_by_the_account_and_the_alarms_only(deployed: Any) -> None:
    account, alarms = deployed.of("AWS::KMS::Key")["DataKey"]["KeyPolicy"]["Statement"]
    assert account["Principal"]["AWS"].endswith(":iam::AWS::AccountId:root")
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": "AWS::AccountId"}}


def test_every_statement_says_what_it_is_for(root: Path) -> None:
    lines = (root / "template.yaml").read_text(encoding="utf-8").splitlines()
    statements = [n for n, line in enumerate(lines) if line.lstrip().startswith("- Sid: ")]
    assert len(statements) > 30
    silent = [lines[n] for n in statements if not lines[n - 1].lstrip().startswith("# ")]
    assert silent == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:DeleteItem", "AuditTable"),
        ("dynamodb:*", "AlertsTable"),
        ("sqs:SendMessage", "*"),
    ],
)
def test_a_permission_too_many_is_noticed(
    action: str, resource: str, raw_template: dict[str, Any], deploy_as: Any
) -> None:
    template = copy.deepcopy(raw_template)
    (policy,) = template["Resources"]["SendRole"]["Properties"]["Policies"]
    policy["PolicyDocument"]["Statement"].append(
        {"Effect": "Allow", "Action": action, "Resource": resource}
    )
    with pytest.raises(AssertionError):
        test_a_role_may_do_what_is_listed_and_nothing_else("SendRole", deploy_as(template))
