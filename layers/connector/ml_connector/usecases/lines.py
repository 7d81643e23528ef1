"""One call at a time to a number, where calls carry nothing of ours.

Without a published flow a call whose answer was lost is known by its number and its time alone. Of
two such calls to one number nobody could tell which is whose: one bill would be said twice and the
other never. So none is claimed before it is known what became of the one before it. The claim
writes down who was last, on the condition that nobody else was meanwhile.
"""

from __future__ import annotations

from datetime import datetime

from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.frozen import frozen
from ml_connector.domain.ids import stable_id
from ml_connector.domain.instants import seconds
from ml_connector.domain.replies import REFERENCE_LIFE
from ml_connector.domain.unit_of_work import LineRecord

from .steps import DispatchPorts

#: Why a call waits, in the audit and in what operators see.
IN_DOUBT = "what became of another call to this number is not known yet"
_OPEN_FATE = (DispatchState.SENDING, DispatchState.UNKNOWN)


@frozen
class Line:
    """Whether a number may be called now: else until when it waits, and why.

    Where it may be, `records` belong to the claim.
    """

    wait: tuple[datetime, str] | None = None
    records: tuple[LineRecord, ...] = ()


def line(dispatch: Dispatch, to: str, claim: str, ports: DispatchPorts, now: datetime) -> Line:
    """Whether this dispatch may be claimed by `claim`, as far as its number is concerned.

    Texts, and calls that carry our id, wait for nobody. Raises StoreUnavailable.
    """
    if not dispatch.voice or ports.caller.confirms:
        return Line()
    name = stable_id("line", to)
    last = ports.alerts.last_call(name)
    before = ports.alerts.dispatch(last.dispatch_id) if last else None
    if before is not None and before.state in _OPEN_FATE:
        return Line(wait=(now + seconds(_patience(before, ports)), IN_DOUBT))
    record = LineRecord(name, dispatch.id, claim, now + REFERENCE_LIFE, last.claim if last else "")
    return Line(records=(record,))


def _patience(before: Dispatch, ports: DispatchPorts) -> float:
    """A request takes seconds; to find out what became of one takes minutes."""
    timings = ports.timings
    if before.state is DispatchState.SENDING:
        return timings.call_busy_wait
    return max(timings.call_busy_wait, timings.status_interval)
