"""Real requests, signed as somebody, and whether the local AWS let them through.

A request counts as refused where IAM refuses it and as allowed where it gets past IAM, even if the
service then finds nothing under that name: so nearly all of them can be made without changing
anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from sandbox.aws.access import ACCOUNT
from sandbox.aws.local import REGION
from sandbox.world import LocalWorld

ALLOWED, REFUSED = "allowed", "refused"
#: How AWS says no. SNS has a word of its own.
_NO = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}

Client = Callable[[str], Any]
"""A client of a service, as whoever asks."""


@dataclass(frozen=True)
class Place:
    """What there is in the deployed stack to ask about, by the names of the template."""

    world: LocalWorld

    def __getitem__(self, logical_id: str) -> str:
        """Name, address or id of a resource."""
        return self.world.stack.physical[logical_id]

    def table(self, name: str) -> str:
        """A table's name: `Audit`."""
        return self.world.stack.outputs[f"{name}TableName"]

    def queue(self, name: str) -> str:
        """A queue's address: `Alerts`, `AlertsDlq`."""
        stack = self.world.stack
        return stack.outputs.get(f"{name}Url") or stack.outputs[f"{name}QueueUrl"]

    def secret(self, name: str) -> str:
        """A secret's id: `Intacct`."""
        return self.world.stack.outputs[f"{name}SecretId"]

    def role(self, name: str) -> str:
        """A role's ARN: `Send`."""
        return f"arn:aws:iam::{ACCOUNT}:role/{self[f'{name}Role']}"

    @cached_property
    def poll(self) -> str:
        """What the poll function is invoked by, as the status check knows it."""
        found = self.world.aws.client("lambda").get_function_configuration(
            FunctionName=self["StatusCheckFunction"]
        )
        return str(found["Environment"]["Variables"]["POLL_FUNCTION"])

    def invoked(self, name: str) -> str:
        """What another function is invoked by: `Send`."""
        _, colon, alias = self.poll.partition(":")
        return self[f"{name}Function"] + colon + alias

    @cached_property
    def ciphertext(self) -> bytes:
        """Something under the stack's key."""
        kms = self.world.aws.client("kms")
        sealed = kms.encrypt(KeyId=self["DataKey"], Plaintext=b"a number")["CiphertextBlob"]
        return bytes(sealed)

    @cached_property
    def others_secret(self) -> str:
        """The secret of another stage in the same account."""
        name = "ml-connector/another/intacct"
        self.world.aws.client("secretsmanager").create_secret(Name=name, SecretString="{}")
        return name


class Principals:
    """Sessions of the roles and the people of a stack; a context manager that closes their clients.

    Roles are taken on through STS. That of the schedules may be by EventBridge Scheduler alone, for
    which nobody can stand in: here, and here only, the account may take it on as well.
    """

    def __init__(self, world: LocalWorld) -> None:
        self.world = world
        self._sessions: dict[str, boto3.Session] = {}
        self._clients: dict[tuple[str, str], BaseClient] = {}

    def client(self, who: str, service: str) -> BaseClient:
        """A client of a service as `Poll`, `Send`, `StatusCheck`, `Schedule`, `Operator`, ..."""
        if (who, service) not in self._clients:
            made = self.world.aws.client_as(self.session(who), service)
            self._clients[who, service] = made
        return self._clients[who, service]

    def session(self, who: str) -> boto3.Session:
        """Somebody's credentials, made when they are first asked for."""
        if who not in self._sessions:
            person = f"{who}PolicyArn" in self.world.stack.outputs
            self._sessions[who] = self._user(who) if person else self._role(who)
        return self._sessions[who]

    def close(self) -> None:
        """Close every client."""
        for client in self._clients.values():
            client.close()

    def _role(self, who: str) -> boto3.Session:
        role = self.world.stack.physical[f"{who}Role"]
        if who == "Schedule":
            ours = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
            self.world.aws.client("iam").update_assume_role_policy(
                RoleName=role, PolicyDocument=_document([ours])
            )
        given = self.world.aws.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName="least-privilege"
        )["Credentials"]
        return boto3.Session(
            given["AccessKeyId"],
            given["SecretAccessKey"],
            given["SessionToken"],
            region_name=REGION,
        )

    def _user(self, who: str) -> boto3.Session:
        iam, name = self.world.aws.client("iam"), who.lower()
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_user(UserName=name)
        iam.attach_user_policy(UserName=name, PolicyArn=self.world.stack.outputs[f"{who}PolicyArn"])
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)


def outcome(ask: Callable[[], object]) -> str:
    """Whether a request got past IAM. Raises whatever is no answer of AWS."""
    try:
        ask()
    except ClientError as error:
        return REFUSED if error.response["Error"]["Code"] in _NO else ALLOWED
    return ALLOWED


def statements(world: LocalWorld, role: str, name: str) -> list[dict[str, Any]]:
    """What an inline policy of a role says now."""
    found = world.aws.client("iam").get_role_policy(
        RoleName=world.stack.physical[f"{role}Role"], PolicyName=name
    )["PolicyDocument"]
    return list((json.loads(found) if isinstance(found, str) else found)["Statement"])


def say(world: LocalWorld, role: str, name: str, said: Iterable[dict[str, Any]]) -> None:
    """Let an inline policy of a role say something else."""
    world.aws.client("iam").put_role_policy(
        RoleName=world.stack.physical[f"{role}Role"],
        PolicyName=name,
        PolicyDocument=_document(said),
    )


def _document(said: Iterable[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(said)})
