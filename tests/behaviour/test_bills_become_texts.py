"""What approvers live through, on the deployed template."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal

import pytest

from ml_connector.domain.audit import check
from ml_connector.domain.cases import CaseState
from ml_connector.domain.dispatches import DispatchState
from sandbox.aws import wait
from sandbox.intacct.client import Record
from sandbox.world import LocalWorld

pytestmark = pytest.mark.deployed

WITHIN = 40.0
NUMBERS = itertools.count(9001)


def submit(world: LocalWorld, amount: str, vendor: str = "V-100") -> Record:
    return world.submit(vendor, amount, f"B-{next(NUMBERS)}")


def await_state(world: LocalWorld, bill: Record, state: DispatchState) -> None:
    wait.until(
        lambda: [d.state for d in world.dispatches(bill)][-1:] == [state],
        f"the last dispatch of {bill['RECORDID']} to be {state}",
        timeout=WITHIN,
    )


def await_ended(world: LocalWorld, bill: Record) -> None:
    wait.until(
        lambda: bool(cases := world.cases(bill)) and cases[0].state is CaseState.HANDLED,
        f"the case of {bill['RECORDID']} to be handled",
        timeout=WITHIN,
    )


def texts_about(world: LocalWorld, person: str, bill: Record) -> list[str]:
    return [t.body for t in world.phone(person).inbox() if bill["RECORDID"] in t.body]


def test_a_submitted_bill_buzzes_its_approver_once_with_all_that_matters(world: LocalWorld) -> None:
    bill = submit(world, "12500.00")
    text = world.phone("ann").expect_sms(bill["RECORDID"], within=WITHIN).body
    await_state(world, bill, DispatchState.DELIVERED)
    assert text.startswith("Acme AP: Baker Steel, USD 12,500.00, bill ")
    assert "Waiting for approval in Intacct." in text
    assert texts_about(world, "ann", bill) == [text]


def test_every_step_is_in_an_audit_chain_that_holds(world: LocalWorld) -> None:
    bill = submit(world, "12600.00")
    await_state(world, bill, DispatchState.DELIVERED)
    (case,) = world.cases(bill)
    entries = list(world.audit.chain(case.chain))
    kinds = [entry.kind for entry in entries]
    assert kinds == ["case.opened", "dispatch.claimed", "dispatch.sent", "dispatch.delivered"]
    assert check(entries, case.head) is None
    assert entries[0].data["sentence"] == (
        "3. When a bill is submitted with an amount of at least USD 10,000.00 and under"
        " USD 25,000.00, text ann."
    )
    assert "Baker" not in str([entry.data for entry in entries])
    assert "+1555" not in str([entry.data for entry in entries])


def test_a_declined_bill_that_is_submitted_again_is_told_again(world: LocalWorld) -> None:
    bill = submit(world, "12700.00")
    await_state(world, bill, DispatchState.DELIVERED)
    world.intacct.decline(bill.recordno)
    await_ended(world, bill)
    world.intacct.submit(bill.recordno)
    wait.until(
        lambda: len(texts_about(world, "ann", bill)) == 2,
        "a second text for the second round",
        timeout=WITHIN,
    )
    assert [case.round for case in world.cases(bill)] == [1, 2]


@pytest.mark.parametrize("operation", ["recall", "delete_bill"])
def test_a_bill_taken_back_goes_quiet_at_once(world: LocalWorld, operation: str) -> None:
    world.phone("cho").turn_off()
    bill = submit(world, "3100.00")
    await_state(world, bill, DispatchState.WAITING)
    wait.until(lambda: len(world.dispatches(bill)) == 2, "a retry to be planned", timeout=WITHIN)
    getattr(world.intacct, operation)(bill.recordno)
    world.phone("cho").turn_on()
    await_ended(world, bill)
    await_state(world, bill, DispatchState.NOT_SENT)
    assert texts_about(world, "cho", bill) == []


def test_a_partial_approval_ends_the_first_alert_and_tells_the_next_person(
    world: LocalWorld,
) -> None:
    bill = submit(world, "7300.00")
    world.phone("bob").expect_sms(bill["RECORDID"], within=WITHIN)
    world.intacct.partially_approve(bill.recordno)
    world.phone("eli").expect_sms(bill["RECORDID"], within=WITHIN)
    first, second = world.cases(bill)
    assert (first.state, second.state) == (CaseState.HANDLED, CaseState.OPEN)
    assert len(texts_about(world, "bob", bill)) == 1


def test_without_a_phone_the_default_approver_is_told_and_the_audit_says_why(
    world: LocalWorld,
) -> None:
    cho = world.approvers.approver("cho")
    assert cho is not None
    world.approvers.put(replace(cho, phone=""))
    try:
        bill = submit(world, "3200.00")
        world.phone("eli").expect_sms(bill["RECORDID"], within=WITHIN)
    finally:
        world.approvers.put(cho)
    (case,) = world.cases(bill)
    opened = next(iter(world.audit.chain(case.chain)))
    (told,) = opened.data["alerts"]
    assert told["passed_over"] == [{"approver": "cho", "reason": "no phone number"}]


def test_a_bill_in_another_currency_goes_to_the_default_rule(world: LocalWorld) -> None:
    record = world.intacct.create_bill(
        "V-106", Decimal("20000.00"), currency="EUR", number=f"B-{next(NUMBERS)}", submit=True
    )
    text = world.phone("eli").expect_sms(record["RECORDID"], within=WITHIN).body
    assert "EUR 20,000.00" in text
