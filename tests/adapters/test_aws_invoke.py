from __future__ import annotations

import io
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from ml_connector.aws.clock import SystemClock
from ml_connector.aws.invoke import PollInvoker
from ml_connector.errors import QueueUnavailable


@pytest.fixture
def client() -> Any:
    return boto3.client(
        "lambda",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def test_a_company_is_started_asynchronously_with_its_key(client: Any) -> None:
    payload = json.dumps({"v": 1, "company": "acme"}).encode()
    with Stubber(client) as stub:
        stub.add_response(
            "invoke",
            {"StatusCode": 202, "Payload": StreamingBody(io.BytesIO(b""), 0)},
            {"FunctionName": "poll", "InvocationType": "Event", "Payload": payload},
        )
        PollInvoker(client, "poll").start("acme")
        stub.assert_no_pending_responses()


def test_an_invocation_lambda_does_not_take_is_said_by_company(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("invoke", service_error_code="TooManyRequestsException")
        with pytest.raises(QueueUnavailable, match=r"acme.*TooManyRequestsException") as raised:
            PollInvoker(client, "poll").start("acme")
    assert raised.value.retryable


def test_a_lambda_service_that_does_not_answer_is_unavailable() -> None:
    class Silent:
        def invoke(self, **_: Any) -> Any:
            raise EndpointConnectionError(endpoint_url="https://lambda")

    with pytest.raises(QueueUnavailable, match="acme"):
        PollInvoker(Silent(), "poll").start("acme")


def test_the_clock_tells_utc_and_measures_forward() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() is not None
    assert str(clock.now().tzinfo) == "UTC"
    assert clock.monotonic() <= clock.monotonic()
