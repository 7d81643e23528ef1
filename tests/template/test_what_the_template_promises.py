"""What others rely on: settings, secrets, parameters, outputs, and the SAM CLI's configuration."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml_connector.settings import read_settings

FUNCTION = "AWS::Lambda::Function"
TABLE = "AWS::DynamoDB::Table"


@pytest.mark.parametrize("function", ["PollFunction", "SendFunction", "StatusCheckFunction"])
def test_the_environment_holds_every_setting(function: str, deployed: Any) -> None:
    settings = read_settings(deployed.of(FUNCTION)[function]["Environment"]["Variables"])
    assert settings.queue_url == "AlertsQueue"
    assert settings.audit_table == "AuditTable"
    assert settings.intacct_secret == "IntacctSecret.Id"
    assert settings.twilio_secret == "TwilioSecret.Id"
    assert settings.send_timeout == 30
    assert settings.function_timeout == float(deployed.of(FUNCTION)[function]["Timeout"])


def test_environment_variables_are_text(deploy_as: Any, raw_template: dict[str, Any]) -> None:
    for function in deploy_as(raw_template, Pace="sandbox").of(FUNCTION).values():
        values = function["Environment"]["Variables"].values()
        assert {type(value) for value in values} == {str}


def test_secrets_are_named_by_stage_and_empty_until_somebody_fills_them(
    deploy_as: Any, raw_template: dict[str, Any]
) -> None:
    secrets = deploy_as(raw_template, Stage="prod").of("AWS::SecretsManager::Secret").values()
    assert {secret["Name"]: json.loads(secret["SecretString"]) for secret in secrets} == {
        "ml-connector/prod/intacct": {},
        "ml-connector/prod/twilio": {},
    }


def test_no_secret_is_resolved_into_the_template(root: Path) -> None:
    assert "{{resolve:" not in (root / "template.yaml").read_text(encoding="utf-8")


def test_tables_have_the_keys_and_indexes_of_the_store(deployed: Any) -> None:
    def keys(schema: list[dict[str, str]]) -> list[str]:
        return [key["AttributeName"] for key in schema]

    tables = {name: keys(table["KeySchema"]) for name, table in deployed.of(TABLE).items()}
    assert tables == {
        "SessionsTable": ["pk"],
        "DocumentsTable": ["pk", "sk"],
        "AlertsTable": ["pk", "sk"],
        "FlowsTable": ["pk", "sk"],
        "ApproversTable": ["pk"],
        "AuditTable": ["chain", "seq"],
    }
    (opened,) = deployed.of(TABLE)["DocumentsTable"]["LocalSecondaryIndexes"]
    assert (opened["IndexName"], keys(opened["KeySchema"])) == ("open", ["pk", "open_since"])
    (due,) = deployed.of(TABLE)["AlertsTable"]["GlobalSecondaryIndexes"]
    assert (due["IndexName"], keys(due["KeySchema"])) == ("due", ["due_shard", "look_at"])
    assert due["Projection"] == {
        "ProjectionType": "INCLUDE",
        "NonKeyAttributes": ["company", "recipient"],
    }


def test_without_aws_only_the_policies_that_demand_tls_and_saved_queries_are_left_out(
    deployed: Any, deploy_as: Any, raw_template: dict[str, Any]
) -> None:
    local = deploy_as(raw_template, OnAws="false", AlarmEmail="ops@example.com")
    left_out = set(deployed.resources) - set(local.resources)
    kinds = {deployed.resources[name]["Type"] for name in left_out}
    assert kinds == {
        "AWS::Logs::QueryDefinition",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }
    assert set(local.resources) <= set(deployed.resources)


@pytest.mark.parametrize(
    ("emails", "subscribed"),
    [
        ({}, {}),
        (
            {"AlarmEmail": "a@example.com"},
            {"AlarmTopic": "a@example.com", "UrgentTopic": "a@example.com"},
        ),
        (
            {"AlarmEmail": "a@example.com", "UrgentEmail": "u@example.com"},
            {"AlarmTopic": "a@example.com", "UrgentTopic": "u@example.com"},
        ),
        ({"UrgentEmail": "u@example.com"}, {"UrgentTopic": "u@example.com"}),
    ],
)
def test_alarms_are_mailed_where_an_address_is_given(
    emails: dict[str, str],
    subscribed: dict[str, str],
    deploy_as: Any,
    raw_template: dict[str, Any],
) -> None:
    found = deploy_as(raw_template, **emails).of("AWS::SNS::Subscription").values()
    assert {one["TopicArn"]: one["Endpoint"] for one in found} == subscribed
    assert len(found) == len(subscribed)


@pytest.mark.parametrize("kind", ["Operator", "RuleEditor", "Auditor"])
def test_the_policies_of_people_are_outputs_and_attached_to_nobody(
    kind: str, deployed: Any, raw_template: dict[str, Any]
) -> None:
    assert raw_template["Outputs"][f"{kind}PolicyArn"]["Value"] == {"Ref": f"{kind}Policy"}
    policy = deployed.of("AWS::IAM::ManagedPolicy")[f"{kind}Policy"]
    assert set(policy) == {"Description", "PolicyDocument"}


def test_protection_against_deletion_can_be_switched_off_for_a_stage_to_throw_away(
    deploy_as: Any, raw_template: dict[str, Any]
) -> None:
    tables = deploy_as(raw_template, DeletionProtection="false").of(TABLE)
    assert not any(table.get("DeletionProtectionEnabled") for table in tables.values())


@pytest.mark.parametrize("environment", ["default", "local", "prod"])
def test_the_sam_configuration_gives_parameters_that_exist(
    environment: str, root: Path, deploy_as: Callable[..., Any], raw_template: dict[str, Any]
) -> None:
    settings = tomllib.loads((root / "samconfig.toml").read_text(encoding="utf-8"))[environment]
    overrides = settings["deploy"]["parameters"]["parameter_overrides"]
    given = dict(pair.split("=", 1) for pair in overrides.split())
    for name, value in given.items():
        allowed = raw_template["Parameters"][name].get("AllowedValues", [value])
        assert value in [str(one) for one in allowed]
    assert settings["global"]["parameters"]["stack_name"] == f"ml-connector-{given['Stage']}"
    assert settings["deploy"]["parameters"]["capabilities"] == "CAPABILITY_IAM"
    assert deploy_as(raw_template, **given).resources
