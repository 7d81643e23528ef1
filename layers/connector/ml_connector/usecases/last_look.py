"""The last look at the provider's list before sending again what was judged not sent."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto

from ml_connector.domain import dispatches as d
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.instants import seconds
from ml_connector.errors import DeliveryError

from .adopting import FOUND_EARLIER, adopt
from .dispatch_files import DispatchFile, Step, earlier_tries, stands
from .matching import Lists, nobodys, report_duplicate
from .steps import DispatchPorts, defer, take


class LastLook(Enum):
    """What the last look showed."""

    NOT_FOUND = auto()
    FOUND = auto()
    PUT_OFF = auto()


def last_look(dispatch: Dispatch, ports: DispatchPorts, until: datetime) -> LastLook:
    """Look once more for every try that this one stands for.

    Found: the earlier dispatch takes the message as its own, and this one is never sent. A list
    that cannot be had is no empty list: sending is put off. Whole lists were read before each try
    was judged not sent; this look has little time, so it reads no more than what is new, and each
    number's list once.
    """
    try:
        tries = list(earlier_tries(dispatch, ports.alerts))
        lists = Lists(tries, ports, whole=False)
        for earlier in tries:
            if _found(earlier, dispatch, lists, ports, until):
                return LastLook.FOUND
    except DeliveryError as error:
        end = ports.clock.now() + seconds(ports.timings.give_back_wait)
        defer(dispatch.id, end, f"list not available: {error.safe_message}", ports, until)
        return LastLook.PUT_OFF
    return LastLook.NOT_FOUND


def _found(
    earlier: Dispatch, dispatch: Dispatch, lists: Lists, ports: DispatchPorts, until: datetime
) -> bool:
    if earlier.sid:
        if stands(earlier):
            _take_back(dispatch, earlier, ports, until)
        return stands(earlier)
    own = nobodys(lists.of(earlier), ports.alerts)
    if not own:
        return False
    step = adopt(earlier.id, own[0], "dispatch.adopted", ports, until)
    for extra in own[1:]:
        report_duplicate(step.after if step else earlier, extra.sid, ports.telemetry)
    return True


def _take_back(
    dispatch: Dispatch, earlier: Dispatch, ports: DispatchPorts, until: datetime
) -> None:
    """The earlier try has its message already: it was found while this one was being sent."""

    def superseded(file: DispatchFile, _: datetime) -> Step | None:
        # Read again: what it became since then decides, and is part of the same case's chain.
        now = ports.alerts.dispatch(earlier.id)
        if file.dispatch.state is not DispatchState.WAITING or now is None or not stands(now):
            return None
        after = d.settle_not_sent(file.dispatch, reason=FOUND_EARLIER)
        data = {"by": earlier.id, "sid": earlier.sid}
        return Step(after, "dispatch.superseded", data, live=earlier.id)

    take(dispatch.id, superseded, ports, until)
