"""The session store and the cache in DynamoDB keep the contract the one in memory keeps."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from ml_connector.store.connection import SharedConnection
from ml_connector.store.sessions import DynamoCache, DynamoSessionStore
from tests.support.tables import bind_models, connect, create_tables, empty_tables
from tests.unit.session_store_contract import CacheContract, SessionStoreContract

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="module")
def running() -> Iterator[SharedConnection]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        client = boto3.client("dynamodb")
        create_tables(client)
        connection = connect(ENVIRONMENT)
        yield connection
        connection.client.close()
        client.close()


@pytest.fixture(autouse=True)
def tables(running: SharedConnection) -> None:
    bind_models(running)
    empty_tables(running.client)


class TestDynamoSessionStore(SessionStoreContract):
    @pytest.fixture
    def store(self) -> DynamoSessionStore:
        return DynamoSessionStore()


class TestDynamoCache(CacheContract):
    @pytest.fixture
    def cache(self) -> DynamoCache:
        return DynamoCache()
