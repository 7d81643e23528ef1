"""Every night all that Intacct had is held against the audit trail: what is found, and what not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ml_connector.domain.bills import BillState
from ml_connector.domain.documents import CompanyState
from ml_connector.domain.instants import to_text
from ml_connector.domain.payments import PaymentsRead
from ml_connector.errors import SourceUnavailable
from ml_connector.usecases import nightly
from ml_connector.usecases.nightly import (
    MOST_LINES,
    NightPorts,
    NightReport,
    companies_to_reconcile,
    reconcile_company,
)
from tests.support.bills import COMPANY
from tests.support.clock import START
from tests.support.evidence import MemoryEvidence
from tests.support.mishaps import Fault
from tests.support.paying import a_payment
from tests.support.polling import FLOW, POLL_SECONDS, Office


@pytest.fixture
def office() -> Office:
    """A company with two bills that somebody was told of."""
    made = Office()
    for record_no in ("1", "2"):
        made.intacct.submit(record_no)
    made.poll()
    return made


def night(office: Office, hours: float = 6, *, seconds: float = POLL_SECONDS) -> NightReport:
    """Some hours later, with polls meanwhile until then, the night comes."""
    office.clock.forward(hours=hours)
    ports = NightPorts(office.ports, MemoryEvidence(office.tables))
    return reconcile_company(COMPANY, ports, office.clock.ahead(seconds))


def state(office: Office) -> CompanyState:
    return office.tables.companies[COMPANY]


def lose_case(office: Office, record_no: str) -> str:
    """Somebody deletes a bill's case by hand."""
    (case,) = office.cases(record_no)
    del office.tables.cases[case.id]
    return case.id


def counted(office: Office) -> int:
    return office.telemetry.metrics["DocumentsUnexplained"]


# ------------------------------------------------------------------------------- what is found
def test_where_nothing_is_missing_nothing_is_said_or_counted(office: Office) -> None:
    office.intacct.move("2", BillState.POSTED)
    office.poll()
    assert night(office) == NightReport(COMPANY, rows=2, transactions=1)
    assert counted(office) == 0
    assert state(office).reconciled_at == office.clock.now()


def test_a_case_deleted_by_hand_is_found(office: Office) -> None:
    case = lose_case(office, "1")
    report = night(office)
    assert (report.outcome, report.rows, report.unexplained) == ("reconciled", 2, 1)
    (line,) = office.telemetry.said("document_unexplained", "error")
    assert line.fields == {
        "company": COMPANY,
        "document": "bill#1",
        "reason": f"its case {case} is not there any more",
        "fix": "see docs/runbooks/unexplained.md",
    }
    assert counted(office) == 1


def test_a_bill_no_poll_saw_is_found(office: Office) -> None:
    office.intacct.submit("3")
    bill = office.intacct.bills["3"]
    long_ago = office.clock.now() - timedelta(hours=1)
    office.intacct.bills["3"] = replace(bill, modified=long_ago)
    assert night(office).unexplained == 1


def test_a_bill_since_the_last_poll_is_not_missed(office: Office) -> None:
    office.intacct.submit("3")
    assert night(office, hours=0).unexplained == 0


def test_a_payment_no_poll_saw_clearing_is_found(office: Office) -> None:
    old = office.clock.now() - timedelta(days=1)
    paid = replace(a_payment("12"), modified=old, cleared=True, cleared_on=old.date())

    class Payments:
        def read_payments_changed(self, _since: object) -> PaymentsRead:
            return PaymentsRead((paid,), complete=True, transactions=1)

    swept = replace(state(office), payments_baseline_done=True)
    office.tables.companies[COMPANY] = replace(swept, payments_swept_at=office.clock.now())
    office.ports = replace(office.ports, payments=lambda _: Payments())  # type: ignore[arg-type, return-value]
    report = night(office)
    assert (report.unexplained, report.transactions) == (1, 2)
    (line,) = office.telemetry.said("document_unexplained")
    assert line.fields["document"] == "payment#12"


def test_every_finding_is_counted_and_no_more_than_some_get_a_line(office: Office) -> None:
    for place in range(10, 10 + MOST_LINES + 5):
        office.intacct.submit(str(place))
    office.poll()
    office.tables.cases.clear()
    assert night(office).unexplained == counted(office) == MOST_LINES + 7
    assert len(office.telemetry.said("document_unexplained")) == MOST_LINES


