"""Applies what ministack's CloudFormation accepts and leaves out, through each service's API.

Of the types in use: a table's time to live, point-in-time recovery and encryption key; a
function's reserved concurrency; a schedule's time zone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from sandbox.aws.stack import Stack


def apply_what_was_dropped(stack: Stack) -> None:
    """Bring the resources of `stack` to what its template says. Harmless when repeated."""
    for logical_id, properties in stack.resources("AWS::DynamoDB::Table").items():
        _table(stack.aws.client("dynamodb"), stack.physical[logical_id], properties)
    for logical_id, properties in stack.resources("AWS::Lambda::Function").items():
        reserved = properties.get("ReservedConcurrentExecutions")
        if reserved is not None:
            stack.aws.client("lambda").put_function_concurrency(
                FunctionName=stack.physical[logical_id], ReservedConcurrentExecutions=int(reserved)
            )
    for logical_id, properties in stack.resources("AWS::Scheduler::Schedule").items():
        if "ScheduleExpressionTimezone" in properties:
            stack.aws.client("scheduler").update_schedule(
                **(properties | {"Name": stack.physical[logical_id]})
            )


def _table(dynamodb: BaseClient, name: str, properties: dict[str, Any]) -> None:
    lifetime = properties.get("TimeToLiveSpecification")
    if lifetime:
        state = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        # Setting what is set already is an error, as on AWS.
        if (state["TimeToLiveStatus"] == "ENABLED") != lifetime["Enabled"]:
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=lifetime)
    recovery = properties.get("PointInTimeRecoverySpecification")
    if recovery:
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification=recovery
        )
    encryption = properties.get("SSESpecification")
    if encryption:
        dynamodb.update_table(
            TableName=name,
            # CloudFormation and the API name the switch differently.
            SSESpecification={
                "Enabled": encryption["SSEEnabled"],
                "SSEType": encryption["SSEType"],
                "KMSMasterKeyId": encryption["KMSMasterKeyId"],
            },
        )
