"""The case of a silence while it goes on: whether it still does, and when it may be told.

For a bill the plan asks for a fresh poll before a later step. For a company no poll succeeds of,
the time of the last good one is the fresh look, and it costs nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ml_connector.domain.events import EventKind, silence_event
from ml_connector.domain.hours import zone_named
from ml_connector.domain.silences import Silence
from ml_connector.errors import ConfigurationError

if TYPE_CHECKING:
    from ml_connector.domain.cases import Case

    from .steps import DispatchPorts

#: Why the case ended, in the audit.
READ_AGAIN = "poll.succeeded"
#: Why a text or a step waits, in the audit.
MAINTENANCE = "Intacct is in maintenance"


def of_silence(case: Case) -> bool:
    """Whether a case is about a company nothing is read of."""
    return case.kind == EventKind.POLL_FAILING.value


def silence_of(case: Case, ports: DispatchPorts) -> Silence | None:
    """The silence a case is about; None once a poll has succeeded. Raises StoreUnavailable."""
    last = ports.documents.state(case.company).poll_succeeded_at
    if last is None:
        return None
    silence = Silence(case.company, last, zone_named(case.zone) or UTC)
    return silence if silence_event(silence).id == case.id else None


def maintenance_until(case: Case, ports: DispatchPorts, now: datetime) -> datetime | None:
    """Until when Intacct is expected to be away, where it is so now."""
    try:
        flow = ports.flows.current() if ports.flows else None
    except ConfigurationError:
        return None
    company = flow.company(case.company) if flow else None
    window = company.calendar.maintenance_at(now) if company else None
    return window.end if window else None
