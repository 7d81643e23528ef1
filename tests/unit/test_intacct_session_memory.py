from __future__ import annotations

import pytest

from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from tests.unit.session_store_contract import CacheContract, SessionStoreContract


class TestMemorySessionStore(SessionStoreContract):
    @pytest.fixture
    def store(self) -> MemorySessionStore:
        return MemorySessionStore()


class TestMemoryCache(CacheContract):
    @pytest.fixture
    def cache(self) -> MemoryCache:
        return MemoryCache()
