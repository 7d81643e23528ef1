"""A clock, a store and logins of its own for each test."""

from __future__ import annotations

import pytest

from ml_connector.intacct.memory import MemorySessionStore
from tests.unit.intacct_session.stage import Logins
from tests.unit.intacct_stage import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> MemorySessionStore:
    return MemorySessionStore()


@pytest.fixture
def logins() -> Logins:
    return Logins()
