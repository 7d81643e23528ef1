"""How a call ended, read from contexts and steps that may be anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.delivery import CallStatus
from ml_connector.twilio.contexts import ASK, CALL, OUTCOME, OUTCOMES, Context, Transition, ending

Status = CallStatus
CALL_SID = "CA" + "0" * 32
FLOW = json.loads((Path(__file__).parents[2] / "flows" / "voice.json").read_text())


def context(
    outcome: object = None,
    key: object = None,
    *,
    call: dict[str, object] | None = None,
    **more: object,
) -> dict[str, Any]:
    """A context as Studio's documentation describes one."""
    widgets: dict[str, object] = {}
    if call is not None:
        widgets[CALL] = {"CallSid": CALL_SID, **call}
    if key is not None:
        widgets[ASK] = {"Digits": key, "CallSid": CALL_SID}
    variables = {} if outcome is None else {OUTCOME: outcome}
    return {
        "trigger": {"request": {"parameters": {"dispatch_id": "d-1"}}},
        "flow": {"data": {"dispatch_id": "d-1"}, "variables": variables},
        "widgets": widgets,
        **more,
    }


def steps(*names: str, answered: bool = False) -> list[Transition]:
    """Steps through these states, newest first."""
    taken = [Transition("which_key", "match", name) for name in names]
    if answered:
        taken.append(Transition(CALL, "answered", "who_answered"))
    return taken


HUMAN: dict[str, object] = {"AnsweredBy": "human", "CallStatus": "in-progress"}


def result(document: object, *taken: Transition) -> tuple[CallStatus, str]:
    read = ending(Context.of(document), taken)
    return read.status, read.witness


@pytest.mark.parametrize("word", OUTCOMES)
def test_the_flows_own_word_and_its_branch_agree(word: str) -> None:
    read = result(context(word), *steps(f"set_{word}"))
    assert read == (OUTCOMES[word], word)


def test_the_flow_has_the_states_that_are_read() -> None:
    states = {state["name"]: state for state in FLOW["states"]}
    assert states[CALL]["type"] == "make-outgoing-call-v2"
    assert states[ASK]["type"] == "gather-input-on-call"
    set_by_the_flow = {
        name: state["properties"]["variables"][0]["value"]
        for name, state in states.items()
        if state["type"] == "set-variables"
        and state["properties"]["variables"][0]["key"] == OUTCOME
    }
    assert set_by_the_flow == {f"set_{word}": word for word in OUTCOMES}


@pytest.mark.parametrize("by", ["machine_start", "machine_end_beep", "machine_end_other", "fax"])
@pytest.mark.parametrize("outcome", ["confirmed", "no_input", None])
def test_what_a_machine_took_nobody_confirmed(by: str, outcome: str | None) -> None:
    document = context(outcome, "1", call={"AnsweredBy": by})
    assert result(document, *steps("set_confirmed"))[0] is Status.MACHINE


@pytest.mark.parametrize("by", ["unknown", "human", None, "somebody", 7])
def test_whoever_is_no_machine_may_confirm(by: object) -> None:
    document = context("confirmed", "1", call={"AnsweredBy": by})
    assert result(document, *steps("set_confirmed"))[0] is Status.CONFIRMED


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("1", Status.CONFIRMED),
        (1, Status.CONFIRMED),
        ("2", Status.DECLINED),
        ("9", Status.WRONG_KEY),
        ("#", Status.WRONG_KEY),
        ("*", Status.NO_INPUT),
        ("", Status.NO_INPUT),
        (None, Status.NO_INPUT),
    ],
)
def test_a_hang_up_right_after_a_key_still_counts_the_key(key: object, status: CallStatus) -> None:
    assert result(context(None, key, call=HUMAN)) == (status, "")


@pytest.mark.parametrize("key", ["11", "1 ", "one", "\uff11", True, ["1"], {"1": 1}, "1\n", 1.0])
def test_what_is_not_one_key_is_no_key(key: object) -> None:
    assert result(context(None, key, call=HUMAN))[0] is Status.NO_INPUT


@pytest.mark.parametrize("outcome", ["CONFIRMED ", " confirmed"])
def test_blanks_and_capitals_do_not_matter(outcome: str) -> None:
    assert result(context(outcome, "1"))[0] is Status.CONFIRMED


@pytest.mark.parametrize("outcome", ["yes", "canceled", "active", "ended", "", 1, ["confirmed"]])
def test_a_word_the_flow_does_not_set_is_no_outcome(outcome: object) -> None:
    assert result(context(outcome, call=HUMAN))[0] is Status.NO_INPUT


# ------------------------------------------------------------------------------ disagreement
def test_steps_alone_never_confirm() -> None:
    assert result(context(None, call=HUMAN), *steps("set_confirmed")) == (
        Status.NO_INPUT,
        "confirmed",
    )


