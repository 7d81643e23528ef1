"""The session store and the cache on DynamoDB keep the same contract as those in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ml_connector.store.connection import SharedConnection
from ml_connector.store.sessions import DynamoCache, DynamoSessionStore
from tests.support.store_backends import moto_tables
from tests.support.tables import empty_tables
from tests.unit.session_store_contract import CacheContract, SessionStoreContract


@pytest.fixture(scope="module")
def running() -> Iterator[SharedConnection]:
    with moto_tables() as connection:
        yield connection


@pytest.fixture(autouse=True)
def tables(running: SharedConnection) -> None:
    empty_tables(running.client)


class TestDynamoSessionStore(SessionStoreContract):
    @pytest.fixture
    def store(self) -> DynamoSessionStore:
        return DynamoSessionStore()


class TestDynamoCache(CacheContract):
    @pytest.fixture
    def cache(self) -> DynamoCache:
        return DynamoCache()
