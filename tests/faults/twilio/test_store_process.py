"""The contract of all stores, over the campaign's: a process that outlives those who write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters import test_store_contract as contract

from .store_process import StoreProcess


@pytest.fixture(scope="module")
def process() -> Iterator[StoreProcess]:
    running = StoreProcess()
    yield running
    running.stop()


@pytest.fixture
def stores(process: StoreProcess) -> contract.Stores:
    process.empty()
    return contract.Stores(
        *(process.port(x) for x in ("alerts", "documents", "approvers", "audit"))
    )


alerts = contract.alerts
# Every test of the contract, as if it stood here.
globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})
