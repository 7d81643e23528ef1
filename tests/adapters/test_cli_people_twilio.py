"""Verify and Lookup of `ml-connector approvers`: DynamoDB, and the simulated Twilio over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ml_connector.domain.phone import fingerprint
from ml_connector.twilio.verify import TwilioVerify
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.cli_deployment import FLOW, PEOPLE, Stack, typed
from tests.adapters.cli_twilio import (
    ANN,
    LANDLINE,
    NOWHERE,
    SECRET,
    chain,
    change,
    connected,
    person,
    requests,
)


@pytest.fixture
def sim(simulator: TwilioSimulator) -> TwilioSimulator:
    simulator.admin.reset(seed=1)
    return simulator


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, sim: TwilioSimulator) -> Iterator[Stack]:
    with connected(monkeypatch, sim) as made:
        yield made


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
    assert entry.data["number"] == fingerprint("salt", ANN.phone)
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


def test_whoever_is_verified_is_welcomed_if_asked_for(
    stack: Stack, sim: TwilioSimulator, tmp_path: Path
) -> None:
    flow = tmp_path / "flow.yaml"
    flow.write_text(FLOW)
    stack.fill(flow)
    change(stack, consent_on=date(2026, 1, 15))
    stack.run("approvers", "verify", "ann")
    document = stack.json("approvers", "verify", "ann", "--code", code_on_phone(sim), "--welcome")
    assert (document["verified"], document["welcomed"]) == (True, True)
    assert person(stack).welcomed_for
    assert [entry.kind for entry in chain(stack)][-2:] == ["person.verified", "person.welcomed"]
