"""DynamoDB that does not answer is unavailable, whatever PynamoDB makes of the silence."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from pynamodb.exceptions import QueryError

from ml_connector.errors import StoreUnavailable
from ml_connector.store.transaction import translated


@pytest.mark.parametrize(
    "cause",
    [
        ReadTimeoutError(endpoint_url="https://dynamodb"),
        ConnectTimeoutError(endpoint_url="https://dynamodb"),
        ConnectionClosedError(endpoint_url="https://dynamodb"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_an_answer_that_never_came_is_an_unavailable_store(cause: BotoCoreError) -> None:
    with pytest.raises(StoreUnavailable, match=type(cause).__name__), translated():
        raise QueryError("no answer", cause=cause)
