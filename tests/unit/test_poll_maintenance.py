"""Announced maintenance of Intacct: nobody is called while it lasts, and nothing is lost by it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ml_connector.errors import ConnectorError, SourceAuthError, SourceUnavailable, StoreUnavailable
from ml_connector.settings import Timings
from ml_connector.usecases.due import companies_due
from tests.support.faults import Fault
from tests.support.paying import PayingOffice
from tests.support.polling import Office

HOUR = timedelta(hours=1)
OVERLAP = timedelta(seconds=Timings().watermark_overlap)


def announce(office: Office, begins: timedelta, lasts: timedelta) -> tuple[datetime, datetime]:
    """Publish a maintenance that begins so long from now; from when until when it goes."""
    start = office.clock.now() + begins
    end = start + lasts
    slot = {"from": start.isoformat(), "to": end.isoformat()}
    company = {"name": "Acme AP", "zone": "America/Chicago", "calendar": {"maintenance": [slot]}}
    office.publish(companies={"acme": company})
    return start, end


def errors(office: Office) -> list[str]:
    return [line.name for line in office.telemetry.lines if line.level == "error"]


# -------------------------------------------------------------------------- while it lasts
@pytest.mark.parametrize(
    "error", [SourceUnavailable("maintenance"), SourceAuthError("login refused")]
)
def test_a_poll_that_fails_in_maintenance_is_a_plain_line_and_no_alarm(
    error: ConnectorError,
) -> None:
    office = Office()
    _, end = announce(office, timedelta(0), HOUR)
    office.intacct.errors.append(error)
    assert office.poll().outcome == error.code
    (line,) = office.telemetry.said("poll_failed", "event")
    assert line.fields["code"] == error.code
    assert str(line.fields["maintenance_until"]).startswith(f"{end:%Y-%m-%dT%H:%M:%S}")
    assert not errors(office)
    assert not office.telemetry.metrics["PollsFailed"]
    assert office.tables.companies["acme"].last_error == error.code


def test_secrets_and_tables_may_be_out_of_reach_in_maintenance_too() -> None:
    office = Office()
    announce(office, timedelta(0), HOUR)
    office.faults.arrange("lease", Fault.THROTTLED)
    assert office.poll().outcome == StoreUnavailable.code
    assert not errors(office)
    assert not office.telemetry.metrics["PollsFailed"]


def test_an_incomplete_poll_in_maintenance_does_not_count_as_failed() -> None:
    office = Office()
    announce(office, timedelta(0), HOUR)
    office.intacct.incomplete = {"changed"}
    assert office.poll().outcome == "incomplete"
    assert not office.telemetry.metrics["PollsFailed"]


def test_in_maintenance_the_alarm_on_silence_is_told_that_somebody_is_there() -> None:
    office = Office()
    announce(office, timedelta(0), HOUR)
    for trouble in ("incomplete", "down"):
        office.telemetry.metrics.clear()
        if trouble == "incomplete":
            office.intacct.incomplete = {"changed"}
        else:
            office.intacct.errors.append(SourceUnavailable("maintenance"))
        office.poll()
        assert dict(office.telemetry.metrics) == {"PollsSucceeded": 0}


def test_payments_that_cannot_be_read_in_maintenance_alarm_nobody() -> None:
    office = PayingOffice()
    announce(office, timedelta(0), HOUR)
    office.paying.errors.append(SourceUnavailable("maintenance"))
    assert office.poll().outcome == "polled"
    assert office.telemetry.said("payments_failed", "event")
    assert not errors(office)
    assert not office.telemetry.metrics["PollsFailed"]


def test_a_good_poll_in_maintenance_tells_people_as_ever() -> None:
    office = Office()
    announce(office, timedelta(0), HOUR)
    office.intacct.submit("1")
    assert office.poll().alerts == 1
    assert office.telemetry.metrics["PollsSucceeded"] == 2


@pytest.mark.parametrize("begins", [timedelta(minutes=3), timedelta(minutes=-58)])
def test_before_and_after_it_a_failing_poll_alarms(begins: timedelta) -> None:
    office = Office()
    announce(office, begins, HOUR)
    office.intacct.errors.append(SourceUnavailable("maintenance"))
    office.poll()
    assert errors(office) == ["poll_failed"]
    assert office.telemetry.said("poll_failed")[0].fields["maintenance_until"] is None
    assert office.telemetry.metrics["PollsFailed"] == 1


# ------------------------------------------------------------------------------- staleness
def stale(office: Office) -> bool:
    companies_due(office.ports)
    return bool(office.telemetry.said("poll_stale"))


def test_nobody_is_called_stale_in_maintenance_nor_right_after_it() -> None:
    office = Office()
    _, end = announce(office, timedelta(minutes=10), 5 * HOUR)
    while office.clock.now() <= end + timedelta(minutes=30):
        assert not stale(office)
        office.clock.forward(minutes=5)
    assert stale(office)
    (line,) = office.telemetry.said("poll_stale", "error")
    assert line.fields["minutes"] == 10 + 5 * 60 + 35


def test_what_was_stale_before_a_maintenance_begins_was_said() -> None:
    office = Office()
    announce(office, timedelta(minutes=35), HOUR)
    office.clock.forward(minutes=31)
    assert stale(office)


# ------------------------------------------------------------------------------ afterwards
def looked_back(office: Office) -> timedelta:
    """How far before the watermark the last poll began to read."""
    mark = office.tables.companies["acme"].watermark
    since = office.intacct.since[-1]
    assert mark
    assert since
    return mark - since


def test_the_first_good_poll_after_a_maintenance_reads_from_its_start_again() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    start, _ = announce(office, timedelta(minutes=1), 6 * HOUR)
    office.poll()
    assert looked_back(office) == OVERLAP

    office.clock.forward_to(start + 6 * HOUR)
    office.intacct.errors.append(SourceUnavailable("still busy"))
    office.poll()
    office.poll()
    assert looked_back(office) == 6 * HOUR + OVERLAP
    office.poll()
    assert looked_back(office) == OVERLAP


def test_a_bill_committed_with_a_time_of_the_maintenance_is_found() -> None:
    """The watermark went on while the maintenance lasted, past what had not been shown yet."""
    office = Office()
    start, end = announce(office, timedelta(minutes=1), 6 * HOUR)
    office.clock.forward_to(start + timedelta(minutes=5))
    office.intacct.submit("early")
    office.intacct.hidden.add("early")
    office.clock.forward_to(end - timedelta(minutes=5))
    office.intacct.submit("late")
    assert office.poll().alerts == 1

    office.intacct.hidden.clear()
    office.clock.forward_to(end)
    assert office.poll().alerts == 1
    assert looked_back(office) >= 6 * HOUR
    assert office.story("early") == [("bill.submitted", 1, "open")]


def test_payments_are_looked_at_from_the_start_of_a_maintenance_too() -> None:
    office = PayingOffice()
    office.paying.pay("12")
    office.poll()
    _, end = announce(office, timedelta(minutes=1), 48 * HOUR)
    office.clock.forward_to(end)
    office.poll()
    mark = office.tables.companies["acme"].payments_watermark
    assert mark
    lookback = timedelta(seconds=Timings().payments_lookback)
    assert office.paying.since[-1] == mark - 48 * HOUR - lookback
    office.clock.forward(hours=1)
    office.poll()
    assert office.paying.since[-1] == mark - lookback
