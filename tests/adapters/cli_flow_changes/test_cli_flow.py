"""`ml-connector flow push`, `explain` and `validate`."""

from __future__ import annotations

import json
from pathlib import Path

from cli.flow.published import CHAIN
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.store.models import FlowItem
from tests.adapters.cli_deployment import FLOW, PEOPLE, Stack, typed
from tests.adapters.cli_flows import NEW, bring_in, in_force, push


def test_a_flow_is_pushed_once_its_sentences_were_agreed_to(
    stack: Stack, flow: str, people: str
) -> None:
    bring_in(stack, people)
    result = stack.run("flow", "push", flow, answers=typed("y", "the first"))
    assert result.exit_code == 0, result.output
    sentence = "+ 1. When a bill is submitted with an amount of at least USD 10,000.50, text bob."
    assert result.stdout.index("This is the first flow.") < result.stdout.index(sentence)
    assert result.stdout.index(sentence) < result.stdout.index("Version 1 is in force")
    item = FlowItem.get("flow", "version#00000001")
    assert item.reason == "the first"
    assert item.published_by.startswith("arn:aws:sts::")
    assert json.loads(item.body)["rules"][0]["when"]["amount"]["at_least"] == "10000.50"
    assert item.digest == stack.json("flow", "explain", flow)["digest"]
    assert in_force(stack) == 1


def test_a_refused_question_publishes_nothing(stack: Stack, flow: str, people: str) -> None:
    bring_in(stack, people)
    result = stack.run("flow", "push", flow, answers=typed("n"))
    assert result.exit_code == 1
    assert in_force(stack) == 0
    assert list(DynamoAuditTrail().chain(CHAIN)) == []


def test_where_nobody_can_answer_the_command_says_which_option_to_take(
    stack: Stack, flow: str, people: str
) -> None:
    bring_in(stack, people)
    result = stack.run("flow", "push", flow)
    assert result.exit_code == 2
    assert "say --yes to go on without asking" in result.stderr
    result = stack.run("flow", "push", flow, "--yes")
    assert result.exit_code == 2
    assert "say why with --reason" in result.stderr


def test_a_flow_that_says_the_same_is_not_published_again(
    stack: Stack, flow: str, people: str
) -> None:
    bring_in(stack, people)
    assert push(stack, flow) == 1
    Path(flow).write_text(FLOW + "# a remark\n")
    again = stack.json("flow", "push", flow, "--yes", "--reason", "again")
    assert (again["version"], again["published"]) == (1, False)
    assert len(stack.json("flow", "history")["versions"]) == 1


def test_what_changes_against_the_flow_in_force_is_shown_before_anybody_agrees(
    stack: Stack, flow: str, people: str
) -> None:
    bring_in(stack, people)
    push(stack, flow)
    Path(flow).write_text(NEW)
    result = stack.run("flow", "push", flow, answers=typed("y", "lower"))
    lines = result.stdout.splitlines()
    assert lines[0] == "Against version 1, which is in force:"
    assert [line[:4] for line in lines if line.startswith(("+ ", "- "))] == ["- 1.", "+ 1."]
    assert in_force(stack) == 2


def test_a_change_that_no_sentence_says_is_shown_by_its_place(
    stack: Stack, flow: str, people: str
) -> None:
    bring_in(stack, people)
    push(stack, flow)
    Path(flow).write_text(FLOW.replace("name: large bills", "name: very large bills"))
    document = stack.json("flow", "push", flow, "--yes", "--reason", "a better name")
    assert document["changes"][1:] == ["  no sentence changes; what does is rules[1].name"]
    assert document["published"]


def test_a_flow_that_names_somebody_unknown_is_refused(
    stack: Stack, flow: str, people: str
) -> None:
    Path(people).write_text(PEOPLE.replace("bob,Bob", "rob,Rob"))
    bring_in(stack, people)
    result = stack.run("flow", "push", flow, "--yes", "--reason", "x")
    assert result.exit_code == 1
    expected = "expected the id of one of the approvers of ml-connector-dev; did you mean 'rob'?"
    assert f"{flow}:9: rules[1] \"large bills\".approver: found 'bob', which nobody has" in (
        result.stderr
    )
    assert expected in result.stderr
    assert in_force(stack) == 0