@pytest.mark.parametrize("witness", ["declined", "no_input", "wrong_key"])
def test_the_steps_are_shown_where_they_disagree(witness: str) -> None:
    read = result(context("confirmed", "1"), *steps(f"set_{witness}"))
    assert read == (Status.CONFIRMED, witness)


@pytest.mark.parametrize(
    ("key", "witness", "status"),
    [("2", "declined", Status.DECLINED), ("9", "wrong_key", Status.WRONG_KEY)],
)
def test_a_confirmation_that_key_and_steps_deny_is_not_believed(
    key: str, witness: str, status: CallStatus
) -> None:
    assert result(context("confirmed", key), *steps(f"set_{witness}"))[0] is status


def test_a_denial_is_believed_without_anybody_else() -> None:
    assert result(context("declined", "1"), *steps("set_confirmed"))[0] is Status.DECLINED


def test_steps_that_took_two_branches_are_no_witness() -> None:
    assert result(context("declined"), *steps("set_confirmed", "set_declined")) == (
        Status.DECLINED,
        "",
    )


def test_the_branch_says_it_where_the_context_does_not() -> None:
    assert result(context(None), *steps("set_busy")) == (Status.BUSY, "busy")


# -------------------------------------------------------------------------------- unanswered
@pytest.mark.parametrize(
    ("leg", "status"),
    [
        ("busy", Status.BUSY),
        ("no-answer", Status.NO_ANSWER),
        ("failed", Status.FAILED),
        ("canceled", Status.CANCELED),
        ("ringing", Status.CANCELED),
        ("queued", Status.CANCELED),
        ("in-progress", Status.NO_INPUT),
        ("completed", Status.NO_INPUT),
        (None, Status.CANCELED),
    ],
)
def test_an_execution_without_an_outcome_ended_as_its_leg_did(
    leg: object, status: CallStatus
) -> None:
    assert result(context(call={"CallStatus": leg}))[0] is status


def test_a_call_the_steps_show_as_taken_was_taken() -> None:
    assert result(context(call={}), *steps(answered=True))[0] is Status.NO_INPUT


def test_an_execution_that_never_dialled_failed() -> None:
    assert result(context())[0] is Status.FAILED


# ------------------------------------------------------------------------------ what is read
def test_what_belongs_to_the_call_is_read_where_it_stands() -> None:
    read = Context.of(context("confirmed", "1", call=HUMAN))
    assert read == Context("d-1", Status.CONFIRMED, "1", CALL_SID, "in-progress", "human")


@pytest.mark.parametrize(
    "document",
    [
        {"flow": {"data": {"dispatch_id": "d-1"}}},
        {"trigger": {"request": {"parameters": {"dispatch_id": "d-1"}}}},
        {"trigger": {"parent": {"parameters": {"dispatch_id": "d-1"}}}},
        {"flow": {"data": {"dispatch_id": 7}, "more": {"dispatch_id": "d-1"}}},
    ],
    ids=["data", "parameters", "elsewhere", "not text at first"],
)
def test_the_dispatch_is_found_wherever_the_context_has_it(document: dict[str, Any]) -> None:
    assert Context.of(document).dispatch_id == "d-1"


@pytest.mark.parametrize("sid", ["CA1", "<script>", CALL_SID + "/Events", 7, None])
def test_what_is_no_call_is_not_taken_for_one(sid: object) -> None:
    assert Context.of({"widgets": {CALL: {"CallSid": sid}}}).call_sid == ""


@pytest.mark.parametrize("hostile", [None, [], "text", 7, {"flow": []}, {"widgets": {CALL: "x"}}])
def test_a_context_of_another_shape_says_nothing(hostile: object) -> None:
    assert Context.of(hostile) == Context()


def test_a_context_without_end_is_not_followed() -> None:
    document: dict[str, Any] = {}
    document["inner"] = document
    assert Context.of(document).dispatch_id == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["1", "confirmed"]),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["flow", "variables", OUTCOME, "widgets", CALL, ASK, "Digits", "data"]),
        inner,
    ),
    max_leaves=12,
)  # fmt: skip


@given(
    document=JSON,
    names=st.lists(st.sampled_from([*(f"set_{word}" for word in OUTCOMES), "ask", ""]), max_size=3),
)
def test_whatever_a_context_holds_only_its_word_or_the_key_confirms(
    document: object, names: list[str]
) -> None:
    read = Context.of(document)
    ended = ending(read, steps(*names))
    assert ended.status.final
    if ended.status is Status.CONFIRMED:
        assert read.outcome is Status.CONFIRMED or read.key == "1"
