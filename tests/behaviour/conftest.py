"""One local world for all specs of this folder: the deployed template, phones, a ledger.

Each spec uses bills and a person of its own, so that none has to clean up after another.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.world import LocalWorld


@pytest.fixture(scope="session")
def world() -> Iterator[LocalWorld]:
    with LocalWorld() as started:
        started.await_first_poll()
        yield started


@pytest.fixture(autouse=True)
def phones_on(request: pytest.FixtureRequest) -> Iterator[None]:
    if "world" in request.fixturenames:
        # A file with a world of its own may have had the models of this process meanwhile.
        request.getfixturevalue("world").rebind()
    yield
    if "world" in request.fixturenames:
        running: LocalWorld = request.getfixturevalue("world")
        running.twilio.clear_faults()
        running.intacct.clear_faults()
        for person in ("ann", "bob", "cho", "dee", "eli"):
            running.phone(person).turn_on()
