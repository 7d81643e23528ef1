"""What people get when much happens at once: the first text now, and the rest in one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ml_connector.domain.audit import check
from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.messages import reference_in
from ml_connector.settings import Timings
from tests.support.bundling import ANN, BOB, TEXT, bundles, cases, flow, submit, texts, world_of
from tests.support.phones import IS_GONE
from tests.support.world import World, number


# ------------------------------------------------------------------- the first, and the rest
def test_the_first_text_comes_at_once_and_the_rest_in_one_ten_minutes_later() -> None:
    world = world_of()
    submit(world, *range(4711, 4719))
    world.run(minutes=4)
    assert len(texts(world)) == 1
    world.run(minutes=10)
    first, rest = texts(world)
    assert "bill 4711" in first
    assert rest == (
        "Acme AP: 7 bills waiting for approval in Intacct, USD 84,000.00: "
        "4712, 4713, 4714 and 4 more. Open Intacct."
    )


def test_a_single_bill_is_held_by_nothing() -> None:
    world = world_of()
    for one in range(3):
        submit(world, 4711 + one)
        world.run(minutes=14)
        assert len(texts(world)) == one + 1


def test_one_bill_that_follows_alone_comes_when_the_window_is_over_in_its_own_words() -> None:
    world = world_of()
    submit(world, 1)
    world.run(minutes=5)
    submit(world, 2)
    world.run(minutes=6)
    assert len(texts(world)) == 1
    world.run(minutes=4)
    assert "bill 2" in texts(world)[1]
    assert bundles(world) == []


def test_a_stream_of_bills_is_one_text_in_each_window() -> None:
    world = world_of()
    for minute in range(60):
        submit(world, minute)
        world.run(minutes=1)
    world.run(minutes=15)
    assert len(world.provider.log) == 7
    told = {member.case_id for one in world.dispatches() if one.sid for member in one.members}
    assert told == set(world.tables.cases)


def test_others_are_not_kept_waiting() -> None:
    world = World(timings=Timings(), flow=flow(TEXT, {"sms": {"to": "bob"}}))
    world.approver("bob", BOB)
    world.baseline()
    submit(world, 1, 2, 3)
    world.run(minutes=4)
    assert (len(texts(world)), len(texts(world, BOB))) == (1, 1)
    world.run(minutes=12)
    assert (len(texts(world)), len(texts(world, BOB))) == (2, 2)


def test_what_is_urgent_waits_for_nobody() -> None:
    world = world_of({"sms": {"to": "approver", "urgent": True}})
    submit(world, 1, 2, 3)
    world.run(minutes=4)
    assert len(texts(world)) == 3
    assert bundles(world) == []


def test_more_than_twenty_are_more_than_one_text() -> None:
    world = world_of()
    submit(world, *range(1000, 1046))
    world.run(minutes=16)
    assert [len(one.members) for one in bundles(world)] == [20, 20, 5]
    assert len(texts(world)) == 4


def test_a_rule_that_wants_a_second_text_sooner_than_the_window_gets_it() -> None:
    world = world_of(TEXT, {"sms": {"to": "approver", "after": 300}})
    submit(world, 1)
    world.run(minutes=9)
    assert len(texts(world)) == 2


def test_with_the_window_switched_off_each_comes_alone() -> None:
    world = World(timings=Timings(bundle_window=0.5), flow=flow(TEXT))
    world.baseline()
    submit(world, *range(5))
    world.run(minutes=4)
    assert len(texts(world)) == 5


def test_what_waited_for_the_morning_comes_in_one_text() -> None:
    world = world_of()
    world.change_approver("ann", quiet_hours="20:00-08:00")
    submit(world, *range(6))
    world.run(minutes=30)
    assert texts(world) == []
    world.run(hours=5)
    (morning,) = texts(world)
    assert morning.startswith("Acme AP: 6 bills waiting for approval in Intacct, USD 72,000.00: ")


def test_what_was_over_the_limit_of_a_person_becomes_one_text() -> None:
    world = world_of({"sms": {"to": "approver"}})
    alone = replace(world.ports, timings=Timings(bundle_window=0.5))
    usual, world.ports = world.ports, alone
    submit(world, *range(16))
    world.run(minutes=4)
    assert len(texts(world)) == 10
    world.ports = usual
    world.run(minutes=20)
    assert "6 bills waiting" in texts(world)[10]
    assert len(texts(world)) == 11


# ------------------------------------------------------------------------- one text, many bills
def held_three(world: World) -> Dispatch:
    """Bill 1 was texted alone, and bills 2, 3 and 4 in one text."""
    submit(world, 1, 2, 3, 4)
    world.run(minutes=14)
    return bundles(world)[-1]


def test_a_reply_with_its_reference_acknowledges_all_that_are_still_open() -> None:
    world = world_of()
    dispatch = held_three(world)
    world.ledger.approve("3")
    world.run(minutes=3)
    assert reference_in(world.ann.texts[-1].body) == dispatch.reference
    world.inbox.receive(ANN, dispatch.reference)
    world.run(minutes=3)
    by_bill = {case.document: case.state for case in world.tables.cases.values()}
    assert by_bill == {
        "bill#1": CaseState.OPEN,
        "bill#2": CaseState.ACKNOWLEDGED,
        "bill#3": CaseState.HANDLED,
        "bill#4": CaseState.ACKNOWLEDGED,
    }


def test_a_bill_handled_while_it_was_held_is_in_no_text() -> None:
    world = world_of()
    submit(world, 1, 2, 3, 4)
    world.run(minutes=5)
    world.ledger.approve("3")
    world.run(minutes=10)
    assert "2 bills waiting for approval in Intacct, USD 24,000.00: 2, 4." in texts(world)[1]


def test_a_bill_handled_between_joining_and_sending_is_in_no_text() -> None:
    world = world_of()
    submit(world, 1, 2, 3, 4)
    world.run(minutes=4)
    world.clock.forward(minutes=8)
    world.check()
    world.ledger.approve("3")
    world.poll()
    (joined,) = bundles(world)
    world.drain()
    world.run(minutes=3)
    assert world.dispatch(joined.id).state is DispatchState.NOT_SENT
    assert "2 bills waiting for approval in Intacct, USD 24,000.00: 2, 4." in texts(world)[1]
    assert world.broken_chains() == []


def test_when_all_of_them_are_handled_it_stays_silent() -> None:
    world = world_of()
    submit(world, 1, 2, 3)
    world.run(minutes=4)
    world.clock.forward(minutes=8)
    world.check()
    for one in "23":
        world.ledger.approve(one)
    world.poll()
    world.drain()
    world.run(minutes=30)
    assert len(world.provider.log) == 1


def test_a_bundle_that_did_not_arrive_is_tried_again_with_what_is_still_open() -> None:
    world = world_of()
    submit(world, 1, 2, 3, 4)
    world.run(minutes=4)
    world.ann.turn_off()
    world.run(minutes=8)
    world.ledger.approve("2")
    world.ann.turn_on()
    world.run(minutes=15)
    assert "2 bills waiting for approval in Intacct, USD 24,000.00: 3, 4." in texts(world)[-1]
    assert cases(world) == {CaseState.OPEN, CaseState.HANDLED}


def test_one_that_is_left_of_a_bundle_is_spoken_of_alone() -> None:
    world = world_of()
    submit(world, 1, 2, 3)
    world.run(minutes=4)
    world.clock.forward(minutes=8)
    world.check()
    world.ledger.approve("3")
    world.poll()
    world.drain()
    world.run(minutes=2)
    assert texts(world)[1] == (
        "Acme AP: 1 bill waiting for approval in Intacct, USD 12,000.00: 2. Open Intacct."
    )


def test_the_plan_of_a_bill_that_was_left_out_goes_on() -> None:
    world = world_of(
        {"sms": {"to": "cho", "urgent": True}},
        {"sms": {"to": "approver", "unless": "acknowledged"}},
        {"sms": {"to": "bob", "after": 3600}},
    )
    world.approver("bob", BOB)
    cho = world.approver("cho", number(3))
    submit(world, 1, 2, 3)
    world.run(minutes=4)
    second = next(text.body for text in cho.texts if "bill 2" in text.body)
    world.inbox.receive(cho.number, reference_in(second) or "")
    world.clock.forward(minutes=8)
    world.check()
    (joined,) = bundles(world)
    assert len(joined.members) == 2
    world.run(hours=3)
    assert "1 bill waiting for approval in Intacct, USD 12,000.00: 3." in texts(world)[1]
    alerts = [world.tables.alerts[one.case_id][one.alert_id] for one in joined.members]
    assert {alert.stop_reason for alert in alerts} == {StopReason.NEEDLESS, None}
    told = {m.case_id for one in world.dispatches() if one.recipient == "bob" for m in one.members}
    assert told == set(world.tables.cases)


def test_when_a_number_is_gone_each_bill_goes_on_to_the_next_person() -> None:
    world = world_of({"sms": {"to": "approver"}}, approver="ann")
    world.approver("bob", BOB)
    world.change_approver("ann", manager="bob", channels=("sms", "voice"))
    world.ann.life = IS_GONE
    submit(world, 1, 2, 3)
    world.run(minutes=40)
    alerts = [one for each in world.tables.alerts.values() for one in each.values()]
    stopped = [one for one in alerts if one.stop_reason is StopReason.UNREACHABLE]
    assert len(stopped) == 3
    assert world.calls.log, "the other channel of the same person"


def test_the_audit_of_each_bill_says_which_text_it_is_in_and_what_became_of_its_own() -> None:
    world = world_of()
    submit(world, 1, 2, 3)
    world.run(minutes=15)
    (joined,) = bundles(world)
    for member in joined.members:
        case = world.tables.cases[member.case_id]
        entries = list(world.audit.chain(case.chain))
        kinds = [entry.kind for entry in entries]
        assert kinds == [
            "case.opened",
            "dispatch.deferred",
            "dispatch.bundled",
            "dispatch.claimed",
            "dispatch.sent",
            "dispatch.delivered",
        ]
        said: Any = entries[2].data
        (old,) = (world.dispatch(one) for one in said["instead_of"])
        assert said["dispatch"] == joined.id
        assert (old.state, old.reason) == (
            DispatchState.NOT_SENT,
            f"bundled into {joined.id}",
        )
        assert check(entries, case.head) is None


def test_somebody_else_speaks_spanish() -> None:
    world = world_of()
    world.change_approver("ann", language="es")
    submit(world, 1, 2, 3)
    world.run(minutes=15)
    assert texts(world)[1].startswith("Acme AP: 2 facturas esperan aprobacion en Intacct, ")
    assert texts(world)[1].endswith(": 2, 3. Abra Intacct.")
