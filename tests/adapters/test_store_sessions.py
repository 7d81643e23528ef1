"""The session store and the cache on DynamoDB keep the same contract as those in memory."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from ml_connector.store.sessions import DynamoCache, DynamoSessionStore
from tests.support.tables import connect, create_tables
from tests.unit.session_store_contract import CacheContract, SessionStoreContract

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        create_tables(boto3.client("dynamodb"))
        connect(ENVIRONMENT)
        yield


class TestDynamoSessionStore(SessionStoreContract):
    @pytest.fixture
    def store(self) -> DynamoSessionStore:
        return DynamoSessionStore()


class TestDynamoCache(CacheContract):
    @pytest.fixture
    def cache(self) -> DynamoCache:
        return DynamoCache()
