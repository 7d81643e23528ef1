"""Studio flows: validated, published and revised through the official client."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.adapters.twilio_simulator.example import ANN, FLOW, OURS

if TYPE_CHECKING:
    from twilio.rest.studio.v2.flow.execution import ExecutionInstance


def _run(client: Client, flow: str) -> ExecutionInstance:
    return client.studio.v2.flows(flow).executions.create(to=ANN, from_=OURS)


def test_a_flow_is_validated_published_and_revised(client: Client, flow: str) -> None:
    studio = client.studio.v2
    checked = studio.flow_validate.update(friendly_name="x", status="published", definition=FLOW)
    assert checked.valid is True
    draft = studio.flows(flow).update(status="draft", commit_message="second")
    assert (draft.revision, draft.status, draft.definition) == (2, "draft", FLOW)
    revisions = studio.flows(flow).revisions.list()
    assert [(each.revision, each.status) for each in revisions] == [
        (2, "draft"),
        (1, "published"),
    ]
    assert studio.flows(flow).revisions("1").fetch().friendly_name == "alerts"
    assert studio.flows(flow).revisions("LatestPublished").fetch().revision == 1
    assert studio.flows(flow).fetch().revision == 2
    assert _run(client, flow).flow_version == 1
    assert [each.sid for each in studio.flows.list()] == [flow]
    assert studio.flows(flow).delete() is True
    with pytest.raises(TwilioRestException):
        studio.flows(flow).fetch()


def test_a_draft_keeps_its_problems_and_cannot_be_run(client: Client) -> None:
    broken = copy.deepcopy(FLOW)
    broken["states"].pop()
    flow = client.studio.v2.flows.create(friendly_name="x", status="draft", definition=broken)
    assert flow.valid is False
    assert flow.errors == [
        {"message": "no state named 'thanks'", "property_path": "#/states/5/transitions/0/next"}
    ]
    with pytest.raises(TwilioRestException) as caught:
        _run(client, str(flow.sid))
    assert caught.value.status == 404


def _without(change: str, value: object) -> dict[str, Any]:
    broken = copy.deepcopy(FLOW)
    *path, last = change.split("/")
    place: Any = broken
    for part in path:
        place = place[int(part)] if part.isdigit() else place[part]
    place[int(last) if last.isdigit() else last] = value
    return broken


@pytest.mark.parametrize(
    ("change", "value", "message"),
    [
        ("initial_state", "Nowhere", "initial_state must name a state"),
        ("initial_state", "ask", "initial_state must be a trigger"),
        ("states", [], "states must be a list"),
        ("states/1/type", "send-email", "widget type not simulated"),
        ("states/1/name", "1call", "not a widget name"),
        ("states/1/properties/timeout", "25", "timeout must be a whole number"),
        ("states/1/properties/timeout", 601, "timeout must be a whole number"),
        ("states/1/transitions/0/event", "hello", "has no event 'hello'"),
        ("states/1/transitions/0/next", "nowhere", "no state named 'nowhere'"),
        ("states/2/transitions/1/conditions", [], "match needs conditions"),
        ("states/2/transitions/1/conditions/0/type", "sounds_like", "condition not simulated"),
        ("states/2/transitions/1/conditions/0/value", 1, "needs type, arguments and value"),
        ("states/2/properties", {}, "input must be a text"),
        ("states/3/properties/say", "{% if x %}", "tags"),
        ("states/3/properties/say", "{{ 7*7 }}", "not a variable"),
        ("states/3/properties/say", "{{ a | rot13 }}", "filter not simulated: rot13"),
        ("states/3/properties/say", "", "say or play must be set"),
        ("states/5/properties", {}, "variables must be a list"),
        ("states/4", {"name": "lost"}, "needs name, type, properties and transitions"),
        ("states/5/name", "ask", "state names must be unique"),
    ],
)
def test_a_broken_definition_is_refused_with_the_place(
    client: Client, change: str, value: object, message: str
) -> None:
    with pytest.raises(TwilioRestException) as caught:
        client.studio.v2.flow_validate.update(
            friendly_name="x", status="published", definition=_without(change, value)
        )
    assert (caught.value.status, caught.value.code) == (400, 20001)
    assert any(message in error["message"] for error in caught.value.details["errors"])
