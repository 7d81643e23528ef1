"""What a company's payments go through, and who hears of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ml_connector.domain.payments import PaymentPhase, PaymentState
from ml_connector.errors import SourceRejected, SourceUnavailable
from ml_connector.settings import Timings
from tests.support.faults import Fault, Killed
from tests.support.paying import PAYMENT_RULE, PayingOffice, a_payment

OVERLAP = timedelta(seconds=Timings().watermark_overlap)
LOOKBACK = timedelta(seconds=Timings().payments_lookback)


# -------------------------------------------------------------------------- what is told
@pytest.mark.parametrize(
    ("state", "kind", "says"),
    [
        (PaymentState.VOIDED, "payment.voided", "Voided in Intacct."),
        (PaymentState.PRINT_VOIDED, "payment.voided", "Voided in Intacct."),
        (PaymentState.DECLINED, "payment.declined", "Declined in Intacct."),
    ],
)
def test_a_payment_that_fails_is_told(state: PaymentState, kind: str, says: str) -> None:
    office = PayingOffice()
    office.paying.pay("12")
    office.poll()
    assert not office.texts()
    office.paying.move("12", state)
    assert office.poll().alerts == 1
    assert office.payment_story("12") == [(kind, 1, "open")]
    assert office.texts() == [f"Acme AP: Baker Steel, USD 12,500.00, payment PAY-12. {says}"]
    assert {d.recipient for d in office.tables.dispatches.values()} == {"bob"}
    assert office.all_chains_hold()


def test_a_payment_that_clears_is_told_once_with_the_day() -> None:
    office = PayingOffice()
    office.paying.pay("12")
    office.paying.clear("12", on=date(2026, 11, 20))
    for _ in range(4):
        office.poll()
    (text,) = office.texts()
    assert text.endswith("payment PAY-12. Cleared the bank Nov 20, says Intacct.")
    assert office.queue.rung == list(office.tables.dispatches)


def test_a_cleared_payment_that_is_voided_ends_the_one_and_tells_the_other() -> None:
    office = PayingOffice()
    office.paying.pay("12")
    office.paying.clear("12")
    office.poll()
    office.paying.move("12", PaymentState.VOIDED)
    assert office.poll().ended == 1
    assert office.payment_story("12") == [
        ("payment.cleared", 1, "handled"),
        ("payment.voided", 2, "open"),
    ]


def test_a_clearing_taken_back_and_made_again_is_told_each_time() -> None:
    office = PayingOffice()
    office.paying.pay("12")
    for _ in range(2):
        office.paying.clear("12")
        office.poll()
        office.paying.unclear("12")
        office.poll()
    assert [(kind, number) for kind, number, _ in office.payment_story("12")] == [
        ("payment.cleared", 1),
        ("payment.uncleared", 2),
        ("payment.cleared", 3),
        ("payment.uncleared", 4),
    ]
    assert office.all_chains_hold()


def test_a_payment_no_rule_speaks_about_is_in_its_trail_and_told_to_nobody() -> None:
    office = PayingOffice()
    office.with_rules({**PAYMENT_RULE, "on": ["payment.voided"]})
    office.paying.pay("12")
    office.paying.clear("12")
    assert office.poll().alerts == 0
    (entry,) = office.tables.chains["doc#acme#payment#12"]
    assert "no rule of flow version 2" in repr(entry.data)


def test_a_state_without_a_meaning_is_said_and_changes_nothing() -> None:
    office = PayingOffice()
    office.paying.pay("12")
    office.paying.clear("12")
    office.poll()
    office.paying.unclear("12")
    office.paying.move("12", PaymentState.UNKNOWN)
    office.poll()
    assert len(office.payment_story("12")) == 1
    assert office.telemetry.said("states_unknown", "warning")


# --------------------------------------------------------------------------- the baseline
def test_payments_found_by_the_first_poll_are_remembered_and_nobody_is_told() -> None:
    office = PayingOffice(baseline=False)
    office.paying.pay("1")
    office.paying.clear("1")
    office.paying.pay("2", PaymentState.VOIDED)
    assert office.poll().alerts == 0
    assert office.payment("1").phase is PaymentPhase.CLEARED
    assert office.payment("2").phase is PaymentPhase.VOIDED
    assert "baseline" in repr(office.tables.chains["doc#acme#payment#1"][0].data)


def test_a_company_that_watched_bills_before_begins_silently_with_payments() -> None:
    office = PayingOffice(baseline=False)
    office.paying.permitted = False
    office.poll()
    office.paying.pay("1")
    office.paying.clear("1")
    office.intacct.submit("7")
    office.paying.permitted = True
    assert office.poll().alerts == 1
    assert not office.payment_story("1")


def test_the_baseline_is_done_only_after_a_complete_read_and_sweep() -> None:
    office = PayingOffice(baseline=False)
    for which in ("changed", "sweep"):
        office.paying.incomplete = {which}
        office.poll()
        assert not office.tables.companies["acme"].payments_baseline_done
    office.paying.incomplete = set()
    office.poll()
    assert office.tables.companies["acme"].payments_baseline_done


def test_a_clearing_of_long_ago_tells_nobody() -> None:
    office = PayingOffice()
    office.paying.payments["12"] = a_payment(
        "12", cleared_on=date(2026, 1, 5), modified=office.clock.now()
    )
    office.poll()
    assert not office.payment_story("12")
    assert "found late" in repr(office.tables.chains["doc#acme#payment#12"][0].data)


# ----------------------------------------------------------------- watermark and the sweep
def test_an_idle_poll_reads_changed_payments_and_nothing_else() -> None:
    office = PayingOffice()
    assert office.poll().transactions == 2
    assert len(office.paying.swept) == 1


def test_payments_have_a_watermark_of_their_own() -> None:
    office = PayingOffice()
    office.paying.pay("12")
    seen = office.clock.now()
    office.poll()
    assert office.tables.companies["acme"].payments_watermark == seen
    assert office.tables.companies["acme"].watermark is None
    office.poll()
    assert office.paying.since[-1] == seen - OVERLAP


def test_once_an_hour_a_poll_looks_back_further_and_sweeps() -> None:
    office = PayingOffice()
    office.paying.pay("12")
    seen = office.clock.now()
    office.poll()
    report = office.poll(minutes=60)
    assert office.paying.since[-1] == seen - LOOKBACK
    assert len(office.paying.swept) == 2
    assert report.transactions == 3
    assert office.poll().transactions == 2


def test_a_row_that_commits_hours_late_is_found_within_the_hour() -> None:
    office = PayingOffice()
    office.paying.pay("1")
    office.poll()
    stamp = office.clock.now() - timedelta(hours=5)
    office.paying.payments["2"] = a_payment("2", PaymentState.VOIDED, modified=stamp)
    office.poll()
    assert not office.texts()
    office.poll(minutes=60)
    assert office.payment_story("2") == [("payment.voided", 1, "open")]


def test_a_clearing_without_a_new_time_stamp_is_found_by_the_sweep() -> None:
    office = PayingOffice()
    office.paying.pay("12")
    office.poll()
    office.clock.forward(hours=30)
    office.paying.pay("13")
    office.poll()
    office.paying.clear("12", stamp=False)
    office.poll()
    assert not office.payment_story("12")
    office.poll(minutes=60)
    assert office.payment_story("12") == [("payment.cleared", 1, "open")]
    assert office.paying.by_key == [("12",)]


def test_a_clearing_taken_back_without_a_new_time_stamp_is_found_by_the_sweep() -> None:
    office = PayingOffice()
    office.paying.pay("12")
    office.paying.clear("12")
    office.poll()
    office.clock.forward(hours=30)
    office.paying.pay("13")
    office.poll()
    office.paying.unclear("12", stamp=False)
    office.poll(minutes=60)
    assert office.paying.by_key == [("12",)]
    assert [kind for kind, *_ in office.payment_story("12")] == [
        "payment.cleared",
        "payment.uncleared",
    ]


def test_a_cleared_payment_without_a_row_is_no_longer_cleared() -> None:
    office = PayingOffice()
    office.paying.pay("12")
    office.paying.clear("12")
    office.poll()
    del office.paying.payments["12"]
    office.poll(minutes=60)
    assert office.payment_story("12")[1][0] == "payment.uncleared"


def test_many_cleared_payments_without_a_row_are_a_doubt_about_the_source() -> None:
    office = PayingOffice()
    for number in range(8):
        office.paying.pay(str(number))
        office.paying.clear(str(number))
    office.poll()
    office.paying.payments.clear()
    office.poll(minutes=60)
    assert {kind for n in range(8) for kind, *_ in office.payment_story(str(n))} == {
        "payment.cleared"
    }
    assert office.telemetry.said("payments_failed", "error")


@pytest.mark.parametrize("which", ["sweep", "key"])
def test_what_is_absent_from_a_broken_sweep_means_nothing(which: str) -> None:
    office = PayingOffice()
    office.paying.pay("12")
    office.paying.clear("12")
    office.poll()
    del office.paying.payments["12"]
    office.paying.incomplete = {which}
    office.poll(minutes=60)
    assert [kind for kind, *_ in office.payment_story("12")] == ["payment.cleared"]
    swept = office.tables.companies["acme"].payments_swept_at
    assert swept
    assert swept < office.clock.now() - timedelta(minutes=59)


def test_a_row_the_sweep_cannot_read_means_nothing_and_holds_nothing_up() -> None:
    office = PayingOffice()
    for number in ("12", "13"):
        office.paying.pay(number)
        office.paying.clear(number)
    office.poll()
    del office.paying.payments["12"]
    office.paying.quarantined = {"13"}
    assert office.poll(minutes=60).outcome == "polled"
    assert [kind for kind, *_ in office.payment_story("12")] == ["payment.cleared"]
    assert office.tables.companies["acme"].payments_swept_at == office.clock.now()
    assert office.tables.companies["acme"].payments_baseline_done


def test_a_company_without_clearing_dates_is_polled_without_the_sweep() -> None:
    office = PayingOffice(baseline=False)
    office.paying.dates_permitted = False
    assert office.poll().outcome == "polled"
    assert office.telemetry.said("clearings_refused", "warning")
    assert office.tables.companies["acme"].payments_baseline_done


# -------------------------------------------------------------------------------- trouble
@pytest.mark.parametrize(
    "error", [SourceUnavailable("down"), SourceRejected("no")], ids=["down", "refused"]
)
def test_trouble_with_payments_holds_no_bill_back(error: Exception) -> None:
    office = PayingOffice()
    office.intacct.submit("7")
    office.paying.errors.append(error)  # type: ignore[arg-type]
    report = office.poll()
    assert (report.outcome, report.alerts) == ("polled", 1)
    state = office.tables.companies["acme"]
    assert state.watermark == office.intacct.bills["7"].modified
    assert state.poll_succeeded_at == office.clock.now()
    assert state.last_error == error.code  # type: ignore[attr-defined]
    assert office.telemetry.said("payments_failed", "error")
    assert office.telemetry.metrics["PollsFailed"] == 1


def test_trouble_with_payments_leaves_their_watermark_where_it_was() -> None:
    office = PayingOffice()
    office.paying.pay("12")
    office.poll()
    before = office.tables.companies["acme"].payments_watermark
    office.paying.pay("13", PaymentState.VOIDED)
    office.paying.incomplete = {"changed"}
    office.poll()
    assert office.tables.companies["acme"].payments_watermark == before
    assert office.payment_story("13") == [("payment.voided", 1, "open")]


def test_payments_that_may_not_be_read_are_said_once_and_left_alone() -> None:
    office = PayingOffice(baseline=False)
    office.paying.permitted = False
    for _ in range(3):
        assert office.poll().outcome == "polled"
    assert len(office.telemetry.said("payments_not_permitted", "warning")) == 1
    assert not office.tables.companies["acme"].payments_baseline_done


@pytest.mark.parametrize("fault", [Fault.KILLED_AFTER, Fault.LOST_REPLY, Fault.THROTTLED])
def test_a_poll_that_breaks_off_at_a_payment_tells_it_exactly_once(fault: Fault) -> None:
    office = PayingOffice()
    office.paying.pay("12", PaymentState.VOIDED)
    office.faults.arrange("commit document.seen", fault)
    try:
        office.poll()
    except Killed:
        office.clock.forward(minutes=3)
    office.poll()
    assert office.payment_story("12") == [("payment.voided", 1, "open")]
    assert len(office.tables.dispatches) == 1


def test_payments_restored_to_an_earlier_time_are_not_told_again() -> None:
    office = PayingOffice()
    office.paying.pay("12")
    office.paying.clear("12")
    backup = dict(office.tables.payments)
    office.poll()
    office.tables.payments = backup
    office.poll()
    assert len(office.tables.dispatches) == 1
    assert office.payment("12").generation == 2
    assert office.all_chains_hold()
