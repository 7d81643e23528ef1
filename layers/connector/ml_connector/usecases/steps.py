"""How one step of a dispatch is taken, by the send function and the status check alike.

A step is decided on what is stored, and written as one transaction. When somebody else was first,
everything is read again and the step is taken only if it still makes sense.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import field, replace
from datetime import datetime
from functools import partial

from ml_connector.domain import dispatches as d
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.frozen import frozen
from ml_connector.domain.instants import seconds, to_text
from ml_connector.errors import StoreConflict, StoreError
from ml_connector.settings import Timings

from .behind import FIX, caught_up_on
from .commit import commit, commit_if_first, patiently
from .dispatch_files import DispatchFile, Step, change_of, file_after, load, quiet_change
from .ports import (
    AlertStore,
    ApproverStore,
    AuditTrail,
    Caller,
    Clock,
    DocumentStore,
    Doorbell,
    FlowStore,
    Inbox,
    Messenger,
    Telemetry,
)
from .remembered import RememberedEnds

#: Losing the race for a case's chain this often in a row means that something else is wrong.
TRIES = 8

#: Those who lost a race wait a random part of this before they run again.
_PAUSE_SECONDS = 0.1


@frozen
class DispatchPorts:
    """What the send function and the status check work with. Times are in seconds."""

    alerts: AlertStore
    approvers: ApproverStore
    documents: DocumentStore
    messenger: Messenger
    caller: Caller
    doorbell: Doorbell
    clock: Clock
    telemetry: Telemetry
    timings: Timings
    send_timeout: float
    ask_for_poll: Callable[[str], None]
    """Has a company polled soon, without waiting for it. Raises ConnectorError when it cannot."""
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    share: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep
    inbox: Inbox | None = None
    """What people text back; None where the sender is a name, which takes no replies."""
    flows: FlowStore | None = None
    """Who leads accounts payable; None where nobody is told of what happens to people."""
    trail: AuditTrail | None = None
    """The audit chains, by which a case that is older than its own catches up."""
    ends: RememberedEnds = field(default_factory=RememberedEnds)
    """What lists showed of dispatches whose turn to be looked at has not come."""

    def claim_deadline(self, claimed_at: datetime) -> datetime:
        """When a claim is nobody's any more."""
        return claimed_at + seconds(self.timings.longest_send(self.send_timeout))


Decide = Callable[[DispatchFile, datetime], Step | None]


def take(
    dispatch_id: str,
    decide: Decide,
    ports: DispatchPorts,
    until: datetime,
    *,
    first: DispatchFile | None = None,
    stubborn: bool = False,
) -> Step | None:
    """Take one step: `decide` looks at what is stored now, and returns None to leave it be.

    `first` is what was stored a moment ago: it saves the reading, and if it is no longer so, the
    step is refused and decided again. Raises StoreConflict when a counter is full, a provider id is
    another's, or `TRIES` races were lost (`stubborn` goes on until `until`); StoreUnavailable when
    DynamoDB does not answer until then.
    """
    lost = 0
    while True:
        file, now, step = patiently(
            partial(_decided, dispatch_id, decide, ports, first),
            clock=ports.clock,
            until=until,
            sleep=ports.sleep,
            stubborn=stubborn,
        )
        if step is None:
            return None
        change = change_of(file, step, write_id=ports.new_id(), now=now)
        try:
            commit(
                ports.alerts,
                change,
                stored_write_id=lambda: _write_id(ports.alerts, dispatch_id),
                clock=ports.clock,
                until=until,
                sleep=ports.sleep,
                stubborn=stubborn,
            )
        except StoreConflict as error:
            if caught_up_on(error, ports, until):
                first = None
                continue
            lost += 1
            if _hopeless(error):
                raise
            if (lost >= TRIES and not stubborn) or ports.clock.now() >= until:
                raise StoreConflict(
                    f"dispatch {dispatch_id}: changed by others {lost} times in a row"
                ) from error
            first = None
            ports.sleep(_PAUSE_SECONDS * ports.share())
        else:
            return replace(step, written=file_after(file, change))


def _hopeless(error: StoreConflict) -> bool:
    """Whether deciding again would not help: an id is another's, or nothing but counters is full.

    Whoever lost a race for the dispatch may find the counters full that the winner counted on.
    """
    counted = [name.startswith("counter:") for name in error.failed]
    return any(name.startswith("sid:") for name in error.failed) or (bool(counted) and all(counted))


def _decided(
    dispatch_id: str, decide: Decide, ports: DispatchPorts, first: DispatchFile | None
) -> tuple[DispatchFile, datetime, Step | None]:
    file = first or load(ports.alerts, dispatch_id)
    if not file.complete:
        raise StoreError(f"a case of dispatch {dispatch_id} is not there; {FIX}")
    now = ports.clock.now()
    return file, now, decide(file, now)


def _write_id(store: AlertStore, dispatch_id: str) -> str | None:
    stored = store.dispatch(dispatch_id)
    return stored.write_id if stored else None


def defer(
    dispatch_id: str, end: datetime, reason: str, ports: DispatchPorts, until: datetime
) -> None:
    """Write a later due time. The queue message is consumed; the status check rings in time."""

    def deferred(file: DispatchFile, _: datetime) -> Step | None:
        waiting = file.dispatch.state is DispatchState.WAITING
        return put_off(file, end, reason) if waiting else None

    take(dispatch_id, deferred, ports, until)


def put_off(file: DispatchFile, end: datetime, reason: str) -> Step:
    """The step of what waits until then."""
    after = d.defer(file.dispatch, until=end, look_at=end, reason=reason)
    return Step(after, "dispatch.deferred", {"reason": reason, "due_at": to_text(end)})


def write_quietly(before: Dispatch, after: Dispatch, ports: DispatchPorts, until: datetime) -> None:
    """Write what no auditor would ask about: the next look, a status on its way.

    Somebody who was first leaves the dispatch due for a look of its own: nothing to do then.
    """
    change = quiet_change(before, after, write_id=ports.new_id())
    commit_if_first(change, ports, until)
