"""Verify, Lookup and test-send of `ml-connector`: DynamoDB, and the simulated Twilio over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import AuditEntry, check
from ml_connector.domain.phone import fingerprint
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.twilio.verify import TwilioVerify
from sandbox.twilio.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.cli_deployment import PEOPLE, Stack, deployed, typed

ANN = Approver("ann", "Ann Approver", "+15550100001", "salt")
LANDLINE, OFF, NO_RECEIPT = "+15550109002", "+15550109001", "+15550109007"
NOWHERE = "+15005550001"
SECRET = {
    "account_sid": DEFAULT_ACCOUNT_SID,
    "auth_token": DEFAULT_AUTH_TOKEN,
    "from": "+15550100000",
}


@pytest.fixture(scope="module")
def running() -> Iterator[TwilioSimulator]:
    with TwilioSimulator() as simulator:
        yield simulator


@pytest.fixture
def sim(running: TwilioSimulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwilioSimulator]:
    running.admin.reset(seed=1)
    running.admin.stop_clock()
    monkeypatch.setattr("cli.commands.sending.sleep", running.admin.forward)
    yield running
    running.admin.run_clock()


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, sim: TwilioSimulator) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        made.parameters["TwilioBaseUrl"] = sim.url
        made.put_secret("TwilioSecretId", SECRET)
        made.deployment.approvers.put(ANN)
        yield made


def person(stack: Stack) -> Approver:
    found = stack.deployment.approvers.approver("ann")
    assert found is not None
    return found


def change(stack: Stack, **changes: Any) -> None:
    stack.deployment.approvers.put(replace(person(stack), **changes))


def chain(stack: Stack) -> list[AuditEntry]:
    """Ann's audit chain, which is whole and holds no number and no name."""
    entries = list(DynamoAuditTrail().chain("person#ann"))
    assert check(entries, person(stack).head, "person#ann") is None
    told = json.dumps([entry.data for entry in entries])
    assert "5550" not in told
    assert "Approver" not in told
    return entries


def requests(sim: TwilioSimulator, endpoint: str) -> int:
    return sum(each.endpoint == endpoint for each in sim.admin.requests())


# -------------------------------------------------------------------------------- verify
def code_on_phone(sim: TwilioSimulator) -> str:
    sim.admin.forward(2)
    (code,) = re.findall(r"\b[0-9]{6}\b", sim.admin.phone(ANN.phone).inbox()[-1].body)
    return str(code)


def another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_code_sent_in_one_run_verifies_in_the_next(stack: Stack, sim: TwilioSimulator) -> None:
    started = stack.run("approvers", "verify", "ann")
    assert started.exit_code == 0
    assert "ml-connector approvers verify ann --code CODE" in started.stdout
    assert ANN.phone not in started.output
    code = code_on_phone(sim)
    assert "ml-connector dev" in sim.admin.phone(ANN.phone).inbox()[-1].body
    assert person(stack).verified_at is None
    document = stack.json("approvers", "verify", "ann", "--code", code)
    assert document["verified"] is True
    assert person(stack).verified_at is not None
    (entry,) = chain(stack)
    assert entry.kind == "person.verified"
    assert entry.data["phone"] == fingerprint("salt", ANN.phone)
    assert str(entry.data["by"]).startswith("arn:aws:sts::")


def test_the_verify_service_is_made_once_and_kept_beside_what_is_stored(
    stack: Stack, sim: TwilioSimulator
) -> None:
    for _ in range(2):
        assert stack.json("approvers", "verify", "ann")["started"] is True
    stored = stack.secret("TwilioSecretId")
    assert {**stored, "verify_service": ""} == {**SECRET, "verify_service": ""}
    assert re.fullmatch("VA[0-9a-f]{32}", stored["verify_service"])
    assert requests(sim, "verify_services.create") == 1


def test_a_wrong_code_is_said_and_asked_for_again(stack: Stack, sim: TwilioSimulator) -> None:
    stack.run("approvers", "verify", "ann")
    code = code_on_phone(sim)
    answers = typed(another(code), "12", code)
    result = stack.run("approvers", "verify", "ann", answers=answers)
    assert result.exit_code == 0
    assert result.stderr.count("That is not the code") == 2
    assert person(stack).verified_at is not None


@pytest.mark.parametrize(
    ("wrong", "later", "words"),
    [
        (1, 0.0, "that is not the code; the right one still counts, with --code"),
        (6, 0.0, "too many codes were tried; wait ten minutes, then start again"),
        (1, 601.0, "no code is open for this number: it expired after ten minutes, or was used"),
    ],
)
def test_each_way_a_code_can_fail_is_one_line(
    stack: Stack, sim: TwilioSimulator, wrong: int, later: float, words: str
) -> None:
    stack.run("approvers", "verify", "ann")
    code = another(code_on_phone(sim))
    sim.admin.forward(later)
    for _ in range(wrong):
        result = stack.run("approvers", "verify", "ann", "--code", code)
    assert result.exit_code == 1
    assert words in result.stderr.splitlines()[-1]
    assert person(stack).verified_at is None
    assert chain(stack) == []


def test_a_code_nobody_sent_is_refused_and_makes_no_service(
    stack: Stack, sim: TwilioSimulator
) -> None:
    result = stack.run("approvers", "verify", "ann", "--code", "123456")
    assert result.exit_code == 1
    assert "no code is open for this number" in result.stderr
    assert requests(sim, "verify_services.create") == 0


