"""When Intacct cannot be read for too long, those are told whom a rule names, step by step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ml_connector.domain.cases import Case, CaseState
from ml_connector.domain.flows import parse
from ml_connector.usecases import failing
from tests.support.memory_store import MemoryFlowStore
from tests.support.mishaps import Fault
from tests.support.world import COMPANIES, COMPANY, DEFAULT_FLOW, World, number

LEA, MAX = number(5), number(6)
ONE_TEXT = [{"sms": {"to": "lea"}}]


def rule(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    notify = list(steps) or ONE_TEXT
    return {"name": "nothing is read", "on": ["poll.failing"], "notify": notify, **more}


def flow(*rules: dict[str, Any], **company: Any) -> dict[str, Any]:
    return {
        **DEFAULT_FLOW,
        "companies": {COMPANY: {**COMPANIES[COMPANY], **company}},
        "ap_lead": "ann",
        "rules": [*DEFAULT_FLOW["rules"], *rules],
    }


def watched(*steps: dict[str, Any], **more: Any) -> World:
    """A company whose polls went well until now, and a rule for when they do not."""
    world = World(flow=flow(rule(*steps, **more)))
    world.approver("lea", LEA, channels=("sms", "voice"), manager="max")
    world.approver("max", MAX, channels=("sms", "voice"))
    world.run(minutes=3)
    return world


def falls_silent(world: World, minutes: float) -> None:
    """Intacct answers nothing for so long."""
    world.ledger.down = True
    world.run(minutes=minutes)
    world.ledger.down = False


def told(world: World, phone: str = LEA) -> list[str]:
    return [text.body for text in world.provider.phone(phone).texts]


def the_case(world: World) -> Case:
    (case,) = (case for case in world.tables.cases.values() if case.kind == "poll.failing")
    return case


def kinds(world: World) -> list[str]:
    return [entry.kind for entry in world.audit.chain(the_case(world).chain)]


def test_after_half_an_hour_one_text_says_since_when_and_what_to_do_and_no_more_follow() -> None:
    world = watched()
    falls_silent(world, 90)
    (text,) = told(world)
    assert text.startswith("Acme AP: nothing was read from Intacct since ")
    assert "Nobody is told of bills until that works again. Look in Intacct and call IT." in text
    assert world.broken_chains() == []


def test_its_case_cites_the_rule_and_the_flow_as_others_do() -> None:
    world = watched()
    falls_silent(world, 60)
    case = the_case(world)
    assert (case.document, case.rule, case.flow_version) == ("system", "nothing is read", 1)
    opened = next(iter(world.audit.chain(case.chain)))
    assert opened.data["sentence"] == (
        "2. When nothing can be read from Intacct for too long, text lea."
    )


def test_a_short_silence_is_told_to_nobody() -> None:
    world = watched()
    falls_silent(world, 25)
    world.run(minutes=60)
    assert told(world) == []


def test_the_next_silence_is_told_again() -> None:
    world = watched()
    for _ in range(2):
        falls_silent(world, 60)
        world.run(minutes=30)
    assert len(told(world)) == 2


def test_later_steps_begin_although_no_fresh_look_is_to_be_had() -> None:
    world = watched(
        {"sms": {"to": "lea"}},
        {"sms": {"to": "max", "after": 1800, "unless": "acknowledged"}},
        {"sms": {"to": "ap_lead", "after": 3600, "unless": "acknowledged"}},
    )
    falls_silent(world, 180)
    assert [len(told(world, phone)) for phone in (LEA, MAX, number(1))] == [1, 1, 1]
    first, second = (world.provider.phone(phone).texts[0].accepted_at for phone in (LEA, MAX))
    assert timedelta(minutes=30) <= second - first <= timedelta(minutes=33)
    assert "case.fresh_look_asked" not in kinds(world)
    assert world.asked == []


def test_later_steps_are_left_out_once_a_poll_succeeds() -> None:
    world = watched({"sms": {"to": "lea"}}, {"sms": {"to": "max", "after": 3600}})
    falls_silent(world, 50)
    world.run(minutes=180)
    assert (len(told(world)), told(world, MAX)) == (1, [])
    assert the_case(world).state is CaseState.HANDLED


def test_it_is_repeated_until_polls_succeed_again() -> None:
    repeat = {"repeat": 3600, "at_most": 20, "until": "handled"}
    world = watched({"sms": {"to": "lea", **repeat}})
    falls_silent(world, 4 * 60)
    heard = len(told(world))
    assert heard == 4
    world.run(days=1)
    assert len(told(world)) == heard


def test_somebody_is_called_and_confirms_and_the_next_step_is_left_out() -> None:
    world = watched(
        {"voice": {"to": "lea", "confirm": True}},
        {"sms": {"to": "max", "after": 1800, "unless": "confirmed"}},
    )
    falls_silent(world, 180)
    (call,) = world.calls.log
    assert "Nothing was read from Intacct since November " in call.request.text
    assert "Please look in Intacct yourself, and call your IT." in call.request.text
    assert the_case(world).state is CaseState.CONFIRMED
    assert told(world, MAX) == []


def test_once_it_works_again_nobody_hears_of_what_is_over() -> None:
    world = watched()
    world.change_approver("lea", quiet_hours="00:00-23:59", zone="UTC")
    falls_silent(world, 60)
    assert the_case(world).state is CaseState.OPEN
    world.run(minutes=10)
    assert the_case(world).state is CaseState.HANDLED
    assert kinds(world)[-1] == "case.handled"
    world.change_approver("lea", quiet_hours="")
    world.run(days=1)
    assert told(world) == []
    assert world.broken_chains() == []


def test_what_is_urgent_may_pass_quiet_hours() -> None:
    world = watched({"sms": {"to": "lea", "urgent": True}})
    world.change_approver("lea", quiet_hours="00:00-23:59", zone="UTC")
    falls_silent(world, 60)
    assert len(told(world)) == 1


def test_a_poll_that_could_not_end_the_case_leaves_nothing_to_be_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = watched({"sms": {"to": "lea"}}, {"sms": {"to": "max", "after": 3600}})
    world.ledger.down = True
    world.run(minutes=45)
    with monkeypatch.context() as patched:
        patched.setattr(failing, "over", lambda *_: None)
        world.ledger.down = False
        world.run(minutes=4)
    assert the_case(world).state is CaseState.OPEN
    world.run(minutes=120)
    assert told(world, MAX) == []
    assert the_case(world).state is CaseState.HANDLED


def in_maintenance(world: World, first: float, last: float) -> None:
    """A maintenance is planned, from so many minutes from now on."""
    start, end = (world.clock.now() + timedelta(minutes=m) for m in (first, last))
    window = {"from": start.isoformat(), "to": end.isoformat()}
    calendar = {**COMPANIES[COMPANY]["calendar"], "maintenance": [window]}
    steps = [{"sms": {"to": "lea"}}, {"sms": {"to": "max", "after": 3600}}]
    published = flow(rule(*steps), calendar=calendar)
    assert isinstance(world.poll_ports.flows, MemoryFlowStore)
    world.poll_ports.flows.flow = parse(published, 2)


def test_nobody_is_told_in_a_maintenance_nor_of_the_time_before_its_end() -> None:
    world = watched()
    in_maintenance(world, 0, 120)
    falls_silent(world, 140)
    assert told(world) == []


def test_a_later_step_waits_for_the_end_of_a_maintenance_with_an_entry() -> None:
    world = watched({"sms": {"to": "lea"}}, {"sms": {"to": "max", "after": 3600}})
    in_maintenance(world, 60, 240)
    world.ledger.down = True
    world.run(minutes=235)
    assert (len(told(world)), told(world, MAX)) == (1, [])
    assert "case.put_off" in kinds(world)
    world.run(minutes=30)
    assert len(told(world, MAX)) == 1


def test_where_no_rule_speaks_of_it_nobody_is_told() -> None:
    world = World()
    world.run(minutes=3)
    falls_silent(world, 60)
    assert world.provider.log == []


def test_a_rule_of_another_company_tells_nobody() -> None:
    others = {**COMPANIES, "beta": {"name": "Beta", "zone": "UTC"}}
    of_beta = flow(rule(companies=["beta"]))
    world = World(flow={**of_beta, "companies": others})
    world.approver("lea", LEA)
    world.run(minutes=3)
    falls_silent(world, 60)
    assert told(world) == []


def test_where_the_one_named_cannot_be_texted_the_default_is() -> None:
    world = watched()
    world.change_approver("lea", active=False)
    falls_silent(world, 60)
    assert len(told(world, number(1))) == 1


def test_whoever_is_away_stands_behind_their_substitute() -> None:
    world = watched()
    away = {"away_from": world.clock.now().date() - timedelta(days=1), "substitute": "max"}
    world.change_approver("lea", **away)
    falls_silent(world, 60)
    assert (told(world), len(told(world, MAX))) == ([], 1)


def test_where_nobody_can_be_texted_an_operator_hears_of_it() -> None:
    world = watched()
    for name in ("lea", "ann"):
        world.change_approver(name, active=False)
    falls_silent(world, 60)
    assert world.telemetry.said("approver_unreachable", "error")


def test_in_spanish() -> None:
    world = watched()
    world.change_approver("lea", language="es")
    falls_silent(world, 60)
    assert told(world)[0].startswith("Acme AP: no se ha podido leer Intacct desde ")


def test_a_reply_that_it_was_seen_acknowledges_it() -> None:
    world = watched(
        {"sms": {"to": "lea"}}, {"sms": {"to": "max", "after": 3600, "unless": "acknowledged"}}
    )
    world.ledger.down = True
    world.run(minutes=40)
    (text,) = told(world)
    world.inbox.receive(LEA, text[-4:])
    world.run(minutes=120)
    assert the_case(world).state is CaseState.ACKNOWLEDGED
    assert told(world, MAX) == []


@pytest.mark.parametrize("fault", [Fault.CONFLICT, Fault.LOST_REPLY, Fault.KILLED_AFTER])
def test_a_tick_in_trouble_neither_loses_nor_doubles_it(fault: Fault) -> None:
    world = watched()
    world.faults.arrange("commit case.opened", fault)
    falls_silent(world, 60)
    assert len(told(world)) == 1
