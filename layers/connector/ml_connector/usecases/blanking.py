"""Blanking at the provider what was sent, once nobody needs it there any more.

The provider keeps texts for a year and more; here they are kept anyway. What is blanked is settled
and recorded, and every case it was about is past its time: whatever table were restored to an
earlier moment, nothing would be sent for those again, so no look for a lost message ever needs the
reference in a body that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.instants import seconds
from ml_connector.errors import ConnectorError, DeliveryError, StoreError
from ml_connector.settings import LONGEST_TIME, Timings

from .correlating import about, ids_of
from .steps import DispatchPorts, write_quietly

#: Texts blanked in one run of the status check: it has more urgent things to do.
MOST = 50

#: What cannot be blanked is tried again after as long as it has waited already, a day at most.
LONGEST_WAIT = timedelta(days=1)


def blank_at(sent: Dispatch, now: datetime, timings: Timings) -> datetime | None:
    """When the text of what was just accepted is to be blanked; None where it never is.

    A call without a flow leaves no text with the provider.
    """
    after = timings.blank_bodies_after
    if after >= LONGEST_TIME or (sent.voice and not sent.sid.startswith("FN")):
        return None
    return now + seconds(after)


def blank_due(ports: DispatchPorts, until: datetime) -> int:
    """Blank what is due for it, the oldest first, a few each run; how many were.

    Never raises for the provider's or the store's sake: nobody waits for this.
    """
    if ports.clock.now() >= until:
        return 0
    try:
        ids = ports.alerts.blank_due(ports.clock.now(), MOST)
        due: Iterable[Dispatch] = ports.alerts.dispatches(ids)
    except StoreError as error:
        ports.telemetry.warning("blanks_unreadable", code=error.code, reason=error.safe_message)
        return 0
    done = 0
    for dispatch in sorted(due, key=_blank_at):
        if ports.clock.now() >= until:
            break
        with about(ports.telemetry, ids_of(dispatch)):
            done += _blanked(dispatch, ports, until)
    return done


def _blanked(dispatch: Dispatch, ports: DispatchPorts, until: datetime) -> bool:
    now = ports.clock.now()
    if dispatch.blank_at is None or dispatch.blank_at > now or dispatch.look_at is not None:
        return False
    try:
        wanted_until = _wanted_until(dispatch, ports)
        if not dispatch.state.settled or wanted_until > now:
            later = max(wanted_until, now + seconds(ports.timings.status_interval))
            write_quietly(dispatch, replace(dispatch, blank_at=later), ports, until)
            return False
        try:
            _provider(dispatch, ports)(dispatch.sid)
        except DeliveryError as error:
            ports.telemetry.warning("not_blanked", code=error.code, reason=error.safe_message)
            later = _again(dispatch, ports)
            write_quietly(dispatch, replace(dispatch, blank_at=later), ports, until)
            return False
        done = replace(dispatch, blank_at=None, blanked_at=now)
        write_quietly(dispatch, done, ports, until)
    except ConnectorError as error:
        ports.telemetry.warning("not_blanked", code=error.code, reason=error.safe_message)
        return False
    return True


def _provider(dispatch: Dispatch, ports: DispatchPorts) -> Callable[[str], None]:
    if dispatch.voice:
        return ports.caller.with_sender(dispatch.sender).blank
    return ports.messenger.blank


def _wanted_until(dispatch: Dispatch, ports: DispatchPorts) -> datetime:
    """Until when a case of it, read as open from a backup, could want something sent again."""
    files = (ports.alerts.case_file(case) for case in {x.case_id for x in dispatch.members})
    return max((file.case.expires_at for file in files if file), default=dispatch.created_at)


def _again(dispatch: Dispatch, ports: DispatchPorts) -> datetime:
    """Later and later, by the time since it was sent: an outage is not waited out in a minute."""
    now = ports.clock.now()
    sent = dispatch.sent_at or dispatch.created_at
    waited = (now - sent - seconds(ports.timings.blank_bodies_after)) / 2
    least = seconds(ports.timings.status_interval)
    return now + min(max(waited, least), max(LONGEST_WAIT, least))


def _blank_at(dispatch: Dispatch) -> datetime:
    return dispatch.blank_at or dispatch.created_at
