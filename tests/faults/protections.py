"""The protections of the protocol, each of which can be taken away: here, never in shipped code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from unittest.mock import patch

from ml_connector.domain import dispatches as d
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.instants import seconds
from ml_connector.domain.unit_of_work import Change
from ml_connector.usecases import reconciling, ringing, send
from ml_connector.usecases.last_look import LastLook
from ml_connector.usecases.steps import DispatchPorts, write_quietly
from tests.support.faults import label
from tests.support.laws import LawfulAlertStore
from tests.support.memory_store import MemoryAlertStore


@contextmanager
def without_claim() -> Iterator[None]:
    """A claim is written whatever is stored: whoever asks for one has it."""
    lawful = LawfulAlertStore.commit

    def commit(store: LawfulAlertStore, change: Change) -> None:
        if label(change) != "dispatch.claimed":
            lawful(store, change)
            return
        (dispatch,) = change.dispatches
        stored = store.tables.dispatches[dispatch.id]
        forced = (replace(dispatch, version=stored.version + 1),)
        MemoryAlertStore.commit(store, Change(change.write_id, dispatches=forced))

    with patch.object(LawfulAlertStore, "commit", commit):
        yield


@contextmanager
def without_reconcile() -> Iterator[None]:
    """Nobody looks for lost claims and unknown outcomes."""

    def leave_it(dispatch: Dispatch, ports: DispatchPorts, until: datetime) -> bool:
        later = ports.clock.now() + seconds(ports.timings.grace)
        write_quietly(dispatch, d.look_again(dispatch, look_at=later), ports, until)
        return False

    with patch.object(reconciling, "reconcile", leave_it):
        yield


@contextmanager
def without_sweep() -> Iterator[None]:
    """Nobody rings again for what the queue lost."""

    def ring_for_none(due: object, ports: object, until: object) -> int:
        del due, ports, until
        return 0

    with patch.object(ringing, "ring_again", ring_for_none):
        yield


@contextmanager
def without_last_look() -> Iterator[None]:
    """What was judged not sent is sent again without looking a last time."""

    def look_away(dispatch: object, ports: object, until: object) -> LastLook:
        del dispatch, ports, until
        return LastLook.NOT_FOUND

    with patch.object(send, "last_look", look_away):
        yield


@contextmanager
def without_lists() -> Iterator[None]:
    """An unknown outcome is taken for not sent, without asking the provider."""

    def guess(*_: object) -> list[object]:
        return []

    with patch.object(reconciling, "listed", guess), without_last_look():
        yield


PROTECTIONS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "claim": without_claim,
    "reconcile": without_reconcile,
    "sweep": without_sweep,
    "last_look": without_last_look,
    "lists": without_lists,
}