def test_lines_hold_no_names(office: Office) -> None:
    lose_case(office, "1")
    night(office)
    said = repr(office.telemetry.said("document_unexplained"))
    assert office.intacct.bills["1"].vendor_name not in said


# --------------------------------------------------------------------------- when, and how often
def test_a_tick_starts_what_was_not_done_this_night(office: Office) -> None:
    assert companies_to_reconcile(office.ports) == [COMPANY]
    night(office)
    office.clock.forward(hours=1)
    assert companies_to_reconcile(office.ports) == []
    office.clock.forward(hours=22)
    assert companies_to_reconcile(office.ports) == [COMPANY]


def test_where_no_flow_is_published_nothing_is_started(office: Office) -> None:
    office.flows.flow = None
    assert companies_to_reconcile(office.ports) == []


@pytest.mark.parametrize("gone", ["flow", "secret"])
def test_a_company_that_is_not_set_up_is_left_alone(office: Office, gone: str) -> None:
    if gone == "flow":
        office.flows.flow = None
    else:
        office.sources.known = None
    assert night(office).outcome == "not_configured"
    assert counted(office) == 0
    assert state(office).lease_until is None


def test_before_the_first_complete_poll_there_is_nothing_to_hold_it_against() -> None:
    office = Office(baseline=False)
    assert night(office).outcome == "not_polled_yet"
    assert counted(office) == 0
    assert office.intacct.since == []


def test_in_a_maintenance_intacct_is_not_asked_and_nobody_is_called(office: Office) -> None:
    begin = office.clock.now()
    window = {"from": to_text(begin), "to": to_text(begin + timedelta(hours=20))}
    companies: dict[str, Any] = {COMPANY: {**FLOW["companies"][COMPANY]}}
    companies[COMPANY]["calendar"] = {"maintenance": [window]}
    office.publish(companies=companies)
    asked = len(office.intacct.since)
    assert night(office).outcome == "maintenance"
    assert len(office.intacct.since) == asked
    assert counted(office) == 0


# ----------------------------------------------------------------------------- one at a time
def test_polls_go_on_as_if_it_had_not_been(office: Office) -> None:
    before = state(office)
    night(office)
    after = state(office)
    assert after.lease_until is None
    assert (after.poll_started_at, after.watermark) == (before.poll_started_at, before.watermark)


def test_a_poll_that_is_going_on_is_waited_for(office: Office) -> None:
    busy = office.clock.now() + timedelta(hours=6, seconds=15)
    office.tables.companies[COMPANY] = replace(state(office), lease_until=busy)
    began = office.clock.now() + timedelta(hours=6)
    assert night(office).outcome == "reconciled"
    assert office.clock.now() - began < timedelta(seconds=20)


def test_but_not_without_end(office: Office) -> None:
    busy = office.clock.now() + timedelta(hours=7)
    office.tables.companies[COMPANY] = replace(state(office), lease_until=busy)
    assert night(office).outcome == "busy"
    assert state(office).lease_until == busy


# ---------------------------------------------------------------------------------- in trouble
def test_what_fails_is_said_and_left_to_the_next_tick(office: Office) -> None:
    tick(office, 0, 0)
    office.intacct.errors.append(SourceUnavailable("Intacct does not answer"))
    assert tick(office, 1, 0).outcome == "source_unavailable"
    assert office.telemetry.said("reconcile_failed", "error")
    assert counted(office) == 0
    assert state(office).lease_until is None
    assert night(office, hours=1).outcome == "reconciled"


def tick(office: Office, days: int, number: int) -> NightReport:
    """One of the three ticks, from 0, of the night so many days after the first one."""
    first = START.replace(hour=8, minute=37) + timedelta(days=1 + days, hours=number)
    return night(office, (first - office.clock.now()) / timedelta(hours=1))