def test_a_flow_that_names_somebody_without_a_phone_is_published_with_a_warning(
    stack: Stack, flow: str, people: str
) -> None:
    Path(people).write_text(PEOPLE.replace("+15550100002", ""))
    bring_in(stack, people)
    document = stack.json("flow", "push", flow, "--yes", "--reason", "x")
    assert document["warnings"] == [
        'rule "large bills" names bob: no phone number',
        "acme: no credentials are stored; run `ml-connector secrets set intacct`",
    ]
    stack.put_secret("IntacctSecretId", {"companies": {"acme": {}}})
    Path(flow).write_text(NEW)
    document = stack.json("flow", "push", flow, "--yes", "--reason", "x")
    assert document["warnings"] == ['rule "large bills" names bob: no phone number']


def test_a_bad_file_is_refused_before_anything_is_asked_of_aws(flow: str) -> None:
    Path(flow).write_text(FLOW.replace("USD", "usd"))
    result = Stack().run("flow", "push", flow, "--yes", "--reason", "x")
    assert result.exit_code == 1
    assert f"{flow}:8: rules[1] \"large bills\".when.amount.currency: found 'usd'" in result.stderr


def test_explain_without_a_file_says_what_is_in_force(
    stack: Stack, flow: str, people: str, tmp_path: Path
) -> None:
    result = stack.run("flow", "explain")
    assert (result.exit_code, "no flow is published" in result.stderr) == (1, True)
    bring_in(stack, people)
    push(stack, flow, reason="<b>why</b>")
    page = tmp_path / "flow.html"
    document = stack.json("flow", "explain", "--html", str(page))
    assert document["version"] == 1
    assert document["digest"] == FlowItem.get("flow", "version#00000001").digest
    assert document["sentences"] == stack.json("flow", "explain", flow)["sentences"]
    assert "Version 1 of ml-connector-dev, in force since" in stack.run("flow", "explain").stdout
    html = page.read_text()
    assert document["digest"] in html
    assert "&lt;b&gt;why&lt;/b&gt;" in html


def test_a_page_that_is_there_is_written_over_only_once_agreed(flow: str, tmp_path: Path) -> None:
    page = tmp_path / "flow.html"
    page.write_text("mine")
    run = Stack().run
    assert run("flow", "explain", flow, "--html", str(page), answers=typed("n")).exit_code == 1
    assert page.read_text() == "mine"
    assert run("flow", "explain", flow, "--html", str(page), "--yes").exit_code == 0
    assert "not in force" in page.read_text()


def test_validate_says_everything_wrong_for_people_and_for_programs(flow: str, people: str) -> None:
    stack = Stack()
    assert stack.run("flow", "validate", flow).exit_code == 0
    document = stack.json("flow", "validate", flow, "--approvers", people)
    assert (document["problems"], document["warnings"]) == ([], [])
    Path(flow).write_text(FLOW.replace("USD", "usd").replace("approver: bob", "approver: rob"))
    document = stack.json("flow", "validate", flow, "--approvers", people, status=1)
    assert [(p["line"], p["path"]) for p in document["problems"]] == [
        (8, 'rules[1] "large bills".when.amount.currency'),
        (9, 'rules[1] "large bills".approver'),
    ]
    result = stack.run("flow", "validate", flow, "--approvers", people)
    assert result.exit_code == 1
    assert "2 things are wrong" in result.stderr


def test_a_missing_file_is_said_with_what_to_do(tmp_path: Path, flow: str) -> None:
    run = Stack().run
    result = run("flow", "validate", str(tmp_path / "no.yaml"))
    assert (result.exit_code, "there is no such file; name your flow" in result.stderr) == (1, True)
    result = run("flow", "validate", flow, "--approvers", str(tmp_path / "no.csv"))
    assert result.exit_code == 1
    assert "name the CSV file of your approvers" in result.stderr
