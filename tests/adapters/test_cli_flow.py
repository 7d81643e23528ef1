"""`ml-connector flow push` against DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.store.models import FlowItem
from tests.adapters.cli_deployment import FLOW, PEOPLE, Stack, deployed, typed


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        yield made


@pytest.fixture
def flow(tmp_path: Path) -> str:
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW)
    return str(path)


@pytest.fixture
def people(tmp_path: Path) -> str:
    path = tmp_path / "approvers.csv"
    path.write_text(PEOPLE)
    return str(path)


def test_a_flow_is_pushed_once_its_sentences_were_agreed_to(
    stack: Stack, flow: str, people: str
) -> None:
    assert stack.run("approvers", "import", people).exit_code == 0
    result = stack.run("flow", "push", flow, answers=typed("y", "the first"))
    assert result.exit_code == 0
    sentence = "1. When a bill is submitted with an amount of at least USD 10,000.50, text bob."
    assert result.stdout.index(sentence) < result.stdout.index("Version 1 is in force")
    item = FlowItem.get("flow", "version#00000001")
    assert item.reason == "the first"
    assert item.published_by.startswith("arn:aws:sts::")
    assert json.loads(item.body)["rules"][0]["when"]["amount"]["at_least"] == "10000.50"
    assert item.digest == stack.json("flow", "explain", flow)["digest"]


def test_a_refused_question_publishes_nothing(stack: Stack, flow: str, people: str) -> None:
    stack.run("approvers", "import", people)
    result = stack.run("flow", "push", flow, answers=typed("n"))
    assert result.exit_code == 1
    assert stack.deployment.flows.current() is None


def test_where_nobody_can_answer_the_command_says_which_option_to_take(
    stack: Stack, flow: str, people: str
) -> None:
    stack.run("approvers", "import", people)
    result = stack.run("flow", "push", flow)
    assert result.exit_code == 2
    assert "say --yes to go on without asking" in result.stderr


def test_a_flow_that_says_the_same_is_not_published_again(stack: Stack, flow: str) -> None:
    stack.fill(Path(flow))
    again = stack.json("flow", "push", flow, "--yes")
    assert (again["version"], again["published"]) == (1, False)


def test_what_changes_against_the_flow_in_force_is_shown(stack: Stack, flow: str) -> None:
    stack.fill(Path(flow))
    Path(flow).write_text(FLOW.replace("10000.50", "2000"))
    result = stack.run("flow", "push", flow, answers=typed("y", ""))
    lines = result.stdout.splitlines()
    assert "Against version 1, which is in force:" in lines
    changed = [line for line in lines if line.startswith(("+ ", "- "))]
    assert [line[:4] for line in changed] == ["- 1.", "+ 1."]
    assert stack.deployment.flows.current().version == 2  # type: ignore[union-attr]


def test_a_flow_that_names_somebody_unknown_is_refused(stack: Stack, flow: str) -> None:
    result = stack.run("flow", "push", flow, "--yes")
    assert result.exit_code == 1
    assert "names 2 approver(s) nobody has imported" in result.stderr
    assert "bob: nobody has this id" in result.stderr
    assert stack.deployment.flows.current() is None


def test_a_flow_that_names_somebody_without_a_phone_is_published_with_a_warning(
    stack: Stack, flow: str, people: str
) -> None:
    Path(people).write_text(PEOPLE.replace("+15550100002", ""))
    stack.run("approvers", "import", people)
    document = stack.json("flow", "push", flow, "--yes")
    assert document["warnings"] == [
        "bob: cannot be texted: no phone number",
        "acme: no credentials are stored; run `ml-connector secrets set intacct`",
    ]
    stack.put_secret("IntacctSecretId", {"companies": {"acme": {}}})
    Path(flow).write_text(FLOW.replace("10000.50", "2000"))
    document = stack.json("flow", "push", flow, "--yes")
    assert document["warnings"] == ["bob: cannot be texted: no phone number"]
