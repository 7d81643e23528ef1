"""A deployed stack: making one from a template, and what can be asked of it afterwards.

    stack = deploy(aws, ROOT / "template.yaml", {"Timings": '{"grace": 5}'})
    stack.outputs["AlertsQueueUrl"]

The template goes up as it is, through the real SAM transform, without Docker and without the SAM
CLI; only the folders of functions and layers become addresses of the zip files built from them.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from sandbox.aws import wait
from sandbox.aws.access import ACCOUNT
from sandbox.aws.build import SOURCES, Mutation, build
from sandbox.aws.errors import LocalAwsError
from sandbox.aws.local import REGION, RUNTIME, LocalAws
from sandbox.aws.reconcile import apply_what_was_dropped
from sandbox.aws.template import Resolver, load

STACK_NAME = "ml-connector-local"
_BUCKET = "ml-connector-artifacts"
_DEPLOY_TIMEOUT = 60.0
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
# Where a template has these parameters, their values here.
_LOCAL_PARAMETERS = {
    "Stage": "local",
    "PythonRuntime": RUNTIME,
    "Architecture": "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64",
    "DeletionProtection": "false",
    "OnAws": "false",
    "Pace": "sandbox",
}
# What demands TLS is made on AWS alone, and where the local one is secured.
_TLS_POLICIES = ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy")


class Stack:
    """One stack of the local AWS. What was looked up is kept until `update`."""

    def __init__(self, aws: LocalAws, name: str) -> None:
        self.aws = aws
        self.name = name

    @property
    def outputs(self) -> dict[str, str]:
        """The template's outputs."""
        return {o["OutputKey"]: o["OutputValue"] for o in self._description.get("Outputs", [])}

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters the stack was last deployed with."""
        found = self._description.get("Parameters", [])
        return {p["ParameterKey"]: p["ParameterValue"] for p in found}

    @cached_property
    def physical(self) -> dict[str, str]:
        """Physical id of every resource, by its logical id in the transformed template."""
        cloudformation = self.aws.client("cloudformation")
        found = cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        return {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in found}

    def resources(self, kind: str) -> dict[str, Any]:
        """Properties of all resources of a type, by logical id, with their values filled in."""
        resolver = Resolver(self._template, self._names(), self._attribute)
        return {
            logical_id: resolver.value(resource.get("Properties", {}))
            for logical_id, resource in self._template["Resources"].items()
            if resource["Type"] == kind and logical_id in self.physical
        }

    def update(self, parameters: Mapping[str, str]) -> None:
        """Deploy the same template and code again with some parameters changed.

        Raises LocalAwsError with the reason of the first resource that fails.
        """
        _put(self.aws, self.name, None, self.parameters | dict(parameters))
        self._forget()
        apply_what_was_dropped(self)

    def switch_event_source(self, logical_id: str, *, on: bool) -> None:
        """Switch an event source mapping (`SendFunctionAlertsQueue`) on or off."""
        client = self.aws.client("lambda")
        mapping = self.physical[logical_id]
        client.update_event_source_mapping(UUID=mapping, Enabled=on)
        wanted = "Enabled" if on else "Disabled"
        wait.until(
            lambda: client.get_event_source_mapping(UUID=mapping)["State"] == wanted,
            f"event source mapping {logical_id} to be {wanted.lower()}",
        )

    def worker_pids(self, logical_id: str) -> list[int]:
        """Process ids of a function's execution environments, for killing one in mid-flight."""
        return self.aws.worker_pids(self.physical[logical_id])

    def log(self, logical_id: str) -> list[str]:
        """Every line a function has logged, oldest first; those of an invocation when it ended."""
        return [event["message"] for event in self.log_events(logical_id)]

    def log_events(self, logical_id: str, since: float = 0.0) -> list[dict[str, Any]]:
        """The same as CloudWatch events, of those at or after `since` (seconds of `time.time`)."""
        group = self.resources("AWS::Lambda::Function")[logical_id].get("LoggingConfig", {})
        name = group.get("LogGroup", f"/aws/lambda/{self.physical[logical_id]}")
        pages = self.aws.client("logs").get_paginator("filter_log_events")
        try:
            found = pages.paginate(logGroupName=name, startTime=int(since * 1000))
            return [event for page in found for event in page["events"]]
        except ClientError as error:
            # The group appears with the first invocation where the template does not make it.
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return []
            raise

    # ------------------------------------------------------------------ inside

    @cached_property
    def _description(self) -> dict[str, Any]:
        found = self.aws.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return dict(found[0])

    @cached_property
    def _template(self) -> dict[str, Any]:
        body = self.aws.client("cloudformation").get_template(
            StackName=self.name, TemplateStage="Processed"
        )["TemplateBody"]
        return dict(json.loads(body) if isinstance(body, str) else body)

    def _names(self) -> dict[str, str]:
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::StackName": self.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        return pseudo | self.physical | self.parameters

    def _attribute(self, logical_id: str, attribute: str) -> str:
        """GetAtt, for those of our resource types that have an ARN or a name to ask for."""
        physical = self.physical[logical_id]
        name = physical.rsplit("/", 1)[-1]
        arns = {
            "AWS::CloudWatch::Alarm": f"cloudwatch:{REGION}:{ACCOUNT}:alarm:{physical}",
            "AWS::DynamoDB::Table": f"dynamodb:{REGION}:{ACCOUNT}:table/{name}",
            "AWS::IAM::Role": f"iam::{ACCOUNT}:role/{name}",
            "AWS::KMS::Key": f"kms:{REGION}:{ACCOUNT}:key/{name}",
            "AWS::Lambda::Function": f"lambda:{REGION}:{ACCOUNT}:function:{name}",
            "AWS::Logs::LogGroup": f"logs:{REGION}:{ACCOUNT}:log-group:{physical}:*",
            "AWS::SQS::Queue": f"sqs:{REGION}:{ACCOUNT}:{name}",
        }
        if attribute == "Arn":
            return "arn:aws:" + arns[self._template["Resources"][logical_id]["Type"]]
        return name if attribute.endswith("Name") else physical

    def _forget(self) -> None:
        for kept in ("physical", "_description", "_template"):
            self.__dict__.pop(kept, None)


