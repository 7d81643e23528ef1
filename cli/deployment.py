"""A deployed stack: its tables, queues and secrets, found by the outputs of CloudFormation.

The usual AWS settings choose the account, or the sandbox: profile, region, AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cli.console.failures import Failure
from ml_connector.settings import Settings, read_settings
from ml_connector.store.alerts import DynamoAlertStore
from ml_connector.store.approvers import DynamoApproverStore
from ml_connector.store.connection import SharedConnection, bind
from ml_connector.store.documents import DynamoDocumentStore
from ml_connector.store.flows import DynamoFlowStore
from ml_connector.store.tables import tables

_TABLES = ("Sessions", "Documents", "Alerts", "Flows", "Approvers", "Audit")
_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard"})


@dataclass(frozen=True, slots=True)
class Target:
    """Which deployment a command is about. An empty `stack` means ml-connector-<stage>."""

    stage: str
    stack: str = ""
    profile: str = ""
    region: str = ""

    @property
    def stack_name(self) -> str:
        """The stack's name."""
        return self.stack or f"ml-connector-{self.stage}"


class Deployment:
    """One stack. Everything is looked up when it is first asked for."""

    def __init__(self, target: Target) -> None:
        self.target = target

    # ------------------------------------------------------------------------------ AWS
    @cached_property
    def _botocore(self) -> botocore.session.Session:
        session = botocore.session.Session(profile=self.target.profile or None)
        if self.target.region:
            session.set_config_variable("region", self.target.region)
        return session

    @cached_property
    def _session(self) -> boto3.session.Session:
        return boto3.session.Session(botocore_session=self._botocore)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no types
        """A boto3 client for the account of this deployment."""
        return self._session.client(service, config=_CONFIG)

    @cached_property
    def _stack(self) -> Mapping[str, Any]:
        name = self.target.stack_name
        client = self.client("cloudformation")
        try:
            found: Mapping[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            said = error.response.get("Error", {})
            if said.get("Code") == "ValidationError" and "does not exist" in said["Message"]:
                raise Failure(
                    f"no stack {name} in {client.meta.region_name}; deploy it, "
                    "or name another with --stage, --stack, --region or --profile"
                ) from error
            raise
        return found

    def output(self, name: str) -> str:
        """One output of the stack. Raises Failure where it has none of this name."""
        for entry in self._stack.get("Outputs", []):
            if entry["OutputKey"] == name:
                return str(entry["OutputValue"])
        raise Failure(
            f"stack {self.target.stack_name} has no output {name}; "
            "deploy this version of the template"
        )

    def parameter(self, name: str) -> str:
        """One parameter the stack was deployed with; empty where it has none of this name."""
        for entry in self._stack.get("Parameters", []):
            if entry["ParameterKey"] == name:
                return str(entry["ParameterValue"])
        return ""

    def caller(self) -> str:
        """Who acts: the AWS identity, or the local user where AWS does not say."""
        try:
            return str(self.client("sts").get_caller_identity()["Arn"])
        except (BotoCoreError, ClientError, KeyError):
            return f"local user {getpass.getuser()}"

    # -------------------------------------------------------------------------- secrets
    def secret(self, output: str) -> dict[str, Any]:
        """The JSON object in a secret; empty where none is stored. Raises Failure."""
        name = self.output(output)
        client = self.client("secretsmanager")
        try:
            text = client.get_secret_value(SecretId=name).get("SecretString", "")
        except ClientError as error:
            # A secret the template made has no value before the first is put.
            if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                return {}
            raise
        try:
            body = json.loads(text or "{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Failure(f"secret {name} is not a JSON object; store it again with --replace")
        return body

    def put_secret(self, output: str, body: Mapping[str, Any]) -> str:
        """Store a JSON object; the secret's name."""
        name = self.output(output)
        self.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(body))
        return name

    # --------------------------------------------------------------------------- tables
    @cached_property
    def settings(self) -> Settings:
        """Settings as the functions have them, as far as tables go."""
        names = {f"{name.upper()}_TABLE": self.output(f"{name}TableName") for name in _TABLES}
        return read_settings({"STAGE": self.target.stage, **names})

    @cached_property
    def _connection(self) -> SharedConnection:
        connection = SharedConnection(self._botocore)
        bind(connection, tables(self.settings))
        return connection

    @property
    def alerts(self) -> DynamoAlertStore:
        """Cases, alerts and dispatches."""
        return DynamoAlertStore(self._connection)

    @property
    def documents(self) -> DynamoDocumentStore:
        """Documents and polling states."""
        self._connection  # noqa: B018 - binds the models
        return DynamoDocumentStore()

    @property
    def flows(self) -> DynamoFlowStore:
        """Published flows."""
        self._connection  # noqa: B018 - binds the models
        return DynamoFlowStore()

    @property
    def approvers(self) -> DynamoApproverStore:
        """The people."""
        self._connection  # noqa: B018 - binds the models
        return DynamoApproverStore()
