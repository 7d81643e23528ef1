"""Two stages in one account: whatever has a name of its own has the stage, or the stack, in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sandbox.aws.local import ROOT
from sandbox.aws.template import load

#: Properties that give a resource its name in the account. Names of members are none of these.
_NAMES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Logs::QueryDefinition": "Name",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::Serverless::Function": "FunctionName",
    "AWS::Serverless::LayerVersion": "LayerName",
}


def resources() -> Mapping[str, Any]:
    found: Mapping[str, Any] = load(ROOT / "template.yaml")["Resources"]
    return found


def named() -> Iterator[tuple[str, object]]:
    for logical_id, resource in resources().items():
        name = resource.get("Properties", {}).get(_NAMES.get(resource["Type"], ""))
        if name is not None:
            yield logical_id, name
        for event in resource.get("Properties", {}).get("Events", {}).values():
            if "Name" in event.get("Properties", {}):
                yield logical_id, event["Properties"]["Name"]


@pytest.mark.parametrize(("logical_id", "name"), list(named()))
def test_a_name_tells_stages_apart(logical_id: str, name: object) -> None:
    said = json.dumps(name)
    assert "AWS::StackName" in said or "Stage" in said, (logical_id, said)


def test_names_are_given_and_looked_at() -> None:
    kinds = {resources()[logical_id]["Type"] for logical_id, _ in named()}
    assert kinds >= {"AWS::Serverless::Function", "AWS::SecretsManager::Secret"}


def test_nothing_is_exported_under_a_name_two_stacks_would_share() -> None:
    outputs: Mapping[str, Any] = load(ROOT / "template.yaml").get("Outputs", {})
    shared = [name for name, output in outputs.items() if "Export" in output]
    assert shared == []