@pytest.mark.parametrize("trouble", ["unreachable", "incomplete", "busy"])
@pytest.mark.parametrize("came_to_an_end", [0, 1, 2, None])
def test_a_night_in_vain_is_counted_like_something_found(
    office: Office, trouble: str, came_to_an_end: int | None
) -> None:
    """Whichever tick of the night before was the good one, or none ever."""
    if came_to_an_end is not None:
        assert tick(office, 0, came_to_an_end).outcome == "reconciled"
    done = state(office).reconciled_at
    for days in (1, 2):
        outcomes, before = set(), counted(office)
        for number in range(3):
            assert counted(office) == before
            if trouble == "unreachable":
                office.intacct.errors.append(SourceUnavailable("Intacct does not answer"))
            elif trouble == "incomplete":
                office.intacct.incomplete.add("changed")
            else:
                until = office.clock.now() + timedelta(days=2)
                office.tables.companies[COMPANY] = replace(state(office), lease_until=until)
            outcomes.add(tick(office, days, number).outcome)
        assert len(outcomes) == 1
        assert counted(office) == before + 1
    *_, line = office.telemetry.said("reconcile_given_up", "error")
    assert line.fields["since"] == (to_text(done) if done else None)


def test_one_more_look_after_a_good_night_is_no_night_in_vain(office: Office) -> None:
    tick(office, 0, 2)
    office.intacct.errors.append(SourceUnavailable("Intacct does not answer"))
    assert night(office, hours=1).outcome == "source_unavailable"
    assert counted(office) == 0


def test_what_a_maintenance_put_off_is_not_a_night_in_vain(office: Office) -> None:
    tick(office, 0, 0)
    begin = office.clock.now() + timedelta(hours=20)
    window = {"from": to_text(begin), "to": to_text(begin + timedelta(hours=5))}
    companies: dict[str, Any] = {COMPANY: {**FLOW["companies"][COMPANY]}}
    companies[COMPANY]["calendar"] = {"maintenance": [window]}
    office.publish(companies=companies)
    assert tick(office, 1, 0).outcome == "maintenance"
    for number in (1, 2):
        office.intacct.errors.append(SourceUnavailable("Intacct does not answer"))
        assert tick(office, 1, number).outcome == "source_unavailable"
    assert counted(office) == 0


def test_what_nobody_foresaw_does_not_keep_polls_waiting(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr(nightly, "explained", broken)
    with pytest.raises(ArithmeticError):
        night(office)
    assert state(office).lease_until is None


def test_out_of_time_it_goes_on_where_it_stopped(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "AT_ONCE", 1)
    lose_case(office, "2")
    looked = _slow(office, monkeypatch, 25.0)
    first = night(office, seconds=30)
    assert (first.outcome, first.rows, first.unexplained) == ("out_of_time", 1, 0)
    assert state(office).reconciled_upto.endswith(" bill#1")
    second = night(office, hours=1, seconds=30)
    assert (second.outcome, second.rows, second.unexplained) == ("reconciled", 1, 1)
    assert looked == ["bill#1", "bill#2"]
    assert state(office).reconciled_upto == ""


def test_the_next_night_begins_anew(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "AT_ONCE", 1)
    looked = _slow(office, monkeypatch, 25.0)
    night(office, seconds=30)
    night(office, hours=24, seconds=30)
    assert looked == ["bill#1", "bill#1"]


def _slow(office: Office, monkeypatch: pytest.MonkeyPatch, seconds: float) -> list[str]:
    """Reading the trail takes so long for each document; which were read."""
    looked: list[str] = []
    read = MemoryEvidence.entries

    def slowly(self: MemoryEvidence, company: str, document: str, generation: int) -> Any:
        looked.append(document)
        office.clock.forward(seconds=seconds)
        return read(self, company, document, generation)

    monkeypatch.setattr(MemoryEvidence, "entries", slowly)
    return looked


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.CONFLICT])
def test_a_store_in_trouble_changes_nothing_and_is_left_to_the_next_tick(
    office: Office, fault: Fault
) -> None:
    office.faults.arrange("finish", fault)
    assert night(office).outcome in {"store_unavailable", "store_conflict"}
    assert night(office, hours=1).outcome == "reconciled"


def test_a_night_with_nothing_to_say_says_that_there_was_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[float] = []
    count = office.telemetry.count

    def noted(metric: str, amount: float = 1) -> None:
        written.append(amount)
        count(metric, amount)

    monkeypatch.setattr(office.telemetry, "count", noted)
    night(office)
    assert written == [0]
    office.intacct.errors.append(SourceUnavailable("Intacct does not answer"))
    tick(office, 1, 0)
    assert written == [0], "the next tick may say more"
