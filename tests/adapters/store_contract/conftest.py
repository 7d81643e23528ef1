"""Every test of this folder runs over the fakes in memory, over the fakes in the process that the
fault campaign keeps them in, and over the adapters on two kinds of DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ml_connector.usecases.ports import AlertStore
from tests.faults.twilio.store_process import in_a_process
from tests.support.store_backends import on_local_aws, on_moto
from tests.support.stores import Fresh, Place, Stores, in_memory

PLACES: dict[str, Place] = {"memory": in_memory, "moto": on_moto, "local AWS": on_local_aws}


@pytest.fixture(scope="session")
def process() -> Iterator[Fresh]:
    """Started once: nothing of it is in this process, and nobody else asks it."""
    with in_a_process() as running:
        yield running


@pytest.fixture(scope="module", params=["process", *PLACES])
def fresh(request: pytest.FixtureRequest) -> Iterator[Fresh]:
    if request.param == "process":
        yield request.getfixturevalue("process")
        return
    with PLACES[request.param]() as running:
        yield running


@pytest.fixture
def stores(fresh: Fresh) -> Stores:
    return fresh()


@pytest.fixture
def alerts(stores: Stores) -> AlertStore:
    return stores.alerts
