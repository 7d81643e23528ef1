"""`ml-connector test-send`: DynamoDB, and the simulated Twilio over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ml_connector.domain.phone import fingerprint
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.cli_deployment import Stack, typed
from tests.adapters.cli_twilio import (
    ANN,
    LANDLINE,
    NO_RECEIPT,
    OFF,
    chain,
    change,
    connected,
)


@pytest.fixture
def sim(simulator: TwilioSimulator, monkeypatch: pytest.MonkeyPatch) -> TwilioSimulator:
    simulator.admin.reset(seed=1)
    # Waiting is what moves the time.
    monkeypatch.setattr("cli.commands.sending.sleep", simulator.admin.forward)
    return simulator


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, sim: TwilioSimulator) -> Iterator[Stack]:
    with connected(monkeypatch, sim) as made:
        yield made


def test_a_text_that_arrives_is_said_to_be_delivered(stack: Stack, sim: TwilioSimulator) -> None:
    document = stack.json("test-send", "--to", "ann", "--yes")
    assert (document["ok"], document["outcome"]) == (True, "delivered")
    (text,) = sim.admin.phone(ANN.phone).inbox()
    assert text.body.startswith("Test from ml-connector (dev): ")
    assert text.body.endswith(f"Code {document['reference']}")
    sent, ended = chain(stack)
    assert (sent.kind, ended.kind) == ("person.test_sent", "person.test_ended")
    assert sent.data["reference"] == ended.data["reference"] == document["reference"]
    assert sent.data["number"] == fingerprint("salt", ANN.phone)
    assert (ended.data["sid"], ended.data["outcome"]) == (document["sid"], "delivered")


def test_people_are_asked_first_and_told_in_words(stack: Stack, sim: TwilioSimulator) -> None:
    result = stack.run("test-send", "--to", "ann", answers=typed("no"))
    assert result.exit_code == 1
    assert "Text ann at +1******0001?" in result.stderr
    assert chain(stack) == []
    change(stack, language="es")
    result = stack.run("test-send", "--to", "ann", answers=typed("yes"))
    assert result.exit_code == 0
    assert "ann: delivered (code " in result.stdout
    assert "Prueba de ml-connector" in sim.admin.phone(ANN.phone).inbox()[0].body
    assert len(sim.admin.accepted()) == 1


@pytest.mark.parametrize(
    ("phone", "outcome", "code", "fix"),
    [
        (OFF, "undelivered", 30003, "try again"),
        (LANDLINE, "undelivered", 30006, "voice"),
        ("+15550109008", "undelivered", 30007, "registration"),
    ],
)
def test_a_text_that_does_not_arrive_says_what_to_fix(
    stack: Stack, phone: str, outcome: str, code: int, fix: str
) -> None:
    change(stack, phone=phone)
    document = stack.json("test-send", "--to", "ann", "--yes", status=1)
    assert (document["outcome"], document["error_code"]) == (outcome, code)
    assert fix in document["fix"]
    result = stack.run("test-send", "--to", "ann", "--yes")
    assert "To do: " in result.stdout
    assert phone not in result.output


def test_a_text_twilio_refuses_is_in_the_audit_too(stack: Stack, sim: TwilioSimulator) -> None:
    change(stack, phone="+15550109010")
    document = stack.json("test-send", "--to", "ann", "--yes", status=1)
    assert (document["sent"], document["outcome"]) == (False, "refused")
    assert document["error_code"] == 21610
    assert "STOP" in document["said"]
    assert [entry.data.get("outcome") for entry in chain(stack)] == [None, "refused"]
    assert sim.admin.accepted() == []


def test_a_carrier_that_never_says_more_ends_the_wait(stack: Stack, sim: TwilioSimulator) -> None:
    change(stack, phone=NO_RECEIPT)
    before = sim.admin.now()
    document = stack.json("test-send", "--to", "ann", "--yes", "--wait", "20")
    assert (document["ok"], document["outcome"]) == (True, "sent")
    assert "look at the phone" in document["said"]
    assert (sim.admin.now() - before).total_seconds() <= 20


def test_a_text_still_with_twilio_when_time_is_up_is_no_success(stack: Stack) -> None:
    document = stack.json("test-send", "--to", "ann", "--yes", "--wait", "0", status=1)
    assert document["outcome"] in {"queued", "sending"}
    assert "Twilio still holds it" in document["said"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phone": ""}, "no phone number"),
        ({"opted_out": True}, "opted out"),
        ({"channels": ("voice",)}, "sms is not among the person's channels"),
    ],
)
def test_somebody_who_may_not_be_texted_is_not(
    stack: Stack, sim: TwilioSimulator, changes: dict[str, Any], words: str
) -> None:
    change(stack, **changes)
    result = stack.run("test-send", "--to", "ann", "--yes")
    assert result.exit_code == 1
    assert f"ann cannot be told by sms: {words}; nothing was sent" in result.stderr
    assert sim.admin.requests() == []


def test_without_credentials_it_says_how_to_store_them(stack: Stack) -> None:
    stack.put_secret("TwilioSecretId", {})
    document = stack.json("test-send", "--to", "ann", "--yes", status=1)
    assert document["error"]["code"] == "no_twilio"
    assert "secrets set twilio" in document["error"]["message"]


def test_a_text_whose_acceptance_was_not_heard_of_is_found_and_not_sent_again(
    stack: Stack, sim: TwilioSimulator
) -> None:
    sim.admin.fault("reset_after", endpoint="messages.create")
    document = stack.json("test-send", "--to", "ann", "--yes")
    assert (document["outcome"], document["sent"]) == ("delivered", True)
    assert len(sim.admin.accepted()) == 1


def test_a_text_that_is_nowhere_to_be_found_is_not_called_sent(
    stack: Stack, sim: TwilioSimulator
) -> None:
    sim.admin.fault("reset_before", endpoint="messages.create")
    document = stack.json("test-send", "--to", "ann", "--yes", "--wait", "10", status=1)
    assert (document["outcome"], document["sent"]) == ("unknown", False)
    assert document["fix"] == "look at Twilio's log before sending again"
    assert chain(stack)[-1].data["outcome"] == "unknown"


def test_refused_while_it_is_looked_at_leaves_an_end_in_the_audit(
    stack: Stack, sim: TwilioSimulator
) -> None:
    sim.admin.fault("suspended", endpoint="messages.fetch")
    document = stack.json("test-send", "--to", "ann", "--yes", status=1)
    assert (document["outcome"], document["sent"]) == ("unknown", True)
    assert chain(stack)[-1].data["sid"] == document["sid"]


@pytest.mark.parametrize(
    ("phone", "ok", "outcome"),
    [(ANN.phone, True, "announced"), ("+15550109004", False, "busy")],
)
def test_a_call_is_placed_and_its_end_waited_for(
    stack: Stack, sim: TwilioSimulator, phone: str, ok: bool, outcome: str
) -> None:
    change(stack, phone=phone)
    document = stack.json("test-send", "--to", "ann", "--call", "--yes", status=0 if ok else 1)
    assert (document["channel"], document["outcome"]) == ("voice", outcome)
    heard = " ".join(sentence for call in sim.admin.phone(phone).calls() for sentence in call.heard)
    assert ("This is a test from ml-connector" in heard) is ok
    assert [entry.data.get("channel") for entry in chain(stack)] == ["voice", None]


def test_with_a_published_flow_the_call_asks_for_a_key(stack: Stack, sim: TwilioSimulator) -> None:
    stack.json("voice", "deploy")
    sim.admin.phone(ANN.phone).will_press("1")
    document = stack.json("test-send", "--to", "ann", "--call", "--yes")
    assert document["outcome"] == "confirmed"
    assert chain(stack)[-1].data["sid"] == document["sid"]
