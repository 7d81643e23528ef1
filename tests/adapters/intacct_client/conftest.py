"""A simulated gateway for each file, reset for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ml_connector.intacct.transport import RequestsTransport
from sandbox.intacct import (
    IntacctSimulator,
    Recipe,
)
from tests.support.gateway import BILLS, WAITING, World


@pytest.fixture(scope="module")
def running() -> Iterator[IntacctSimulator]:
    with IntacctSimulator(Recipe(bills=BILLS, waiting=WAITING)) as sim:
        yield sim


@pytest.fixture
def world(running: IntacctSimulator) -> Iterator[World]:
    running.admin.reset()
    with RequestsTransport() as http:
        yield World(running, http)
