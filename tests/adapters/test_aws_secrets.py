from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber
from moto import mock_aws

from ml_connector.aws.secrets import MAX_AGE_SECONDS, Secrets
from ml_connector.errors import ConfigurationError, SecretUnavailable


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client(
            "secretsmanager",
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


class Manager:
    """Secrets Manager in moto, counting how often it is asked."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.name = f"ml-connector/{uuid.uuid4()}/twilio"
        self.asked = 0
        self.secrets = Secrets(self)

    def get_secret_value(self, **call: Any) -> Any:
        """The client's own, counted."""
        self.asked += 1
        return self.client.get_secret_value(**call)

    def store(self, body: object) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        try:
            self.client.create_secret(Name=self.name, SecretString=text)
        except self.client.exceptions.ResourceExistsException:
            self.client.put_secret_value(SecretId=self.name, SecretString=text)


@pytest.fixture
def manager(client: Any) -> Manager:
    return Manager(client)


def test_a_secret_is_a_json_object(manager: Manager) -> None:
    manager.store({"account_sid": "AC1", "nested": {"a": 1}})
    assert manager.secrets.read(manager.name) == {"account_sid": "AC1", "nested": {"a": 1}}


def test_the_empty_object_of_the_template_means_not_filled_in_yet(manager: Manager) -> None:
    manager.store("{}")
    assert manager.secrets.read(manager.name) == {}


def test_a_secret_is_asked_for_once_in_a_while(manager: Manager) -> None:
    manager.store({"v": 1})
    manager.secrets.read(manager.name)
    manager.store({"v": 2})
    assert manager.secrets.read(manager.name) == {"v": 1}
    assert manager.asked == 1


def test_a_fresh_copy_is_asked_for_and_kept(manager: Manager) -> None:
    manager.store({"v": 1})
    manager.secrets.read(manager.name)
    manager.store({"v": 2})
    assert manager.secrets.read(manager.name, fresh=True) == {"v": 2}
    assert manager.secrets.read(manager.name) == {"v": 2}
    assert manager.asked == 2


def test_a_copy_grows_old(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    manager.store({"v": 1})
    manager.secrets.read(manager.name)
    manager.store({"v": 2})

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=MAX_AGE_SECONDS + 1)

    monkeypatch.setattr("aws_lambda_powertools.utilities.parameters.base.datetime", Later)
    assert manager.secrets.read(manager.name) == {"v": 2}


def test_what_one_caller_does_to_its_copy_does_not_reach_the_next(manager: Manager) -> None:
    manager.store({"v": 1})
    manager.secrets.read(manager.name)["v"] = "broken"
    assert manager.secrets.read(manager.name) == {"v": 1}


def test_a_secret_that_does_not_exist_is_named_with_what_to_do(manager: Manager) -> None:
    with pytest.raises(ConfigurationError, match=f"secret {manager.name} does not exist"):
        manager.secrets.read(manager.name)


def test_a_secret_without_a_value_is_named_with_what_to_do(manager: Manager) -> None:
    manager.client.create_secret(Name=manager.name)
    with pytest.raises(ConfigurationError, match="has no value; deploy the template, then store"):
        manager.secrets.read(manager.name)


def test_a_failure_is_not_remembered(manager: Manager) -> None:
    with pytest.raises(ConfigurationError):
        manager.secrets.read(manager.name)
    manager.store({"v": 1})
    assert manager.secrets.read(manager.name) == {"v": 1}


@pytest.mark.parametrize("text", ["hunter2", "{'a': 1}", '["hunter2"]', '"hunter2"', "null", "7"])
def test_a_secret_that_is_no_json_object_is_refused_without_saying_what_is_in_it(
    manager: Manager, text: str
) -> None:
    manager.store(text)
    with pytest.raises(ConfigurationError, match=f"secret {manager.name}") as raised:
        manager.secrets.read(manager.name)
    shown = [str(raised.value), repr(raised.value), *map(str, raised.value.args)]
    assert "hunter2" not in " ".join(shown)


@pytest.mark.parametrize(
    "code",
    [
        "AccessDeniedException",  # KMS, or the function's own policy
        "DecryptionFailure",
        "InternalServiceError",
        "ThrottlingException",
        "InvalidRequestException",  # scheduled for deletion
    ],
)
def test_a_secret_that_cannot_be_had_now_is_worth_another_try(manager: Manager, code: str) -> None:
    manager.store({"v": 1})
    with Stubber(manager.client) as stub:
        stub.add_client_error(
            "get_secret_value",
            service_error_code=code,
            service_message="Access to KMS is not allowed for arn:aws:iam::123456789012:role/x",
        )
        with pytest.raises(SecretUnavailable, match=rf"cannot be read now \({code}\)") as raised:
            manager.secrets.read(manager.name)
    assert raised.value.retryable
    assert "arn:" not in raised.value.safe_message
    assert manager.secrets.read(manager.name) == {"v": 1}


def test_a_manager_that_does_not_answer_is_unavailable() -> None:
    class Silent:
        def get_secret_value(self, **_: Any) -> Any:
            raise EndpointConnectionError(endpoint_url="https://secretsmanager")

    with pytest.raises(SecretUnavailable, match="no answer"):
        Secrets(Silent()).read("ml-connector/test/twilio")


def test_the_reason_is_kept_for_whoever_debugs_it(manager: Manager) -> None:
    with pytest.raises(ConfigurationError) as raised:
        manager.secrets.read(manager.name)
    cause = raised.value.__cause__
    assert cause
    assert isinstance(cause.__cause__ or cause.__context__, ClientError)
