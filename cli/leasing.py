"""A company's lease for an operator's command: meanwhile no poll writes its documents."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from cli.console.failures import Failure
from ml_connector.domain.documents import CompanyState
from ml_connector.domain.instants import seconds
from ml_connector.errors import StoreConflict
from ml_connector.usecases.ports import Clock, DocumentStore

#: A lease lasts this long and so much longer for every bill, seconds.
LEASE, LEASE_FOR_EACH = 120.0, 0.5
#: How long a poll that is going on is waited for, seconds, and between two looks.
PATIENCE, PAUSE = 150.0, 1.0


@contextmanager
def leased(documents: DocumentStore, key: str, clock: Clock, bills: int) -> Iterator[CompanyState]:
    """The company's lease, long enough to write so many bills. Raises Failure."""
    started = documents.state(key).poll_started_at
    until = clock.monotonic() + PATIENCE
    while True:
        now = clock.now()
        lease = documents.lease(key, now, now + seconds(lease_length(bills)))
        if lease:
            break
        if clock.monotonic() >= until:
            raise Failure(f"{key}: polls hold it all the time; try again in a minute")
        time.sleep(PAUSE)
    try:
        yield lease
    finally:
        # This was no poll: when the company is due next stays as it was.
        with suppress(StoreConflict):
            documents.finish(replace(lease, poll_started_at=started))


def lease_length(bills: int) -> float:
    """How long a lease for so many bills lasts, seconds."""
    return LEASE + LEASE_FOR_EACH * bills
