"""Studio flows, deployed and run through the official client, against phones that answer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from sandbox.twilio.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.twilio_simulator.example import ANN, BEN, OURS

if TYPE_CHECKING:
    from twilio.rest.studio.v2.flow.execution import ExecutionInstance

DATA = {"message": "Acme AP: Baker Steel, bill 4711.", "dispatch": "d-1"}
LONG = 120.0


def _run(client: Client, flow: str, to: str = ANN) -> ExecutionInstance:
    return client.studio.v2.flows(flow).executions.create(to=to, from_=OURS, parameters=DATA)


def _context(client: Client, flow: str, sid: str | None) -> dict[str, Any]:
    context = client.studio.v2.flows(flow).executions(sid).execution_context().fetch().context
    assert isinstance(context, dict)
    return context


def _outcome_of(client: Client, flow: str, sid: str | None) -> str | None:
    return _context(client, flow, sid)["flow"]["variables"].get("outcome")


def test_a_key_press_confirms_and_is_read_back_by_polling(
    sim: TwilioSimulator, client: Client, flow: str
) -> None:
    sim.admin.phone(ANN).will_press("1")
    execution = _run(client, flow)
    assert (execution.status, execution.contact_channel_address) == ("active", ANN)
    sim.admin.forward(LONG)
    assert client.studio.v2.flows(flow).executions(execution.sid).fetch().status == "ended"
    context = _context(client, flow, execution.sid)
    assert context["flow"]["variables"] == {"outcome": "confirmed"}
    assert context["flow"]["data"] == DATA
    assert context["contact"]["channel"]["address"] == ANN
    assert context["widgets"]["ask"]["Digits"] == "1"
    call = client.calls(context["widgets"]["call"]["CallSid"]).fetch()
    assert (call.status, call.answered_by, call.to) == ("completed", "human", ANN)
    heard = sim.admin.phone(ANN).expect_call("Baker Steel", within=0)
    assert (heard.heard[-1], heard.pressed) == ("Thank you.", ("1",))


def test_the_steps_are_a_second_witness_newest_first(
    sim: TwilioSimulator, client: Client, flow: str
) -> None:
    sim.admin.phone(ANN).will_press("1")
    execution = _run(client, flow)
    sim.admin.forward(LONG)
    steps = client.studio.v2.flows(flow).executions(execution.sid).steps.list()
    assert [(step.transitioned_from, step.name, step.transitioned_to) for step in steps] == [
        ("thanks", "audioComplete", "Ended"),
        ("set_confirmed", "next", "thanks"),
        ("which", "match", "set_confirmed"),
        ("ask", "keypress", "which"),
        ("who", "noMatch", "ask"),
        ("call", "answered", "who"),
        ("Trigger", "incomingRequest", "call"),
    ]
    one = client.studio.v2.flows(flow).executions(execution.sid).steps(steps[0].sid)
    assert one.fetch().name == "audioComplete"
    variables = one.step_context().fetch().context["flow"]["variables"]
    assert variables == {"outcome": "confirmed"}


@pytest.mark.parametrize(
    ("behaviour", "keys", "outcome"),
    [
        ("on", ["*", "1"], "confirmed"),
        ("on", ["9"], "wrong"),
        ("on", ["#"], "no_input"),
        ("on", ["", "1"], "confirmed"),
        ("on", [], "no_input"),
        ("voicemail", ["1"], "machine"),
        ("busy", ["1"], "busy"),
        ("no_answer", ["1"], "no_answer"),
        ("off", ["1"], "no_answer"),
        ("unreachable_call", ["1"], "failed"),
        ("ends_in_a_second", [], None),
    ],
)
def test_the_outcome_is_what_happened_on_the_phone(
    sim: TwilioSimulator,
    client: Client,
    flow: str,
    behaviour: str,
    keys: list[str],
    outcome: str | None,
) -> None:
    sim.admin.phone(ANN).set(behaviour=behaviour, keys=keys)
    execution = _run(client, flow)
    sim.admin.forward(LONG)
    assert client.studio.v2.flows(flow).executions(execution.sid).fetch().status == "ended"
    assert _outcome_of(client, flow, execution.sid) == outcome


def test_a_number_no_call_can_reach_takes_the_failed_branch(
    sim: TwilioSimulator, client: Client, flow: str
) -> None:
    execution = _run(client, flow, to="+15005550001")
    assert _outcome_of(client, flow, execution.sid) == "failed"
    assert sim.admin.accepted()[0].kind == "execution"


def test_a_prompt_is_spoken_again_after_star_and_on_its_second_loop(
    sim: TwilioSimulator, client: Client, flow: str
) -> None:
    sim.admin.phone(ANN).will_press("*", "", "1")
    _run(client, flow)
    sim.admin.forward(LONG)
    heard = sim.admin.phone(ANN).expect_call(within=0)
    assert sum("Baker Steel" in text for text in heard.heard) == 3
    assert heard.pressed == ("*", "1")


def test_the_same_prompt_is_not_asked_for_ever(
    sim: TwilioSimulator, client: Client, flow: str
) -> None:
    sim.admin.phone(ANN).will_press(*["*"] * 30)
    execution = _run(client, flow)
    sim.admin.forward(LONG)
    assert client.studio.v2.flows(flow).executions(execution.sid).fetch().status == "ended"
    assert len(sim.admin.phone(ANN).expect_call(within=0).heard) == 10


def test_a_second_execution_for_the_pair_is_409_and_names_the_first(
    sim: TwilioSimulator, client: Client, flow: str
) -> None:
    first = _run(client, flow)
    with pytest.raises(TwilioRestException) as caught:
        _run(client, flow)
    error = caught.value
    assert (error.status, error.code) == (409, 20409)
    assert error.details == {"conflicting_execution_sid": first.sid}
    assert _run(client, flow, to=BEN).status == "active"
    sim.admin.forward(LONG)
    assert _run(client, flow).status == "active"
    assert [each.recipient for each in sim.admin.accepted()] == [ANN, BEN, ANN]


@pytest.mark.parametrize("before", [0.0, 0.5, 2.0])
def test_ending_an_execution_ends_its_call_and_frees_the_pair(
    sim: TwilioSimulator, client: Client, flow: str, before: float
) -> None:
    execution = _run(client, flow)
    sim.admin.forward(before)
    ended = client.studio.v2.flows(flow).executions(execution.sid).update(status="ended")
    assert ended.status == "ended"
    assert client.calls.list()[0].status == ("completed" if before > 1 else "canceled")
    assert _run(client, flow).status == "active"


def test_a_hang_up_by_hand_ends_the_execution_without_an_outcome(
    sim: TwilioSimulator, client: Client, flow: str
) -> None:
    execution = _run(client, flow)
    sim.admin.forward(2)
    sim.admin.phone(ANN).hang_up()
    assert client.studio.v2.flows(flow).executions(execution.sid).fetch().status == "ended"
    assert _outcome_of(client, flow, execution.sid) is None


def test_a_key_pressed_by_hand_confirms(sim: TwilioSimulator, client: Client, flow: str) -> None:
    execution = _run(client, flow)
    sim.admin.forward(2)
    sim.admin.phone(ANN).press("1")
    assert _outcome_of(client, flow, execution.sid) == "confirmed"


def test_executions_are_listed_newest_first_by_date_and_status(
    sim: TwilioSimulator, client: Client, flow: str
) -> None:
    old = _run(client, flow).sid
    sim.admin.forward(LONG)
    new = _run(client, flow, to=BEN).sid
    executions = client.studio.v2.flows(flow).executions
    since, until = sim.admin.now() - timedelta(seconds=60), sim.admin.now() - timedelta(seconds=60)
    assert [each.sid for each in executions.list()] == [new, old]
    assert [each.sid for each in executions.list(page_size=1)] == [new, old]
    assert [each.sid for each in executions.list(date_created_from=since)] == [new]
    assert [each.sid for each in executions.list(date_created_to=until)] == [old]
    assert [each.sid for each in executions.list(status="active")] == [new]


def test_an_execution_can_be_listed_late_and_still_conflicts(
    sim: TwilioSimulator, client: Client, flow: str
) -> None:
    sim.admin.fault("list_delay", endpoint="executions.create", seconds=300)
    execution = _run(client, flow)
    executions = client.studio.v2.flows(flow).executions
    assert executions.list() == []
    with pytest.raises(TwilioRestException):
        _run(client, flow)
    sim.admin.forward(301)
    assert [each.sid for each in executions.list()] == [execution.sid]


def test_an_execution_whose_answer_was_lost_is_found_by_its_parameters(
    sim: TwilioSimulator, client: Client, flow: str
) -> None:
    sim.admin.fault("error_after", endpoint="executions.create", recipient=ANN)
    with pytest.raises(TwilioRestException) as caught:
        _run(client, flow)
    assert caught.value.status == 500
    (found,) = client.studio.v2.flows(flow).executions.list()
    assert _context(client, flow, found.sid)["flow"]["data"]["dispatch"] == "d-1"
    assert len(sim.admin.accepted()) == 1


def test_what_is_substituted_is_never_a_template_again(
    sim: TwilioSimulator, client: Client, flow: str
) -> None:
    hostile = {"message": "{{flow.data.secret}} <Say> {{7*7}}", "secret": "s"}
    client.studio.v2.flows(flow).executions.create(to=ANN, from_=OURS, parameters=hostile)
    sim.admin.forward(LONG)
    heard = sim.admin.phone(ANN).expect_call(within=0).heard
    assert heard[0] == "{{flow.data.secret}} <Say> {{7*7}} Press 1, or star."


def test_a_plain_call_to_the_flows_webhook_runs_the_flow(
    sim: TwilioSimulator, client: Client, flow: str
) -> None:
    sim.admin.phone(ANN).will_press("1")
    webhook = client.studio.v2.flows(flow).fetch().webhook_url
    call = client.calls.create(to=ANN, from_=OURS, url=webhook, machine_detection="Enable")
    assert client.studio.v2.flows(flow).executions.list() == []
    sim.admin.forward(LONG)
    (execution,) = client.studio.v2.flows(flow).executions.list()
    assert (execution.status, execution.initiated_by) == ("ended", call.sid)
    assert _outcome_of(client, flow, execution.sid) == "confirmed"


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"From": OURS}, "Missing required parameter To"),
        ({"To": ANN}, "Missing required parameter From"),
        ({"To": ANN, "From": OURS, "Parameters": "[1]"}, "Parameters must be a JSON object"),
        ({"To": ANN, "From": OURS, "Parameters": "{"}, "Parameters must be a JSON object"),
    ],
)
def test_a_bad_execution_is_refused(
    sim: TwilioSimulator, flow: str, form: dict[str, str], message: str
) -> None:
    answer = requests.post(
        f"{sim.url}/v2/Flows/{flow}/Executions",
        data=form,
        auth=(DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN),
        timeout=5,
    )
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)
    assert message in answer.json()["message"]


def test_page_links_of_the_newer_products_are_absolute(
    sim: TwilioSimulator, client: Client, flow: str
) -> None:
    for number in range(3):
        _run(client, flow, to=f"+1555010030{number}")
    page = requests.get(
        f"{sim.url}/v2/Flows/{flow}/Executions",
        params={"PageSize": "2"},
        auth=(DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN),
        timeout=5,
    ).json()
    assert page["meta"]["key"] == "executions"
    assert page["meta"]["next_page_url"].startswith(f"{sim.url}/v2/Flows/{flow}/Executions?")
    assert page["meta"]["previous_page_url"] is None
    assert len(page["executions"]) == 2


def test_an_unknown_flow_execution_or_step_is_404(client: Client, flow: str) -> None:
    flows = client.studio.v2.flows
    execution = _run(client, flow)
    missing = [
        flows("FW" + "0" * 32).fetch,
        flows(flow).executions("FN" + "0" * 32).fetch,
        flows(flow).executions(execution.sid).steps("FT" + "0" * 32).fetch,
        flows(flow).revisions("9").fetch,
    ]
    for fetch in missing:
        with pytest.raises(TwilioRestException) as caught:
            fetch()
        assert (caught.value.status, caught.value.code) == (404, 20404)


def test_an_execution_can_be_deleted(client: Client, flow: str) -> None:
    execution = _run(client, flow)
    assert client.studio.v2.flows(flow).executions(execution.sid).delete() is True
    assert client.studio.v2.flows(flow).executions.list() == []
    assert _run(client, flow).status == "active"
