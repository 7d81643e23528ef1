"""What is odd about a read, and what failed, said to operators."""

from __future__ import annotations

from ml_connector.domain.bills import BillsRead, BillState
from ml_connector.domain.calendars import Maintenance
from ml_connector.domain.instants import to_text
from ml_connector.domain.payments import PaymentsRead, PaymentState
from ml_connector.errors import ConnectorError, SourceError

from .ports import Telemetry

#: How many problems of unreadable rows one line names.
MOST_PROBLEMS = 5

#: The two places a wrong zone can be put right.
ZONE_SETTING = (
    "set utc_offset of this company in the Intacct secret to what the API user's times are in, or"
    " the API user's time zone in Intacct to GMT"
)


def say_problems(telemetry: Telemetry, company: str, read: BillsRead | PaymentsRead) -> None:
    """Rows nobody could read, pages that are missing, states without a meaning."""
    if read.quarantined:
        problems = "; ".join(read.problems[:MOST_PROBLEMS])
        telemetry.warning(
            "rows_quarantined",
            company=company,
            rows=read.quarantined,
            problems=problems,
            fix="look at these records in Intacct: what they hold cannot be read, so nobody is"
            " told of them",
        )
    if not read.complete:
        telemetry.warning("read_incomplete", company=company)
    unknown = _without_meaning(read)
    if unknown:
        # Nobody is told and nothing ends because of such a state; somebody should look.
        telemetry.warning(
            "states_unknown", company=company, rows=unknown, states=", ".join(read.unknown_states)
        )
    if read.quarantined or unknown:
        telemetry.count("RowsDoubtful", read.quarantined + unknown)


def _without_meaning(read: BillsRead | PaymentsRead) -> int:
    if isinstance(read, BillsRead):
        return sum(bill.state is BillState.UNKNOWN for bill in read.bills)
    return sum(payment.state is PaymentState.UNKNOWN for payment in read.payments)


def say_zone(telemetry: Telemetry, company: str, read: BillsRead) -> None:
    """An API user's zone that cannot be right, or is not known."""
    if read.zone_error:
        hours = read.zone_error.total_seconds() / 3600
        telemetry.error("zone_wrong", company=company, hours=hours, fix=ZONE_SETTING)
        telemetry.count("RowsDoubtful")
    if not read.zone_verified:
        telemetry.warning("zone_unverified", company=company, fix=ZONE_SETTING)


def say_failed(
    telemetry: Telemetry,
    name: str,
    company: str,
    error: ConnectorError,
    maintenance: Maintenance | None = None,
) -> None:
    """What failed, with the numbers Sage's support asks for. In a maintenance nobody is called."""
    say = telemetry.event if maintenance else telemetry.error
    say(
        name,
        company=company,
        code=error.code,
        errorno=error.errorno if isinstance(error, SourceError) else None,
        support_id=error.support_id if isinstance(error, SourceError) else None,
        reason=error.safe_message,
        maintenance_until=to_text(maintenance.end) if maintenance else None,
    )


def count_failed(maintenance: Maintenance | None, telemetry: Telemetry) -> None:
    """A poll that failed. In a maintenance it is none, and yet a word, for silence alarms."""
    if maintenance:
        telemetry.count("PollsSucceeded", 0)
    else:
        telemetry.count("PollsFailed")
