"""What became of everything that was sent, and of everything that got stuck on the way.

Once a minute: dispatches due for a look are read, the provider's list is asked once for all that
were sent, failures are tried again later and later, lost claims and unknown outcomes are looked for
in the provider's lists, and what nobody fetched from the queue is rung for again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ml_connector.domain.delivery import ProviderMessage
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.instants import seconds
from ml_connector.errors import DeliveryError, StoreConflict, StoreError
from ml_connector.settings import SWEEP_LIMIT

from . import outcomes, reconciling, ringing
from .steps import DispatchPorts

#: One list page of the provider.
PAGE = 1000

#: Messages that no list page showed are asked for one by one, no more than this many a run.
STRAGGLERS = 50


@dataclass(slots=True)
class StatusReport:
    """What one check did, for the log."""

    looked_at: int = 0
    settled: int = 0
    reconciled: int = 0
    rung: int = 0
    left: int = 0
    trouble: list[str] = field(default_factory=list)


def check_status(ports: DispatchPorts, until: datetime) -> StatusReport:
    """Look after everything that is due for a look. `until` is when this has to be done.

    One dispatch in trouble never keeps the others from being looked at; what is left over because
    time ran out is still due at the next tick.
    """
    report = StatusReport()
    now = ports.clock.now()
    due = ports.alerts.dispatches(ports.alerts.look_due(now, SWEEP_LIMIT))
    due = [dispatch for dispatch in due if dispatch.look_at and dispatch.look_at <= now]
    report.looked_at = len(due)
    reserve = seconds(ports.timings.time_reserve)
    shown = _shown_by_list([x for x in due if x.state in _WITH_PROVIDER], ports, report)
    to_ring: list[Dispatch] = []
    for position, dispatch in enumerate(sorted(due, key=_urgency)):
        if ports.clock.now() + reserve >= until:
            report.left = len(due) - position
            break
        try:
            _look_after(dispatch, shown, to_ring, ports, until, report)
        except (DeliveryError, StoreError) as error:
            report.trouble.append(error.code)
            ports.telemetry.warning(
                "look_failed", dispatch=dispatch.id, code=error.code, reason=error.safe_message
            )
    report.rung = ringing.ring_again(to_ring, ports)
    return report


_WITH_PROVIDER = frozenset({DispatchState.SENT, DispatchState.UNCONFIRMED})


def _urgency(dispatch: Dispatch) -> tuple[bool, datetime]:
    """Lost and unknown ones first: behind each may be somebody who was not told."""
    return dispatch.state in _WITH_PROVIDER, dispatch.due_at


def _look_after(
    dispatch: Dispatch,
    shown: dict[str, ProviderMessage],
    to_ring: list[Dispatch],
    ports: DispatchPorts,
    until: datetime,
    report: StatusReport,
) -> None:
    match dispatch.state:
        case DispatchState.WAITING:
            to_ring.append(dispatch)
        case DispatchState.SENDING | DispatchState.UNKNOWN:
            report.reconciled += reconciling.reconcile(dispatch, ports, until)
        case DispatchState.NOT_SENT:
            reconciling.watch(dispatch, ports, until)
        case DispatchState.SENT | DispatchState.UNCONFIRMED:
            message = shown.get(dispatch.sid)
            report.settled += outcomes.learn(dispatch, message, ports, until)
        case _:
            raise StoreConflict(f"dispatch {dispatch.id} is {dispatch.state} and still looked at")


# --------------------------------------------------------------------------- the one list call
def _shown_by_list(
    pending: Sequence[Dispatch], ports: DispatchPorts, report: StatusReport
) -> dict[str, ProviderMessage]:
    """What the provider says about the pending messages, by its id.

    One list call per thousand; those it did not show are asked for one by one, the oldest first.
    """
    if not pending:
        return {}
    wanted = {dispatch.sid for dispatch in pending}
    found: dict[str, ProviderMessage] = {}
    try:
        for message in _first_pages(pending, ports):
            if message.sid in wanted:
                found[message.sid] = message
                if len(found) == len(wanted):
                    break
        missing = sorted((x for x in pending if x.sid not in found), key=_sent_at)
        for dispatch in missing[:STRAGGLERS]:
            message_or_none = ports.messenger.fetch(dispatch.sid)
            if message_or_none:
                found[dispatch.sid] = message_or_none
    except DeliveryError as error:
        report.trouble.append(error.code)
        ports.telemetry.warning("list_failed", code=error.code, reason=error.safe_message)
    return found


def _first_pages(pending: Sequence[Dispatch], ports: DispatchPorts) -> Iterator[ProviderMessage]:
    """As many pages as our own messages can fill, and one for other traffic of the account."""
    since = min(_sent_at(x) for x in pending) - seconds(ports.timings.list_lookback)
    most = (len(pending) // PAGE + 2) * PAGE
    for count, message in enumerate(ports.messenger.list_created_since(since)):
        if count >= most:
            return
        yield message


def _sent_at(dispatch: Dispatch) -> datetime:
    return dispatch.claimed_at or dispatch.created_at
