"""What a poll does when something around it is missing, busy or broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.bills import BillState
from ml_connector.domain.unit_of_work import CaseWrite, Change
from ml_connector.errors import (
    ConfigurationError,
    SecretUnavailable,
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRateLimited,
    SourceRejected,
    SourceUnavailable,
)
from ml_connector.usecases.poll import poll_company
from tests.support.faults import Fault
from tests.support.memory_store import MemoryAlertStore, MemoryDocumentStore
from tests.support.polling import POLL_SECONDS, Office


def untouched(office: Office) -> bool:
    """Whether nothing was ever written about a bill."""
    return not (office.tables.documents or office.tables.cases or office.queue.rung)


# -------------------------------------------------------------------------- not configured
def test_without_a_flow_nothing_is_asked_of_anybody() -> None:
    office = Office(baseline=False)
    office.flows.flow = None
    assert office.poll().outcome == "not_configured"
    assert office.intacct.since == []
    (line,) = office.telemetry.said("not_configured")
    assert (line.level, line.fields["missing"]) == ("event", "flow")
    assert not office.telemetry.metrics


def test_a_company_the_flow_does_not_know_is_not_polled() -> None:
    office = Office(baseline=False)
    end = office.clock.now() + timedelta(seconds=POLL_SECONDS)
    assert poll_company("apex", office.ports, end).outcome == "not_configured"
    assert office.telemetry.said("not_configured")[0].fields["missing"] == "company in the flow"


def test_without_credentials_there_is_no_login_and_no_alarm() -> None:
    office = Office(baseline=False)
    office.sources.known = None
    assert office.poll().outcome == "not_configured"
    assert office.intacct.since == []
    assert office.telemetry.said("not_configured")[0].fields["missing"] == "intacct secret"
    assert not office.telemetry.metrics
    assert "acme" not in office.tables.companies


def test_credentials_that_cannot_be_used_are_named_by_whoever_reads_them() -> None:
    office = Office()
    office.sources.error = ConfigurationError("secret x is not JSON")
    with pytest.raises(ConfigurationError, match="secret x"):
        office.poll()
    office.sources.error = None
    assert office.poll().outcome == "polled"


def test_a_secret_that_cannot_be_had_now_is_a_failed_poll() -> None:
    office = Office()
    office.sources.error = SecretUnavailable("secret x cannot be read now (AccessDenied)")
    assert office.poll().outcome == "secret_unavailable"
    assert office.telemetry.said("poll_failed", "error")[0].fields["code"] == "secret_unavailable"
    assert office.telemetry.metrics["PollsFailed"] == 1


# -------------------------------------------------------------------------------- Intacct
@pytest.mark.parametrize(
    "error",
    [
        SourceAuthError("login refused", errorno="XL03000006", support_id="abc"),
        SourceUnavailable("maintenance"),
        SourceRateLimited("all slots are taken", retry_after=3),
        SourceRejected("no permission", errorno="DL02000001"),
        SourceProtocolError("not XML"),
    ],
)
def test_a_source_that_fails_leaves_everything_as_it_was(error: SourceError) -> None:
    office = Office()
    before = office.tables.companies["acme"]
    office.intacct.submit("1")
    office.intacct.errors.append(error)
    assert office.poll().outcome == error.code
    assert untouched(office)
    after = office.tables.companies["acme"]
    assert (after.watermark, after.baseline_done) == (before.watermark, before.baseline_done)
    assert (after.poll_succeeded_at, after.last_error) == (before.poll_succeeded_at, error.code)
    (line,) = office.telemetry.said("poll_failed", "error")
    assert line.fields["errorno"] == error.errorno
    assert line.fields["support_id"] == error.support_id
    assert office.telemetry.metrics["PollsFailed"] == 1
    # The lease was given back: the next poll need not wait for it to run out.
    assert office.poll(minutes=0).alerts == 1


def test_a_source_that_fails_while_absent_bills_are_asked_for_cancels_nothing() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    office.intacct.delete("1")
    office.intacct.submit("2")
    read = office.intacct.read_by_key

    def failing(keys: object) -> object:
        office.intacct.errors.append(SourceUnavailable("maintenance"))
        return read(keys)  # type: ignore[arg-type]

    office.intacct.read_by_key = failing  # type: ignore[method-assign, assignment]
    assert office.poll().outcome == "source_unavailable"
    assert office.document("1").waiting
    assert office.dispatches("2")[0].id in office.queue.rung


# --------------------------------------------------------------------------------- leases
def test_a_company_that_is_being_polled_is_left_alone() -> None:
    office = Office()
    office.intacct.submit("1")
    documents = MemoryDocumentStore(office.tables)
    held = documents.lease("acme", office.clock.now(), office.clock.now() + timedelta(minutes=5))
    assert held
    assert office.poll().outcome == "busy"
    assert office.intacct.since == [None]
    assert untouched(office)
    assert office.tables.companies["acme"] == held


def test_the_lease_outlives_the_function_a_little() -> None:
    office = Office()
    read = office.intacct.read_waiting_and_changed
    held = []

    def noted(since: object) -> object:
        held.append(office.tables.companies["acme"].lease_until)
        return read(since)  # type: ignore[arg-type]

    office.intacct.read_waiting_and_changed = noted  # type: ignore[method-assign, assignment]
    office.poll()
    assert held == [office.clock.now() + timedelta(seconds=POLL_SECONDS + 5)]
    assert office.tables.companies["acme"].lease_until is None


def overtake(office: Office) -> None:
    """From the next read of Intacct on, somebody else holds a newer lease."""
    read = office.intacct.read_waiting_and_changed

    def overtaken(since: object) -> object:
        known = office.tables.companies["acme"]
        office.tables.companies["acme"] = replace(known, fence=known.fence + 1)
        return read(since)  # type: ignore[arg-type]

    office.intacct.read_waiting_and_changed = overtaken  # type: ignore[method-assign, assignment]


def test_a_poll_that_was_overtaken_writes_nothing() -> None:
    office = Office()
    office.intacct.submit("1")
    overtake(office)
    assert office.poll().outcome == "overtaken"
    assert untouched(office)
    assert not any(office.tables.chains.values())
    assert office.telemetry.said("poll_overtaken", "warning")
    assert not office.telemetry.said("event_detected")


def test_a_poll_that_was_overtaken_without_news_does_not_touch_the_state() -> None:
    office = Office()
    overtake(office)
    assert office.poll().outcome == "overtaken"
    state = office.tables.companies["acme"]
    assert state.poll_succeeded_at
    assert state.poll_succeeded_at < office.clock.now()


def test_a_poll_that_was_overtaken_leaves_its_troubles_to_the_newer_one() -> None:
    office = Office()
    office.intacct.errors.append(SourceUnavailable("maintenance"))
    overtake(office)
    assert office.poll().outcome == "overtaken"
    (line,) = office.telemetry.said("poll_overtaken", "warning")
    assert line.fields["code"] == "source_unavailable"
    assert office.tables.companies["acme"].last_error == ""
    assert not office.telemetry.metrics["PollsFailed"]


# ------------------------------------------------------------------------- store and queue
def test_a_lost_reply_to_a_bills_transaction_is_not_a_second_alert() -> None:
    office = Office()
    office.intacct.submit("1")
    office.faults.arrange("commit document.seen", Fault.LOST_REPLY)
    assert office.poll().outcome == "polled"
    assert len(office.tables.dispatches) == 1
    assert len(office.queue.rung) == 1
    assert office.all_chains_hold()


def test_a_lost_reply_is_recognised_even_when_dynamodb_has_forgotten_the_token() -> None:
    office = Office()
    office.intacct.submit("1")
    office.faults.arrange("commit document.seen", Fault.LOST_REPLY)
    commit = office.ports.alerts.commit

    def forgetful(change: Change) -> None:
        office.tables.forget_tokens()
        commit(change)

    alerts = office.ports.alerts
    alerts.commit = forgetful  # type: ignore[method-assign]
    report = office.poll()
    assert (report.outcome, report.alerts) == ("polled", 1)
    assert len(office.tables.dispatches) == 1


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.CONFLICT])
def test_a_busy_store_is_asked_again_while_time_is_left(fault: Fault) -> None:
    office = Office()
    office.intacct.submit("1")
    office.faults.arrange("commit document.seen", fault, fault, fault)
    assert office.poll().alerts == 1


@pytest.mark.parametrize("point", ["lease", "finish", "read"])
def test_a_store_that_does_not_answer_is_a_failed_poll(point: str) -> None:
    office = Office()
    office.intacct.submit("1")
    office.faults.arrange(point, Fault.THROTTLED)
    assert office.poll().outcome == "store_unavailable"
    assert office.telemetry.said("poll_failed", "error")[0].fields["code"] == "store_unavailable"
    assert office.telemetry.metrics["PollsFailed"] == 1
    office.poll()
    assert len(office.dispatches("1")) == 1


def test_a_queue_that_does_not_answer_loses_nothing() -> None:
    office = Office()
    office.queue.down = True
    office.intacct.submit("1")
    report = office.poll()
    assert (report.outcome, report.alerts) == ("polled", 1)
    assert office.telemetry.said("ring_failed", "warning")
    # The status check finds it where everything that is due for a look is found.
    (dispatch,) = office.dispatches("1")
    due = MemoryAlertStore(office.tables).look_due(office.clock.now() + timedelta(seconds=90), 10)
    assert due == [dispatch.id]


def test_a_poll_short_of_time_stops_and_the_next_goes_on() -> None:
    office = Office()
    for number in range(30):
        office.intacct.submit(str(number))
    commit = office.ports.alerts.commit

    def slow(change: Change) -> None:
        office.clock.forward(seconds=6)
        commit(change)

    alerts = office.ports.alerts
    alerts.commit = slow  # type: ignore[method-assign]
    report = office.poll()
    assert report.outcome == "out_of_time"
    assert 0 < report.alerts < 30
    assert len(office.queue.rung) == report.alerts
    assert office.tables.companies["acme"].watermark is None
    assert office.poll().alerts == 30 - report.alerts
    assert len(set(office.queue.rung)) == len(office.queue.rung) == 30


# -------------------------------------------------------------- races with a running send
def touch_case(office: Office, case_id: str) -> None:
    """Somebody who sends for the case writes to its chain."""
    case = office.tables.cases[case_id]
    data: dict[str, Json] = {}
    entry = entry_after(case.head, case.chain, office.clock.now(), "dispatch.claimed", data)
    change = Change(f"{case_id} {entry.seq}", cases=(CaseWrite(case, entry),))
    MemoryAlertStore(office.tables).commit(change)


def test_a_case_that_is_being_sent_for_is_ended_all_the_same() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    case = office.cases("1")[0]
    office.faults.race = lambda: touch_case(office, case.id)
    office.faults.arrange("commit document.seen", *[Fault.RACE] * 3)
    office.intacct.move("1", BillState.POSTED)
    report = office.poll()
    assert (report.outcome, report.ended) == ("polled", 1)
    assert office.entry_kinds(case.chain) == [
        "case.opened",
        *["dispatch.claimed"] * 3,
        "case.handled",
    ]
    assert office.all_chains_hold()


def test_a_race_that_is_never_won_is_given_up_and_run_again_by_the_next_poll() -> None:
    office = Office()
    office.intacct.submit("1")
    office.poll()
    case = office.cases("1")[0]
    office.faults.race = lambda: touch_case(office, case.id)
    office.faults.arrange("commit document.seen", *[Fault.RACE] * 8)
    office.intacct.move("1", BillState.POSTED)
    assert office.poll().outcome == "store_conflict"
    assert office.document("1").waiting
    assert office.telemetry.metrics["PollsFailed"] == 1
    assert office.poll(minutes=0).ended == 1
