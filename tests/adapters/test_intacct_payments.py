"""Payments and the audit history out of the simulated gateway, and what a poll costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ml_connector.domain.payments import PaymentPhase
from ml_connector.intacct.client import IntacctClient
from ml_connector.intacct.credentials import Credentials
from ml_connector.intacct.history import IntacctHistorySource
from ml_connector.intacct.memory import MemoryCache, MemorySessionStore
from ml_connector.intacct.payments import IntacctPaymentSource
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.intacct.transport import RequestsTransport
from sandbox.intacct import (
    SENDER_ID,
    SENDER_PASSWORD,
    USER_ID,
    USER_PASSWORD,
    AdminClient,
    IntacctSimulator,
    Options,
    Recipe,
)
from tests.support.paying import PayingOffice

MONTHS = timedelta(days=60)
KEPT = Options(stamp="keep")


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return datetime.now(UTC).timestamp()


@dataclass
class Gate:
    """A simulator and a fresh client of it."""

    sim: IntacctSimulator
    http: RequestsTransport
    cache: MemoryCache = field(default_factory=MemoryCache)

    def __post_init__(self) -> None:
        client = IntacctClient(
            Credentials(SENDER_ID, SENDER_PASSWORD, "acme-sandbox", USER_ID, USER_PASSWORD),
            self.sim.url,
            "127.0.0.1",
            MemorySessionStore(),
            self.cache,
            http=self.http,
            clock=RealClock(),
            sleep=lambda _: None,
            random=lambda: 0.5,
        )
        self.reader = IntacctReader(client, trusted_host="127.0.0.1")
        self.payments = IntacctPaymentSource(self.reader)
        self.history = IntacctHistorySource(self.reader)
        self.bills = IntacctBillSource(self.reader)

    @property
    def admin(self) -> AdminClient:
        return self.sim.admin

    def now(self) -> datetime:
        return datetime.fromisoformat(self.admin.now())

    def pay(self, *, confirmed: bool = True) -> int:
        """A new payment of some bill; its record number."""
        bill = self.admin.bills(STATE="Posted")[0]
        made = self.admin.create_payment([bill.recordno]).recordno
        if confirmed:
            self.admin.payment(made, "confirm")
        return made


@pytest.fixture(scope="module")
def running() -> Iterator[IntacctSimulator]:
    with IntacctSimulator(Recipe(bills=60, waiting=25)) as sim:
        yield sim


@pytest.fixture
def gate(running: IntacctSimulator) -> Iterator[Gate]:
    running.admin.reset()
    with ExitStack() as stack:
        yield Gate(running, stack.enter_context(RequestsTransport()))


# -------------------------------------------------------------------------------- payments
def test_payments_changed_since_are_read_with_what_they_mean(gate: Gate) -> None:
    since = gate.now()
    cleared, voided, declined = gate.pay(), gate.pay(), gate.pay(confirmed=False)
    gate.admin.payment(cleared, "clear", date="2026-09-20")
    gate.admin.payment(voided, "void")
    gate.admin.payment(declined, "decline")
    read = gate.payments.read_payments_changed(since)
    assert read.complete
    found = {int(payment.record_no): payment for payment in read.payments}
    assert {no: found[no].phase for no in (cleared, voided, declined)} == {
        cleared: PaymentPhase.CLEARED,
        voided: PaymentPhase.VOIDED,
        declined: PaymentPhase.DECLINED,
    }
    assert found[cleared].cleared_on == date(2026, 9, 20)
    assert found[cleared].amount.currency
    assert (read.quarantined, read.unknown_states) == (0, ())


def test_states_given_as_codes_mean_the_same(gate: Gate) -> None:
    gate.admin.settings(payment_state_codes=True)
    since = gate.now()
    voided = gate.pay()
    gate.admin.payment(voided, "void")
    phases = {p.record_no: p.phase for p in gate.payments.read_payments_changed(since).payments}
    assert phases[str(voided)] is PaymentPhase.VOIDED


def test_the_sweep_finds_a_clearing_that_moved_no_time_stamp(gate: Gate) -> None:
    number = gate.pay()
    today = gate.now().date()
    gate.admin.payment(number, "clear", KEPT)
    read = gate.payments.read_cleared(today - MONTHS)
    assert read.complete
    assert str(number) in read.record_numbers
    (payment,) = gate.payments.read_payments_by_key([str(number)]).payments
    assert payment.cleared
    gate.admin.payment(number, "unclear", KEPT)
    assert str(number) not in gate.payments.read_cleared(today - MONTHS).record_numbers


def test_the_sweep_leaves_out_what_cleared_before_and_what_only_matched(gate: Gate) -> None:
    today = gate.now().date()
    old, matched = gate.pay(), gate.pay()
    gate.admin.payment(old, "clear", date=str(today - timedelta(days=61)))
    gate.admin.payment(matched, "clear", value="M")
    found = gate.payments.read_cleared(today - MONTHS).record_numbers
    assert not {str(old), str(matched)} & found


def test_payments_that_may_not_be_read_are_asked_for_once_a_day(gate: Gate) -> None:
    gate.admin.settings(denied=["APPYMT"])
    first = gate.payments.read_payments_changed(gate.now())
    assert (first.permitted, first.payments) == (False, ())
    assert first.transactions > 0
    gate.admin.reset_tally()
    assert not gate.payments.read_payments_changed(gate.now()).permitted
    assert gate.admin.tally()["transactions"] == 0


def test_no_numbers_are_no_question(gate: Gate) -> None:
    gate.admin.reset_tally()
    assert gate.payments.read_payments_by_key([]).complete
    assert gate.admin.tally()["transactions"] == 0


# --------------------------------------------------------------------------------- history
def test_the_workflow_steps_of_some_bills_are_read_in_one_question(gate: Gate) -> None:
    one, two, other = (bill.recordno for bill in gate.admin.bills(STATE="Submitted")[:3])
    since = gate.now()
    gate.admin.decline(one)
    gate.admin.submit(one)
    gate.admin.partially_approve(two)
    gate.admin.decline(other)
    gate.admin.edit_bill(two, description="no step of the workflow")
    gate.history.read_workflow([str(one)], since)
    gate.admin.reset_tally()
    read = gate.history.read_workflow([str(one), str(two)], since)
    assert (read.permitted, read.transactions) == (True, 1)
    assert gate.admin.tally()["transactions"] == 1
    assert sorted((int(step.record_no), step.action) for step in read.steps) == sorted(
        [(one, "decline"), (one, "submit"), (two, "partially-approve")]
    )
    assert all(step.at >= since.replace(microsecond=0) for step in read.steps)


def test_keys_that_carry_a_suffix_are_found_too(gate: Gate) -> None:
    gate.admin.settings(audit_key_suffix="--REC")
    bill = gate.admin.bills(STATE="Submitted")[0].recordno
    since = gate.now()
    gate.admin.decline(bill)
    (step,) = gate.history.read_workflow([str(bill)], since).steps
    assert (step.record_no, step.action) == (str(bill), "decline")


def test_a_history_that_may_not_be_seen_is_asked_for_once_a_day(gate: Gate) -> None:
    gate.admin.settings(denied=["AUDITHISTORY"])
    assert not gate.history.read_workflow(["1"], gate.now()).permitted
    gate.admin.reset_tally()
    read = gate.history.read_workflow(["1"], gate.now())
    assert (read.permitted, read.transactions) == (False, 0)
    assert gate.admin.tally()["transactions"] == 0


# ------------------------------------------------------------------------------ whole polls
def watched(gate: Gate) -> PayingOffice:
    """A company in memory that polls the simulator, whose clock is set to its own."""
    office = PayingOffice(baseline=False)
    gate.admin.set_clock(office.clock.now().isoformat())
    office.sources.known = gate.bills  # type: ignore[assignment]
    office.ports = replace(
        office.ports, payments=lambda _: gate.payments, history=lambda _: gate.history
    )
    return office


def test_an_idle_poll_costs_two_transactions_and_three_once_an_hour(gate: Gate) -> None:
    office = watched(gate)
    office.poll()
    used: list[int] = []
    for minutes in (2, 2, 60, 2):
        gate.admin.reset_tally()
        report = office.poll(minutes)
        assert report.outcome == "polled"
        assert report.transactions == gate.admin.tally()["transactions"]
        used.append(report.transactions)
    assert used == [2, 2, 3, 2]


def test_a_clearing_in_intacct_becomes_a_text(gate: Gate) -> None:
    office = watched(gate)
    number = gate.pay()
    office.poll()
    gate.admin.payment(number, "clear")
    assert office.poll().alerts == 1
    gate.admin.payment(number, "void", reverse_reconciliation=False)
    assert office.poll().alerts == 1
    assert office.payment_story(str(number)) == [
        ("payment.cleared", 1, "handled"),
        ("payment.voided", 2, "open"),
    ]


def test_a_resubmission_between_two_polls_is_found_in_the_history(gate: Gate) -> None:
    bill = gate.admin.bills(STATE="Submitted")[0].recordno
    office = watched(gate)
    office.poll()
    gate.admin.forward(60)
    gate.admin.decline(bill)
    gate.admin.submit(bill)
    assert office.poll().events == 1
    assert office.document(str(bill)).round == 2


def test_an_order_s_bill_made_anew_goes_on_as_the_same(gate: Gate) -> None:
    office = watched(gate)
    office.poll()
    made = gate.admin.create_bill(
        vendor="V-100", amount="500.00", module="9.PO", submit=True
    ).recordno
    assert office.poll().alerts == 1
    new = gate.admin.recreate(made).recordno
    assert office.poll().alerts == 0
    assert office.document(str(new)).open_cases == tuple(c.id for c in office.cases(str(made)))


def test_a_gateway_that_fails_for_payments_holds_no_bill_back(gate: Gate) -> None:
    office = watched(gate)
    office.poll()
    gate.admin.fault("gw_0001", count=50, match={"object": "APPYMT"})
    gate.admin.create_bill(vendor="V-100", amount="500.00", submit=True)
    report = office.poll()
    assert (report.outcome, report.alerts) == ("polled", 1)
    assert office.telemetry.said("payments_failed", "error")
