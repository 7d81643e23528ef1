"""Commands run as somebody: every request they make of AWS is held against policies first.

moto answers everybody everything. Here what the policies do not allow is refused before moto hears
of it, the way AWS refuses: AccessDeniedException. A transaction is refused whole where one of its
parts is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.template.iam import Request, allowed

#: What the queues and secrets of `tests.adapters.cli_deployment` are in the template.
_NAMES = {
    "alerts": "AlertsQueue.Arn",
    "alerts-dlq": "AlertsDlq.Arn",
    "schedule-dlq": "ScheduleDlq.Arn",
    "poll-dlq": "PollDlq.Arn",
    "ml-connector/dev/intacct": "IntacctSecret.Id",
    "ml-connector/dev/twilio": "TwilioSecret.Id",
}
_TRANSACTED = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "PutSecretValue", "SendMessage", "DeleteMessage")


@dataclass
class Enforced:
    """What was asked, and what of it was refused, in order."""

    asked: list[Request] = field(default_factory=list)
    refused: list[Request] = field(default_factory=list)

    @property
    def written(self) -> list[Request]:
        """What was asked, not refused, and changes something."""
        done = [one for one in self.asked if one not in self.refused]
        return [one for one in done if one.action.partition(":")[2] in _WRITES]


@contextmanager
def enforced(
    monkeypatch: pytest.MonkeyPatch, statements: Sequence[Mapping[str, Any]]
) -> Iterator[Enforced]:
    """Every boto3 and PynamoDB request of the block, under these statements."""
    seen, ask = Enforced(), BaseClient._make_api_call

    def call(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        service = client.meta.service_model.service_name
        asked = list(requests(service, operation, parameters))
        refused = [one for one in asked if not allowed(statements, one)]
        seen.asked += asked
        # Of a transaction that is refused nothing is done.
        seen.refused += asked if refused else []
        if refused:
            said = f"not authorized to perform: {refused[0].action}"
            error = {"Code": "AccessDeniedException", "Message": said}
            raise ClientError({"Error": error}, operation)
        return ask(client, operation, parameters)

    with monkeypatch.context() as patched:
        patched.setattr(BaseClient, "_make_api_call", call)
        yield seen


def requests(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[Request]:
    """What IAM is asked for one API call. Raises KeyError for a service it knows nothing of."""
    if service == "dynamodb":
        yield from _of_tables(operation, parameters)
    elif service == "sqs":
        name = parameters["QueueUrl"].rsplit("/", 1)[-1]
        yield Request(f"sqs:{operation.removesuffix('Batch')}", _NAMES[name])
    elif service == "secretsmanager":
        yield Request(f"secretsmanager:{operation}", _NAMES[parameters["SecretId"]])
    elif service == "cloudformation":
        yield Request(f"cloudformation:{operation}", "AWS::StackId")
    elif (service, operation) != ("sts", "GetCallerIdentity"):  # which nobody can be refused
        raise KeyError(service)


def _of_tables(operation: str, parameters: Mapping[str, Any]) -> Iterator[Request]:
    if operation == "BatchGetItem":
        for table in parameters["RequestItems"]:
            yield Request("dynamodb:BatchGetItem", f"{table}.Arn")
    elif operation == "TransactWriteItems":
        for part in parameters["TransactItems"]:
            ((kind, one),) = part.items()
            yield _on_item(_TRANSACTED[kind], one)
    elif operation in {"PutItem", "UpdateItem", "DeleteItem"}:
        yield _on_item(operation, parameters)
    else:
        index = parameters.get("IndexName")
        place = f"{parameters['TableName']}.Arn" + (f"/index/{index}" if index else "")
        yield Request(f"dynamodb:{operation}", place)


def _on_item(action: str, one: Mapping[str, Any]) -> Request:
    key = one.get("Item") or one["Key"]
    partition = (key.get("chain") or key["pk"])["S"]
    context = {"dynamodb:LeadingKeys": (partition,)}
    return Request(f"dynamodb:{action}", f"{one['TableName']}.Arn", context)
