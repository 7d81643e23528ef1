"""Bills that are called about together, and payments that clear together."""

from __future__ import annotations

from dataclasses import replace

from ml_connector.domain.cases import CaseState
from ml_connector.settings import Timings
from tests.support.bundling import ANN, CALL, TEXT, cases, flow, submit, texts, world_of
from tests.support.calls import NOBODY_ANSWERS, PRESSES_ONE
from tests.support.paying import FakePayments
from tests.support.world import World


# ------------------------------------------------------------------------------------- calls
def test_bills_to_be_called_about_join_one_call_and_one_key_confirms_them_all() -> None:
    world = world_of(CALL)
    world.change_approver("ann", channels=("voice",))
    world.ledger.submit("1", amount="15000.00")
    world.ledger.submit("2", amount="5000.00", vendor="Corner Paper")
    world.ledger.submit("3", amount="25000.00", vendor="Baker Steel")
    world.ledger.submit("4", amount="10000.00", vendor="Dune Freight")
    world.run(minutes=5)
    assert len(world.calls.log) == 1
    world.run(minutes=12)
    (joined,) = world.calls.log[1:]
    assert joined.request.text == (
        "Acme AP. You have 3 bills waiting for approval in Intacct, together 40,000 US dollars. "
        "The largest is from Baker Steel, 25,000 US dollars."
    )
    assert cases(world) == {CaseState.CONFIRMED}


def test_a_joined_call_nobody_takes_is_placed_again_about_what_is_still_open() -> None:
    world = world_of(CALL)
    world.change_approver("ann", channels=("voice",))
    submit(world, 1, 2, 3, 4)
    world.run(minutes=5)
    world.calls.line(ANN).next_calls(NOBODY_ANSWERS, PRESSES_ONE)
    world.run(minutes=8)
    world.ledger.approve("4")
    world.run(minutes=12)
    assert len(world.calls.log) == 3
    assert "You have 2 bills" in world.calls.log[2].request.text
    assert cases(world) == {CaseState.CONFIRMED, CaseState.HANDLED}


# ---------------------------------------------------------------------------------- payments
def paying(world: World) -> FakePayments:
    payments = FakePayments(world.clock)
    world.poll_ports = replace(world.poll_ports, payments=lambda _: payments)
    world.poll()
    return payments


def test_payments_that_clear_together_are_one_text() -> None:
    world = World(timings=Timings(), flow=flow(TEXT, on="payment.cleared"))
    payments = paying(world)
    for one in range(10, 19):
        payments.pay(str(one))
    world.run(minutes=4)
    for one in range(10, 19):
        payments.clear(str(one))
    world.run(hours=2)
    (text,) = texts(world)
    assert text == (
        "Acme AP: 9 payments cleared the bank, says Intacct, USD 112,500.00: "
        "PAY-10, PAY-11, PAY-12 and 6 more. Open Intacct."
    )


def test_a_single_payment_waits_a_minute_and_comes_in_its_own_words() -> None:
    world = World(timings=Timings(), flow=flow(TEXT, on="payment.cleared"))
    payments = paying(world)
    payments.pay("12")
    world.run(minutes=4)
    payments.clear("12")
    world.run(hours=2)
    (text,) = texts(world)
    assert "payment PAY-12" in text
