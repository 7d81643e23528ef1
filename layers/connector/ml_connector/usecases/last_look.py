"""The last look at the provider's list before sending again what was judged not sent."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto

from ml_connector.domain import dispatches as d
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.instants import seconds
from ml_connector.domain.unit_of_work import SidRecord
from ml_connector.errors import DeliveryError

from .dispatch_files import DispatchFile, Step
from .matching import listed, nobodys
from .steps import DispatchPorts, defer, take


class LastLook(Enum):
    """What the last look showed."""

    NOT_FOUND = auto()
    FOUND = auto()
    PUT_OFF = auto()


def last_look(dispatch: Dispatch, ports: DispatchPorts, until: datetime) -> LastLook:
    """Look once more for the dispatch that this one replaces.

    Found: the earlier dispatch takes the message as its own, and this one is never sent. A list
    that cannot be had is no empty list: sending is put off.
    """
    earlier = ports.alerts.dispatch(dispatch.replaces)
    if earlier is None:
        return LastLook.NOT_FOUND
    try:
        found = listed(earlier, ports.messenger, ports.timings.list_lookback)
    except DeliveryError as error:
        end = ports.clock.now() + seconds(ports.timings.give_back_wait)
        defer(dispatch.id, end, f"list not available: {error.safe_message}", ports, until)
        return LastLook.PUT_OFF
    own = nobodys(found, earlier, ports.alerts)
    if not own:
        return LastLook.NOT_FOUND
    message = own[0]

    def superseded(file: DispatchFile, now: datetime) -> Step | None:
        stored = ports.alerts.dispatch(earlier.id)
        if file.dispatch.state is not DispatchState.WAITING or stored is None:
            return None
        after = d.settle_not_sent(file.dispatch, reason="an earlier try was found")
        data = {"by": stored.id, "sid": message.sid}
        if stored.sid:
            return Step(after, "dispatch.superseded", data)
        adopted = d.record_sent(
            stored,
            sid=message.sid,
            status=message.status,
            now=now,
            look_at=now + seconds(ports.timings.status_interval),
        )
        record = SidRecord(message.sid, stored.id)
        return Step(after, "dispatch.superseded", data, other=adopted, sids=(record,))

    take(dispatch.id, superseded, ports, until)
    return LastLook.FOUND
