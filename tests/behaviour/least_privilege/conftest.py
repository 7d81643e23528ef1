"""One local world whose AWS enforces IAM and speaks TLS, for all specs of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.world import LocalWorld
from tests.behaviour.least_privilege.asking import Place, Principals


@pytest.fixture(scope="session")
def world() -> Iterator[LocalWorld]:
    with LocalWorld(secured=True) as started:
        started.await_first_poll(within=150.0)
        yield started


@pytest.fixture(scope="session")
def principals(world: LocalWorld) -> Iterator[Principals]:
    asking = Principals(world)
    yield asking
    asking.close()


@pytest.fixture(scope="session")
def place(world: LocalWorld) -> Place:
    return Place(world)
