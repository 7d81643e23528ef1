"""A deployed stack for the operator's command: moto's AWS, and a CloudFormation of one answer.

moto has DynamoDB, Secrets Manager, SQS and STS; its CloudFormation needs half of AWS, so what
DescribeStacks answers is served here over HTTP instead.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from cli.deployment import Deployment, Target
from cli.files.flow_file import read_flow
from cli.main import app
from ml_connector.domain.approvers import Approver
from tests.support.tables import RESOURCES, create_tables

FLOW = """\
schema: 1
companies:
  acme: {name: Acme AP, zone: America/Chicago}
default_approver: ann
rules:
  - name: large bills
    on: [bill.submitted]
    when: {amount: {at_least: 10000.50, currency: USD}}
    approver: bob
    notify: [{sms: {to: approver}}]
  - name: everything else
    on: [bill.submitted, bill.partially_approved]
    notify: [{sms: {to: approver}}]
"""
PEOPLE = """\
id,name,phone,active
ann,Ann Approver,+15550100001,true
bob,Bob Approver,+15550100002,true
"""

STACK = "ml-connector-dev"
QUEUES = {
    "AlertsQueueUrl": "alerts",
    "AlertsDlqUrl": "alerts-dlq",
    "ScheduleDlqUrl": "schedule-dlq",
    "PollDlqUrl": "poll-dlq",
}
SECRETS = {
    "IntacctSecretId": "ml-connector/dev/intacct",
    "TwilioSecretId": "ml-connector/dev/twilio",
}
_OUTPUTS = {
    "SESSIONS_TABLE": "SessionsTableName",
    "DOCUMENTS_TABLE": "DocumentsTableName",
    "ALERTS_TABLE": "AlertsTableName",
    "FLOWS_TABLE": "FlowsTableName",
    "APPROVERS_TABLE": "ApproversTableName",
    "AUDIT_TABLE": "AuditTableName",
}


@dataclass
class Stack:
    """What the stack says of itself, and the AWS behind it."""

    outputs: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str, answers: str = "") -> Result:
        """The command, in this process, with answers on standard input."""
        return CliRunner().invoke(app, list(words), input=answers)

    def json(self, *words: str, answers: str = "", status: int = 0) -> dict[str, Any]:
        """The one JSON document of a command that ends with this status."""
        result = self.run(*words, "--json", answers=answers)
        assert result.exit_code == status, result.output
        document: dict[str, Any] = json.loads(result.stdout)
        return document

    @cached_property
    def deployment(self) -> Deployment:
        """The stack as the command sees it."""
        return Deployment(Target("dev"))

    def fill(self, flow: Path) -> None:
        """Store Ann and Bob, and publish a flow."""
        for number, name in enumerate(("ann", "bob"), start=1):
            person = Approver(name, f"{name.title()} Approver", f"+1555010000{number}", "salt")
            self.deployment.approvers.put(person)
        self.deployment.flows.publish(
            read_flow(flow).body, now=datetime.now(UTC), by="test", reason=""
        )

    def secret(self, output: str) -> dict[str, Any]:
        """What is stored under the secret of an output."""
        client = boto3.client("secretsmanager")
        text = client.get_secret_value(SecretId=self.outputs[output])["SecretString"]
        body: dict[str, Any] = json.loads(text)
        return body

    def put_secret(self, output: str, body: Mapping[str, Any]) -> None:
        """Store a secret."""
        client = boto3.client("secretsmanager")
        client.put_secret_value(SecretId=self.outputs[output], SecretString=json.dumps(body))


def _answer(stack: Stack, name: str) -> tuple[int, str]:
    if name != STACK:
        message = f"Stack with id {name} does not exist"
        error = f"<Error><Code>ValidationError</Code><Message>{message}</Message></Error>"
        return 400, f"<ErrorResponse>{error}</ErrorResponse>"
    outputs = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
        for key, value in stack.outputs.items()
    )
    parameters = "".join(
        f"<member><ParameterKey>{key}</ParameterKey>"
        f"<ParameterValue>{escape(value)}</ParameterValue></member>"
        for key, value in stack.parameters.items()
    )
    described = (
        f"<StackName>{STACK}</StackName><StackStatus>CREATE_COMPLETE</StackStatus>"
        f"<Outputs>{outputs}</Outputs><Parameters>{parameters}</Parameters>"
    )
    return 200, (
        "<DescribeStacksResponse><DescribeStacksResult><Stacks>"
        f"<member>{described}</member>"
        "</Stacks></DescribeStacksResult></DescribeStacksResponse>"
    )


@contextmanager
def _cloudformation(stack: Stack) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            asked = parse_qs(self.rfile.read(length).decode())
            status, text = _answer(stack, asked["StackName"][0])
            self.send_response(status)
            self.send_header("content-type", "text/xml")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: object) -> None:
            """Nobody reads it."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def typed(*answers: str) -> str:
    """Answers as they come on standard input."""
    return "".join(f"{answer}\n" for answer in answers)


@contextmanager
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A fresh stack with empty tables and secrets, found by the usual AWS settings."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "ML_CONNECTOR_STAGE", "ML_CONNECTOR_STACK"):
        monkeypatch.delenv(name, raising=False)
    stack = Stack()
    with mock_aws(), _cloudformation(stack) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", address)
        create_tables(boto3.client("dynamodb"))
        sqs, secrets = boto3.client("sqs"), boto3.client("secretsmanager")
        stack.outputs |= {_OUTPUTS[variable]: name for variable, name in RESOURCES.items()}
        for output, name in QUEUES.items():
            stack.outputs[output] = sqs.create_queue(QueueName=name)["QueueUrl"]
        for output, name in SECRETS.items():
            secrets.create_secret(Name=name)
            stack.outputs[output] = name
        yield stack
