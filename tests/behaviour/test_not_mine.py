"""Whoever presses 2 is left alone, and somebody else hears of the bill: a person or an operator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from cli.alerts.resending import chosen, resent
from cli.alerts.writing import act
from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.planning import PlanTimes
from ml_connector.domain.voice_words import LANGUAGES
from tests.support.calls import NOBODY_ANSWERS, PRESSES_ONE, PRESSES_TWO
from tests.support.world import COMPANIES, World, number

ANN, BOB, CHO, DEE = (number(place) for place in range(1, 5))
CALL = {"voice": {"to": "approver", "confirm": True}}
CALL_MANAGER = {"voice": {"to": "manager", "after": 1800, "unless": "confirmed", "confirm": True}}
TEXT_LATER = {"sms": {"to": "approver", "after": 240, "unless": "confirmed"}}


def flow(*notify: Mapping[str, Any], **people: Any) -> Mapping[str, Any]:
    """A flow of one rule whose approver is Ann; `people` are its default approver and AP lead."""
    rule = {"name": "called", "on": ["bill.submitted"], "approver": "ann", "notify": list(notify)}
    return {
        "schema": 1,
        "companies": COMPANIES,
        "default_approver": "dee",
        **people,
        "rules": [rule],
    }


def world_of(published: Mapping[str, Any]) -> World:
    """Ann, who always presses 2, Bob, her manager, Cho, who leads, and Dee."""
    world = World(flow=published)
    world.approver("ann", ANN, channels=("sms", "voice"), manager="bob")
    for who, phone in (("bob", BOB), ("cho", CHO), ("dee", DEE)):
        world.approver(who, phone, channels=("sms", "voice"))
        world.calls.line(phone).life = PRESSES_ONE
    world.calls.line(ANN).life = PRESSES_TWO
    return world


def told(world: World) -> list[tuple[str, str]]:
    """Who was told over which channel, in order."""
    sent = [one for one in world.dispatches() if one.sid]
    return [
        (one.recipient, one.channel) for one in sorted(sent, key=lambda x: x.sent_at or x.due_at)
    ]


def last_step(world: World, dispatch: Dispatch) -> Mapping[str, Any]:
    stepped = [one.data for one in world.entries(dispatch) if one.kind == "case.stepped"]
    (begun,) = stepped[-1]["alerts"]  # type: ignore[misc]
    return begun  # type: ignore[return-value]


def test_where_the_only_step_is_handed_back_the_default_approver_is_called_at_once() -> None:
    world = world_of(flow(CALL))
    dispatch = world.open()
    world.run(minutes=5)
    assert told(world) == [("ann", "voice"), ("dee", "voice")]
    assert world.alert(dispatch).stop_reason is StopReason.DECLINED
    assert world.case(dispatch).state is CaseState.CONFIRMED
    passed_over = last_step(world, dispatch)["passed_over"]
    assert passed_over == [{"approver": "ann", "reason": "said that it is not theirs"}]
    assert world.telemetry.metrics["AlertsFailed"] == 0
    world.run(days=2)
    assert len(told(world)) == 2
    assert world.broken_chains() == []


def test_where_the_flow_names_nobody_else_it_is_the_manager_and_then_the_lead() -> None:
    world = world_of(flow(CALL, default_approver="ann", ap_lead="cho"))
    world.calls.line(BOB).life = PRESSES_TWO
    dispatch = world.open()
    world.run(minutes=10)
    assert told(world) == [("ann", "voice"), ("bob", "voice"), ("cho", "voice")]
    assert last_step(world, dispatch)["because"] == "AP lead"


def test_whoever_stands_in_for_a_manager_who_is_away_comes_first() -> None:
    world = world_of(flow(CALL, default_approver="ann"))
    away = world.clock.now().date()
    world.change_approver("bob", away_from=away, substitute="cho")
    world.open()
    world.run(minutes=10)
    assert told(world) == [("ann", "voice"), ("cho", "voice")]


def test_where_there_is_nobody_else_an_operator_hears_of_it_and_the_audit_knows() -> None:
    world = world_of(flow(CALL, default_approver="ann"))
    world.change_approver("ann", manager="")
    dispatch = world.open()
    world.run(days=1)
    assert told(world) == [("ann", "voice")], "and she is not texted either"
    assert last_step(world, dispatch)["stopped"] == "nobody else"
    (line,) = world.telemetry.said("nobody_else_to_tell", "error")
    assert line.fields["case"] == dispatch.members[0].case_id
    assert world.telemetry.metrics["AlertsFailed"] == 1
    assert world.case(dispatch).state is CaseState.OPEN


def test_the_next_step_begins_at_once_though_a_text_of_the_plan_came_in_between() -> None:
    world = world_of(flow(CALL, TEXT_LATER, CALL_MANAGER))
    world.calls.line(ANN).next_calls(NOBODY_ANSWERS, PRESSES_TWO)
    dispatch = world.open()
    world.run(minutes=15)
    assert told(world) == [("ann", "voice"), ("ann", "sms"), ("ann", "voice"), ("bob", "voice")]
    assert world.case(dispatch).state is CaseState.CONFIRMED


def test_what_comes_later_goes_to_somebody_else_too() -> None:
    again = {"sms": {"to": "approver", "after": 3600, "repeat": 86_400, "at_most": 3}}
    world = world_of(flow(CALL, again))
    world.open()
    world.run(days=3)
    assert told(world) == [("ann", "voice"), *[("dee", "sms")] * 3]


def test_where_a_later_step_reaches_nobody_but_them_it_is_passed_on_all_the_same() -> None:
    to_herself = {"sms": {"to": "ann", "after": 3600}}
    world = world_of(flow(CALL, to_herself, default_approver="ann", ap_lead="cho"))
    world.change_approver("ann", manager="")
    world.open()
    world.run(minutes=10)
    assert told(world) == [("ann", "voice"), ("cho", "sms")]


def test_nobody_more_is_looked_for_where_a_later_step_told_somebody_since() -> None:
    soon = {"voice": {**CALL_MANAGER["voice"], "after": 60}}
    world = world_of(flow(CALL, soon))
    world.calls.line(ANN).next_calls(NOBODY_ANSWERS, PRESSES_TWO)
    world.calls.line(BOB).life = NOBODY_ANSWERS
    world.open()
    world.run(minutes=8)
    assert {who for who, _ in told(world)} == {"ann", "bob"}


def test_a_bill_that_was_handed_back_is_not_on_their_daily_list() -> None:
    published = dict(flow({"sms": {"to": "approver"}}, CALL))
    company = {**COMPANIES["acme"], "daily_list": {"at": "08:00"}}
    world = world_of({**published, "companies": {"acme": company}})
    world.open()
    world.run(days=2)
    lists = {text.to for text in world.provider.log if "still wait" in text.body}
    assert lists == {DEE}


@pytest.mark.parametrize(
    ("tag", "words"), [("en", "look for somebody else"), ("es", "otra persona")]
)
def test_what_the_call_says_is_what_happens(tag: str, words: str) -> None:
    assert words in LANGUAGES[tag].prompts.declined
    assert "will be told" not in LANGUAGES[tag].prompts.declined


def test_what_waited_for_the_end_of_their_night_goes_to_somebody_else() -> None:
    at_night = {"voice": {**CALL["voice"], "urgent": True}}
    world = world_of(flow(at_night, {"sms": {"to": "approver"}}))
    world.change_approver("ann", quiet_hours="00:00-08:00")
    world.open()
    world.run(hours=6)
    assert told(world) == [("ann", "voice"), ("dee", "voice"), ("dee", "sms")]
    assert world.telemetry.metrics["AlertsFailed"] == 0


def test_what_waited_for_them_hastens_nothing_a_second_time() -> None:
    at_night = {"voice": {**CALL["voice"], "urgent": True}}
    manager = {"voice": {**CALL_MANAGER["voice"], "urgent": True}}
    last = {"sms": {"to": "cho", "after": 86_400, "urgent": True}}
    world = world_of(flow(at_night, {"sms": {"to": "approver"}}, manager, last))
    world.change_approver("ann", quiet_hours="00:00-08:00")
    world.calls.line(BOB).life = NOBODY_ANSWERS
    world.open()
    world.run(hours=6)
    assert {who for who, _ in told(world)} == {"ann", "bob"}
    world.run(days=1)
    assert told(world)[-1] == ("cho", "sms")


def test_an_operator_may_have_them_told_all_the_same() -> None:
    world = world_of(flow(CALL))
    world.calls.line(DEE).life = NOBODY_ANSWERS
    dispatch = world.open()
    world.run(minutes=5)
    ann = world.approvers.people["ann"]
    document = world.ports.documents.documents("acme", ["bill#4711"])["bill#4711"]
    times = PlanTimes(timedelta(days=5), timedelta(seconds=90), 14_400)
    act(
        world.ports.alerts,
        world.case(dispatch).id,
        lambda file, at: resent(
            file, chosen(file, ann, "sms", 1), document, (), "an operator", "", at, times
        ),
        clock=world.clock,
    )
    world.run(minutes=5)
    assert ("ann", "sms") in told(world)
