"""What is odd about a read, said to operators."""

from __future__ import annotations

from ml_connector.domain.bills import BillsRead
from ml_connector.domain.payments import PaymentsRead
from ml_connector.errors import ConnectorError, SourceError

from .ports import Telemetry

#: How many problems of unreadable rows one line names.
MOST_PROBLEMS = 5


def say_problems(telemetry: Telemetry, company: str, read: BillsRead | PaymentsRead) -> None:
    """Rows nobody could read, pages that are missing, states without a meaning."""
    if read.quarantined:
        problems = "; ".join(read.problems[:MOST_PROBLEMS])
        telemetry.warning(
            "rows_quarantined", company=company, rows=read.quarantined, problems=problems
        )
    if not read.complete:
        telemetry.warning("read_incomplete", company=company)
    if read.unknown_states:
        # Nobody is told and nothing ends because of such a state; somebody should look.
        states = ", ".join(read.unknown_states)
        telemetry.warning("states_unknown", company=company, states=states)


def say_zone(telemetry: Telemetry, company: str, read: BillsRead) -> None:
    """An API user's zone that cannot be right, or is not known."""
    if read.zone_error:
        hours = read.zone_error.total_seconds() / 3600
        telemetry.warning(
            "zone_wrong", company=company, hours=hours, fix="set the API user's zone to GMT"
        )
    if not read.zone_verified:
        telemetry.warning("zone_unverified", company=company)


def say_failed(telemetry: Telemetry, name: str, company: str, error: ConnectorError) -> None:
    """What failed, with the numbers Sage's support asks for."""
    telemetry.error(
        name,
        company=company,
        code=error.code,
        errorno=error.errorno if isinstance(error, SourceError) else None,
        support_id=error.support_id if isinstance(error, SourceError) else None,
        reason=error.safe_message,
    )
