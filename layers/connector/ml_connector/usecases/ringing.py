"""Putting dispatches on the queue: the doorbell, never the truth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.instants import seconds
from ml_connector.errors import ConnectorError, StoreConflict, StoreError

from .correlating import ids_of
from .dispatch_files import quiet_change
from .steps import DispatchPorts

#: The longest delay the queue knows, seconds. What is due later is rung for when it is due.
LONGEST_DELAY = 900

#: The pause between rings doubles this often and then stays: whatever kept the dispatch from being
#: claimed, people wait no longer than this for it to be tried once that is put right.
MOST_DOUBLINGS = 3

#: Dispatches noted and rung for together: what one call of the queue takes.
TOGETHER = 10


def ring_new(dispatch: Dispatch, ports: DispatchPorts) -> None:
    """Ring for a dispatch just made, delayed until it is due."""
    wait = (dispatch.due_at - ports.clock.now()).total_seconds()
    if wait > LONGEST_DELAY:
        return
    # Rounded up: a message that comes a moment early finds the dispatch not due and is dropped.
    _ring([dispatch], max(0, int(wait) + 1), ports)


def ring_again(due: Sequence[Dispatch], ports: DispatchPorts, until: datetime) -> int:
    """Ring once more for dispatches that nobody claimed, each less often than the time before.

    Those that `until` leaves no time for stay due.
    """
    rung = 0
    for start in range(0, len(due), TOGETHER):
        if ports.clock.now() >= until:
            break
        noted = [x for x in due[start : start + TOGETHER] if _note(x, ports)]
        if noted:
            _ring(noted, 0, ports)
        rung += len(noted)
    return rung


def _note(dispatch: Dispatch, ports: DispatchPorts) -> bool:
    """Write when to ring next; false when somebody else had the dispatch in the meantime."""
    pause = ports.timings.ring_again * 2 ** min(dispatch.rings, MOST_DOUBLINGS)
    look_at = ports.clock.now() + seconds(pause)
    after = d.look_again(dispatch, look_at=look_at, rung=True)
    try:
        ports.alerts.commit(quiet_change(dispatch, after, write_id=ports.new_id()))
    except StoreConflict:
        return False
    except StoreError as error:
        # A ring too many does no harm; one too few makes somebody wait.
        ports.telemetry.warning("ring_not_noted", **ids_of(dispatch), reason=error.safe_message)
    return True


def _ring(dispatches: Sequence[Dispatch], delay: int, ports: DispatchPorts) -> None:
    try:
        ports.doorbell.ring([each.id for each in dispatches], min(delay, LONGEST_DELAY))
    except ConnectorError as error:
        # The next status check finds what nobody was rung for.
        ports.telemetry.warning("ring_failed", **ids_of(*dispatches), reason=error.safe_message)