def deploy(
    aws: LocalAws,
    template: Path,
    parameters: Mapping[str, str] | None = None,
    *,
    name: str = STACK_NAME,
    mutations: Iterable[Mutation | tuple[str, str, str]] = (),
) -> Stack:
    """Build what `template` needs, deploy it as stack `name`, and wait until it stands.

    An existing stack is updated. `parameters` add to or replace what the local AWS needs anyway.
    Raises LocalAwsError: a build failed, a mutation does not fit, or a resource could not be made.
    """
    body = load(template)
    if aws.secured:
        body["Resources"] = _with_tls_policies(body["Resources"])
    resources = body["Resources"]
    zips = build(resources, template.parent, [Mutation(*m) for m in mutations])
    _upload(aws, resources, zips)
    declared = body.get("Parameters", {})
    given = {k: v for k, v in _LOCAL_PARAMETERS.items() if k in declared} | dict(parameters or {})
    _put(aws, name, _keep(aws, body), given)
    stack = Stack(aws, name)
    apply_what_was_dropped(stack)
    return stack


def _with_tls_policies(resources: Mapping[str, Any]) -> dict[str, Any]:
    always = {
        name: {key: value for key, value in one.items() if key != "Condition"}
        for name, one in resources.items()
        if one["Type"] in _TLS_POLICIES
    }
    return {**resources, **always}


def _upload(aws: LocalAws, resources: dict[str, Any], zips: Mapping[str, bytes]) -> None:
    """Put the zip files into the bucket and their addresses into `resources`."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=_BUCKET)
    for logical_id, content in zips.items():
        key = f"{hashlib.sha256(content).hexdigest()}.zip"
        s3.put_object(Bucket=_BUCKET, Key=key, Body=content)
        resource = resources[logical_id]
        resource["Properties"][SOURCES[resource["Type"]]] = f"s3://{_BUCKET}/{key}"


def _keep(aws: LocalAws, body: Mapping[str, Any]) -> str:
    """Put the template into the bucket, as the SAM CLI does; a request holds 51,200 bytes of one.

    The address it has there.
    """
    text = json.dumps(body).encode()
    key = f"{hashlib.sha256(text).hexdigest()}.template"
    aws.client("s3").put_object(Bucket=_BUCKET, Key=key, Body=text)
    return f"{aws.endpoint}/{_BUCKET}/{key}"


def _put(aws: LocalAws, name: str, template: str | None, parameters: Mapping[str, str]) -> None:
    """Create the stack, or update it; without the address of a `template` it keeps its own."""
    cloudformation = aws.client("cloudformation")
    request: dict[str, Any] = {
        "StackName": name,
        "Capabilities": _CAPABILITIES,
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        **({"UsePreviousTemplate": True} if template is None else {"TemplateURL": template}),
    }
    try:
        if _exists(cloudformation, name):
            cloudformation.update_stack(**request)
        else:
            cloudformation.create_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return
        raise LocalAwsError(f"stack {name}: {error.response['Error']['Message']}") from error

    def settled() -> str | None:
        status = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return None if status.endswith("IN_PROGRESS") else str(status)

    status = wait.until(settled, f"stack {name} to settle", timeout=_DEPLOY_TIMEOUT, every=0.05)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise LocalAwsError(f"stack {name}: {status}: {_first_failure(cloudformation, name)}")


def _exists(cloudformation: BaseClient, name: str) -> bool:
    try:
        cloudformation.describe_stacks(StackName=name)
    except ClientError:
        return False
    return True


def _first_failure(cloudformation: BaseClient, name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failures = [e for e in events if e["ResourceStatus"].endswith("FAILED")]
    if not failures:
        return "no resource says why"
    first = min(failures, key=lambda event: event["Timestamp"])
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"
