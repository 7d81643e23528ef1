"""`ml-connector voice deploy` against the simulated Twilio, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from cli import voice_flow
from sandbox.twilio.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_SERVICE_SID,
)
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.cli_deployment import Stack, deployed

OURS = "+15550100000"
SECRET = {
    "account_sid": DEFAULT_ACCOUNT_SID,
    "auth_token": DEFAULT_AUTH_TOKEN,
    "from": OURS,
}


@pytest.fixture
def sim(simulator: TwilioSimulator) -> TwilioSimulator:
    simulator.admin.reset(seed=1)
    return simulator


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, sim: TwilioSimulator) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        made.parameters["TwilioBaseUrl"] = sim.url
        made.put_secret("TwilioSecretId", SECRET)
        yield made


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The definition's file, for a test to change."""
    copy = tmp_path / "voice.json"
    copy.write_text(voice_flow.FILE.read_text())
    monkeypatch.setattr(voice_flow.definition, "__defaults__", (copy,))
    return copy


def edit(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def asked(sim: TwilioSimulator, *names: str) -> int:
    return sum(request.endpoint in names for request in sim.admin.requests())


def test_the_flow_is_made_and_written_to_the_secret(stack: Stack, sim: TwilioSimulator) -> None:
    document = stack.json("voice", "deploy")
    assert document["ok"] is True
    assert (document["changed"], document["revision"], document["stored"]) == (True, 1, True)
    secret = stack.secret("TwilioSecretId")
    assert secret == {**SECRET, "voice_flow": document["flow"]}
    assert asked(sim, "flows.validate") == 1


def test_deployed_again_nothing_is_saved(stack: Stack, sim: TwilioSimulator) -> None:
    first = stack.json("voice", "deploy")
    second = stack.json("voice", "deploy")
    assert second == {**first, "changed": False, "stored": False}
    assert asked(sim, "flows.create", "flows.update") == 1


def test_layout_and_order_are_no_change(stack: Stack, file: Path) -> None:
    stack.json("voice", "deploy")
    body = json.loads(file.read_text())
    file.write_text(json.dumps(dict(reversed(body.items()))))
    assert stack.json("voice", "deploy")["changed"] is False


def test_a_changed_definition_becomes_the_next_revision_of_the_same_flow(
    stack: Stack, file: Path
) -> None:
    first = stack.json("voice", "deploy")
    edit(file, description="Other words")
    second = stack.json("voice", "deploy")
    assert second["flow"] == first["flow"]
    assert (second["changed"], second["revision"], second["stored"]) == (True, 2, False)


def test_what_was_changed_in_the_console_is_put_back(stack: Stack, sim: TwilioSimulator) -> None:
    first = stack.json("voice", "deploy")
    drafted = {"Status": "draft", "CommitMessage": "from the console"}
    _post(sim, f"/v2/Flows/{first['flow']}", drafted)
    assert stack.json("voice", "deploy")["revision"] == 3


def test_a_flow_found_by_its_name_is_taken_over_after_the_secret_was_replaced(
    stack: Stack,
) -> None:
    first = stack.json("voice", "deploy")
    stack.put_secret("TwilioSecretId", SECRET)
    second = stack.json("voice", "deploy")
    assert second["flow"] == first["flow"]
    assert (second["changed"], second["stored"]) == (False, True)


def test_of_two_flows_of_the_name_the_one_in_the_secret_counts(
    stack: Stack, sim: TwilioSimulator
) -> None:
    first = stack.json("voice", "deploy")
    fields = {
        "FriendlyName": "ml-connector dev",
        "Status": "published",
        "Definition": voice_flow.FILE.read_text(),
    }
    _post(sim, "/v2/Flows", fields)
    assert stack.json("voice", "deploy")["flow"] == first["flow"]
    stack.put_secret("TwilioSecretId", SECRET)
    result = stack.run("voice", "deploy")
    assert result.exit_code == 1
    assert "several flows are called" in result.stderr


def test_another_stage_has_a_flow_of_its_own(stack: Stack) -> None:
    dev = stack.json("voice", "deploy")
    prod = stack.json("voice", "deploy", "--stage", "prod", "--stack", "ml-connector-dev")
    assert prod["flow"] != dev["flow"]


def test_checking_changes_nothing(stack: Stack, sim: TwilioSimulator) -> None:
    document = stack.json("voice", "deploy", "--check")
    assert document == {"ok": True, "valid": True, "changed": True, "checked_only": True}
    assert asked(sim, "flows.create", "flows.update") == 0
    assert stack.secret("TwilioSecretId") == SECRET


def test_what_is_wrong_with_a_definition_is_listed_with_its_place(
    stack: Stack, sim: TwilioSimulator, file: Path
) -> None:
    body = json.loads(file.read_text())
    body["states"][1]["transitions"][0]["next"] = "nowhere"
    body["states"][3]["properties"]["timeout"] = 31
    file.write_text(json.dumps(body))
    result = stack.run("voice", "deploy")
    assert result.exit_code == 1
    assert "#/states/1/transitions/0/next: no state named 'nowhere'" in result.stderr
    assert "#/states/3/properties/timeout: timeout must be" in result.stderr
    assert asked(sim, "flows.create", "flows.update") == 0
    assert stack.secret("TwilioSecretId") == SECRET


def test_a_file_that_is_no_json_is_refused_before_anything_is_asked(
    stack: Stack, sim: TwilioSimulator, file: Path
) -> None:
    file.write_text("{")
    assert "not JSON" in stack.run("voice", "deploy").stderr
    assert sim.admin.requests() == []


def test_a_messaging_service_needs_a_number_to_call_from(
    stack: Stack, sim: TwilioSimulator
) -> None:
    pool = {**SECRET, "messaging_service": DEFAULT_SERVICE_SID}
    del pool["from"]
    stack.put_secret("TwilioSecretId", pool)
    result = stack.run("voice", "deploy")
    assert result.exit_code == 1
    assert "--from" in result.stderr
    assert sim.admin.requests() == []
    assert stack.json("voice", "deploy", "--from", OURS)["stored"] is True
    assert stack.secret("TwilioSecretId")["voice_from"] == OURS


def test_a_number_to_call_from_that_is_none_is_refused(stack: Stack) -> None:
    result = stack.run("voice", "deploy", "--from", "12345")
    assert result.exit_code == 1
    assert "voice_from must be E.164" in result.stderr


def test_in_a_region_without_confirmed_voice_it_says_what_is_missing_and_what_instead(
    stack: Stack, sim: TwilioSimulator
) -> None:
    stack.parameters.pop("TwilioBaseUrl")
    stack.put_secret("TwilioSecretId", {**SECRET, "region": "ie1", "edge": "dublin"})
    result = stack.run("voice", "deploy")
    assert result.exit_code == 1
    assert "ie1 has no confirmed voice" in result.stderr
    for line in ("Verify: ", "calls are announced only", "SMS from +1 numbers: "):
        assert line in result.stderr
    assert sim.admin.requests() == []


def test_without_credentials_it_says_what_to_run(stack: Stack) -> None:
    stack.put_secret("TwilioSecretId", {})
    assert "secrets set twilio" in stack.run("voice", "deploy").stderr


def test_people_are_told_what_was_done(stack: Stack) -> None:
    assert "published as revision 1; written to the secret" in stack.run("voice", "deploy").stdout
    assert "unchanged; in use" in stack.run("voice", "deploy").stdout


def _post(sim: TwilioSimulator, path: str, fields: dict[str, str]) -> None:
    answer = requests.post(
        sim.url + path, data=fields, auth=(DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN), timeout=5
    )
    answer.raise_for_status()
