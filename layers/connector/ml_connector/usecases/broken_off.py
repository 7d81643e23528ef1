"""Polls that did not get to their end.

Nothing is lost by one: the watermark stays, and the next poll reads the same again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ml_connector.domain.documents import CompanyState
from ml_connector.domain.flows import FlowCompany
from ml_connector.errors import ConnectorError, StoreConflict, StoreError

from .ports import PollPorts
from .reading import count_failed, say_failed

if TYPE_CHECKING:
    from .poll import PollReport


def failed(
    error: ConnectorError,
    lease: CompanyState | None,
    ports: PollPorts,
    report: PollReport,
    company: FlowCompany | None,
) -> None:
    """Say what broke a poll off, in the log and in its report, and give back the lease it had."""
    if lease and _was_overtaken(error, lease, ports):
        ports.telemetry.warning(
            "poll_overtaken", company=report.company, code=error.code, reason=error.safe_message
        )
        report.outcome = "overtaken"
        return
    report.outcome = error.code
    maintenance = company.calendar.maintenance_at(ports.clock.now()) if company else None
    say_failed(ports.telemetry, "poll_failed", report.company, error, maintenance)
    count_failed(maintenance, ports.telemetry)


def _was_overtaken(error: ConnectorError, lease: CompanyState, ports: PollPorts) -> bool:
    """Give the lease back, with the error noted; true when it is somebody else's by now.

    A lease that cannot be given back runs out by itself.
    """
    try:
        ports.documents.finish(replace(lease, last_error=error.code))
    except StoreConflict:
        return True
    except StoreError:
        return False
    return False