def test_a_landline_is_called(stack: Stack, sim: TwilioSimulator) -> None:
    change(stack, phone=LANDLINE)
    result = stack.run("approvers", "verify", "ann")
    assert result.exit_code == 1
    assert "a landline takes no text; let it be called: --call" in result.stderr
    stack.json("approvers", "verify", "ann", "--call")
    sim.admin.forward(5)
    (call,) = sim.admin.phone(LANDLINE).calls()
    (code,) = re.findall(r"\b[0-9]{6}\b", " ".join(call.heard))
    assert stack.json("approvers", "verify", "ann", "--code", code)["verified"] is True


def test_a_number_changed_meanwhile_is_not_verified(
    stack: Stack, sim: TwilioSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.run("approvers", "verify", "ann")
    code = code_on_phone(sim)
    asked = TwilioVerify.check

    def slow(*args: Any) -> Any:
        change(stack, phone="+15550100009", version=person(stack).version + 1)
        return asked(*args)

    monkeypatch.setattr(TwilioVerify, "check", slow)
    result = stack.run("approvers", "verify", "ann", "--code", code)
    assert result.exit_code == 1
    assert "the number was changed meanwhile; verify the new one" in result.stderr
    assert person(stack).verified_at is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"phone": ""}, "has no phone number"), ({"active": False}, "not active")],
)
def test_nobody_to_verify_sends_nothing(
    stack: Stack, sim: TwilioSimulator, changes: dict[str, Any], words: str
) -> None:
    change(stack, **changes)
    result = stack.run("approvers", "verify", "ann")
    assert result.exit_code == 1
    assert words in result.stderr
    assert sim.admin.requests() == []
    result = stack.run("approvers", "verify", "nobody")
    assert "nobody has the id 'nobody'" in result.stderr


# -------------------------------------------------------------------------------- lookup
def imported(stack: Stack, path: Path, text: str, *more: str) -> dict[str, Any]:
    path.write_text(text)
    return stack.json("approvers", "import", str(path), "--yes", *more)


def test_new_numbers_are_looked_up_and_known_ones_are_not(
    stack: Stack, sim: TwilioSimulator, tmp_path: Path
) -> None:
    text = PEOPLE.replace("+15550100002", NOWHERE)
    document = imported(stack, tmp_path / "people.csv", text)
    assert document["people"][1]["doubt"] == "Twilio knows no such number"
    assert "bob: Twilio knows no such number" in document["warnings"]
    assert requests(sim, "lookups.fetch") == 1
    assert imported(stack, tmp_path / "people.csv", text)["unchanged"] == 2
    assert requests(sim, "lookups.fetch") == 1


def test_the_kind_of_line_is_asked_for_only_on_request_and_kept(
    stack: Stack, sim: TwilioSimulator, tmp_path: Path
) -> None:
    path, text = tmp_path / "people.csv", PEOPLE.replace("+15550100001", LANDLINE)
    document = imported(stack, path, text)
    assert (document["people"][0]["doubt"], person(stack).line_type) == ("", "")
    document = imported(stack, path, text, "--lookup")
    assert document["people"][0]["changes"] == ["line_type"]
    assert "ann: a landline: calls only" in document["warnings"]
    assert person(stack).obstacle_to("sms") == "a landline takes no texts"
    assert chain(stack)[-1].data["line_type"] == "landline"
    asked = requests(sim, "lookups.fetch")
    assert imported(stack, path, text, "--lookup")["unchanged"] == 2
    assert requests(sim, "lookups.fetch") == asked


@pytest.mark.parametrize(
    ("secret", "address", "words"),
    [
        ({}, "", "no number was looked up: no Twilio credentials are stored yet"),
        (SECRET, "http://127.0.0.1:9", "0 of 1 numbers were looked up: no connection to Twilio"),
        (SECRET | {"account_sid": "AC1"}, "", "no number was looked up: twilio secret"),
    ],
)
def test_an_import_goes_on_without_twilio(
    stack: Stack,
    tmp_path: Path,
    secret: dict[str, Any],
    address: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ml_connector.twilio.http_client.time.sleep", lambda _seconds: None)
    stack.put_secret("TwilioSecretId", secret)
    stack.parameters["TwilioBaseUrl"] = address or stack.parameters["TwilioBaseUrl"]
    document = imported(stack, tmp_path / "people.csv", PEOPLE)
    assert document["added"] == 1
    assert any(warning.startswith(words) for warning in document["warnings"])


# ----------------------------------------------------------------------------- test-send
def test_a_text_that_arrives_is_said_to_be_delivered(stack: Stack, sim: TwilioSimulator) -> None:
    document = stack.json("test-send", "--to", "ann", "--yes")
    assert (document["ok"], document["outcome"]) == (True, "delivered")
    (text,) = sim.admin.phone(ANN.phone).inbox()
    assert text.body.startswith("Test from ml-connector (dev): ")
    assert text.body.endswith(f"Code {document['reference']}")
    sent, ended = chain(stack)
    assert (sent.kind, ended.kind) == ("person.test_sent", "person.test_ended")
    assert sent.data["reference"] == ended.data["reference"] == document["reference"]
    assert sent.data["phone"] == fingerprint("salt", ANN.phone)
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
