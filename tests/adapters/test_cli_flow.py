"""`ml-connector flow` against DynamoDB: pushed, listed, rolled back, and audited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.commands import flow_changes
from cli.flow.published import CHAIN, InForce, Shelf
from ml_connector.domain.audit import check
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.store.models import FlowItem
from tests.adapters.cli_deployment import FLOW, PEOPLE, Stack, deployed, typed

NEW = FLOW.replace("10000.50", "2000")


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


def bring_in(stack: Stack, people: str) -> None:
    assert stack.run("approvers", "import", people, "--yes").exit_code == 0


def push(stack: Stack, flow: str, text: str = FLOW, reason: str = "a reason") -> int:
    Path(flow).write_text(text)
    version: int = stack.json("flow", "push", flow, "--yes", "--reason", reason)["version"]
    return version


def in_force(stack: Stack) -> int:
    current = stack.deployment.flows.current()
    return current.version if current else 0


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
        "bob: cannot be texted: no phone number",
        "acme: no credentials are stored; run `ml-connector secrets set intacct`",
    ]
    stack.put_secret("IntacctSecretId", {"companies": {"acme": {}}})
    Path(flow).write_text(NEW)
    document = stack.json("flow", "push", flow, "--yes", "--reason", "x")
    assert document["warnings"] == ["bob: cannot be texted: no phone number"]


def test_a_bad_file_is_refused_before_anything_is_asked_of_aws(flow: str) -> None:
    Path(flow).write_text(FLOW.replace("USD", "usd"))
    result = Stack().run("flow", "push", flow, "--yes", "--reason", "x")
    assert result.exit_code == 1
    assert f"{flow}:8: rules[1] \"large bills\".when.amount.currency: found 'usd'" in result.stderr


# ------------------------------------------------------------------------ history, rollback
def test_history_lists_every_version_with_who_and_why(stack: Stack, flow: str, people: str) -> None:
    assert stack.json("flow", "history") == {
        "ok": True, "in_force": None, "since": None, "versions": []
    }  # fmt: skip
    bring_in(stack, people)
    push(stack, flow, reason="the first")
    push(stack, flow, NEW, reason="lower")
    document = stack.json("flow", "history")
    said = [(v["version"], v["in_force"], v["reason"]) for v in document["versions"]]
    assert said == [(2, True, "lower"), (1, False, "the first")]
    assert all(v["published_by"].startswith("arn:aws:sts::") for v in document["versions"])
    shown = stack.run("flow", "history").stdout
    assert "the first" in shown
    assert "Version 2 is in force since" in shown


def test_a_rollback_puts_an_older_version_in_force_and_the_next_push_gets_a_new_number(
    stack: Stack, flow: str, people: str
) -> None:
    bring_in(stack, people)
    push(stack, flow)
    push(stack, flow, NEW)
    result = stack.run("flow", "rollback", "1", answers=typed("y", "too many texts"))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Against version 2, which is in force:\n- 1. ")
    assert in_force(stack) == 1
    since = stack.json("flow", "history")["since"]
    assert since["reason"] == "too many texts"
    assert FlowItem.get("flow", "version#00000001").reason == "a reason"
    assert push(stack, flow, NEW.replace("2000", "3000")) == 3
    assert in_force(stack) == 3


def test_what_the_sandbox_publishes_itself_counts_on_as_well(
    stack: Stack, flow: str, people: str
) -> None:
    bring_in(stack, people)
    push(stack, flow)
    push(stack, flow, NEW)
    assert stack.json("flow", "rollback", "1", "--yes", "--reason", "x")["before"] == 2
    stack.fill(Path(flow))
    assert in_force(stack) == 3
    assert stack.json("flow", "rollback", "2", "--yes", "--reason", "y")["before"] == 3
    entries = list(DynamoAuditTrail().chain(CHAIN))
    assert [entry.seq for entry in entries] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("version", "status", "words"),
    [("2", 1, "version 2 is in force already"), ("9", 2, "there is no version 9")],
)
def test_a_rollback_to_where_one_is_or_to_nowhere_is_refused(
    stack: Stack, flow: str, people: str, version: str, status: int, words: str
) -> None:
    bring_in(stack, people)
    push(stack, flow)
    push(stack, flow, NEW)
    result = stack.run("flow", "rollback", version, "--yes", "--reason", "x")
    assert (result.exit_code, in_force(stack)) == (status, 2)
    assert words in result.stderr


def test_a_rollback_to_somebody_who_is_gone_is_refused(
    stack: Stack, flow: str, people: str
) -> None:
    bring_in(stack, people)
    push(stack, flow, FLOW.replace("approver: bob", "approver: ann"))
    item = FlowItem.get("flow", "version#00000001")
    body = item.body.replace('"approver":"ann"', '"approver":"zoe"')
    item.update(actions=[FlowItem.body.set(body), FlowItem.digest.remove()])
    push(stack, flow, NEW)
    result = stack.run("flow", "rollback", "1", "--yes", "--reason", "x")
    assert (result.exit_code, in_force(stack)) == (1, 2)
    assert "zoe: nobody has this id" in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "digest", "words"),
    [
        ('"schema":1', '"schema":2', False, "this release does not understand version 1"),
        ("USD", "EUR", True, "version 1 is not what was published under its digest"),
        ("{", "[", True, "version 1 is not what was published under its digest"),
    ],
)
def test_a_rollback_to_what_cannot_be_trusted_or_read_is_refused(
    stack: Stack, flow: str, people: str, old: str, new: str, digest: bool, words: str
) -> None:
    bring_in(stack, people)
    push(stack, flow)
    push(stack, flow, NEW)
    item = FlowItem.get("flow", "version#00000001")
    item.update(actions=[FlowItem.body.set(item.body.replace(old, new))])
    if not digest:
        item.update(actions=[FlowItem.digest.remove()])
    result = stack.run("flow", "rollback", "1", "--yes", "--reason", "x")
    assert (result.exit_code, in_force(stack)) == (1, 2)
    assert words in result.stderr


def test_a_version_in_force_that_cannot_be_read_is_replaced_all_the_same(
    stack: Stack, flow: str, people: str
) -> None:
    bring_in(stack, people)
    push(stack, flow)
    FlowItem("flow", "version#00000001").update(actions=[FlowItem.body.set("{}")])
    document = stack.json("flow", "push", flow, "--yes", "--reason", "repaired")
    assert (document["version"], document["changes"][0]) == (2, "Version 1 cannot be read.")


# ---------------------------------------------------------------------------------- the audit
def test_every_move_of_the_pointer_is_an_entry_of_one_whole_chain(
    stack: Stack, flow: str, people: str
) -> None:
    bring_in(stack, people)
    push(stack, flow, reason="one")
    push(stack, flow, NEW, reason="two")
    stack.json("flow", "rollback", "1", "--yes", "--reason", "three")
    entries = list(DynamoAuditTrail().chain(CHAIN))
    said = [
        (entry.kind, entry.data["version"], entry.data["before"], entry.data["reason"])
        for entry in entries
    ]
    assert said == [
        ("flow.published", 1, 0, "one"),
        ("flow.published", 2, 1, "two"),
        ("flow.rolled_back", 1, 2, "three"),
    ]
    assert all(str(entry.data["by"]).startswith("arn:aws:sts::") for entry in entries)
    digests = {v["version"]: v["digest"] for v in stack.json("flow", "history")["versions"]}
    assert [entry.data["digest"] for entry in entries] == [digests[1], digests[2], digests[1]]
    head = Shelf("").in_force().head
    assert check(entries, head, CHAIN) is None
    assert head.seq == 3


def test_of_two_who_publish_at_once_the_second_is_told_and_changes_nothing(
    stack: Stack, flow: str, people: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in(stack, people)
    push(stack, flow)
    Path(flow).write_text(NEW)

    def meanwhile(question: str, *, yes: bool) -> bool:
        assert question == "Put this in force for ml-connector-dev?"
        assert not yes
        other = Path(flow).with_name("other.yaml")
        other.write_text(NEW.replace("2000", "3000"))
        body = stack.json("flow", "explain", str(other))
        assert body["ok"]
        shelf = Shelf("another")
        read = flow_changes.read_flow(other)
        shelf.publish(read.body, seen=shelf.in_force(), now=datetime.now(UTC), reason="first")
        return True

    monkeypatch.setattr(flow_changes, "confirm", meanwhile)
    result = stack.run("flow", "push", flow, "--reason", "second")
    assert result.exit_code == 1
    assert "somebody else put a flow in force just now" in result.stderr
    versions = stack.json("flow", "history")["versions"]
    assert [v["reason"] for v in versions] == ["first", "a reason"]
    assert len(list(DynamoAuditTrail().chain(CHAIN))) == 2


def test_two_first_publications_cannot_both_be_the_first(stack: Stack, flow: str) -> None:
    stack.fill(Path(flow))
    body = flow_changes.read_flow(Path(flow)).body
    with pytest.raises(flow_changes.Failure, match="somebody else"):
        Shelf("me").publish(body, seen=InForce(), now=datetime.now(UTC), reason="x")


# -------------------------------------------------------------------------------- explaining
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


def test_a_missing_file_is_misuse_and_said_with_what_to_do(tmp_path: Path, flow: str) -> None:
    run = Stack().run
    result = run("flow", "validate", str(tmp_path / "no.yaml"))
    assert (result.exit_code, "there is no such file; name your flow" in result.stderr) == (2, True)
    result = run("flow", "validate", flow, "--approvers", str(tmp_path / "no.csv"))
    assert result.exit_code == 2
    assert "name the CSV file of your approvers" in result.stderr
