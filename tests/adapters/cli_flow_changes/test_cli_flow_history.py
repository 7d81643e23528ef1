"""`ml-connector flow history` and `rollback`, and the audit of every version put in force."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.commands import flow_changes
from cli.flow.published import CHAIN, InForce, Shelf
from ml_connector.domain.audit import check
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.store.models import FlowItem
from tests.adapters.cli_deployment import FLOW, Stack, typed
from tests.adapters.cli_flows import NEW, bring_in, in_force, push


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


def test_of_a_version_put_in_force_without_the_command_its_own_words_are_told(
    stack: Stack, flow: str
) -> None:
    stack.fill(Path(flow))
    shown = stack.run("flow", "history").stdout
    (line,) = [one for one in shown.splitlines() if "in force," in one]
    assert line.startswith("Version 1 is in force, published 20")
    assert line.endswith(", by test: no reason given")
    assert "in force, published 20" in stack.run("flow", "explain").stdout


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
    ("version", "words"),
    [("2", "version 2 is in force already"), ("9", "there is no version 9")],
)
def test_a_rollback_to_where_one_is_or_to_nowhere_is_refused(
    stack: Stack, flow: str, people: str, version: str, words: str
) -> None:
    bring_in(stack, people)
    push(stack, flow)
    push(stack, flow, NEW)
    result = stack.run("flow", "rollback", version, "--yes", "--reason", "x")
    assert (result.exit_code, in_force(stack)) == (1, 2)
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
    assert "names zoe: nobody has this id" in result.stderr


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
